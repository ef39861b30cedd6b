#include "account_line.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "config_value.h"

/* "name:secret" */
static bool cut_pair(char *word, const char **name, const char **secret)
{
    char *colon = strchr(word, ':');
    if (*name != NULL || colon == NULL || colon == word || colon[1] == '\0') {
        return false;
    }
    *colon = '\0';
    *name = word;
    *secret = colon + 1;
    return true;
}

static bool read_shared_key(char *word, struct account_line *line)
{
    for (int i = 0; i < ACCOUNT_SHARED_KEYS; i++) {
        if (line->shared_keys[i].name == NULL) {
            return cut_pair(word, &line->shared_keys[i].name, &line->shared_keys[i].secret);
        }
    }
    return false;
}

static bool read_base(char *word, struct account_line *line)
{
    size_t len = strlen(word);
    if (line->api_base != NULL || !config_value_is_url(word)) {
        return false;
    }
    while (word[len - 1] == '/') {
        word[--len] = '\0';
    }
    line->api_base = word;
    return true;
}

static bool read_tokens(char *word, struct account_line *line)
{
    for (int i = 0; i < ACCOUNT_TOKENS && word != NULL; i++) {
        line->tokens[i] = strsep(&word, ",");
        if (line->tokens[i][0] == '\0') {
            return false;
        }
    }
    return word == NULL;
}

static bool read_word(char *word, struct account_line *line)
{
    if (line->tokens[0] == NULL) {
        return read_tokens(word, line);
    }
    if (text_starts(word, "https://") || text_starts(word, "http://")) {
        return read_base(word, line);
    }
    if (text_starts(word, "webhooks_sharedkey_")) {
        return read_shared_key(word, line);
    }
    return text_starts(word, "SK") && cut_pair(word, &line->api_key, &line->api_secret);
}

bool account_line_read(const char *sid, char *value, struct account_line *out)
{
    *out = (struct account_line){.sid = sid};
    if (!text_is_sid(sid, "AC")) {
        return false;
    }
    for (char *rest = value; rest != NULL;) {
        char *word = strsep(&rest, " \t");
        if (word[0] != '\0' && !read_word(word, out)) {
            return false;
        }
    }
    return out->tokens[0] != NULL;
}
