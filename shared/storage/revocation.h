/*
 * Recordings that nobody may hear any more: their call was deleted or moved to another business,
 * they were marked as deleted, or were given an end that is over. PostgreSQL notes each as it
 * happens (triggers, migrations 140 and 145), and every host takes its own files of them away
 * within a minute; play links given out before end so. What comes to its end in time needs none of
 * this: no link is for longer (service_link_ttl_s).
 */
#ifndef TAPEDECK_STORAGE_REVOCATION_H
#define TAPEDECK_STORAGE_REVOCATION_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* Takes the files away of all that was revoked within the last hour and is not somebody's again.
 * Gives how many recordings went. What an absent host missed, retain finds. */
enum result revocation_apply(const struct app *app, int64_t *removed);

/* Forgets what was revoked more than a day ago. */
enum result revocation_forget(const struct app *app);

const struct pg_statement *revocation_statements(void);

#endif
