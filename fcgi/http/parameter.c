#include "parameter.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "states.h"

enum { EXPECTED_MAX = 1024, TEXT_MAX = 200, DURATION_MAX = 7 * 86400 };

static const char *const FOR_WHOM[] = {"me", "all", NULL};

static const char *const RECORDING_STATES[] = {"ready",       "not_fetched",    "absent", "expired",
                                               "unavailable", "queued_running", NULL};

static const char *const DIRECTIONS[] = {"inbound", "outbound", "outbound-api", "outbound-dial",
                                         NULL};

static const char *const STATUSES[] = {"queued",    "initiated", "ringing", "in-progress",
                                       "completed", "busy",      "failed",  "no-answer",
                                       "canceled",  "missed",    NULL};

static const struct parameter PARAMETERS[] = {
    /* In paths. */
    {.name = "call",
     .kind = PARAMETER_OWN,
     .pattern = "^(CA|RE)[0-9a-f]{32}$",
     .expected = "CA or RE and 32 digits of 0-9 a-f",
     .meaning = "The SID of a call. Where a recording is meant, also a recording's own SID; a "
                "call's SID means its first recording there."},
    {.name = "business",
     .kind = PARAMETER_OWN,
     .pattern = "^[0-9]{1,19}$",
     .expected = "a whole number from 1",
     .meaning = "The business that the recording belongs to."},
    {.name = "file",
     .kind = PARAMETER_OWN,
     .pattern = "^(CA|RE)[0-9a-f]{32}\\.(wav|mp3|flac|oga|w64)$",
     .expected = "the name of a recording and its ending: wav, mp3, flac, oga or w64",
     .meaning = "A recording's name, and the ending of its format."},
    {.name = "run",
     .kind = PARAMETER_OWN,
     .pattern = "^[0-9]{1,19}$",
     .expected = "a whole number from 1",
     .meaning = "The number of a run."},
    {.name = "note",
     .kind = PARAMETER_OWN,
     .pattern = "^[0-9]{1,19}$",
     .expected = "a whole number from 1",
     .meaning = "The number of a note."},
    {.name = "share",
     .kind = PARAMETER_OWN,
     .pattern = "^[0-9a-f]{32}$",
     .expected = "32 digits of 0-9 a-f",
     .meaning = "The id of a share."},
    {.name = "token",
     .kind = PARAMETER_OWN,
     .expected = "as the link was given",
     .meaning = "The token of an opened share."},
    {.name = "since",
     .kind = PARAMETER_OWN,
     .expected = "what now said",
     .meaning = "Changes after the answer that had this now; without it only now is said."},
    {.name = "tag",
     .kind = PARAMETER_TEXT,
     .min = 1,
     .max = TEXT_MAX,
     .expected = "a tag of 1 to 40 characters, percent-encoded in a path",
     .meaning = "A tag."},
    /* In queries. */
    {.name = "from",
     .kind = PARAMETER_INSTANT,
     .meaning = "Calls from then on; a day begins at midnight UTC."},
    {.name = "to", .kind = PARAMETER_INSTANT, .meaning = "Calls before then."},
    {.name = "recording_status",
     .kind = PARAMETER_WORD,
     .words = RECORDING_STATES,
     .meaning = "Calls whose first recording is so."},
    {.name = "min_duration",
     .kind = PARAMETER_NUMBER,
     .max = DURATION_MAX,
     .meaning = "Calls of so many seconds or more."},
    {.name = "max_duration",
     .kind = PARAMETER_NUMBER,
     .max = DURATION_MAX,
     .meaning = "Calls of so many seconds or less."},
    {.name = "agent",
     .kind = PARAMETER_TEXT,
     .min = 1,
     .max = TEXT_MAX,
     .meaning = "Calls that the agent with this agent_id took."},
    {.name = "line",
     .kind = PARAMETER_TEXT,
     .min = 1,
     .max = TEXT_MAX,
     .meaning = "Calls of this number of ours, written as rows have it."},
    {.name = "party",
     .kind = PARAMETER_TEXT,
     .min = 1,
     .max = TEXT_MAX,
     .meaning = "Calls with this number of the other party."},
    {.name = "starred",
     .kind = PARAMETER_FLAG,
     .meaning = "Calls with a star, of mine or for all; or without."},
    {.name = "heard",
     .kind = PARAMETER_FLAG,
     .meaning = "Calls that I have listened to, or have not."},
    {.name = "for",
     .kind = PARAMETER_WORD,
     .words = FOR_WHOM,
     .meaning = "Whose mark it is: my own, or for all of the business."},
    {.name = "limit",
     .kind = PARAMETER_NUMBER,
     .min = 1,
     .max = 100,
     .meaning = "At most so many calls; 50 unless it is said."},
    {.name = "cursor",
     .kind = PARAMETER_OWN,
     .expected = "what next_cursor said",
     .meaning = "Goes on where the page ended that had this next_cursor."},
    {.name = "search",
     .kind = PARAMETER_TEXT,
     .max = TEXT_MAX,
     .meaning = "Part of a number, or words of the transcript or the summary."},
    {.name = "direction",
     .kind = PARAMETER_WORD,
     .words = DIRECTIONS,
     .meaning = "Calls of this direction; outbound means all that went out."},
    {.name = "status",
     .kind = PARAMETER_WORD,
     .words = STATUSES,
     .meaning = "Calls of this status; missed: inbound, and nobody answered."},
    {.name = "has_recording",
     .kind = PARAMETER_FLAG,
     .meaning = "Calls that have a recording, or that have none."},
    {.name = "recording",
     .kind = PARAMETER_OWN,
     .pattern = "^RE[0-9a-f]{32}$",
     .expected = "RE and 32 digits of 0-9 a-f",
     .meaning = "Another recording of the call than its first."},
    {.name = "exp",
     .kind = PARAMETER_OWN,
     .expected = "as the link was given",
     .meaning = "When the link ends, in seconds since 1970."},
    {.name = "sig",
     .kind = PARAMETER_OWN,
     .expected = "as the link was given",
     .meaning = "The link's signature."},
};

const struct parameter *parameter_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof PARAMETERS / sizeof *PARAMETERS; i++) {
        if (strlen(PARAMETERS[i].name) == len && memcmp(PARAMETERS[i].name, name, len) == 0) {
            return &PARAMETERS[i];
        }
    }
    return NULL;
}

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, value) == 0) {
            return true;
        }
    }
    return false;
}

bool parameter_fits(const struct parameter *parameter, const char *value)
{
    int64_t number;
    switch (parameter->kind) {
    case PARAMETER_TEXT:
        number = (int64_t)strlen(value);
        return number >= parameter->min && number <= parameter->max && text_is_utf8(value);
    case PARAMETER_NUMBER: return text_int(value, parameter->min, parameter->max, &number);
    case PARAMETER_WORD: return is_one_of(value, parameter->words);
    case PARAMETER_FLAG: return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case PARAMETER_INSTANT: return clock_parse_instant(value, &number);
    case PARAMETER_OWN: return true;
    }
    return false;
}

void parameter_expected(const struct parameter *parameter, struct buf *out)
{
    if (parameter->expected != NULL) {
        buf_text(out, parameter->expected);
    } else if (parameter->kind == PARAMETER_FLAG) {
        buf_text(out, "true or false");
    } else if (parameter->kind == PARAMETER_INSTANT) {
        buf_text(out, "an instant of RFC 3339, or a day: 2026-11-20");
    } else if (parameter->kind == PARAMETER_TEXT) {
        buf_format(out, "text of %lld to %lld bytes", (long long)parameter->min,
                   (long long)parameter->max);
    } else if (parameter->kind == PARAMETER_NUMBER) {
        buf_format(out, "a whole number from %lld to %lld", (long long)parameter->min,
                   (long long)parameter->max);
    } else {
        for (size_t i = 0; parameter->words[i] != NULL; i++) {
            buf_format(out, "%s%s", i > 0 ? ", " : "one of ", parameter->words[i]);
        }
    }
}

struct json *parameter_schema(const struct parameter *parameter)
{
    struct json *schema = json_new();
    const char *type = parameter->kind == PARAMETER_NUMBER ? "integer"
                       : parameter->kind == PARAMETER_FLAG ? "boolean"
                                                           : "string";
    json_put_text(schema, "type", type);
    if (parameter->kind == PARAMETER_NUMBER) {
        json_put_int(schema, "minimum", parameter->min);
        json_put_int(schema, "maximum", parameter->max);
    } else if (parameter->kind == PARAMETER_TEXT) {
        json_put_int(schema, "maxLength", parameter->max);
    }
    if (parameter->pattern != NULL) {
        json_put_text(schema, "pattern", parameter->pattern);
    }
    if (parameter->words != NULL) {
        struct json *words = json_put_list(schema, "enum");
        for (size_t i = 0; parameter->words[i] != NULL; i++) {
            json_add_text(words, parameter->words[i]);
        }
    }
    return schema;
}

void parameter_refuse(const struct parameter *parameter, struct response *response)
{
    struct buf expected;
    buf_init(&expected, EXPECTED_MAX);
    parameter_expected(parameter, &expected);
    parameter_refuse_as(parameter->name, buf_str(&expected), response);
    buf_free(&expected);
}

void parameter_answer_json(enum result result, const char *name, struct json *json,
                           struct response *response)
{
    const struct parameter *parameter = parameter_find(name, strlen(name));
    if (result == RESULT_INVALID && parameter != NULL) {
        json_free(json);
        parameter_refuse(parameter, response);
    } else {
        states_answer_json(result, json, response);
    }
}

void parameter_refuse_as(const char *name, const char *expected, struct response *response)
{
    struct json *json = response_message(MESSAGE_BAD_PARAMETER);
    json_put_text(json, "parameter", name);
    json_put_text(json, "expected", expected);
    response_error_with(response, MESSAGE_BAD_PARAMETER, json);
}

void parameter_refuse_body(enum result result, const char *expected, struct response *response)
{
    switch (result) {
    case RESULT_INVALID: parameter_refuse_as("body", expected, response); return;
    case RESULT_TOO_BIG: response_error(response, MESSAGE_TOO_LARGE); return;
    case RESULT_NOT_FOUND: response_error(response, MESSAGE_LENGTH_REQUIRED); return;
    default: states_answer_failure(result, response); return;
    }
}
