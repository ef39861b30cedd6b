#include "conditional.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"

/* An entity-tag as it stands in a header (RFC 9110, 8.8.3). */
struct tag {
    const char *opaque; /* with its quotes */
    size_t len;
    bool weak;
};

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* RFC 9110, 8.8.3: no blanks, controls or quotes within the quotes. */
static bool is_etag_char(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte > ' ' && byte != '"' && byte != 0x7f;
}

/* Reads one entity-tag and moves *at behind it. */
static bool read_tag(const char **at, struct tag *out)
{
    const char *from = *at;
    out->weak = strncmp(from, "W/", 2) == 0;
    if (out->weak) {
        from += 2;
    }
    const char *end = from;
    if (*end++ != '"') {
        return false;
    }
    while (is_etag_char(*end)) {
        end++;
    }
    if (*end++ != '"') {
        return false;
    }
    out->opaque = from;
    out->len = (size_t)(end - from);
    *at = end;
    return true;
}

static bool same_opaque(const struct tag *tag, const char *etag)
{
    return strlen(etag) == tag->len && memcmp(etag, tag->opaque, tag->len) == 0;
}

/* "*", or a list that holds `etag`. A malformed list matches nothing, whatever stands before its
 * fault. */
static bool list_matches(const char *list, const char *etag, bool weak_counts)
{
    bool found = false;
    list = skip_blanks(list);
    if (*list == '*') {
        return *skip_blanks(list + 1) == '\0';
    }
    while (*list != '\0') {
        struct tag tag;
        if (*list == ',') { /* empty list elements are allowed (RFC 9110, 5.6.1) */
            list = skip_blanks(list + 1);
            continue;
        }
        if (!read_tag(&list, &tag)) {
            return false;
        }
        found = found || ((weak_counts || !tag.weak) && same_opaque(&tag, etag));
        list = skip_blanks(list);
        if (*list != ',' && *list != '\0') {
            return false;
        }
    }
    return found;
}

/* RFC 9110, 13.2.2, steps 1 and 2: may the request be answered at all? */
static bool precondition_holds(const struct conditions *c, const char *etag, int64_t modified)
{
    int64_t since = 0;
    if (c->if_match != NULL) {
        return list_matches(c->if_match, etag, false);
    }
    if (c->if_unmodified_since != NULL && clock_parse_http_date(c->if_unmodified_since, &since)) {
        return modified <= since;
    }
    return true;
}

/* RFC 9110, 13.2.2, steps 3 and 4: does the client have it already? */
static bool is_fresh(const struct conditions *c, const char *etag, int64_t modified)
{
    int64_t since = 0;
    if (c->if_none_match != NULL) {
        return list_matches(c->if_none_match, etag, true);
    }
    if (c->if_modified_since != NULL && clock_parse_http_date(c->if_modified_since, &since)) {
        return modified <= since;
    }
    return false;
}

/* RFC 9110, 13.1.5 and 13.2.2, step 5: one strong tag, or the exact Last-Modified. */
static bool range_applies(const struct conditions *c, const char *etag, int64_t modified)
{
    int64_t date = 0;
    if (c->if_range == NULL) {
        return true;
    }
    if (c->if_range[0] == '"') {
        return strcmp(c->if_range, etag) == 0;
    }
    return clock_parse_http_date(c->if_range, &date) && date == modified;
}

enum condition_verdict conditional_check(const struct conditions *c, const char *etag,
                                         int64_t modified)
{
    if (!precondition_holds(c, etag, modified)) {
        return CONDITION_FAILED;
    }
    if (is_fresh(c, etag, modified)) {
        return CONDITION_NOT_MODIFIED;
    }
    return range_applies(c, etag, modified) ? CONDITION_PROCEED : CONDITION_PROCEED_WITHOUT_RANGE;
}
