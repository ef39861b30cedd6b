/*
 * Recordings that nobody may hear any more: their call was deleted or moved to another business,
 * they were marked as deleted, or were given an end that is over. PostgreSQL notes each as it
 * happens (triggers, migrations 140 and 145), and every host takes its own files of them away
 * within a minute; play links given out before end so. What comes to its end in time needs none of
 * this: no link is for longer (service_link_ttl_s).
 */
#ifndef TAPEDECK_STORAGE_REVOCATION_H
#define TAPEDECK_STORAGE_REVOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* Takes the files away, whole or still arriving, of what was revoked within the last hour, or with
 * `all` within the last week, and is not somebody's again. Gives how many recordings went. */
enum result revocation_apply(const struct app *app, bool all, int64_t *removed);

/* Forgets what was revoked more than a week ago: a host that was away for so long has retain's tour
 * of its disk. */
enum result revocation_forget(const struct app *app);

const struct pg_statement *revocation_statements(void);

#endif
