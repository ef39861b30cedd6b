/*
 * CSV (RFC 4180) that a spreadsheet opens without doing anything: a cell that it would take for a
 * formula begins with an apostrophe.
 */
#ifndef TAPEDECK_FCGI_HTTP_CSV_H
#define TAPEDECK_FCGI_HTTP_CSV_H

#include <stdint.h>

#include "base/buf.h"

/* What a file begins with, so that Excel reads it as UTF-8. */
#define CSV_BOM "\xef\xbb\xbf"

/* Appends a cell, and what parts it from the one before. NULL: an empty one. */
void csv_text(struct buf *out, const char *text);
void csv_int(struct buf *out, int64_t number);

/* Appends a time of ISO 8601 in UTC, "2026-11-20T12:00:00.000+00:00", as spreadsheets read it:
 * "2026-11-20 12:00:00". */
void csv_time(struct buf *out, const char *iso);

/* Ends the row. */
void csv_end(struct buf *out);

#endif
