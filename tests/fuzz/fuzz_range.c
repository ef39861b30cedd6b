/* The Range header: what is granted lies within the file, and adds up to no more than it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/range.h"

static const int64_t SIZES[] = {1000, 0, 1, 2, 10, 65536, INT32_MAX, INT64_C(1) << 40, INT64_MAX};

static void check(enum range_verdict verdict, const struct range_set *set, int64_t size)
{
    int64_t left = size;
    REQUIRE(verdict <= RANGE_UNSATISFIABLE && set->count <= RANGE_MAX);
    REQUIRE((verdict == RANGE_PARTIAL) == (set->count > 0));
    for (size_t i = 0; i < set->count; i++) {
        REQUIRE(set->ranges[i].start >= 0 && set->ranges[i].length >= 1);
        REQUIRE(set->ranges[i].start <= size - set->ranges[i].length);
        REQUIRE(set->ranges[i].length <= left);
        left -= set->ranges[i].length;
    }
}

/* Empty elements mean nothing (RFC 9110, 5.6.1). */
static void check_comma(const char *header, int64_t size, enum range_verdict verdict,
                        const struct range_set *set)
{
    struct range_set again;
    size_t len = strlen(header) + 3;
    char *longer = malloc(len);
    if (longer == NULL) {
        abort();
    }
    (void)snprintf(longer, len, "%s ,", header);
    REQUIRE(range_parse(longer, size, &again) == verdict && again.count == set->count);
    for (size_t i = 0; i < set->count; i++) {
        REQUIRE(again.ranges[i].start == set->ranges[i].start);
        REQUIRE(again.ranges[i].length == set->ranges[i].length);
    }
    free(longer);
}

/* Every single range in its plainest form is read as it was written. */
static void check_plain(const struct range_set *set, int64_t size)
{
    char header[96];
    struct range_set again;
    for (size_t i = 0; i < set->count; i++) {
        const struct range *range = &set->ranges[i];
        (void)snprintf(header, sizeof header, "bytes=%lld-%lld", (long long)range->start,
                       (long long)(range->start + range->length - 1));
        REQUIRE(range_parse(header, size, &again) == RANGE_PARTIAL && again.count == 1);
        REQUIRE(again.ranges[0].start == range->start && again.ranges[0].length == range->length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct range_set set;
    fuzz_begin(&fuzz, data, size);
    int64_t file_size = SIZES[(fuzz_byte(&fuzz) & 0x0f) % (sizeof SIZES / sizeof *SIZES)];
    const char *header = fuzz_rest_text(&fuzz);
    enum range_verdict verdict = range_parse(header, file_size, &set);
    check(verdict, &set, file_size);
    if (strchr(header, '=') != NULL) {
        check_comma(header, file_size, verdict, &set);
    }
    check_plain(&set, file_size);
    fuzz_end(&fuzz);
    return 0;
}
