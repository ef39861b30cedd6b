/*
 * Twilio's recording, call and conference callbacks, from form to struct, checked.
 *
 * Unknown fields are ignored (Twilio adds new ones). A label that does not fit is left out, and
 * the callback is as good without it; a duration that is "-1", empty or no number is "not known".
 * RESULT_INVALID means that it cannot be used, and `*field` names the field because of which: one
 * that it needs and that is missing or not what it must be, or one that came with two different
 * values. With RESULT_OK, `*field` names the first label that was left out, or is NULL.
 * The strings point into the form and live as long as it does.
 */
#ifndef TAPEDECK_TWILIO_CALLBACK_H
#define TAPEDECK_TWILIO_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/form.h"
#include "base/result.h"

enum recording_status {
    RECORDING_IN_PROGRESS,
    RECORDING_COMPLETED,
    RECORDING_ABSENT,
    RECORDING_FAILED,
};

/* What it tells of, by the address that it was sent to. */
enum callback_kind { CALLBACK_RECORDING, CALLBACK_CALL, CALLBACK_CONFERENCE };

enum { CALLBACK_UNKNOWN = -1 }; /* a number that did not come, or is not known yet */

struct recording_callback {
    const char *account_sid;    /* AC… */
    const char *call_sid;       /* CA…: the parent leg; NULL: a conference's */
    const char *conference_sid; /* CF…, or NULL */
    const char *recording_sid;
    enum recording_status status;
    int64_t duration;       /* seconds, or CALLBACK_UNKNOWN */
    int64_t channels;       /* 1, 2, or CALLBACK_UNKNOWN */
    int64_t start_time;     /* seconds since 1970, or CALLBACK_UNKNOWN */
    const char *error_code; /* digits, or NULL */
    const char *source;     /* "DialVerb", "Conference", …: the provider's word, or NULL */
    const char *track;      /* "both", "inbound", "outbound", or NULL */
    const char *encryption; /* how it is encrypted, JSON (encryption.h), or NULL */
    bool is_external;       /* it lies in a bucket of the account's own */
};

struct call_callback {
    const char *account_sid;
    const char *call_sid;
    const char *parent_call_sid; /* or NULL */
    const char *from;            /* or NULL; a number, or client:…, sip:…, of whatever length */
    const char *to;
    const char *direction; /* inbound, outbound, outbound-api, outbound-dial, or NULL */
    const char *status;    /* one of Twilio's call states; NULL: one that we do not know */
    int64_t duration;      /* seconds, or CALLBACK_UNKNOWN */
};

struct conference_callback {
    const char *account_sid;
    const char *conference_sid;
    const char
        *call_sid; /* who joined, left, spoke …; NULL: an event of the conference as a whole */
};

/* Needs AccountSid, RecordingSid, RecordingStatus, and a CallSid or a ConferenceSid. Where the
 * recording is said to be (RecordingUrl) is only asked whether it is a bucket: media.h makes the
 * address from the SIDs. */
enum result callback_recording(const struct form *form, struct recording_callback *out,
                               const char **field);

/* Needs AccountSid, CallSid and a CallStatus, though not one that we know. Labels are
 * ParentCallSid, Direction, From, To and the status. */
enum result callback_call(const struct form *form, struct call_callback *out, const char **field);

/* Needs AccountSid and ConferenceSid; CallSid, too, unless its StatusCallbackEvent is about the
 * conference as a whole. */
enum result callback_conference(const struct form *form, struct conference_callback *out,
                                const char **field);

/* Is it a recording of a call, of a conference, or of a call in a conference, by well-formed SIDs?
 */
bool callback_belongs(const struct recording_callback *callback);

/* One of Twilio's words, which is kept as it is: short, and of plain letters; else NULL. */
const char *callback_word(const char *word);

/* Twilio's word: "in-progress", "completed", "absent", "failed". */
const char *recording_status_name(enum recording_status status);

/* "recording", "call", "conference". */
const char *callback_kind_name(enum callback_kind kind);

#endif
