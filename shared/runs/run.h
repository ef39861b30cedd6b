/*
 * Runs: one unit of work on one call, in PostgreSQL. Each call has at most one active run. The
 * failed runs of a call decide whether its breaker is open.
 *
 * Whoever works on a run holds its lease token. A function that takes a token changes nothing and
 * gives RESULT_LOST when somebody else has the run by now.
 */
#ifndef TAPEDECK_RUNS_RUN_H
#define TAPEDECK_RUNS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "base/text.h"
#include "queue.h"
#include "twilio/encryption.h"
#include "twilio/media.h"

enum run_job { JOB_DOWNLOAD, JOB_FULL };

enum { RUN_TOKEN_SIZE = QUEUE_TOKEN_SIZE };

/* A run as its holder sees it. */
struct run {
    int64_t id;
    int64_t business_id;
    char call_sid[SID_SIZE];
    char token[RUN_TOKEN_SIZE];
    enum run_job job;
    enum queue_lane lane;
    int64_t attempts;     /* failed so far */
    int64_t admitted_us;  /* by its account, by PostgreSQL's clock; 0: nobody was asked */
    bool is_admitted;     /* its account was not paused when it was claimed */
    int64_t stored_bytes; /* of its file, when it was last stored; 0 or less: not known */
    bool is_recent;       /* its callback, its call's end or its row is within NOT_READY_WINDOW */
    char recording_url[MEDIA_URL_SIZE];    /* "" when the call has none */
    char encryption[ENCRYPTION_TEXT_SIZE]; /* how it is encrypted; "": it is not */
    bool is_external;                      /* it lies in a bucket of the account's own */
};

/* Why something ended: a machine code and a sentence. Both are literals or live as long. */
struct run_reason {
    const char *code;
    const char *text;
};

/* Makes a run, or takes up again the last one if that was cancelled, or joins the active one: a
 * click moves it to the click lane, `full` upgrades a download. `created`: it joined none. */
enum result run_start(const struct app *app, int64_t business_id, const char *call_sid,
                      enum run_job job, enum queue_lane lane, int64_t *run_id, bool *created);

/* Moves an active run to the click lane; one that has ended meanwhile stays as it is. */
enum result run_promote(const struct app *app, int64_t run_id);

/* Whose run is wanted, and for which token, each another; the answer is `held` and the run. */
struct run_claim {
    struct queue_job job;
    char token[RUN_TOKEN_SIZE];
    bool held;
    struct run run;
};

/* Takes these calls' active runs: those that are queued and due, or whose holder has not been heard
 * of for INFLIGHT_TTL, unless that happened RECOVERY_LIMIT times within RECOVERY_WINDOW. */
enum result run_claim(const struct app *app, struct run_claim *claims, size_t count);

/* One of a runner's runs, as the statements over all of them take it. */
struct run_beat {
    const struct run *run;
    int64_t received, total; /* bytes; total -1 while not known */
    void *context;           /* the caller's */
    bool named;              /* the answer */
};

/* Says that these runs are alive, and how far they are; `named` are those still ours. */
enum result run_heartbeat(const struct app *app, struct run_beat *beats, size_t count);

/* Asks which of these runs a person wants cancelled: those are `named`. */
enum result run_cancel_wanted(const struct app *app, struct run_beat *beats, size_t count);

/* How a run completed. `format` is a word of ours. */
struct run_end {
    const struct run *run;
    const char *format;
    int64_t bytes;
};

/*
 * Completing is a transaction around the files' renames, so that no row says completed without its
 * file: run_seal marks the runs under row locks (RESULT_LOST: not all of them ours, nothing begun),
 * then the caller renames, then run_seal_commit, or run_seal_abort.
 */
enum result run_seal(const struct app *app, const struct run_end *ends, size_t count);
enum result run_seal_commit(const struct app *app);
void run_seal_abort(const struct app *app);

/* Back to queued, not before `delay_ms` from now; `counts` when the attempt was a failed one. */
enum result run_retry(const struct app *app, const struct run *run, int64_t delay_ms, bool counts,
                      const struct run_reason *reason);

/* `final`: what the provider has is no recording and will not be one; only a person or another
 * callback has it fetched again. */
enum result run_fail(const struct app *app, const struct run *run, const struct run_reason *reason,
                     bool final);

/* Cancelled because a person asked. */
enum result run_end_cancelled(const struct app *app, const struct run *run);

/* A runs-list visitor; the struct lives for the call only. */
struct run_waiting {
    int64_t id;
    int64_t business_id;
    const char *call_sid;
    enum queue_lane lane;
    const char *token; /* its holder's, NULL when nobody has it */
};
typedef void run_visitor(void *context, const struct run_waiting *run);

/* Visits, oldest first and at most `limit`, the queued runs that are due and whose id is above
 * `after`. */
enum result run_each_due(const struct app *app, int64_t after, int64_t limit, run_visitor *visit,
                         void *context);

/* Visits the runs whose holder has been heard of within INFLIGHT_TTL. */
enum result run_each_alive(const struct app *app, run_visitor *visit, void *context);

/* Milliseconds until the next queued run becomes due, -1 when none waits for its time. */
enum result run_next_due(const struct app *app, int64_t *ms);

/* Visits runs marked running that nobody has been heard of for STALE_AFTER. */
enum result run_each_stale(const struct app *app, int64_t limit, run_visitor *visit, void *context);

/* Visits active runs, not cancelled yet, of recordings that were revoked within the last hour
 * (storage/revocation.h) and that nobody may hear now. */
enum result run_each_revoked(const struct app *app, int64_t limit, run_visitor *visit,
                             void *context);

/* Puts a stale run back to queued. RESULT_NOT_FOUND when it is not stale any more. */
enum result run_rescue(const struct app *app, int64_t run_id);

/* Visits the businesses that have active runs. */
enum result run_each_business(const struct app *app, void (*visit)(void *, int64_t), void *context);

/* For the check that the schema accepts them. */
const struct pg_statement *run_statements(void);
const struct pg_statement *run_held_statements(void);

#endif
