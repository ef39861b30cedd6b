/*
 * Prometheus' text format, version 0.0.4 (Prometheus, "Exposition formats"): two lines for each
 * family, then one line for each sample.
 */
#ifndef TAPEDECK_FCGI_METRICS_EXPOSITION_H
#define TAPEDECK_FCGI_METRICS_EXPOSITION_H

#include <stdint.h>

#include "base/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `type` is gauge, counter or histogram; `help` one line without backslashes. */
void exposition_family(struct buf *out, const char *name, const char *type, const char *help);

/* One label of a sample, and its value; the value is escaped. */
struct exposition_label {
    const char *name, *value;
};

/* One sample. `ending` is added to the family's name ("_bucket"), or is ""; of the labels the first
 * one without a name is the end, and so is the second one's end. */
void exposition_sample(struct buf *out, const char *name, const char *ending,
                       const struct exposition_label labels[2], int64_t value);

/* The same in seconds, from microseconds; below 0 it is +Inf. */
void exposition_seconds(struct buf *out, const char *name, const char *ending,
                        const struct exposition_label labels[2], int64_t us);

#endif
