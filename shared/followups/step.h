/*
 * Steps: what is done with a call once its recording is here, in PostgreSQL (call_steps).
 *
 * First transcribe, then summarise, then notify; each begins when the one before it has ended, with
 * any result. Runners claim them without Redis. Whoever works on a step holds its lease token. A
 * function called for a step that somebody else has by now changes nothing and gives RESULT_LOST. A
 * holder without a heartbeat for INFLIGHT_TTL has lost the step; that counts as a failed attempt.
 */
#ifndef TAPEDECK_FOLLOWUPS_STEP_H
#define TAPEDECK_FOLLOWUPS_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "base/text.h"
#include "runs/run.h"

enum step_name { STEP_TRANSCRIBE, STEP_SUMMARISE, STEP_NOTIFY, STEP_NAMES };

enum step_status { STEP_DONE, STEP_SKIPPED, STEP_FAILED };

struct step {
    int64_t id;
    int64_t business_id;
    char call_sid[SID_SIZE];
    char token[RUN_TOKEN_SIZE];
    enum step_name name;
    int64_t attempts; /* failed so far */
    bool again;       /* to be done although it was done before */
};

/* "transcribe", …: the word in the table. */
const char *step_word(enum step_name name);

/* The first step of a call whose recording is here. Free when it has begun already; one that
 * failed, or was not configured, begins anew. Safe inside a transaction. */
enum result step_begin(const struct app *app, int64_t business_id, const char *call_sid);

/* The same for those of the runs that are full ones by now; inside the transaction that completes
 * them. */
enum result step_begin_after(const struct app *app, const struct run_end *ends, size_t count);

/* The summary of a call that joined its conference, or became known, after a recording of that was
 * transcribed: then the end of that step did not begin it. Of any other call, nothing. With `anew`
 * also where it has one. Together with what made the call a part of it, or after that. */
enum result step_begin_joined(const struct app *app, const char *call_sid, bool anew);

/* The same by hand, whatever there was: with `again` also when the call is transcribed. */
enum result step_redo(const struct app *app, int64_t business_id, const char *call_sid, bool again);

/* The same for all calls of a business whose transcript or summary failed, or was not configured,
 * since that second; each from the step that failed. `count` gets how many steps. */
enum result step_redo_failed(const struct app *app, int64_t business_id, int64_t since,
                             int64_t *count);

/* The ids of at most `limit` due steps, in the order in which they are to be claimed: businesses in
 * turn, each one's oldest first. It reads all that waits. */
enum result step_due(const struct app *app, int64_t *ids, size_t limit, size_t *count);

/* Takes at most `limit` of these for `token`, the first ones that are still due and that nobody
 * else has; `steps` has room for them. It reads no others. */
enum result step_claim(const struct app *app, const char *token, const int64_t *ids,
                       size_t id_count, struct step *steps, size_t limit, size_t *count);

/* Says that these steps are alive; `held` gets which of them still are. */
enum result step_heartbeat(const struct app *app, const struct step *const *steps, bool *held,
                           size_t count);

/* The end of a step, and the beginning of the next: inside a transaction of the caller's, with what
 * the step found out. `reason` may be NULL. */
enum result step_end(const struct app *app, const struct step *step, enum step_status status,
                     const struct run_reason *reason);

/* Back in the line, not before `delay_ms` from now; `counts` when the attempt was a failed one. */
enum result step_retry(const struct app *app, const struct step *step, int64_t delay_ms,
                       bool counts, const struct run_reason *reason);

/* How many of a business's recordings runners still have to do with (runs and steps), and of how
 * many something has failed within that time. */
struct step_left {
    int64_t count, failed;
};
enum result step_left(const struct app *app, int64_t business_id, int64_t within_ms,
                      struct step_left *out);

/* One line of `tapedeck status`: how many steps of a kind are in a state, and why. */
struct step_count {
    const char *step, *status, *error_code; /* error_code may be NULL */
    int64_t count;
};
enum result step_each_count(const struct app *app, void (*visit)(void *, const struct step_count *),
                            void *context);

const struct pg_statement *step_statements(void);

#endif
