#include "callback.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "media.h"

enum { PARTY_MAX = 128, WORD_MAX = 64, ERROR_CODE_MAX = 999999999 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const RECORDING_STATUSES[] = {
    [RECORDING_IN_PROGRESS] = "in-progress",
    [RECORDING_COMPLETED] = "completed",
    [RECORDING_ABSENT] = "absent",
    [RECORDING_FAILED] = "failed",
};

static const char *const CALL_STATUSES[] = {
    "queued", "initiated", "ringing",   "in-progress", "completed",
    "busy",   "failed",    "no-answer", "canceled",
};

static const char *const DIRECTIONS[] = {"inbound", "outbound-api", "outbound-dial", "outbound"};

static const char *const RECORDING_FIELDS[] = {
    "AccountSid",   "CallSid",           "RecordingSid",      "RecordingStatus",
    "RecordingUrl", "RecordingDuration", "RecordingChannels", "RecordingStartTime",
    "ErrorCode",    "ConferenceSid",     "RecordingSource",   "RecordingTrack",
};

static const char *const CALL_FIELDS[] = {
    "AccountSid", "CallSid",   "ParentCallSid", "From",
    "To",         "Direction", "CallStatus",    "CallDuration",
};

_Static_assert(COUNT(RECORDING_STATUSES) == RECORDING_FAILED + 1, "a name for each status");
_Static_assert(COUNT(CALL_FIELDS) <= COUNT(RECORDING_FIELDS), "repeats_any has room for both");

/* The index of `word`, or -1. */
static int find_word(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Two values of a field we act on: which one is meant would be a guess. */
static bool repeats_any(const struct form *form, const char *const *fields, size_t count)
{
    bool seen[COUNT(RECORDING_FIELDS)] = {false};
    for (size_t i = 0; i < form->count; i++) {
        int field = find_word(form->pairs[i].name, fields, count);
        if (field < 0) {
            continue;
        }
        if (seen[field]) {
            return true;
        }
        seen[field] = true;
    }
    return false;
}

/* The value, or NULL when it did not come or came empty. */
static const char *optional(const struct form *form, const char *name)
{
    const char *value = form_get(form, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static int64_t number_or_unknown(const struct form *form, const char *name, int64_t min,
                                 int64_t max)
{
    int64_t value = CALLBACK_UNKNOWN;
    (void)text_int(form_get(form, name), min, max, &value);
    return value;
}

static int64_t time_or_unknown(const struct form *form, const char *name)
{
    int64_t seconds = CALLBACK_UNKNOWN;
    (void)clock_parse_rfc2822(form_get(form, name), &seconds);
    return seconds;
}

static const char *digits_or_null(const struct form *form, const char *name)
{
    const char *value = form_get(form, name);
    int64_t code = 0;
    bool digits = text_int(value, 0, ERROR_CODE_MAX, &code) && value[0] != '-';
    return digits ? value : NULL;
}

const char *callback_word(const char *word)
{
    size_t len = word != NULL ? strnlen(word, WORD_MAX + 1) : 0;
    for (size_t i = 0; i < len; i++) {
        bool plain = (word[i] >= 'a' && word[i] <= 'z') || (word[i] >= 'A' && word[i] <= 'Z') ||
                     word[i] == '-' || word[i] == '_';
        if (!plain) {
            return NULL;
        }
    }
    return len > 0 && len <= WORD_MAX ? word : NULL;
}

bool callback_belongs(const struct recording_callback *callback)
{
    bool call = callback->call_sid == NULL || text_is_sid(callback->call_sid, "CA");
    bool conference =
        callback->conference_sid == NULL || text_is_sid(callback->conference_sid, "CF");
    return call && conference && (callback->call_sid != NULL || callback->conference_sid != NULL);
}

static bool url_agrees(const struct form *form, const struct recording_callback *callback)
{
    struct media_ref ref;
    const char *url = optional(form, "RecordingUrl");
    if (url == NULL) {
        return true;
    }
    return media_parse(url, &ref) == RESULT_OK &&
           strcmp(ref.account_sid, callback->account_sid) == 0 &&
           strcmp(ref.recording_sid, callback->recording_sid) == 0;
}

enum result callback_recording(const struct form *form, struct recording_callback *out)
{
    *out = (struct recording_callback){
        .account_sid = form_get(form, "AccountSid"),
        .call_sid = optional(form, "CallSid"),
        .conference_sid = optional(form, "ConferenceSid"),
        .recording_sid = form_get(form, "RecordingSid"),
        .duration = number_or_unknown(form, "RecordingDuration", 0, INT32_MAX),
        .channels = number_or_unknown(form, "RecordingChannels", 1, 2),
        .start_time = time_or_unknown(form, "RecordingStartTime"),
        .error_code = digits_or_null(form, "ErrorCode"),
        .source = callback_word(form_get(form, "RecordingSource")),
        .track = callback_word(form_get(form, "RecordingTrack")),
    };
    if (repeats_any(form, RECORDING_FIELDS, COUNT(RECORDING_FIELDS))) {
        return RESULT_INVALID;
    }
    if (!text_is_sid(out->account_sid, "AC") || !callback_belongs(out) ||
        !text_is_sid(out->recording_sid, "RE")) {
        return RESULT_INVALID;
    }
    int status =
        find_word(form_get(form, "RecordingStatus"), RECORDING_STATUSES, COUNT(RECORDING_STATUSES));
    if (status < 0 || !url_agrees(form, out)) {
        return RESULT_INVALID;
    }
    out->status = (enum recording_status)status;
    return RESULT_OK;
}

enum result callback_conference(const struct form *form, struct conference_callback *out)
{
    static const char *const FIELDS[] = {"AccountSid", "ConferenceSid", "CallSid"};
    *out = (struct conference_callback){
        .account_sid = form_get(form, "AccountSid"),
        .conference_sid = form_get(form, "ConferenceSid"),
        .call_sid = optional(form, "CallSid"),
    };
    bool good = !repeats_any(form, FIELDS, COUNT(FIELDS)) && text_is_sid(out->account_sid, "AC") &&
                text_is_sid(out->conference_sid, "CF") &&
                (out->call_sid == NULL || text_is_sid(out->call_sid, "CA"));
    return good ? RESULT_OK : RESULT_INVALID;
}

/* NULL, or a party of a call short and clean enough to keep and show. */
static bool is_party(const char *party)
{
    if (party == NULL) {
        return true;
    }
    size_t len = strnlen(party, PARTY_MAX + 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)party[i];
        if (byte < ' ' || byte == 0x7f) {
            return false;
        }
    }
    return len <= PARTY_MAX;
}

static bool call_fields_hold(const struct call_callback *call)
{
    bool parent = call->parent_call_sid == NULL || text_is_sid(call->parent_call_sid, "CA");
    bool direction =
        call->direction == NULL || find_word(call->direction, DIRECTIONS, COUNT(DIRECTIONS)) >= 0;
    return parent && direction && text_is_sid(call->account_sid, "AC") &&
           text_is_sid(call->call_sid, "CA") &&
           find_word(call->status, CALL_STATUSES, COUNT(CALL_STATUSES)) >= 0 &&
           is_party(call->from) && is_party(call->to);
}

enum result callback_call(const struct form *form, struct call_callback *out)
{
    *out = (struct call_callback){
        .account_sid = form_get(form, "AccountSid"),
        .call_sid = form_get(form, "CallSid"),
        .parent_call_sid = optional(form, "ParentCallSid"),
        .from = optional(form, "From"),
        .to = optional(form, "To"),
        .direction = optional(form, "Direction"),
        .status = form_get(form, "CallStatus"),
        .duration = number_or_unknown(form, "CallDuration", 0, INT32_MAX),
    };
    if (repeats_any(form, CALL_FIELDS, COUNT(CALL_FIELDS))) {
        return RESULT_INVALID;
    }
    return call_fields_hold(out) ? RESULT_OK : RESULT_INVALID;
}

const char *recording_status_name(enum recording_status status)
{
    return RECORDING_STATUSES[status];
}
