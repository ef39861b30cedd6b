#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "http/range.h"

struct range_case {
    const char *header;
    enum range_verdict verdict;
    const char *ranges; /* "start+length;" each */
};

static void check(const struct range_case *c, int64_t size)
{
    struct range_set set = {.count = 99};
    struct buf ranges;
    buf_init(&ranges, 1000);
    enum range_verdict verdict = range_parse(c->header, size, &set);
    if (verdict != c->verdict) {
        print_error("Range \"%s\" of %lld bytes\n", c->header == NULL ? "NULL" : c->header,
                    (long long)size);
    }
    assert_int_equal(verdict, c->verdict);
    assert_true(set.count <= RANGE_MAX);
    for (size_t i = 0; i < set.count; i++) {
        buf_format(&ranges, "%lld+%lld;", (long long)set.ranges[i].start,
                   (long long)set.ranges[i].length);
    }
    assert_string_equal(buf_str(&ranges), c->ranges);
    buf_free(&ranges);
}

#define check_all(cases, size)                                                                     \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {                            \
            check(&(cases)[i], (size));                                                            \
        }                                                                                          \
    } while (0)

/* ServeFileRangeTests of Go's net/http, over its 11 byte file. */
static void test_go_serve_file(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"", RANGE_WHOLE, ""},
        {"bytes=0-4", RANGE_PARTIAL, "0+5;"},
        {"bytes=2-", RANGE_PARTIAL, "2+9;"},
        {"bytes=-5", RANGE_PARTIAL, "6+5;"},
        {"bytes=3-7", RANGE_PARTIAL, "3+5;"},
        {"bytes=0-0,-2", RANGE_PARTIAL, "0+1;9+2;"},
        {"bytes=0-1,5-8", RANGE_PARTIAL, "0+2;5+4;"},
        {"bytes=0-1,5-", RANGE_PARTIAL, "0+2;5+6;"},
        {"bytes=5-1000", RANGE_PARTIAL, "5+6;"},
        {"bytes=0-,1-,2-,3-,4-", RANGE_PARTIAL, "0+11;"},
        {"bytes=0-9", RANGE_PARTIAL, "0+10;"},
        {"bytes=0-10", RANGE_PARTIAL, "0+11;"},
        {"bytes=0-11", RANGE_PARTIAL, "0+11;"},
        {"bytes=10-11", RANGE_PARTIAL, "10+1;"},
        {"bytes=10-", RANGE_PARTIAL, "10+1;"},
        {"bytes=11-", RANGE_UNSATISFIABLE, ""},
        {"bytes=11-12", RANGE_UNSATISFIABLE, ""},
        {"bytes=12-12", RANGE_UNSATISFIABLE, ""},
        {"bytes=11-100", RANGE_UNSATISFIABLE, ""},
        {"bytes=12-100", RANGE_UNSATISFIABLE, ""},
        {"bytes=100-", RANGE_UNSATISFIABLE, ""},
        {"bytes=100-1000", RANGE_UNSATISFIABLE, ""},
    };
    check_all(cases, 11);
}

static void test_no_byte_ranges(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {NULL, RANGE_WHOLE, ""},       {"seconds=1-2", RANGE_WHOLE, ""},
        {"byte=0-1", RANGE_WHOLE, ""}, {"bytess=0-1", RANGE_WHOLE, ""},
        {"=0-1", RANGE_WHOLE, ""},     {"0-1", RANGE_WHOLE, ""},
        {"none", RANGE_WHOLE, ""},     {"bytes 0-1", RANGE_WHOLE, ""},
    };
    check_all(cases, 11);
    check_all(cases, 0);
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes", RANGE_UNSATISFIABLE, ""},
        {"bytes=", RANGE_UNSATISFIABLE, ""},
        {"bytes= ", RANGE_UNSATISFIABLE, ""},
        {"bytes=,", RANGE_UNSATISFIABLE, ""},
        {"bytes= , ,\t,", RANGE_UNSATISFIABLE, ""},
        {"bytes=-", RANGE_UNSATISFIABLE, ""},
        {"bytes=--", RANGE_UNSATISFIABLE, ""},
        {"bytes=--1", RANGE_UNSATISFIABLE, ""},
        {"bytes=alpha", RANGE_UNSATISFIABLE, ""},
        {"bytes=a-b", RANGE_UNSATISFIABLE, ""},
        {"bytes=5", RANGE_UNSATISFIABLE, ""},
        {"bytes=5-2", RANGE_UNSATISFIABLE, ""},
        {"bytes=1-2-3", RANGE_UNSATISFIABLE, ""},
        {"bytes=1--2", RANGE_UNSATISFIABLE, ""},
        {"bytes=-1-", RANGE_UNSATISFIABLE, ""},
        {"bytes=1-2x", RANGE_UNSATISFIABLE, ""},
        {"bytes=x1-2", RANGE_UNSATISFIABLE, ""},
        {"bytes=+1-2", RANGE_UNSATISFIABLE, ""},
        {"bytes=0x1-2", RANGE_UNSATISFIABLE, ""},
        {"bytes=1 -2", RANGE_UNSATISFIABLE, ""},
        {"bytes=1- 2", RANGE_UNSATISFIABLE, ""},
        {"bytes=- 2", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-1;2-3", RANGE_UNSATISFIABLE, ""},
        {"bytes==0-1", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-1,bytes=2-3", RANGE_UNSATISFIABLE, ""},
        /* One malformed element spoils the set, wherever it stands. */
        {"bytes=0-1,5-2", RANGE_UNSATISFIABLE, ""},
        {"bytes=x,0-1", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-1,-", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-,0-,x", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,x", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-1\n", RANGE_UNSATISFIABLE, ""},
    };
    check_all(cases, 11);
    check_all(cases, INT64_MAX);
}

static void test_lists(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=,0-1", RANGE_PARTIAL, "0+2;"},
        {"bytes=0-1,", RANGE_PARTIAL, "0+2;"},
        {"bytes=,,0-1,,2-3,,", RANGE_PARTIAL, "0+2;2+2;"},
        {"bytes= 0-1 ,\t2-3\t", RANGE_PARTIAL, "0+2;2+2;"},
        {"bytes=0-1 , ,2-3", RANGE_PARTIAL, "0+2;2+2;"},
        {"Bytes=0-1", RANGE_PARTIAL, "0+2;"},
        {"BYTES=0-1", RANGE_PARTIAL, "0+2;"},
        {"bytes=5-6,0-1", RANGE_PARTIAL, "5+2;0+2;"}, /* the order asked for */
        {"bytes=0-1,0-1", RANGE_PARTIAL, "0+2;0+2;"}, /* overlap, within the size */
        {"bytes=00-01", RANGE_PARTIAL, "0+2;"},
    };
    check_all(cases, 11);
}

static void test_unsatisfiable_elements_drop_out(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=-0", RANGE_UNSATISFIABLE, ""},         {"bytes=-00", RANGE_UNSATISFIABLE, ""},
        {"bytes=11-,-0", RANGE_UNSATISFIABLE, ""},     {"bytes=11-,0-1", RANGE_PARTIAL, "0+2;"},
        {"bytes=0-1,50-60,-0", RANGE_PARTIAL, "0+2;"},
    };
    check_all(cases, 11);
}

static void test_adding_up(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=0-4,5-10", RANGE_PARTIAL, "0+5;5+6;"}, /* the whole file is not too much */
        {"bytes=0-5,5-10", RANGE_PARTIAL, "0+6;"},
        {"bytes=0-,-1", RANGE_PARTIAL, "0+11;"},
        {"bytes=0-,0-", RANGE_PARTIAL, "0+11;"},
        {"bytes=0-,11-", RANGE_PARTIAL, "0+11;"}, /* what drops out adds nothing */
        {"bytes=0-,-1,11-", RANGE_PARTIAL, "0+11;"},
    };
    check_all(cases, 11);
}

static void test_ten_ranges_at_most(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9", RANGE_PARTIAL,
         "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;"},
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,,", RANGE_PARTIAL,
         "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;"},
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10", RANGE_PARTIAL, "0+1;"},
        {"bytes=99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,0-0", RANGE_PARTIAL, "0+1;"},
        {"bytes=99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-", RANGE_UNSATISFIABLE, ""},
    };
    check_all(cases, 11);
}

static void test_huge_numbers(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=5-9223372036854775807", RANGE_PARTIAL, "5+6;"},
        {"bytes=5-9223372036854775808", RANGE_PARTIAL, "5+6;"},
        {"bytes=5-99999999999999999999999999999999999999", RANGE_PARTIAL, "5+6;"},
        {"bytes=9223372036854775807-", RANGE_UNSATISFIABLE, ""},
        {"bytes=9223372036854775808-", RANGE_UNSATISFIABLE, ""},
        {"bytes=99999999999999999999999-99999999999999999999999", RANGE_UNSATISFIABLE, ""},
        {"bytes=99999999999999999999999-5", RANGE_UNSATISFIABLE, ""},
        {"bytes=18446744073709551616-18446744073709551617", RANGE_UNSATISFIABLE, ""}, /* 2^64 */
        {"bytes=-9223372036854775807", RANGE_PARTIAL, "0+11;"},
        {"bytes=-9223372036854775808", RANGE_PARTIAL, "0+11;"},
        {"bytes=-99999999999999999999999999999", RANGE_PARTIAL, "0+11;"},
        {"bytes=-12", RANGE_PARTIAL, "0+11;"},
        {"bytes=00000000000000000000000000000000003-4", RANGE_PARTIAL, "3+2;"},
        {"bytes=99999999999999999999999-,0-1", RANGE_PARTIAL, "0+2;"},
    };
    check_all(cases, 11);
}

static void test_empty_file(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=0-", RANGE_UNSATISFIABLE, ""},  {"bytes=0-0", RANGE_UNSATISFIABLE, ""},
        {"bytes=-1", RANGE_UNSATISFIABLE, ""},  {"bytes=-0", RANGE_UNSATISFIABLE, ""},
        {"bytes=1-5", RANGE_UNSATISFIABLE, ""}, {"bytes=0-,-5", RANGE_UNSATISFIABLE, ""},
    };
    check_all(cases, 0);
}

static void test_hugest_file(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=0-", RANGE_PARTIAL, "0+9223372036854775807;"},
        {"bytes=0-9223372036854775806", RANGE_PARTIAL, "0+9223372036854775807;"},
        {"bytes=0-9223372036854775807", RANGE_PARTIAL, "0+9223372036854775807;"},
        {"bytes=9223372036854775806-", RANGE_PARTIAL, "9223372036854775806+1;"},
        {"bytes=9223372036854775807-", RANGE_UNSATISFIABLE, ""},
        {"bytes=-1", RANGE_PARTIAL, "9223372036854775806+1;"},
        {"bytes=0-,0-", RANGE_PARTIAL, "0+9223372036854775807;"},
    };
    check_all(cases, INT64_MAX);
}

static void test_one_byte_file(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"bytes=0-0", RANGE_PARTIAL, "0+1;"},     {"bytes=-1", RANGE_PARTIAL, "0+1;"},
        {"bytes=-2", RANGE_PARTIAL, "0+1;"},      {"bytes=1-", RANGE_UNSATISFIABLE, ""},
        {"bytes=0-0,0-0", RANGE_PARTIAL, "0+1;"},
    };
    check_all(cases, 1);
}

static void test_plain_is_what_every_server_reads_alike(void **state)
{
    (void)state;
    static const char *const PLAIN[] = {"bytes=0-", "bytes=5-9", "bytes=-5",
                                        "bytes=0-999999999999999"};
    static const char *const OTHERS[] = {"BYTES=0-",
                                         "bytes= 0-",
                                         "bytes=0-1,5-6",
                                         "bytes=-",
                                         "bytes=0 -",
                                         "bytes=,0-1",
                                         "bytes=0-1 ",
                                         "lines=0-1",
                                         "bytes=0-9999999999999999",
                                         ""};
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        assert_true(range_is_plain(PLAIN[i]));
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        assert_false(range_is_plain(OTHERS[i]));
    }
}

static void test_more_than_a_piece_is_cut(void **state)
{
    (void)state;
    struct range_set set;
    assert_int_equal(range_parse("bytes=0-9,100-65625", 1 << 20, &set), RANGE_PARTIAL);
    assert_int_equal(range_sum(&set), RANGE_PIECE);
    range_cut(&set);
    assert_int_equal(set.count, 2);
    assert_int_equal(range_parse("bytes=0-9,100-65626", 1 << 20, &set), RANGE_PARTIAL);
    range_cut(&set);
    assert_int_equal(set.count, 1);
    assert_int_equal(range_sum(&set), 10);
    assert_int_equal(range_parse("bytes=7-", 1 << 20, &set), RANGE_PARTIAL);
    range_cut(&set);
    assert_int_equal(set.ranges[0].start, 7);
    assert_int_equal(range_sum(&set), RANGE_PIECE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_go_serve_file),
        cmocka_unit_test(test_plain_is_what_every_server_reads_alike),
        cmocka_unit_test(test_more_than_a_piece_is_cut),
        cmocka_unit_test(test_no_byte_ranges),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_unsatisfiable_elements_drop_out),
        cmocka_unit_test(test_adding_up),
        cmocka_unit_test(test_ten_ranges_at_most),
        cmocka_unit_test(test_huge_numbers),
        cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_hugest_file),
        cmocka_unit_test(test_one_byte_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
