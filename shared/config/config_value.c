#include "config_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "duration.h"

/* ---- parsing ---- */

static bool parse_choice(const char *choices, const char *text, size_t len, int64_t *out)
{
    int64_t index = 0;
    for (const char *at = choices; at != NULL; index++) {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, text, len) == 0) {
            *out = index;
            return true;
        }
        at = at[word] == ',' ? at + word + 1 : NULL;
    }
    return false;
}

static bool parse_item(const struct config_row *row, const char *text, size_t len, int64_t *out)
{
    if (row->type == TYPE_DURATION || row->type == TYPE_DURATIONS) {
        return duration_parse(text, len, row->max, out) && *out >= row->min;
    }
    if (row->type == TYPE_COUNT) {
        return text_int_n(text, len, row->min, row->max, out);
    }
    return parse_choice(row->choices, text, len, out);
}

static bool parse_list(const struct config_row *row, const char *text, struct config_list *list)
{
    size_t most = row->type == TYPE_CHOICES ? (size_t)row->max : CONFIG_LIST_MAX;
    list->count = 0;
    for (const char *at = text; at != NULL;) {
        size_t word = strcspn(at, ",");
        if (list->count == most || !parse_item(row, at, word, &list->items[list->count])) {
            return false;
        }
        list->count++;
        at = at[word] == ',' ? at + word + 1 : NULL;
    }
    return true;
}

static bool parse_flag(const char *text, bool *out)
{
    bool yes = text_same(text, "true") || text_same(text, "yes") || strcmp(text, "1") == 0;
    bool no = text_same(text, "false") || text_same(text, "no") || strcmp(text, "0") == 0;
    *out = yes;
    return yes || no;
}

/* The path travels in a header that lighttpd and nginx percent-decode. */
static bool path_is_safe(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '%') {
            return false;
        }
    }
    size_t len = strlen(text);
    bool climbs = strstr(text, "/../") != NULL || (len >= 3 && strcmp(text + len - 3, "/..") == 0);
    return text[0] == '/' && !climbs;
}

static bool is_address(const char *text, const char *refused)
{
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr(refused, *c) != NULL) {
            return false;
        }
    }
    return scheme > 0 && text[scheme] != '\0' && strchr("/?", text[scheme]) == NULL;
}

bool config_value_is_url(const char *text)
{
    return is_address(text, "?#\"");
}

static bool text_is_valid(const struct config_row *row, const char *text)
{
    if (text[0] == '\0') {
        return true;
    }
    switch (row->type) {
    case TYPE_URL: return config_value_is_url(text);
    case TYPE_ENDPOINT: return is_address(text, "#\"");
    case TYPE_PATH: return path_is_safe(text);
    case TYPE_ACCOUNT: return text_is_sid(text, "AC");
    default: return strlen(text) >= (size_t)row->min;
    }
}

static bool store_text(const struct config_row *row, const char *text, char **field)
{
    if (!text_is_valid(row, text)) {
        return false;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    size_t len = strlen(copy);
    bool ends = row->type == TYPE_URL || row->type == TYPE_PATH ||
                (row->type == TYPE_ENDPOINT && strchr(copy, '?') == NULL);
    while (ends && len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    free(*field);
    *field = copy;
    return true;
}

/* Copies an origin without blanks around it and the slash at its end; false when it is none. */
static bool add_origin(struct buf *out, const char *text, size_t len)
{
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    len -= len > 0 && text[len - 1] == '/';
    size_t at = out->len;
    buf_add(out, text, len);
    const char *host = strstr(buf_str(out) + at, "://");
    return config_value_is_url(buf_str(out) + at) && strpbrk(host + 3, "/@*") == NULL;
}

static bool store_origins(const char *text, char **field)
{
    struct buf list;
    buf_init(&list, CONFIG_VALUE_MAX + 1);
    bool good = true;
    for (const char *at = text; good && *text != '\0' && at != NULL;) {
        size_t len = strcspn(at, ",");
        buf_text(&list, list.len > 0 ? "," : "");
        good = add_origin(&list, at, len);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    char *copy = good && buf_ok(&list) ? strdup(buf_str(&list)) : NULL;
    buf_free(&list);
    if (copy == NULL) {
        return false;
    }
    free(*field);
    *field = copy;
    return true;
}

bool config_value_is_text(enum config_type type)
{
    return type <= TYPE_ACCOUNT;
}

bool config_value_set(struct config *config, const struct config_row *row, const char *text)
{
    void *field = (char *)config + row->offset;
    switch (row->type) {
    case TYPE_FLAG: return parse_flag(text, field);
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_CHOICE: return parse_item(row, text, strlen(text), field);
    case TYPE_DURATIONS:
    case TYPE_CHOICES: return parse_list(row, text, field);
    case TYPE_ORIGINS: return store_origins(text, field);
    default: return store_text(row, text, field);
    }
}

/* ---- in words ---- */

void config_value_wanted(const struct config_row *row, char *out, size_t size)
{
    switch (row->type) {
    case TYPE_URL:
    case TYPE_ENDPOINT:
        (void)snprintf(out, size, "an address, as https://host[:port][/path]");
        break;
    case TYPE_ORIGINS:
        (void)snprintf(out, size, "origins with commas, as https://crm.example,https://b.example");
        break;
    case TYPE_PATH: (void)snprintf(out, size, "a path from / on, without .. and %%"); break;
    case TYPE_SECRET: (void)snprintf(out, size, "at least %lld bytes", (long long)row->min); break;
    case TYPE_ACCOUNT: (void)snprintf(out, size, "AC and 32 digits, 0-9 and a-f"); break;
    case TYPE_FLAG: (void)snprintf(out, size, "true or false"); break;
    case TYPE_COUNT:
        (void)snprintf(out, size, "a number from %lld to %lld", (long long)row->min,
                       (long long)row->max);
        break;
    case TYPE_DURATION:
        (void)snprintf(out, size, "a duration up to 366d, as 90s, 15min, 8h or 250ms");
        break;
    case TYPE_DURATIONS:
        (void)snprintf(out, size, "up to %d durations with commas, as 5s,30s,2min",
                       CONFIG_LIST_MAX);
        break;
    case TYPE_CHOICE: (void)snprintf(out, size, "one of %s", row->choices); break;
    case TYPE_CHOICES: (void)snprintf(out, size, "some of %s", row->choices); break;
    default: (void)snprintf(out, size, "%s", row->meaning); break;
    }
}

/* ---- printing ---- */

static void print_text(const struct config_row *row, const char *text, FILE *out)
{
    bool hidden = row->masked && text[0] != '\0';
    fputs(hidden ? "********" : text, out);
}

static void print_duration(int64_t ms, FILE *out)
{
    bool whole = ms % 1000 == 0;
    fprintf(out, "%lld%s", (long long)(whole ? ms / 1000 : ms), whole ? "s" : "ms");
}

static void print_choice(const char *choices, int64_t index, FILE *out)
{
    for (; index > 0; index--) {
        choices += strcspn(choices, ",") + 1;
    }
    fprintf(out, "%.*s", (int)strcspn(choices, ","), choices);
}

static void print_item(const struct config_row *row, int64_t value, FILE *out)
{
    switch (row->type) {
    case TYPE_DURATION:
    case TYPE_DURATIONS: print_duration(value, out); break;
    case TYPE_CHOICE:
    case TYPE_CHOICES: print_choice(row->choices, value, out); break;
    default: fprintf(out, "%lld", (long long)value); break;
    }
}

void config_value_print(const struct config *config, const struct config_row *row, FILE *out)
{
    const void *field = (const char *)config + row->offset;
    const struct config_list *list = field;
    switch (row->type) {
    case TYPE_FLAG: fputs(*(const bool *)field ? "true" : "false", out); break;
    case TYPE_DURATIONS:
    case TYPE_CHOICES:
        for (size_t i = 0; i < list->count; i++) {
            fputs(i > 0 ? "," : "", out);
            print_item(row, list->items[i], out);
        }
        break;
    case TYPE_COUNT:
    case TYPE_DURATION:
    case TYPE_CHOICE: print_item(row, *(const int64_t *)field, out); break;
    default: print_text(row, *(const char *const *)field, out); break;
    }
}
