/*
 * What the store has, a page at a time (Amazon, "ListObjectsV2").
 *
 * Of its XML only what is needed is read. Keys are escaped for URLs (encoding-type=url) and then
 * for XML. A page is looked through before anything of it is believed.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/text.h"
#include "s3_request.h"

enum {
    ENTRY_MAX = S3_PLACE_SIZE + 1024, /* a key, and what else is said of an object */
    LIST_MAX = S3_LIST_PAGE * ENTRY_MAX,
    QUERY_SIZE = S3_PLACE_SIZE + 128,
};

/* A piece of the answer. */
struct piece {
    const char *at;
    size_t len;
};

/* ---- XML ---- */

static const char *find(const struct piece *in, const char *word)
{
    return memmem(in->at, in->len, word, strlen(word));
}

/* What stands between the first <name> and its end within `in`. Gives where that ends, or NULL. */
static const char *between(const struct piece *in, const char *name, struct piece *out)
{
    char open[32], close[32];
    (void)snprintf(open, sizeof open, "<%s>", name);
    (void)snprintf(close, sizeof close, "</%s>", name);
    const char *from = find(in, open);
    if (from == NULL) {
        return NULL;
    }
    from += strlen(open);
    struct piece rest = {from, in->len - (size_t)(from - in->at)};
    const char *to = find(&rest, close);
    *out = (struct piece){from, to != NULL ? (size_t)(to - from) : 0};
    return to != NULL ? to + strlen(close) : NULL;
}

static bool is_word(const struct piece *piece, const char *word)
{
    return piece->len == strlen(word) && memcmp(piece->at, word, piece->len) == 0;
}

/* ---- keys ---- */

static int hex_digit(char c)
{
    static const char DIGITS[] = "0123456789ABCDEFabcdef";
    const char *at = c != '\0' ? strchr(DIGITS, c) : NULL;
    return at == NULL ? -1 : (int)(at - DIGITS) - (at - DIGITS > 15 ? 6 : 0);
}

/* The character behind an "&" that XML writes so, or -1. */
static int next_entity(const struct piece *key, size_t *i)
{
    static const struct entity {
        const char *name;
        char c;
    } ENTITIES[] = {{"amp;", '&'},  {"lt;", '<'},  {"gt;", '>'},   {"apos;", '\''}, {"quot;", '"'},
                    {"#39;", '\''}, {"#34;", '"'}, {"#x9;", '\t'}, {"#xA;", '\n'},  {"#xD;", '\r'}};
    for (size_t k = 0; k < sizeof ENTITIES / sizeof *ENTITIES; k++) {
        size_t len = strlen(ENTITIES[k].name);
        if (key->len - *i >= len && memcmp(key->at + *i, ENTITIES[k].name, len) == 0) {
            *i += len;
            return ENTITIES[k].c;
        }
    }
    return -1;
}

/* The byte at `*i` of what a store has escaped in its own way, or -1. */
static int next_byte(const struct piece *key, bool escaped, size_t *i)
{
    char c = key->at[(*i)++];
    if (c == '&') {
        return next_entity(key, i);
    }
    if (!escaped || (c != '%' && c != '+')) {
        return (unsigned char)c;
    }
    if (c == '+') {
        return ' ';
    }
    int high = *i + 2 <= key->len ? hex_digit(key->at[*i]) : -1;
    int low = high >= 0 ? hex_digit(key->at[*i + 1]) : -1;
    *i += 2;
    return low >= 0 ? 16 * high + low : -1;
}

static bool is_plain(int c)
{
    return c == '/' || s3_is_unreserved((char)c);
}

/* Both the key itself, where it can be one of ours, and the key as a query has it. */
static bool read_key(const struct piece *key, bool escaped, char out[S3_KEY_SIZE],
                     char after[S3_PLACE_SIZE])
{
    size_t n = 0, m = 0;
    bool plain = true;
    for (size_t i = 0; i < key->len; n++) {
        int c = next_byte(key, escaped, &i);
        if (c <= 0 || m + sizeof "%00" > S3_PLACE_SIZE) {
            return false;
        }
        m += (size_t)snprintf(after + m, S3_PLACE_SIZE - m,
                              s3_is_unreserved((char)c) ? "%c" : "%%%02X", c);
        plain = plain && is_plain(c) && n + 1 < S3_KEY_SIZE;
        if (plain) {
            out[n] = (char)c;
        }
    }
    out[plain ? n : 0] = '\0';
    return n > 0;
}

/* ---- one object ---- */

/* "2009-10-12T17:50:30.000Z" */
static bool read_time(const struct piece *text, int64_t *seconds)
{
    enum { DAY_LENGTH = 10, TIME_LENGTH = 19 };
    char day[DAY_LENGTH + 1] = "";
    int64_t hour, minute, second;
    if (text->len <= TIME_LENGTH || text->at[DAY_LENGTH] != 'T' || text->at[text->len - 1] != 'Z') {
        return false;
    }
    memcpy(day, text->at, DAY_LENGTH);
    if (!clock_parse_day(day, seconds) || !text_int_n(text->at + 11, 2, 0, 23, &hour) ||
        !text_int_n(text->at + 14, 2, 0, 59, &minute) ||
        !text_int_n(text->at + 17, 2, 0, 60, &second)) {
        return false;
    }
    *seconds += (hour * 60 + minute) * 60 + second;
    return true;
}

static bool read_one(const struct piece *object, bool escaped, struct s3_listed *out,
                     char after[S3_PLACE_SIZE])
{
    struct piece key, size, modified;
    *out = (struct s3_listed){.size = 0};
    return between(object, "Key", &key) != NULL && read_key(&key, escaped, out->key, after) &&
           between(object, "Size", &size) != NULL &&
           text_int_n(size.at, size.len, 0, INT64_MAX, &out->size) &&
           between(object, "LastModified", &modified) != NULL &&
           read_time(&modified, &out->modified);
}

/* ---- a page ---- */

struct page {
    struct piece body;
    bool escaped, truncated;
    size_t count;
    char last[S3_PLACE_SIZE]; /* its last key, as struct s3_place has it */
};

static bool read_head(const char *body, struct page *page)
{
    struct piece word;
    page->body = (struct piece){body, strlen(body)};
    page->escaped = find(&page->body, "<EncodingType>url</EncodingType>") != NULL;
    if (find(&page->body, "<ListBucketResult") == NULL ||
        find(&page->body, "</ListBucketResult>") == NULL ||
        between(&page->body, "IsTruncated", &word) == NULL) {
        return false;
    }
    page->truncated = is_word(&word, "true");
    return page->truncated || is_word(&word, "false");
}

static bool read_objects(struct page *page, s3_list_visitor *visit, void *context)
{
    struct piece rest = page->body;
    for (page->count = 0; find(&rest, "<Contents>") != NULL; page->count++) {
        struct piece object;
        struct s3_listed one;
        const char *end = between(&rest, "Contents", &object);
        if (end == NULL || page->count == S3_LIST_PAGE ||
            !read_one(&object, page->escaped, &one, page->last)) {
            return false;
        }
        if (visit != NULL) {
            visit(context, &one);
        }
        rest = (struct piece){end, page->body.len - (size_t)(end - page->body.at)};
    }
    return true;
}

/* One that has more, and is not further than before, would never end. */
bool s3_read_list(const char *body, struct s3_place *place, s3_list_visitor *visit, void *context)
{
    struct page page = {.last = ""};
    if (!read_head(body, &page) || !read_objects(&page, NULL, NULL) ||
        (page.truncated && (page.count == 0 || strcmp(page.last, place->after) == 0))) {
        return false;
    }
    (void)read_objects(&page, visit, context);
    if (page.count > 0) {
        memcpy(place->after, page.last, sizeof place->after);
    }
    place->ended = !page.truncated;
    return true;
}

/* ---- asking ---- */

struct answer {
    struct magic magic;
    struct buf body;
};

static bool take_some(void *context, const char *bytes, size_t len)
{
    struct answer *answer = CHECKED(answer, context);
    buf_add(&answer->body, bytes, len);
    return buf_ok(&answer->body);
}

enum s3_outcome s3_list(struct s3 *s3, struct s3_place *place, s3_list_visitor *visit,
                        void *context)
{
    struct answer list = {.magic = MAGIC(answer)};
    struct s3_answer rest;
    char query[QUERY_SIZE];
    bool begun = place->after[0] != '\0';
    (void)snprintf(query, sizeof query, "encoding-type=url&list-type=2&max-keys=%d%s%s",
                   S3_LIST_PAGE, begun ? "&start-after=" : "", place->after);
    struct s3_request request = {.method = HTTP_GET,
                                 .key = "",
                                 .query = query,
                                 .sha256 = S3_EMPTY_SHA256,
                                 .status = 200,
                                 .take = take_some,
                                 .context = &list};
    buf_init(&list.body, LIST_MAX);
    enum s3_outcome outcome = s3_ask(s3, &request, &rest);
    if (outcome == S3_NOT_FOUND ||
        (outcome == S3_OK && !s3_read_list(buf_str(&list.body), place, visit, context))) {
        outcome = S3_REFUSED;
    }
    buf_free(&rest.body);
    buf_free(&list.body);
    return outcome;
}
