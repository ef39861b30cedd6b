/*
 * How a run ends: its row, its file and its slot, in an order that is safe at every crash.
 */
#ifndef TAPEDECK_JOBS_RUNNER_ENDING_H
#define TAPEDECK_JOBS_RUNNER_ENDING_H

#include <stdint.h>

#include "app.h"
#include "base/text.h"
#include "runs/run.h"
#include "storage/file.h"
#include "transfer.h"

enum { ENDING_FINAL = -1, ENDING_BLOCKED = -2, ENDING_ADMITTED = -3 };

/* Writes down how a transfer ended, unless it is STORABLE (storing.h). Gives the milliseconds until
 * the run is due again, or ENDING_FINAL; `part` is dropped then. ENDING_BLOCKED: PostgreSQL did not
 * answer, so nothing was changed and nothing given back; call again. A fault of this host that
 * turns out to be the recording's own becomes TRANSFER_FAILED in `end`. */
int64_t ending_write(const struct app *app, const struct run *run, struct transfer_end *end,
                     struct file_part *part);

/* Puts a run off before its transfer began, without counting it; gives what ending_write does, or
 * ENDING_ADMITTED where PostgreSQL did not answer. */
int64_t ending_put_off(const struct app *app, const struct run *run, int64_t delay_ms,
                       const struct run_reason *reason);

/* The last account that was told, for others of the same moment. Start from {0}. */
struct ending_admission {
    char account[SID_SIZE];
    int64_t admitted_us;
};

/* May this run's transfer begin, as far as its account goes? When not, it is put off, slot and all,
 * and this gives the milliseconds until it is due again, else ENDING_ADMITTED. */
int64_t ending_unless_admitted(const struct app *app, struct run *run);

/* Its account has answered this transfer. Of many in a row whose account is the same, only the one
 * that was admitted last need say so: the others end no pause that it does not. */
void ending_note_worked(const struct app *app, const struct run *run,
                        struct ending_admission *last);

/* Gives the slot back, and logs and counts the event; `code` may be NULL. */
void ending_release(const struct app *app, const struct run *run, const char *event,
                    const char *code);

/* The run goes back to the head of its line: somebody else will do it. */
void ending_hand_back(const struct app *app, const struct run *run);

#endif
