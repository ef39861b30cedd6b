/*
 * Time: two clocks that are never mixed, and the three formats in which time is written.
 *
 * Durations and deadlines use the monotonic clock, in milliseconds. What people and files see uses
 * the wall clock, in seconds since 1970. When the wall clock jumps, no deadline moves.
 */
#ifndef TAPEDECK_BASE_CLOCK_H
#define TAPEDECK_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { CLOCK_HTTP_SIZE = 32, CLOCK_ISO_SIZE = 40 };

/* Milliseconds, or microseconds, of the monotonic clock. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Seconds, milliseconds, or nanoseconds since 1970. */
int64_t clock_wall(void);
int64_t clock_wall_ms(void);
int64_t clock_wall_ns(void);

/* IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). `out` holds CLOCK_HTTP_SIZE.
 * Returns `out`. */
const char *clock_http_date(int64_t seconds, char *out);

/* Parses an HTTP-date: IMF-fixdate, and the two obsolete forms (RFC 850, asctime) that RFC 9110,
 * 5.6.7 asks recipients to accept. False when it is none of them. */
bool clock_parse_http_date(const char *text, int64_t *seconds);

/* ISO 8601 in UTC, "2026-11-20T23:35:00+00:00". `out` holds CLOCK_ISO_SIZE. Returns `out`. */
const char *clock_iso(int64_t seconds, char *out);

/* Parses Twilio's RFC 2822 dates, "Wed, 02 Sep 2026 10:08:03 +0000". False when it is not one. */
bool clock_parse_rfc2822(const char *text, int64_t *seconds);

/* Parses a day, "2026-11-20", into the second it begins with in UTC. False when it is not one. */
bool clock_parse_day(const char *text, int64_t *seconds);

/* Parses a day as above, or an instant of RFC 3339, "2026-11-20T23:35:00.25+02:00", into
 * microseconds since 1970. A space stands for 'T', and for the '+' that a form's decoder took.
 * False when it is neither. */
bool clock_parse_instant(const char *text, int64_t *micros);

/* Sleeps this long, signals or not. For the rare bounded wait outside an event loop. */
void clock_sleep_ms(int64_t ms);

#endif
