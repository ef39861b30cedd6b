#include "call_query.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients/json.h"

enum { LIMIT_DEFAULT = 50, TEXT_MAX = 200, DURATION_MAX = 7 * 86400 };

enum kind { KIND_WORD, KIND_FLAG, KIND_SECONDS, KIND_INSTANT, KIND_TEXT };

static const char *const DIRECTIONS[] = {"inbound", "outbound", "outbound-api", "outbound-dial",
                                         NULL};
static const char *const STATUSES[] = {"queued",    "initiated", "ringing", "in-progress",
                                       "completed", "busy",      "failed",  "no-answer",
                                       "canceled",  "missed",    NULL};
static const char *const STATES[] = {"ready",       "absent",         "expired",
                                     "unavailable", "queued_running", NULL};

/* What tapedeck_find takes (db/migrations/271_find.sql), by the names that it has there and here.
 */
static const struct parameter {
    const char *name;
    enum kind kind;
    const char *const *words;
} PARAMETERS[] = {
    {"from", KIND_INSTANT, NULL},         {"to", KIND_INSTANT, NULL},
    {"direction", KIND_WORD, DIRECTIONS}, {"status", KIND_WORD, STATUSES},
    {"has_recording", KIND_FLAG, NULL},   {"recording_status", KIND_WORD, STATES},
    {"min_duration", KIND_SECONDS, NULL}, {"max_duration", KIND_SECONDS, NULL},
    {"agent", KIND_TEXT, NULL},           {"line", KIND_TEXT, NULL},
    {"party", KIND_TEXT, NULL},           {"tag", KIND_TEXT, NULL},
    {"starred", KIND_FLAG, NULL},         {"heard", KIND_FLAG, NULL},
};

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, value) == 0) {
            return true;
        }
    }
    return false;
}

static bool put_text(const char *name, const char *value, bool good, struct json *wants)
{
    json_put_text(wants, name, value);
    return good;
}

static bool put_number(const char *name, int64_t number, bool good, struct json *wants)
{
    json_put_int(wants, name, number);
    return good;
}

/* Puts a value that is one; false: it is none. */
static bool put(const struct parameter *parameter, const char *value, struct json *wants)
{
    int64_t number = 0;
    bool good = false, yes = strcmp(value, "true") == 0;
    switch (parameter->kind) {
    case KIND_WORD:
        return put_text(parameter->name, value, is_one_of(value, parameter->words), wants);
    case KIND_TEXT:
        good = value[0] != '\0' && strlen(value) <= TEXT_MAX && text_is_utf8(value);
        return put_text(parameter->name, value, good, wants);
    case KIND_SECONDS:
        good = text_int(value, 0, DURATION_MAX, &number);
        return put_number(parameter->name, number, good, wants);
    case KIND_INSTANT:
        good = clock_parse_instant(value, &number);
        return put_number(parameter->name, number, good, wants);
    case KIND_FLAG: json_put_flag(wants, parameter->name, yes); break;
    }
    return yes || strcmp(value, "false") == 0;
}

enum result call_query_read(const struct request *request, struct call_query *out)
{
    const struct form *query = &request->query;
    const char *limit = form_get(query, "limit"), *search = form_get(query, "search");
    struct json *wants = json_new();
    *out = (struct call_query){.filter = {.subject = request->caller.subject,
                                          .limit = LIMIT_DEFAULT,
                                          .cursor = form_get(query, "cursor")}};
    bool good = limit == NULL || text_int(limit, 1, CALL_QUERY_LIMIT_MAX, &out->filter.limit);
    buf_init(&out->wants, REQUEST_TARGET_MAX * 2);
    if (search != NULL && search[0] != '\0') {
        good = good && strlen(search) <= TEXT_MAX && text_is_utf8(search);
        out->filter.search = search;
    }
    for (size_t i = 0; i < sizeof PARAMETERS / sizeof *PARAMETERS; i++) {
        const char *value = form_get(query, PARAMETERS[i].name);
        good = good && (value == NULL || put(&PARAMETERS[i], value, wants));
    }
    enum result result = good ? json_print(wants, &out->wants) : RESULT_INVALID;
    json_free(wants);
    out->filter.wants = buf_str(&out->wants);
    return result == RESULT_OK && !buf_ok(&out->wants) ? RESULT_FAILED : result;
}

void call_query_free(struct call_query *query)
{
    buf_free(&query->wants);
}
