#include "text.h"

#include <string.h>

_Static_assert(SID_LENGTH == 2 + 32 && SID_SIZE == SID_LENGTH + 1, "a prefix, 32 hex digits, NUL");

static const char hex_digits[] = "0123456789abcdef";

/* The value of a hex digit, or -1. Not isxdigit: that asks the locale. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static char ascii_lower(char c)
{
    if (c < 'A' || c > 'Z') {
        return c;
    }
    return (char)(c - 'A' + 'a');
}

/* The digits as a negative number: INT64_MIN has no positive twin. */
static bool parse_negated(const char *digits, size_t len, int64_t *out)
{
    int64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digits[i] - '0', &value)) {
            return false;
        }
    }
    *out = value;
    return len > 0;
}

bool text_int_n(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    size_t skip = negative ? 1 : 0;
    int64_t value = 0;
    if (!parse_negated(text + skip, len - skip, &value)) {
        return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value)) {
        return false;
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool text_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    return text != NULL && text_int_n(text, strlen(text), min, max, out);
}

bool text_is_sid(const char *text, const char *prefix)
{
    if (text == NULL || strnlen(text, SID_LENGTH + 1) != SID_LENGTH) {
        return false;
    }
    if (text[0] != prefix[0] || text[1] != prefix[1]) {
        return false;
    }
    for (size_t i = 2; i < SID_LENGTH; i++) {
        if (hex_value(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

bool text_is_recording(const char *text)
{
    return text_is_sid(text, "CA") || text_is_sid(text, "RE");
}

void text_hex(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 0x0f];
    }
    out[2 * len] = '\0';
}

/* The byte behind "%XY", of which `left` bytes are there; -1 when it is no escape. */
static int escape_value(const char *in, size_t left)
{
    if (left < 3) {
        return -1;
    }
    int high = hex_value(in[1]);
    int low = hex_value(in[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool text_percent_decode(const char *in, size_t len, bool plus_is_space, char *out, size_t *out_len)
{
    size_t written = 0;
    bool clean = true;
    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)in[i];
        int escaped = byte == '%' ? escape_value(in + i, len - i) : -1;
        if (escaped >= 0) {
            byte = escaped;
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        } else if (byte == '%') {
            clean = false;
        }
        clean = clean && byte != 0;
        out[written++] = (char)byte;
    }
    out[written] = '\0';
    *out_len = written;
    return clean;
}

/* How many bytes follow this first one of a character (RFC 3629, 4); -1: it begins none. */
static int bytes_after(unsigned char first)
{
    if (first < 0x80) {
        return 0;
    }
    if (first < 0xc2 || first > 0xf4) {
        return -1;
    }
    return 1 + (first >= 0xe0) + (first >= 0xf0);
}

/* Nothing overlong, no surrogate, nothing beyond U+10FFFF: the second byte says. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second < 0xa0;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second < 0x90;
    default: return true;
    }
}

bool text_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        unsigned char first = *at++;
        int after = bytes_after(first);
        if (after < 0 || (after > 0 && !second_fits(first, *at))) {
            return false;
        }
        for (; after > 0; after--, at++) {
            if ((*at & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static bool plain_in_log(char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* One byte as the log shows it; returns how many of the four bytes of `unit` are used. */
static size_t log_unit(char c, char unit[4])
{
    unit[0] = c;
    if (plain_in_log(c)) {
        return 1;
    }
    unsigned char byte = (unsigned char)c;
    unit[0] = '\\';
    unit[1] = 'x';
    unit[2] = hex_digits[byte >> 4];
    unit[3] = hex_digits[byte & 0x0f];
    return 4;
}

static void end_with_dots(char *out, size_t at, size_t room)
{
    for (int i = 0; i < 3 && at < room; i++) {
        out[at++] = '.';
    }
    out[at] = '\0';
}

const char *text_for_log(const char *in, char *out, size_t size)
{
    if (size == 0) {
        return out;
    }
    const char *from = in == NULL ? "" : in;
    size_t room = size - 1;
    size_t used = 0;
    size_t cut = 0; /* the last end of a unit that leaves room for the dots */
    for (; *from != '\0'; from++) {
        char unit[4];
        size_t len = log_unit(*from, unit);
        if (len > room - used) {
            end_with_dots(out, cut, room);
            return out;
        }
        memcpy(out + used, unit, len);
        used += len;
        if (used + 3 <= room) {
            cut = used;
        }
    }
    if (in == NULL && room > 0) {
        out[used++] = '-';
    }
    out[used] = '\0';
    return out;
}

static bool all_digits(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
    }
    return true;
}

const char *text_last_digits(const char *number, char *out)
{
    size_t len = number == NULL ? 0 : strlen(number);
    memcpy(out, "...", 4);
    if (len >= 4 && all_digits(number + len - 4)) {
        memcpy(out + 3, number + len - 4, 5);
    }
    return out;
}

bool text_starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool text_same(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return ascii_lower(*a) == ascii_lower(*b);
}

char *text_copy(const char *text)
{
    return strdup(text);
}
