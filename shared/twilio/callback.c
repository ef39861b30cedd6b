#include "callback.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "encryption.h"
#include "media.h"

enum { WORD_MAX = 64, ERROR_CODE_MAX = 999999999 };

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

/* What comes, and what is kept of it. */
static const struct {
    const char *word, *kept;
} DIRECTIONS[] = {
    {"inbound", "inbound"},
    {"outbound-api", "outbound-api"},
    {"outbound-dial", "outbound-dial"},
    {"outbound", "outbound"},
    {"trunking-originating", "outbound"},
    {"trunking-terminating", "inbound"},
};

/* The fields that we act on. */
static const char *const RECORDING_FIELDS[] = {
    "AccountSid",        "CallSid",           "RecordingSid",       "RecordingStatus",
    "RecordingDuration", "RecordingChannels", "RecordingStartTime", "ErrorCode",
    "ConferenceSid",     "RecordingSource",   "RecordingTrack",     NULL,
};

static const char *const CALL_FIELDS[] = {
    "AccountSid", "CallSid",    "ParentCallSid", "From", "To",
    "Direction",  "CallStatus", "CallDuration",  NULL,
};

static const char *const CONFERENCE_FIELDS[] = {
    "AccountSid", "ConferenceSid", "CallSid", "StatusCallbackEvent", NULL,
};

_Static_assert(COUNT(RECORDING_STATUSES) == RECORDING_FAILED + 1, "a name for each status");

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

/* The first field with two different values, or NULL: which one is meant would be a guess. */
static const char *first_doubtful(const struct form *form, const char *const *fields)
{
    while (*fields != NULL && !form_differs(form, *fields)) {
        fields++;
    }
    return *fields;
}

/* The value, or NULL when it did not come or came empty. What holds a NUL is no text: it came, and
 * is neither a SID, a word nor a label. */
static const char *optional(const struct form *form, const char *name)
{
    const char *value = form_get(form, name);
    if (value == NULL && form_has(form, name)) {
        return "\xff";
    }
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

/* What a recording's callback cannot do without and lacks, or NULL. */
static const char *recording_lacks(const struct recording_callback *callback, int status)
{
    if (!text_is_sid(callback->account_sid, "AC")) {
        return "AccountSid";
    }
    if (!text_is_sid(callback->recording_sid, "RE")) {
        return "RecordingSid";
    }
    if (!callback_belongs(callback)) {
        bool call = callback->call_sid == NULL || text_is_sid(callback->call_sid, "CA");
        return call && callback->conference_sid != NULL ? "ConferenceSid" : "CallSid";
    }
    return status < 0 ? "RecordingStatus" : NULL;
}

enum result callback_recording(const struct form *form, struct recording_callback *out,
                               const char **field)
{
    *out = (struct recording_callback){
        .account_sid = optional(form, "AccountSid"),
        .call_sid = optional(form, "CallSid"),
        .conference_sid = optional(form, "ConferenceSid"),
        .recording_sid = optional(form, "RecordingSid"),
        .duration = number_or_unknown(form, "RecordingDuration", 0, INT32_MAX),
        .channels = number_or_unknown(form, "RecordingChannels", 1, 2),
        .start_time = time_or_unknown(form, "RecordingStartTime"),
        .error_code = digits_or_null(form, "ErrorCode"),
        .source = callback_word(form_get(form, "RecordingSource")),
        .track = callback_word(form_get(form, "RecordingTrack")),
        .encryption = encryption_kept(optional(form, "EncryptionDetails")),
        .is_external = media_is_external(form_get(form, "RecordingUrl")),
    };
    int status =
        find_word(form_get(form, "RecordingStatus"), RECORDING_STATUSES, COUNT(RECORDING_STATUSES));
    *field = first_doubtful(form, RECORDING_FIELDS);
    if (*field == NULL) {
        *field = recording_lacks(out, status);
    }
    if (*field != NULL) {
        return RESULT_INVALID;
    }
    out->status = (enum recording_status)status;
    return RESULT_OK;
}

/* Events about the conference as a whole name no call (Twilio, "Conference events"). */
static bool names_no_call(const char *event)
{
    return event != NULL &&
           (text_starts(event, "conference-") || text_starts(event, "announcement-"));
}

enum result callback_conference(const struct form *form, struct conference_callback *out,
                                const char **field)
{
    *out = (struct conference_callback){
        .account_sid = optional(form, "AccountSid"),
        .conference_sid = optional(form, "ConferenceSid"),
        .call_sid = optional(form, "CallSid"),
    };
    bool alone = out->call_sid == NULL && names_no_call(form_get(form, "StatusCallbackEvent"));
    *field = first_doubtful(form, CONFERENCE_FIELDS);
    if (*field != NULL) {
        return RESULT_INVALID;
    }
    if (!text_is_sid(out->account_sid, "AC")) {
        *field = "AccountSid";
    } else if (!text_is_sid(out->conference_sid, "CF")) {
        *field = "ConferenceSid";
    } else if (!alone && !text_is_sid(out->call_sid, "CA")) {
        *field = "CallSid";
    }
    return *field == NULL ? RESULT_OK : RESULT_INVALID;
}

/* May it be kept and shown? */
static bool is_label(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return false;
        }
    }
    return text_is_utf8(text);
}

/* A party of the call; NULL, and the field is named, where it is none that may be kept. */
static const char *party(const struct form *form, const char *name, const char **field)
{
    const char *value = optional(form, name);
    if (value == NULL || is_label(value)) {
        return value;
    }
    if (*field == NULL) {
        *field = name;
    }
    return NULL;
}

static const char *direction_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < COUNT(DIRECTIONS); i++) {
        if (strcmp(word, DIRECTIONS[i].word) == 0) {
            return DIRECTIONS[i].kept;
        }
    }
    return NULL;
}

static const char *call_lacks(const struct call_callback *call, const struct form *form)
{
    if (!text_is_sid(call->account_sid, "AC")) {
        return "AccountSid";
    }
    if (!text_is_sid(call->call_sid, "CA")) {
        return "CallSid";
    }
    return optional(form, "CallStatus") == NULL ? "CallStatus" : NULL;
}

/* A call is worth more than its labels: those that do not fit are left out. */
static void read_labels(const struct form *form, struct call_callback *out, const char **field)
{
    const char *parent = optional(form, "ParentCallSid");
    const char *direction = optional(form, "Direction");
    const char *status = form_get(form, "CallStatus");
    out->parent_call_sid = text_is_sid(parent, "CA") ? parent : NULL;
    out->direction = direction_of(direction);
    out->status = find_word(status, CALL_STATUSES, COUNT(CALL_STATUSES)) >= 0 ? status : NULL;
    if (out->status == NULL) {
        *field = "CallStatus";
    } else if (direction != NULL && out->direction == NULL) {
        *field = "Direction";
    } else if (parent != NULL && out->parent_call_sid == NULL) {
        *field = "ParentCallSid";
    }
    out->from = party(form, "From", field);
    out->to = party(form, "To", field);
}

enum result callback_call(const struct form *form, struct call_callback *out, const char **field)
{
    *out = (struct call_callback){
        .account_sid = optional(form, "AccountSid"),
        .call_sid = optional(form, "CallSid"),
        .duration = number_or_unknown(form, "CallDuration", 0, INT32_MAX),
    };
    *field = first_doubtful(form, CALL_FIELDS);
    if (*field == NULL) {
        *field = call_lacks(out, form);
    }
    if (*field != NULL) {
        return RESULT_INVALID;
    }
    read_labels(form, out, field);
    return RESULT_OK;
}

const char *recording_status_name(enum recording_status status)
{
    return RECORDING_STATUSES[status];
}

const char *callback_kind_name(enum callback_kind kind)
{
    static const char *const NAMES[] = {
        [CALLBACK_RECORDING] = "recording",
        [CALLBACK_CALL] = "call",
        [CALLBACK_CONFERENCE] = "conference",
    };
    return NAMES[kind];
}
