#include "json_repair.h"

#include <stdio.h>
#include <string.h>

#include "json_word.h"

enum token { BETWEEN, STRING, ESCAPE, HEX, QUOTE, WORD };
enum expects { A_KEY, A_COLON, A_VALUE };

enum { HEX_DIGITS = 4, ALL = -1 };

void json_repair_begin(struct json_repair *r, const struct json_repair_wanted *wanted,
                       struct buf *out)
{
    *r = (struct json_repair){.magic = MAGIC(json_repair),
                              .wanted = wanted,
                              .out = out,
                              .skipping = ALL,
                              .item_depth = ALL,
                              .wants_items = wanted != NULL && wanted->lists != NULL};
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Marks that people do not see and editors leave: a byte order mark, directions, wide blanks. */
static bool is_unseen(char c)
{
    return c != '\0' && strchr("\xEF\xBB\xBF\xC2\xA0\xE2\x80\x8E\x8F", c) != NULL;
}

static bool is_named(const char *const *names, const char *key, size_t len)
{
    while (*names != NULL && (strlen(*names) != len || memcmp(*names, key, len) != 0)) {
        names++;
    }
    return *names != NULL;
}

/* ---- writing ---- */

static void put(struct json_repair *r, const char *bytes, size_t len)
{
    if (r->skipping == ALL) {
        buf_add(r->out, bytes, len);
    }
}

/* What comes next in the innermost container; outside of all, nobody asks. */
static int *expectation(struct json_repair *r)
{
    return &r->expects[r->depth > 0 ? r->depth - 1 : 0];
}

static bool in_object(const struct json_repair *r)
{
    return r->depth > 0 && r->kind[r->depth - 1] == '{';
}

static void comma(struct json_repair *r)
{
    if (r->depth > 0 && r->filled[r->depth - 1]) {
        put(r, ",", 1);
    }
    if (r->depth > 0) {
        r->filled[r->depth - 1] = true;
    }
}

/* Before a value: the comma, if it is in a list. */
static void begin_value(struct json_repair *r)
{
    if (r->depth > 0 && !in_object(r)) {
        if (r->depth == r->item_depth) {
            r->item_at = r->out->len;
        } else {
            comma(r);
        }
    }
}

static void end_value(struct json_repair *r)
{
    if (r->skipping == r->depth) {
        r->skipping = ALL;
    }
    if (r->depth == 0) {
        r->state = JSON_REPAIR_WHOLE;
        return;
    }
    if (r->depth == r->item_depth) {
        r->wanted->item(r->wanted->context, buf_str(r->out) + r->item_at, r->out->len - r->item_at);
        buf_cut(r->out, r->item_at);
    }
    *expectation(r) = in_object(r) ? A_KEY : A_VALUE;
}

static void plain(struct json_repair *r, const char *text)
{
    begin_value(r);
    put(r, text, strlen(text));
    end_value(r);
}

/* ---- containers ---- */

static void open_container(struct json_repair *r, char kind)
{
    if (r->depth == JSON_REPAIR_DEPTH_MAX) {
        r->state = JSON_REPAIR_BROKEN;
        return;
    }
    begin_value(r);
    put(r, &kind, 1);
    r->kind[r->depth] = kind;
    r->expects[r->depth] = kind == '{' ? A_KEY : A_VALUE;
    r->filled[r->depth] = false;
    r->depth++;
    if (kind == '[' && r->wants_items && r->item_depth == ALL && r->skipping == ALL) {
        r->item_depth = r->depth;
    }
    r->wants_items = false;
}

static void close_container(struct json_repair *r, char kind)
{
    if (r->depth == 0 || r->kind[r->depth - 1] != (kind == '}' ? '{' : '[') ||
        *expectation(r) == A_COLON) {
        r->state = JSON_REPAIR_BROKEN;
        return;
    }
    if (in_object(r) && *expectation(r) == A_VALUE) {
        plain(r, "null");
    }
    if (r->depth == r->item_depth) {
        r->item_depth = ALL;
    }
    r->depth--;
    put(r, &kind, 1);
    end_value(r);
}

/* ---- strings ---- */

static void begin_string(struct json_repair *r)
{
    r->is_key = in_object(r) && *expectation(r) == A_KEY;
    if (r->is_key) {
        r->key_at = r->out->len;
        comma(r);
    } else {
        begin_value(r);
        r->wants_items = false;
    }
    put(r, "\"", 1);
    r->token = STRING;
    r->utf8 = (struct utf8){.have = 0};
    r->high = 0;
}

static void fold_key(char *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (key[i] >= 'A' && key[i] <= 'Z') {
            key[i] = (char)(key[i] - 'A' + 'a');
        } else if (key[i] == ' ' || key[i] == '-') {
            key[i] = '_';
        }
    }
}

/* What nobody reads goes away with its key. */
static void end_key(struct json_repair *r)
{
    bool first = r->skipping == ALL && r->out->len > r->key_at && r->out->data[r->key_at] != ',';
    size_t begin = r->key_at + (first ? 1 : 2);
    *expectation(r) = A_COLON;
    if (r->skipping != ALL || !buf_ok(r->out)) {
        return;
    }
    char *key = r->out->data + begin;
    size_t len = r->out->len - 1 - begin;
    fold_key(key, len);
    if (r->wanted != NULL && r->wanted->keys != NULL && !is_named(r->wanted->keys, key, len)) {
        buf_cut(r->out, r->key_at);
        r->filled[r->depth - 1] = !first;
        r->skipping = r->depth;
        return;
    }
    r->wants_items =
        r->wanted != NULL && r->wanted->lists != NULL && is_named(r->wanted->lists, key, len);
}

static void flush_text(struct json_repair *r)
{
    if (r->skipping == ALL) {
        if (r->high != 0) {
            utf8_put(0, r->out);
        }
        utf8_end(&r->utf8, r->out);
    }
    r->high = 0;
}

static void end_string(struct json_repair *r)
{
    put(r, "\"", 1);
    r->token = BETWEEN;
    if (r->is_key) {
        end_key(r);
    } else {
        end_value(r);
    }
}

/* A character of a string, by its number. */
static void put_code(struct json_repair *r, unsigned code)
{
    char escape[8] = {'\\', (char)code};
    if (r->skipping != ALL) {
        return;
    }
    if (code == '"' || code == '\\') {
        put(r, escape, 2);
    } else if (code > 0 && code < ' ') {
        (void)snprintf(escape, sizeof escape, "\\u%04x", code);
        put(r, escape, strlen(escape));
    } else {
        utf8_put(code, r->out);
    }
}

static void string_byte(struct json_repair *r, char c)
{
    if (r->high != 0 && c != '\\') {
        flush_text(r);
    }
    if (c == '"') {
        flush_text(r);
        r->token = QUOTE;
        r->held_len = 0;
        r->held_comma = false;
    } else if (c == '\\') {
        if (r->high == 0) {
            flush_text(r);
        }
        r->token = ESCAPE;
    } else if ((unsigned char)c >= 0x80) {
        if (r->skipping == ALL) {
            utf8_mend(&r->utf8, (unsigned char)c, r->out);
        }
    } else {
        flush_text(r);
        put_code(r, (unsigned char)c);
    }
}

static void escape_byte(struct json_repair *r, char c)
{
    static const char SHORT[] = "bfnrt", MEANT[] = "\b\f\n\r\t";
    const char *at = c != '\0' ? strchr(SHORT, c) : NULL;
    if (c == 'u') {
        r->token = HEX;
        r->hex = r->digits = 0;
        return;
    }
    flush_text(r);
    r->token = STRING;
    if (at != NULL) {
        put_code(r, (unsigned char)MEANT[at - SHORT]);
    } else if (c != '\0' && strchr("\"\\/'", c) != NULL) {
        put_code(r, (unsigned char)c);
    } else {
        put_code(r, '\\');
        string_byte(r, c);
    }
}

static void end_hex(struct json_repair *r)
{
    bool is_high = r->hex >= 0xD800 && r->hex < 0xDC00,
         is_low = r->hex >= 0xDC00 && r->hex < 0xE000;
    r->token = STRING;
    if (r->high != 0 && is_low) {
        unsigned code = 0x10000 + ((r->high - 0xD800) << 10) + (r->hex - 0xDC00);
        r->high = 0;
        put_code(r, code);
        return;
    }
    flush_text(r);
    if (is_high) {
        r->high = r->hex;
    } else {
        put_code(r, r->hex);
    }
}

static void hex_byte(struct json_repair *r, char c)
{
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    enum { LOWER = 16, LETTERS = 6 };
    const char *at = c != '\0' ? strchr(DIGITS, c) : NULL;
    if (at == NULL) {
        flush_text(r);
        put_code(r, 0);
        r->token = STRING;
        string_byte(r, c);
        return;
    }
    unsigned digit = (unsigned)(at - DIGITS);
    r->hex = r->hex << 4 | (digit < LOWER ? digit : digit - LETTERS);
    if (++r->digits == HEX_DIGITS) {
        end_hex(r);
    }
}

/* ---- a quote: does it end the string, or is it a part of it ---- */

static void comma_byte(struct json_repair *r);

static void quote_ends(struct json_repair *r)
{
    end_string(r);
    if (r->held_comma) {
        comma_byte(r);
    }
}

static void quote_stays(struct json_repair *r)
{
    put_code(r, '"');
    for (size_t i = 0; i < r->held_len; i++) {
        put_code(r, (unsigned char)r->held[i]);
    }
    r->token = STRING;
}

/* In JSON a key's end is followed by a colon, a value's by the end of its container or by a comma,
 * and a comma in an object by a key. A line's end behind it is an end, too: the comma is missing.
 */
static bool ends_before(const struct json_repair *r, char c)
{
    if (r->is_key) {
        return c == ':';
    }
    if (c == '"' && memchr(r->held, '\n', r->held_len) != NULL) {
        return true;
    }
    if (!in_object(r)) {
        return r->depth > 0 && (c == ']' || c == ',');
    }
    return c == '}' || (r->held_comma && c == '"');
}

static bool quote_byte(struct json_repair *r, char c)
{
    bool waits = is_blank(c) || (c == ',' && in_object(r) && !r->is_key);
    if (waits && r->held_len < sizeof r->held) {
        r->held[r->held_len++] = c;
        r->held_comma = r->held_comma || c == ',';
        return true;
    }
    if (waits || ends_before(r, c)) {
        quote_ends(r);
    } else {
        quote_stays(r);
    }
    return false;
}

/* ---- words: numbers, and those that JSON knows ---- */

static void end_word(struct json_repair *r)
{
    char room[JSON_REPAIR_WORD_SIZE];
    r->word[r->word_len] = '\0';
    r->token = BETWEEN;
    if (in_object(r) && *expectation(r) == A_KEY) {
        begin_string(r);
        put(r, r->word, r->word_len);
        end_string(r);
        return;
    }
    const char *value = json_word(r->word, room, sizeof room);
    if (value == NULL) {
        r->state = JSON_REPAIR_BROKEN;
    } else {
        r->wants_items = false;
        plain(r, value);
    }
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("+-._", c) != NULL);
}

static bool word_byte(struct json_repair *r, char c)
{
    if (!is_word(c)) {
        end_word(r);
        return false;
    }
    if (r->word_len + 1 < sizeof r->word) {
        r->word[r->word_len++] = c;
    } else {
        r->state = JSON_REPAIR_BROKEN;
    }
    return true;
}

/* ---- between them ---- */

static void colon(struct json_repair *r)
{
    if (r->depth > 0 && *expectation(r) == A_COLON) {
        put(r, ":", 1);
        *expectation(r) = A_VALUE;
    } else {
        r->state = JSON_REPAIR_BROKEN;
    }
}

/* We write commas ourselves; one that comes may stand for a value that does not. */
static void comma_byte(struct json_repair *r)
{
    if (r->depth == 0 || *expectation(r) == A_COLON) {
        r->state = JSON_REPAIR_BROKEN;
    } else if (in_object(r) && *expectation(r) == A_VALUE) {
        plain(r, "null");
    }
}

static void between_byte(struct json_repair *r, char c)
{
    bool holds = c == '{' || c == '[', begins = holds || c == '"' || is_word(c);
    if (is_blank(c) || is_unseen(c)) {
        return;
    }
    if (begins && r->depth > 0 &&
        (*expectation(r) == A_COLON || (holds && *expectation(r) == A_KEY))) {
        r->state = JSON_REPAIR_BROKEN;
        return;
    }
    switch (c) {
    case '{':
    case '[': open_container(r, c); return;
    case '}':
    case ']': close_container(r, c); return;
    case '"': begin_string(r); return;
    case ':': colon(r); return;
    case ',': comma_byte(r); return;
    default: break;
    }
    r->state = begins ? r->state : JSON_REPAIR_BROKEN;
    r->token = WORD;
    r->word[0] = c;
    r->word_len = 1;
}

/* False: the byte ended something, and is not taken itself. */
static bool take(struct json_repair *r, char c)
{
    switch (r->token) {
    case STRING: string_byte(r, c); break;
    case ESCAPE: escape_byte(r, c); break;
    case HEX: hex_byte(r, c); break;
    case QUOTE: return quote_byte(r, c);
    case WORD: return word_byte(r, c);
    default: between_byte(r, c); break;
    }
    return true;
}

size_t json_repair_feed(struct json_repair *r, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && r->state == JSON_REPAIR_MORE) {
        i += take(r, bytes[i]) ? 1 : 0;
    }
    return i;
}

enum json_repair_state json_repair_end(struct json_repair *r)
{
    if (r->state == JSON_REPAIR_MORE && r->depth == 0) {
        if (r->token == QUOTE) {
            quote_ends(r);
        } else if (r->token == WORD) {
            end_word(r);
        }
    }
    return r->state == JSON_REPAIR_WHOLE && buf_ok(r->out) ? JSON_REPAIR_WHOLE : JSON_REPAIR_BROKEN;
}
