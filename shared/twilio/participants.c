#include "participants.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "clients/json.h"

/* A conference has 250 participants at most: one page has them all. */
#define WHOLE_LIST "/Participants.json?PageSize=1000"

static enum result uri(const char *account_sid, const char *conference_sid, const char *what,
                       char *out)
{
    int n = snprintf(out, PARTICIPANTS_URI_SIZE, "/2010-04-01/Accounts/%s/Conferences/%s%s",
                     account_sid, conference_sid, what);
    return n > 0 && n < PARTICIPANTS_URI_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

enum result participants_conference_uri(const char *account_sid, const char *conference_sid,
                                        char *out)
{
    return uri(account_sid, conference_sid, ".json", out);
}

enum result participants_list_uri(const char *account_sid, const char *conference_sid, char *out)
{
    return uri(account_sid, conference_sid, WHOLE_LIST, out);
}

static bool says(const struct json *object, const char *key, const char *expected)
{
    const char *text = json_text_at(object, key);
    return text != NULL && strcmp(text, expected) == 0;
}

enum result participants_read_conference(const char *text, size_t len, const char *account_sid,
                                         const char *conference_sid, participants_visitor *visit,
                                         void *context, bool *is_over)
{
    struct json *conference;
    enum result result = json_parse(text, len, &conference);
    if (result != RESULT_OK) {
        return result;
    }
    const char *last = json_text_at(conference, "call_sid_ending_conference");
    *is_over = says(conference, "status", "completed");
    bool good = says(conference, "account_sid", account_sid) &&
                says(conference, "sid", conference_sid) &&
                (*is_over || says(conference, "status", "in-progress") ||
                 says(conference, "status", "init"));
    if (good && *is_over && text_is_sid(last, "CA")) {
        visit(context, last);
    }
    json_free(conference);
    return good ? RESULT_OK : RESULT_INVALID;
}

enum result participants_read_list(const char *text, size_t len, const char *account_sid,
                                   const char *conference_sid, participants_visitor *visit,
                                   void *context)
{
    struct json *page;
    enum result result = json_parse(text, len, &page);
    if (result != RESULT_OK) {
        return result;
    }
    const struct json *entries = json_list_at(page, "participants");
    for (size_t i = 0; entries != NULL && i < json_count(entries); i++) {
        const struct json *entry = json_item(entries, i);
        const char *call_sid = json_text_at(entry, "call_sid");
        if (says(entry, "account_sid", account_sid) &&
            says(entry, "conference_sid", conference_sid) && text_is_sid(call_sid, "CA")) {
            visit(context, call_sid);
        }
    }
    result = entries != NULL ? RESULT_OK : RESULT_INVALID;
    json_free(page);
    return result;
}
