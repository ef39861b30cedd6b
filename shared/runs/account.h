/*
 * Provider accounts, and hosts of our own: do they work, or are they paused?
 *
 * A fault of the account, not of one recording, pauses the account for ACCOUNT_PAUSE, doubled each
 * time, up to ACCOUNT_PAUSE_MAX. After the pause one run goes first, as a probe; the others wait
 * for its result. A host that cannot store anything is paused in the same way; its name begins with
 * ACCOUNT_HOST, and stands where an account's SID does.
 */
#ifndef TAPEDECK_RUNS_ACCOUNT_H
#define TAPEDECK_RUNS_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

#define ACCOUNT_HOST "host:"

enum { ACCOUNT_NAME_SIZE = 80 };

/* Under which name this host is paused: ACCOUNT_HOST and what it is called. Gives `out`. */
const char *account_of_host(char out[ACCOUNT_NAME_SIZE]);

/* May a transfer of this account begin? RESULT_OK: yes, as the probe unless it is `open`, that is
 * not paused (`open` may be NULL); `admitted_us` is when, by PostgreSQL's clock. RESULT_DENIED: not
 * before `wait_ms`. */
enum result account_admit(const struct app *app, const char *account_sid, int64_t *wait_ms,
                          int64_t *admitted_us, bool *open);

/* Notes a fault met by a run, and pauses the account; `at_least_ms` is what the provider asked for
 * (Retry-After), or 0. Gives the pause's length. RESULT_EXISTS: the account has worked since this
 * run last met such a fault, so this one is the recording's own; nothing is paused. `run_id` 0: it
 * cannot be any recording's own. */
enum result account_fault(const struct app *app, const char *account_sid, int64_t run_id,
                          const char *code, const char *text, int64_t at_least_ms,
                          int64_t *pause_ms);

/* Notes that the account works, by a transfer that was admitted then: its pause is over. What was
 * admitted before the pause was over is no probe, and says nothing of it. */
enum result account_worked(const struct app *app, const char *account_sid, int64_t admitted_us);

/* Notes that a run ended without saying anything of the account: if it was the probe, another one
 * may be. */
enum result account_probe_over(const struct app *app, const char *account_sid, int64_t admitted_us);

/* Ends the account's pause by hand, and those of hosts, for all that wait for it. */
enum result account_resume(const struct app *app, const char *account_sid);

/* Visits the accounts and hosts that are paused now. */
enum result account_each_paused(const struct app *app,
                                void (*visit)(void *, const char *account_sid, const char *code,
                                              int64_t left_s),
                                void *context);

const struct pg_statement *account_statements(void);

#endif
