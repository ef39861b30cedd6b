#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/conditional.h"

#define ETAG "\"v1\""
#define MODIFIED INT64_C(784111777)
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

#define PROCEED CONDITION_PROCEED
#define NO_RANGE CONDITION_PROCEED_WITHOUT_RANGE
#define NOT_MODIFIED CONDITION_NOT_MODIFIED
#define FAILED CONDITION_FAILED

struct condition_case {
    const char *header;
    enum condition_verdict verdict;
};

static void check(struct conditions c, const char *header, enum condition_verdict expected)
{
    enum condition_verdict verdict = conditional_check(&c, ETAG, MODIFIED);
    if (verdict != expected) {
        print_error("header: %s\n", header);
    }
    assert_int_equal(verdict, expected);
}

#define check_all(cases, field)                                                                    \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {                            \
            check((struct conditions){.field = (cases)[i].header}, (cases)[i].header,              \
                  (cases)[i].verdict);                                                             \
        }                                                                                          \
    } while (0)

static void test_nothing_asked(void **state)
{
    (void)state;
    check((struct conditions){0}, "none", PROCEED);
}

static void test_if_match(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {ETAG, PROCEED},
        {"*", PROCEED},
        {" * ", PROCEED},
        {"\t" ETAG " ", PROCEED},
        {"\"a\"," ETAG, PROCEED},
        {ETAG ",\"a\"", PROCEED},
        {"\"a\" , " ETAG "\t,\"b\"", PROCEED},
        {"," ETAG, PROCEED},
        {ETAG ", ,,", PROCEED},
        {"W/\"v1\", " ETAG, PROCEED},
        {"\"a,b\"," ETAG, PROCEED},
        {"\"\"," ETAG, PROCEED},
        {"\"\xd7\x90\"," ETAG, PROCEED},
        {"W/" ETAG, FAILED}, /* strong comparison */
        {"\"v2\"", FAILED},
        {"\"V1\"", FAILED},
        {"\"v1 \"", FAILED},
        {"\"v\"", FAILED},
        {"\"v11\"", FAILED},
        {"\"a,\\\"v1\\\"\"", FAILED},
    };
    check_all(cases, if_match);
}

static void test_if_match_malformed(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {"", FAILED},
        {" ", FAILED},
        {",", FAILED},
        {" , ,", FAILED},
        {"v1", FAILED},
        {"\"v1", FAILED},
        {"v1\"", FAILED},
        {"\"", FAILED},
        {"W/", FAILED},
        {"W/\"", FAILED},
        {"'v1'", FAILED},
        {"*,", FAILED},
        {"**", FAILED},
        {"*, " ETAG, FAILED},
        {ETAG ", *", FAILED},
        {ETAG " \"a\"", FAILED},
        {ETAG "\"a\"", FAILED},
        {ETAG ";", FAILED},
        {ETAG ", x", FAILED}, /* a fault behind a match is still a fault */
        {ETAG ", \"a", FAILED},
        {ETAG ", \"a b\"", FAILED},
        {ETAG ", \"a\x7f\"", FAILED},
        {"x, " ETAG, FAILED},
    };
    check_all(cases, if_match);
}

static void test_if_none_match(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {ETAG, NOT_MODIFIED},
        {"W/" ETAG, NOT_MODIFIED}, /* weak comparison */
        {"*", NOT_MODIFIED},
        {"\"a\", W/" ETAG, NOT_MODIFIED},
        {"\"a,b\", " ETAG, NOT_MODIFIED},
        {",," ETAG ",", NOT_MODIFIED},
        {"\"v2\"", PROCEED},
        {"W/\"v2\"", PROCEED},
        {"\"a\", \"b\"", PROCEED},
        {"\"a," ETAG "\"", PROCEED},
        {"", PROCEED},
        {",", PROCEED},
        {"v1", PROCEED},
        {"w/" ETAG, PROCEED},
        {"W /" ETAG, PROCEED},
        {"\"v1", PROCEED},
        {ETAG " x", PROCEED},
        {"*, " ETAG, PROCEED},
    };
    check_all(cases, if_none_match);
}

static void test_if_modified_since(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {BEFORE, PROCEED},
        {SAME, NOT_MODIFIED},
        {AFTER, NOT_MODIFIED},
        {"Sunday, 06-Nov-94 08:49:37 GMT", NOT_MODIFIED},
        {"Sun Nov  6 08:49:36 1994", PROCEED},
        {"", PROCEED},
        {"tomorrow", PROCEED},
        {"784111777", PROCEED},
        {SAME "x", PROCEED},
    };
    check_all(cases, if_modified_since);
}

static void test_if_unmodified_since(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {BEFORE, FAILED},      {SAME, PROCEED},
        {AFTER, PROCEED},      {"Sun Nov  6 08:49:36 1994", FAILED},
        {"", PROCEED},         {"yesterday", PROCEED},
        {BEFORE "x", PROCEED},
    };
    check_all(cases, if_unmodified_since);
}

static void test_if_range(void **state)
{
    (void)state;
    static const struct condition_case cases[] = {
        {ETAG, PROCEED},       {SAME, PROCEED},      {"Sunday, 06-Nov-94 08:49:37 GMT", PROCEED},
        {"W/" ETAG, NO_RANGE}, {"\"v2\"", NO_RANGE}, {"\"v1", NO_RANGE},
        {"v1", NO_RANGE},      {"*", NO_RANGE},      {ETAG ", \"a\"", NO_RANGE}, /* no list here */
        {BEFORE, NO_RANGE},    {AFTER, NO_RANGE}, /* exactly the same, or not at all */
        {"", NO_RANGE},        {"soon", NO_RANGE},
    };
    check_all(cases, if_range);
}

/* RFC 9110, 13.2.2: which one wins. */
static void test_precedence(void **state)
{
    (void)state;
    static const struct {
        struct conditions c;
        enum condition_verdict verdict;
    } cases[] = {
        /* If-Match silences If-Unmodified-Since. */
        {{.if_match = ETAG, .if_unmodified_since = BEFORE}, PROCEED},
        {{.if_match = "\"v2\"", .if_unmodified_since = AFTER}, FAILED},
        {{.if_match = ",", .if_unmodified_since = AFTER}, FAILED},
        /* If-None-Match silences If-Modified-Since. */
        {{.if_none_match = "\"v2\"", .if_modified_since = AFTER}, PROCEED},
        {{.if_none_match = ",", .if_modified_since = AFTER}, PROCEED},
        {{.if_none_match = ETAG, .if_modified_since = BEFORE}, NOT_MODIFIED},
        /* 412 comes before 304, and 304 before If-Range. */
        {{.if_match = "\"v2\"", .if_none_match = ETAG}, FAILED},
        {{.if_match = ETAG, .if_none_match = ETAG}, NOT_MODIFIED},
        {{.if_match = ETAG, .if_modified_since = SAME}, NOT_MODIFIED},
        {{.if_unmodified_since = BEFORE, .if_none_match = ETAG}, FAILED},
        {{.if_unmodified_since = BEFORE, .if_modified_since = AFTER}, FAILED},
        {{.if_unmodified_since = SAME, .if_modified_since = SAME}, NOT_MODIFIED},
        {{.if_none_match = ETAG, .if_range = "\"v2\""}, NOT_MODIFIED},
        {{.if_match = "\"v2\"", .if_range = ETAG}, FAILED},
        {{.if_match = ETAG, .if_range = "\"v2\""}, NO_RANGE},
        {{.if_none_match = "\"v2\"", .if_range = "\"v2\""}, NO_RANGE},
        {{.if_none_match = "\"v2\"", .if_range = ETAG}, PROCEED},
        {{.if_modified_since = BEFORE, .if_range = SAME}, PROCEED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(cases[i].c, "of a precedence case", cases[i].verdict);
    }
}

static void test_commas_within_our_tag(void **state)
{
    (void)state;
    struct conditions c = {.if_none_match = "\"x\", \"a,b\""};
    assert_int_equal(conditional_check(&c, "\"a,b\"", MODIFIED), NOT_MODIFIED);
    assert_int_equal(conditional_check(&c, "\"a\"", MODIFIED), PROCEED);
    c = (struct conditions){.if_match = "W/\"a,b\""};
    assert_int_equal(conditional_check(&c, "\"a,b\"", MODIFIED), FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked),
        cmocka_unit_test(test_if_match),
        cmocka_unit_test(test_if_match_malformed),
        cmocka_unit_test(test_if_none_match),
        cmocka_unit_test(test_if_modified_since),
        cmocka_unit_test(test_if_unmodified_since),
        cmocka_unit_test(test_if_range),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_commas_within_our_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
