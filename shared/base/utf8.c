#include "utf8.h"

#include <stdbool.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD, LAST = 0x10FFFF };

static bool is_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDFFF;
}

void utf8_put(uint32_t code, struct buf *out)
{
    if (code == 0 || code > LAST || is_surrogate(code)) {
        code = REPLACEMENT;
    }
    unsigned char bytes[4];
    size_t len = 0;
    if (code < 0x80) {
        bytes[len++] = (unsigned char)code;
    } else if (code < 0x800) {
        bytes[len++] = (unsigned char)(0xC0 | code >> 6);
        bytes[len++] = (unsigned char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        bytes[len++] = (unsigned char)(0xE0 | code >> 12);
        bytes[len++] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        bytes[len++] = (unsigned char)(0x80 | (code & 0x3F));
    } else {
        bytes[len++] = (unsigned char)(0xF0 | code >> 18);
        bytes[len++] = (unsigned char)(0x80 | (code >> 12 & 0x3F));
        bytes[len++] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        bytes[len++] = (unsigned char)(0x80 | (code & 0x3F));
    }
    buf_add(out, bytes, len);
}

static unsigned length_of(unsigned char lead)
{
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 1;
}

/* The second byte tells overlong forms, surrogates and what lies above U+10FFFF. */
static bool goes_on(const struct utf8 *utf8, unsigned char byte)
{
    unsigned char low = 0x80, high = 0xBF;
    if (utf8->have == 1) {
        switch (utf8->bytes[0]) {
        case 0xE0: low = 0xA0; break;
        case 0xED: high = 0x9F; break;
        case 0xF0: low = 0x90; break;
        case 0xF4: high = 0x8F; break;
        default: break;
        }
    }
    return byte >= low && byte <= high;
}

void utf8_end(struct utf8 *utf8, struct buf *out)
{
    if (utf8->have > 0) {
        utf8_put(REPLACEMENT, out);
    }
    *utf8 = (struct utf8){.have = 0};
}

void utf8_mend(struct utf8 *utf8, unsigned char byte, struct buf *out)
{
    if (utf8->have > 0 && !goes_on(utf8, byte)) {
        utf8_end(utf8, out);
    }
    if (utf8->have == 0) {
        utf8->need = length_of(byte);
        if (utf8->need == 1) {
            utf8_put(byte < 0x80 ? byte : REPLACEMENT, out);
            return;
        }
    }
    utf8->bytes[utf8->have++] = byte;
    if (utf8->have == utf8->need) {
        buf_add(out, utf8->bytes, utf8->have);
        utf8->have = 0;
    }
}

void utf8_mend_text(const char *text, size_t len, struct buf *out)
{
    struct utf8 utf8 = {.have = 0};
    for (size_t i = 0; i < len; i++) {
        utf8_mend(&utf8, (unsigned char)text[i], out);
    }
    utf8_end(&utf8, out);
}

size_t utf8_letters(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        count += ((unsigned char)*at & 0xC0) != 0x80;
    }
    return count;
}

size_t utf8_cut(const char *text, size_t len)
{
    size_t lead = len;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80) {
        lead--;
    }
    if (lead == 0 || (unsigned char)text[lead - 1] < 0x80) {
        return lead;
    }
    return len - (lead - 1) >= length_of((unsigned char)text[lead - 1]) ? len : lead - 1;
}

/* How many bytes of a blank or control character are here; 0: it is another one. Line breaks are
 * also U+0085, U+2028 and U+2029 (Unicode, UAX 14). */
static size_t blank_at(const char *text)
{
    unsigned char c = (unsigned char)text[0];
    if (c > 0 && (c <= ' ' || c == 0x7F)) {
        return 1;
    }
    if (c == 0xC2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] <= 0xA0) {
        return 2;
    }
    bool is_break = strncmp(text, "\xE2\x80\xA8", 3) == 0 || strncmp(text, "\xE2\x80\xA9", 3) == 0;
    return is_break ? 3 : 0;
}

void utf8_line(const char *text, size_t max, struct buf *out)
{
    static const char ELLIPSIS[] = "…";
    size_t begin = out->len;
    bool due = false;
    while (*text != '\0' && out->len - begin <= max && buf_ok(out)) {
        size_t blank = blank_at(text);
        if (blank == 0) {
            buf_add(out, " ", due && out->len > begin ? 1 : 0);
            buf_add(out, text, 1);
        }
        due = blank > 0;
        text += blank > 0 ? blank : 1;
    }
    if (out->len - begin > max && max >= sizeof ELLIPSIS) {
        size_t keep = utf8_cut(out->data + begin, max - (sizeof ELLIPSIS - 1));
        buf_cut(out, begin + keep);
        buf_text(out, ELLIPSIS);
    }
}
