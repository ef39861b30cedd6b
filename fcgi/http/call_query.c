#include "call_query.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients/json.h"
#include "parameter.h"

enum { LIMIT_DEFAULT = 50 };

/* What tapedeck_find takes (db/migrations/271_find.sql), by the names that it has there and here.
 */
static const char *const WANTED[] = {
    "from",         "to",           "direction", "status", "has_recording", "recording_status",
    "min_duration", "max_duration", "agent",     "line",   "party",         "tag",
    "starred",      "heard",
};

/* The gate has seen that it is one. */
static void put(const char *name, const char *value, struct json *wants)
{
    int64_t number = 0;
    switch (parameter_find(name, strlen(name))->kind) {
    case PARAMETER_NUMBER:
        (void)text_int(value, 0, INT64_MAX, &number);
        json_put_int(wants, name, number);
        return;
    case PARAMETER_INSTANT:
        (void)clock_parse_instant(value, &number);
        json_put_int(wants, name, number);
        return;
    case PARAMETER_FLAG: json_put_flag(wants, name, strcmp(value, "true") == 0); return;
    case PARAMETER_WORD:
        json_put_text(wants, name, strcmp(value, "not_fetched") == 0 ? "absent" : value);
        return;
    case PARAMETER_TEXT:
    case PARAMETER_OWN: json_put_text(wants, name, value); return;
    }
}

enum result call_query_read(const struct request *request, struct call_query *out)
{
    const struct form *query = &request->query;
    const char *limit = form_get(query, "limit"), *search = form_get(query, "search");
    struct json *wants = json_new();
    *out = (struct call_query){.filter = {.subject = request->caller.subject,
                                          .limit = LIMIT_DEFAULT,
                                          .cursor = form_get(query, "cursor")}};
    if (limit != NULL) {
        (void)text_int(limit, 1, CALL_QUERY_LIMIT_MAX, &out->filter.limit);
    }
    buf_init(&out->wants, REQUEST_TARGET_MAX * 2);
    out->filter.search = search != NULL && search[0] != '\0' ? search : NULL;
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) {
        const char *value = form_get(query, WANTED[i]);
        if (value != NULL) {
            put(WANTED[i], value, wants);
        }
    }
    enum result result = json_print(wants, &out->wants);
    json_free(wants);
    out->filter.wants = buf_str(&out->wants);
    return result == RESULT_OK && !buf_ok(&out->wants) ? RESULT_FAILED : result;
}

void call_query_free(struct call_query *query)
{
    buf_free(&query->wants);
}
