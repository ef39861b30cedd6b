/*
 * One event a line on stderr: an event name, then key=value pairs.
 *
 * Where stderr is a file, the line begins with the time (ISO 8601): elsewhere somebody else adds
 * it. A line is written with a single write, so lines of many processes do not mix. It is cut at
 * LOG_LINE_MAX bytes. Bytes from outside must pass text_for_log first; secrets, whole phone
 * numbers, paths and SQL must never be logged. Newlines in values become spaces.
 */
#ifndef TAPEDECK_BASE_LOG_H
#define TAPEDECK_BASE_LOG_H

enum { LOG_LINE_MAX = 1024 };

void log_event(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
