/*
 * Text from outside: the one checked integer parser, SIDs, hex, percent decoding, and escaping for
 * logs. Pure; nothing here allocates.
 */
#ifndef TAPEDECK_BASE_TEXT_H
#define TAPEDECK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SID_LENGTH = 34, SID_SIZE = SID_LENGTH + 1 };

/* Parses all of `text` as a decimal integer within [min, max]: digits with an optional leading
 * minus, nothing else (no blanks, no plus). False leaves *out as it was. */
bool text_int(const char *text, int64_t min, int64_t max, int64_t *out);

/* The same over `len` bytes that need no NUL behind them. */
bool text_int_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/* True when `text` is a Twilio SID with this two-letter prefix: ^(AC|CA|CF|RE)[0-9a-fA-F]{32}$
 * (Twilio, "String identifiers (SIDs)"). NULL is no SID. */
bool text_is_sid(const char *text, const char *prefix);

/* What a recording is named after: a CallSid, whose first recording it is, or its RecordingSid. */
bool text_is_recording(const char *text);

/* Lowercase hex of `len` bytes into `out` (2 * len + 1 bytes). */
void text_hex(const unsigned char *bytes, size_t len, char *out);

/* Percent-decodes `len` bytes of `in` into `out` (at least len + 1 bytes; may be `in` itself), and
 * ends it with a NUL. `plus_is_space` for forms. A '%' that begins no escape stands for itself
 * (WHATWG URL, section 1.3). False when there was such a one, or a NUL, escaped or not. */
bool text_percent_decode(const char *in, size_t len, bool plus_is_space, char *out,
                         size_t *out_len);

/* Copies `in` for a log line: printable ASCII but space, quote, backslash and `=` as it is, all
 * else as \xNN, cut with "..." where `size` ends. Always terminated; NULL gives "-". Returns
 * `out`. */
const char *text_for_log(const char *in, char *out, size_t size);

/* The last four digits of a phone number, for logs: "...1234"; shorter or NULL gives "...".
 * Returns `out`, which holds at least 8 bytes. */
const char *text_last_digits(const char *number, char *out);

/* Is it well-formed UTF-8 (RFC 3629: nothing overlong, no surrogates), as PostgreSQL keeps it? */
bool text_is_utf8(const char *text);

bool text_starts(const char *text, const char *with);

/* Case-insensitive ASCII equality, whatever the locale. */
bool text_same(const char *a, const char *b);

/* A copy that is the caller's, to be freed; NULL without memory. */
char *text_copy(const char *text);

#endif
