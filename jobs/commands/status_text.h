/*
 * How things are, for a person and for a program (docs/monitoring.md has the members).
 */
#ifndef TAPEDECK_JOBS_COMMANDS_STATUS_TEXT_H
#define TAPEDECK_JOBS_COMMANDS_STATUS_TEXT_H

#include "base/buf.h"
#include "clients/json.h"
#include "observe/overview.h"
#include "storage/disk.h"

/* What is shown together. */
struct status {
    struct overview *overview;
    struct disk_parts parts;
};

/* A page of lines. */
void status_text(const struct status *status, struct buf *out);

/* One object; the caller frees it. NULL without memory. */
struct json *status_json(const struct status *status);

/* Does all that is needed work? */
bool status_is_good(const struct status *status);

#endif
