/*
 * Faults that are no recording's: this host's disk or memory, and a line that breaks for many.
 *
 * A host without room, with a read-only disk or without memory rests like an account that is paused
 * (runs/account.h), under a name of its own: its runner takes nothing meanwhile, and after the
 * pause one run goes first. No recording's attempts are counted. Lines that break for several
 * recordings, one after the other, are a fault of the provider's host, and pause the account.
 */
#ifndef TAPEDECK_JOBS_RUNNER_HOST_H
#define TAPEDECK_JOBS_RUNNER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/text.h"
#include "runs/run.h"
#include "transfer.h"

/* What a runner knows of its host. Start with host_init. */
struct host {
    bool doubtful; /* it may be paused: PostgreSQL is asked before a transfer begins */
    int broken;    /* recordings in a row whose line broke */
    char last_broken[SID_SIZE];
};

void host_init(struct host *host);

/* May a transfer begin, as far as this host goes? When not, the run is put off as by
 * ending_unless_admitted, and this gives the same. */
int64_t host_unless_admitted(const struct app *app, struct host *host, struct run *run);

/* Makes a fault of the account out of one more broken line, where there were several in a row. */
void host_judge(struct host *host, const struct run *run, struct transfer_end *end);

/* A run has ended like this, for good or until later: what it says about this host is noted. */
void host_note(const struct app *app, struct host *host, const struct run *run,
               const struct transfer_end *end);

#endif
