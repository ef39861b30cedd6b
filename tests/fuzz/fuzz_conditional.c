/* Preconditions: no verdict without the header that it comes from (RFC 9110, 13.2.2). */
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"
#include "http/conditional.h"

#define ETAG "\"3e8-6553f100\""

enum { MODIFIED = 0x6553f100 }; /* Tue, 14 Nov 2023 22:13:20 GMT */

static bool is_date(const char *text)
{
    int64_t seconds;
    return text != NULL && clock_parse_http_date(text, &seconds);
}

/* A list may match only if the tag stands in it, or a star. */
static bool may_match(const char *list)
{
    return list != NULL && (strstr(list, ETAG) != NULL || strchr(list, '*') != NULL);
}

static void check_failed(const struct conditions *c, enum condition_verdict verdict)
{
    bool by_tag = c->if_match != NULL && !may_match(c->if_match);
    bool may = c->if_match != NULL || is_date(c->if_unmodified_since);
    REQUIRE(verdict != CONDITION_FAILED || may);
    REQUIRE(verdict == CONDITION_FAILED || !by_tag);
}

static void check_fresh(const struct conditions *c, enum condition_verdict verdict)
{
    bool may =
        c->if_none_match != NULL ? may_match(c->if_none_match) : is_date(c->if_modified_since);
    REQUIRE(verdict != CONDITION_NOT_MODIFIED || may);
}

static void check_range(const struct conditions *c, enum condition_verdict verdict)
{
    struct conditions without = *c;
    bool proceeds = verdict == CONDITION_PROCEED || verdict == CONDITION_PROCEED_WITHOUT_RANGE;
    without.if_range = NULL;
    enum condition_verdict other = conditional_check(&without, ETAG, MODIFIED);
    REQUIRE(proceeds ? other == CONDITION_PROCEED : other == verdict);
    if (c->if_range == NULL || strcmp(c->if_range, ETAG) == 0) {
        REQUIRE(verdict != CONDITION_PROCEED_WITHOUT_RANGE);
    } else if (!is_date(c->if_range)) {
        REQUIRE(verdict != CONDITION_PROCEED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    fuzz_begin(&fuzz, data, size);
    struct conditions c = {
        .if_match = fuzz_line_or_null(&fuzz),
        .if_none_match = fuzz_line_or_null(&fuzz),
        .if_modified_since = fuzz_line_or_null(&fuzz),
        .if_unmodified_since = fuzz_line_or_null(&fuzz),
        .if_range = fuzz_line_or_null(&fuzz),
    };
    enum condition_verdict verdict = conditional_check(&c, ETAG, MODIFIED);
    REQUIRE(verdict <= CONDITION_FAILED);
    check_failed(&c, verdict);
    check_fresh(&c, verdict);
    check_range(&c, verdict);
    fuzz_end(&fuzz);
    return 0;
}
