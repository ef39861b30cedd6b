/*
 * Twilio's recording and call status callbacks, from form to struct, checked.
 *
 * Unknown fields are ignored (Twilio adds new ones). A field that must be a SID and is not makes
 * the whole callback RESULT_INVALID; a duration that is "-1", empty or no number is "not known".
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
};

struct call_callback {
    const char *account_sid;
    const char *call_sid;
    const char *parent_call_sid; /* or NULL */
    const char *from;            /* or NULL; a number, or client:…, sip:… */
    const char *to;
    const char *direction; /* inbound, outbound-api, outbound-dial, or NULL */
    const char *status;    /* one of Twilio's call states */
    int64_t duration;      /* seconds, or CALLBACK_UNKNOWN */
};

struct conference_callback {
    const char *account_sid;
    const char *conference_sid;
    const char
        *call_sid; /* who joined, left, spoke …; NULL: an event of the conference as a whole */
};

/* RESULT_INVALID when AccountSid or ConferenceSid is missing, or one of the SIDs is wrong. */
enum result callback_conference(const struct form *form, struct conference_callback *out);

/* RESULT_INVALID when AccountSid, RecordingSid or RecordingStatus is missing or wrong, or when
 * there is neither a CallSid nor a ConferenceSid, or one is wrong. A RecordingUrl that came must
 * hold the same account and recording as the fields, or is invalid. */
enum result callback_recording(const struct form *form, struct recording_callback *out);

/* RESULT_INVALID when AccountSid, CallSid, CallStatus, ParentCallSid or Direction is wrong, or
 * From or To is longer than 128 bytes or holds control characters. */
enum result callback_call(const struct form *form, struct call_callback *out);

/* Is it a recording of a call, of a conference, or of a call in a conference, by well-formed SIDs?
 */
bool callback_belongs(const struct recording_callback *callback);

/* One of Twilio's words, which is kept as it is: short, and of plain letters; else NULL. */
const char *callback_word(const char *word);

/* Twilio's word: "in-progress", "completed", "absent", "failed". */
const char *recording_status_name(enum recording_status status);

#endif
