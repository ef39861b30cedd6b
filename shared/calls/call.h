/*
 * Calls, as the CRM's call_log has them.
 *
 * Another business's call is RESULT_NOT_FOUND, like a call that does not exist.
 */
#ifndef TAPEDECK_CALLS_CALL_H
#define TAPEDECK_CALLS_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/text.h"
#include "storage/audio.h"
#include "twilio/callback.h"

enum { CALL_REASON_SIZE = 160, CALL_CODE_SIZE = 48, CALL_CURSOR_SIZE = 96 };

enum run_activity { RUN_NONE, RUN_QUEUED, RUN_RUNNING };

/* What PostgreSQL knows that bears on a call's recording. */
struct call_facts {
    char call_sid[SID_SIZE];   /* or the name of a recording that was asked for by that */
    char source_sid[SID_SIZE]; /* the name of the recording that plays (recording.h) */
    int64_t recordings; /* how many the call has; of one that was asked for by its own name: 1 */
    bool has_url;
    bool deleted; /* it was ours, and is deleted, or its own end is over */
    bool absent;  /* the provider said absent or failed, or its newest run failed for good */
    char reason[CALL_REASON_SIZE];
    int64_t stored_bytes; /* of the file, when it was last stored; 0 or less: not known */
    int64_t duration;     /* seconds; -1: not known */
    int64_t channels;     /* -1: not known */
    bool inbound;         /* the leg that was recorded: the customer began it */
    char expires_at[CLOCK_ISO_SIZE]; /* the recording; "": never, or there is none */
    int64_t ends_in_s;               /* until an end of its own, from 0; huge: it has none */
    /* what the object store has of it */
    int64_t object_bytes; /* -1: nothing */
    int64_t object_modified_ns;
    enum audio_kind object_kind;
    bool being_stored; /* downloaded in the last minute, and on its way to the store */
    /* the active run */
    enum run_activity activity;
    int64_t run_id;
    bool waits_its_time; /* queued, but not_before has not come */
    bool lane_later;
    bool recovered_lately;
    bool stuck;        /* its runners died RECOVERY_LIMIT times within RECOVERY_WINDOW */
    int64_t waited_ms; /* since it was queued */
    int64_t bytes_received, bytes_total; /* at the last heartbeat; -1: not known */
    /* the breaker */
    int64_t failures;        /* failed attempts within BREAKER_RESET, none if one succeeded since */
    int64_t breaker_left_ms; /* until it closes */
    char last_code[CALL_CODE_SIZE];
    char last_error[CALL_REASON_SIZE];
};

/* By a call's SID, or by a recording's. RESULT_NOT_FOUND: there is none in this business. */
enum result call_find(const struct app *app, int64_t business_id, const char *name,
                      struct call_facts *out);

/* One row of the list or of the call's page. Texts are NULL where not known, and live only while
 * the visitor runs. */
struct call_row {
    struct call_facts facts;
    const char *parent_call_sid, *direction, *from_number, *to_number, *status;
    int64_t duration; /* the call's; -1: not known */
    const char *created_at;
    const char *summary;
    bool has_transcript;
    int64_t recordings_duration; /* seconds, of all of its recordings together */
    const char *agent_id, *agent_name, *contact_name; /* as the CRM tells */
    const char *line, *party;                         /* our number, and the other's */
    /* How long each of them spoke, and how long nobody did; -1: not known. */
    int64_t agent_ms, customer_ms, silence_ms;
    /* What people added, as the subject sees it: a star of "all" or of "me" alone (NULL: none),
     * {"tags":[{"tag","for"}]}, and whether the subject has listened. */
    const char *starred, *tags;
    bool heard;
    /* of the call's page: the transcript as text, {"segments":[…]} as it is stored, the model, how
     * the summary came about */
    const char *transcript, *segments, *transcript_source, *summary_status;
};

typedef void call_visitor(void *context, const struct call_row *row);

struct call_filter {
    const char *subject; /* who asks: his are the stars, tags and listenings of one's own */
    int64_t limit;
    const char *cursor; /* NULL: from the newest */
    const char *search; /* part of a number, or words that were said; NULL: no search */
    const char *wants;  /* what else they must be: an object in JSON, with the names of docs/api.md,
                           checked; "{}": nothing */
};

/* Visits one page, newest first. `next` is the cursor of the page that follows; "": none does. What
 * would take too long stops: then its page is short, or empty, and another follows.
 * RESULT_INVALID for a cursor that is not one of ours. */
enum result call_list(const struct app *app, int64_t business_id, const struct call_filter *filter,
                      call_visitor *visit, void *context, char next[CALL_CURSOR_SIZE]);

/* Visits the one row of a call, with its transcript, as `subject` sees it. */
enum result call_read(const struct app *app, int64_t business_id, const char *subject,
                      const char *call_sid, call_visitor *visit, void *context);

/* The business that a call or a recording belongs to, for operators' tools. RESULT_NOT_FOUND. */
enum result call_business(const struct app *app, const char *call_sid, int64_t *business_id);

/* What a download is named after: the call's date (YYYY-MM-DD) and the other party's number. */
struct call_label {
    char date[16];
    char number[32]; /* digits only; "" when there are none */
};
enum result call_label(const struct app *app, int64_t business_id, const char *call_sid,
                       struct call_label *out);

/*
 * Creates or updates the row of a call status callback. Its business is the call's own if it is
 * known, else `business_hint` (0: none), else the one business of the account, else the one that
 * owns the number called (inbound) or calling (outbound). RESULT_NOT_FOUND when none of these says:
 * never a guess. RESULT_DENIED when its account may not speak of this call (authority.h).
 */
enum result call_save(const struct app *app, const struct call_callback *callback,
                      int64_t business_hint);

/* Who of ours took a call, and who the other party is: what `sets` tells. A NULL takes it away. */
enum call_person { CALL_AGENT_ID, CALL_AGENT_NAME, CALL_CONTACT_NAME, CALL_PERSONS };
struct call_people {
    bool sets[CALL_PERSONS];
    const char *values[CALL_PERSONS];
};

/* RESULT_NOT_FOUND: there is no such call in this business. */
enum result call_set_people(const struct app *app, int64_t business_id, const char *call_sid,
                            const struct call_people *people);

/* Those who write what callbacks say of one call take turns, until the transaction ends. */
enum result call_lock(const struct app *app, const char *call_sid);

/* For the check that the schema accepts them. */
const struct pg_statement *call_statements(void);
const struct pg_statement *call_list_statements(void);
const struct pg_statement *call_write_statements(void);

#endif
