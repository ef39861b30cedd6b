/*
 * What a runner counts for /metrics: how attempts ended, and why.
 */
#ifndef TAPEDECK_JOBS_RUNNER_RUNNER_METRICS_H
#define TAPEDECK_JOBS_RUNNER_RUNNER_METRICS_H

#include <stdint.h>

#include "app.h"

/* Counts the end of an attempt by its event in the log (RECORDING_DONE, …), and its reason, if that
 * is not NULL and the end no good one. */
void runner_metrics_end(const struct app *app, const char *event, const char *reason);

/* Counts the bytes of a stored recording. */
void runner_metrics_bytes(const struct app *app, int64_t bytes);

#endif
