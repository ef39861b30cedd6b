/*
 * Runs as people see them: the runs of a call, the active runs of a business. Changes nothing.
 */
#ifndef TAPEDECK_RUNS_HISTORY_H
#define TAPEDECK_RUNS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* One line of a call's history. Texts live for the call only; NULL where not known. */
struct history_run {
    int64_t id;
    const char *call_sid;
    const char *job_type, *status, *error_code, *error;
    bool cancel_requested;
    int64_t attempts;
    const char *created_at, *started_at, *completed_at;
};

/* Visits one run, or the active runs of a business, newest first, at most 100. */
enum result history_read(const struct app *app, int64_t business_id, int64_t run_id,
                         void (*visit)(void *, const struct history_run *), void *context);
enum result history_each_active(const struct app *app, int64_t business_id,
                                void (*visit)(void *, const struct history_run *), void *context);

/* Visits a call's runs, newest first, at most 20. */
enum result history_each_of_call(const struct app *app, int64_t business_id, const char *call_sid,
                                 void (*visit)(void *, const struct history_run *), void *context);

const struct pg_statement *history_statements(void);

#endif
