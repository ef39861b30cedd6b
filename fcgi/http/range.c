#include "range.h"

#include <string.h>

#include "base/text.h"

/* One element of a set, as text without the blanks around it. */
struct element {
    const char *text;
    size_t len;
};

enum element_verdict { ELEMENT_MALFORMED, ELEMENT_UNSATISFIABLE, ELEMENT_SATISFIABLE };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The text up to the next comma; moves *at behind that comma, or to NULL at the end. */
static struct element next_element(const char **at)
{
    size_t len = strcspn(*at, ",");
    struct element e = {.text = *at, .len = len};
    *at = (*at)[len] == ',' ? *at + len + 1 : NULL;
    while (e.len > 0 && is_blank(e.text[0])) {
        e.text++;
        e.len--;
    }
    while (e.len > 0 && is_blank(e.text[e.len - 1])) {
        e.len--;
    }
    return e;
}

/* Any number of digits. A number beyond int64 is beyond every file, and becomes INT64_MAX. */
static bool read_position(const char *text, size_t len, int64_t *out)
{
    if (len == 0) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    *out = INT64_MAX;
    (void)text_int_n(text, len, 0, INT64_MAX, out);
    return true;
}

/* "-500": the last 500 bytes, or all when there are fewer (RFC 9110, 14.1.2). */
static enum element_verdict read_suffix(struct element e, int64_t size, struct range *out)
{
    int64_t length = 0;
    if (!read_position(e.text + 1, e.len - 1, &length)) {
        return ELEMENT_MALFORMED;
    }
    if (length > size) {
        length = size;
    }
    if (length == 0) {
        return ELEMENT_UNSATISFIABLE;
    }
    *out = (struct range){.start = size - length, .length = length};
    return ELEMENT_SATISFIABLE;
}

/* "500-" and "500-999" (RFC 9110, 14.1.2). */
static enum element_verdict read_int_range(struct element e, int64_t size, struct range *out)
{
    const char *dash = memchr(e.text, '-', e.len);
    if (dash == NULL) {
        return ELEMENT_MALFORMED;
    }
    size_t first_len = (size_t)(dash - e.text);
    size_t last_len = e.len - first_len - 1;
    int64_t first = 0;
    int64_t last = INT64_MAX;
    if (!read_position(e.text, first_len, &first)) {
        return ELEMENT_MALFORMED;
    }
    if (last_len > 0 && !read_position(dash + 1, last_len, &last)) {
        return ELEMENT_MALFORMED;
    }
    if (last < first) {
        return ELEMENT_MALFORMED;
    }
    if (first >= size) {
        return ELEMENT_UNSATISFIABLE;
    }
    if (last >= size) {
        last = size - 1;
    }
    *out = (struct range){.start = first, .length = last - first + 1};
    return ELEMENT_SATISFIABLE;
}

static enum element_verdict read_element(struct element e, int64_t size, struct range *out)
{
    return e.text[0] == '-' ? read_suffix(e, size, out) : read_int_range(e, size, out);
}

/* Keeps one more range. False when it would be one too many, or more bytes than the file has. */
static bool keep(struct range_set *set, struct range range, int64_t *left)
{
    if (set->count == RANGE_MAX || range.length > *left) {
        return false;
    }
    *left -= range.length;
    set->ranges[set->count++] = range;
    return true;
}

/* The set behind "bytes=". It is read to its end even when it is too long already: malformed is
 * malformed wherever it stands. */
static enum range_verdict read_set(const char *set, int64_t size, struct range_set *out)
{
    size_t elements = 0;
    int64_t left = size;
    bool satisfiable = false;
    bool kept_all = true;
    while (set != NULL) {
        struct range range = {0};
        struct element e = next_element(&set);
        if (e.len == 0) { /* empty list elements are allowed (RFC 9110, 5.6.1) */
            continue;
        }
        elements++;
        enum element_verdict verdict = read_element(e, size, &range);
        if (verdict == ELEMENT_MALFORMED) {
            return RANGE_UNSATISFIABLE;
        }
        if (verdict == ELEMENT_UNSATISFIABLE) {
            continue;
        }
        satisfiable = true;
        kept_all = kept_all && keep(out, range, &left);
    }
    if (!satisfiable) {
        return RANGE_UNSATISFIABLE;
    }
    if (!kept_all || elements > RANGE_MAX) {
        out->count = 1;
    }
    return RANGE_PARTIAL;
}

enum range_verdict range_parse(const char *header, int64_t size, struct range_set *out)
{
    static const char unit[] = "bytes";
    char name[sizeof unit] = "";
    out->count = 0;
    if (header == NULL) {
        return RANGE_WHOLE;
    }
    size_t name_len = strcspn(header, "=");
    if (name_len != sizeof unit - 1) {
        return RANGE_WHOLE;
    }
    memcpy(name, header, name_len);
    if (!text_same(name, unit)) {
        return RANGE_WHOLE;
    }
    if (header[name_len] != '=') {
        return RANGE_UNSATISFIABLE;
    }
    enum range_verdict verdict = read_set(header + name_len + 1, size, out);
    if (verdict != RANGE_PARTIAL) {
        out->count = 0;
    }
    return verdict;
}

bool range_is_plain(const char *header)
{
    static const char DIGITS[] = "0123456789";
    enum { DIGITS_MAX = 15 };
    if (strncmp(header, "bytes=", 6) != 0) {
        return false;
    }
    size_t first = strspn(header + 6, DIGITS);
    const char *dash = header + 6 + first;
    if (*dash != '-' || first > DIGITS_MAX) {
        return false;
    }
    size_t last = strspn(dash + 1, DIGITS);
    return dash[1 + last] == '\0' && last <= DIGITS_MAX && first + last > 0;
}

int64_t range_sum(const struct range_set *set)
{
    int64_t sum = 0;
    for (size_t i = 0; i < set->count; i++) {
        sum += set->ranges[i].length;
    }
    return sum;
}

void range_cut(struct range_set *set)
{
    if (range_sum(set) > RANGE_PIECE) {
        set->count = 1;
        if (set->ranges[0].length > RANGE_PIECE) {
            set->ranges[0].length = RANGE_PIECE;
        }
    }
}
