/*
 * Makes JSON (RFC 8259) of what servers and models send in its place, as it comes. Pure but for
 * memory.
 *
 * Valid JSON keeps its meaning. Mended are: bytes that are no UTF-8, NUL and lone surrogates
 * (U+FFFD); control characters and quotes inside strings (Hebrew writes them in abbreviations);
 * unknown escapes; NaN, Infinity and Python's None (null), True and False; numbers in a form that
 * JSON does not have, or too large; commas too many or missing; a byte order mark; keys without
 * quotes. Keys are written in lower case, with `_` for blanks and hyphens. Never mended: what ends
 * before it is whole.
 */
#ifndef TAPEDECK_SPEECH_JSON_REPAIR_H
#define TAPEDECK_SPEECH_JSON_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/magic.h"
#include "base/utf8.h"
#include "clients/json.h"

enum { JSON_REPAIR_DEPTH_MAX = 64, JSON_REPAIR_WORD_SIZE = 64, JSON_REPAIR_HELD_MAX = 160 };

/* What a caller that reads long documents wants of them; all NULL: everything. */
struct json_repair_wanted {
    const char *const *keys;  /* members that are kept, in lower case, NULL at the end */
    const char *const *lists; /* their items go to `item` one by one, and are not kept; so do those
                                 of a list that is the whole document */
    void (*item)(void *context, const char *json, size_t len);
    void *context;
};

enum json_repair_state { JSON_REPAIR_MORE, JSON_REPAIR_WHOLE, JSON_REPAIR_BROKEN };

struct json_repair {
    struct magic magic;
    const struct json_repair_wanted *wanted; /* NULL: everything */
    struct buf *out;                         /* the caller's: the document so far */
    enum json_repair_state state;
    int token;                        /* what the next byte belongs to */
    char kind[JSON_REPAIR_DEPTH_MAX]; /* of each container that is open: '{' or '[' */
    int expects[JSON_REPAIR_DEPTH_MAX];
    bool filled[JSON_REPAIR_DEPTH_MAX]; /* something is in it: a comma is due */
    int depth;
    int skipping;     /* from this depth on nothing is kept; -1: all is */
    int item_depth;   /* the list whose items are passed on; -1: none */
    size_t item_at;   /* where the item begins in `out` */
    size_t key_at;    /* where the key, and the comma before it, begin */
    bool wants_items; /* the next list is such a one */
    bool is_key;      /* the string is one */
    struct utf8 utf8;
    unsigned hex, digits, high; /* an escape \uXXXX; `high`: the first half of a pair */
    char held[JSON_REPAIR_HELD_MAX];
    size_t held_len; /* blanks behind a quote that may end the string */
    bool held_comma;
    char word[JSON_REPAIR_WORD_SIZE];
    size_t word_len;
};

/* Begins a document that is written to `out`, of which the caller has the ceiling. */
void json_repair_begin(struct json_repair *r, const struct json_repair_wanted *wanted,
                       struct buf *out);

/* Takes the next bytes, as far as the document's end. Gives how many it took. */
size_t json_repair_feed(struct json_repair *r, const char *bytes, size_t len);

/* There are no more. JSON_REPAIR_WHOLE: `out` has the document. */
enum json_repair_state json_repair_end(struct json_repair *r);

/* All of it at once, and parsed, where the document is of `most` bytes at most. RESULT_INVALID:
 * there is none. The caller frees *out. */
enum result json_repair_parse(const char *text, size_t len, size_t most, struct json **out);

#endif
