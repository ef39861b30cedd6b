/*
 * Publishes in Redis how far a running transfer is. Early sound and the player's progress need it.
 */
#ifndef TAPEDECK_JOBS_RUNNER_PROGRESS_H
#define TAPEDECK_JOBS_RUNNER_PROGRESS_H

#include "app.h"
#include "transfer.h"
#include "work.h"

/* Keeps it in `work`, and publishes it when there is enough new. Waits for nobody. */
void progress_publish(const struct app *app, struct work *work,
                      const struct transfer_progress *progress);

#endif
