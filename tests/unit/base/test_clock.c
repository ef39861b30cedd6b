#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/clock.h"

/* 1994-11-06T08:49:37Z, the example of RFC 9110, 5.6.7 */
#define EXAMPLE INT64_C(784111777)

static void test_http_date(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {EXAMPLE, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {INT64_C(4294967296), "Sun, 07 Feb 2106 06:28:16 GMT"},
        {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[CLOCK_HTTP_SIZE];
        assert_ptr_equal(clock_http_date(cases[i].seconds, out), out);
        assert_string_equal(out, cases[i].text);
    }
}

static void test_iso(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00+00:00"},          {EXAMPLE, "1994-11-06T08:49:37+00:00"},
        {1795217700, "2026-11-20T23:35:00+00:00"}, {INT64_MAX, "9999-12-31T23:59:59+00:00"},
        {INT64_MIN, "0000-01-01T00:00:00+00:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[CLOCK_ISO_SIZE];
        assert_ptr_equal(clock_iso(cases[i].seconds, out), out);
        assert_string_equal(out, cases[i].text);
    }
}

static void test_parse_http_date(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE},
        {"Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE},
        {"Sun Nov  6 08:49:37 1994", EXAMPLE},
        {"Sun Nov 06 08:49:37 1994", EXAMPLE},
        {"Sun Nov 16 08:49:37 1994", EXAMPLE + 10 * 86400},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = 42;
        assert_true(clock_parse_http_date(cases[i].text, &seconds));
        assert_true(seconds == cases[i].seconds);
    }
}

static void test_parse_http_date_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "0",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nop 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Oct 1994 08:49:37 GMT",
        "Wed, 29 Feb 1995 00:00:00 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994",
        "Sun Nov  0 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  6 08:49:37 199",
    };
    int64_t seconds = 42;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(clock_parse_http_date(cases[i], &seconds));
        assert_true(seconds == 42);
    }
    assert_false(clock_parse_http_date(NULL, &seconds));
}

/* Whatever year it is when this runs (RFC 9110, 5.6.7). */
static void test_two_digit_years(void **state)
{
    (void)state;
    char iso[CLOCK_ISO_SIZE];
    int64_t now = clock_wall();
    for (int two = 0; two < 100; two++) {
        char text[64];
        int len = snprintf(text, sizeof text, "Sunday, 06-Nov-%02d 08:49:37 GMT", two);
        assert_in_range(len, 1, sizeof text - 1);
        int64_t seconds = 0;
        assert_true(clock_parse_http_date(text, &seconds));
        assert_true(seconds < now + INT64_C(51) * 366 * 86400);
        assert_true(seconds > now - INT64_C(101) * 366 * 86400);
        assert_int_equal(clock_iso(seconds, iso)[2] - '0', two / 10);
        assert_int_equal(iso[3] - '0', two % 10);
    }
}

static void test_http_date_round_trip(void **state)
{
    (void)state;
    char text[CLOCK_HTTP_SIZE];
    for (int64_t day = -800000; day < 2900000; day += 97) {
        int64_t wanted = day * 86400 + (day % 7) * 3661;
        int64_t seconds = 42;
        if (wanted < INT64_C(-62167219200)) {
            continue;
        }
        assert_true(clock_parse_http_date(clock_http_date(wanted, text), &seconds));
        assert_true(seconds == wanted);
    }
}

static void test_parse_rfc2822(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"Wed, 02 Sep 2026 10:08:03 +0000", 1788343683},
        {"Wed, 2 Sep 2026 10:08:03 +0000", 1788343683},
        {"02 Sep 2026 10:08:03 +0000", 1788343683},
        {"Wed, 02 Sep 2026 10:08:03 GMT", 1788343683},
        {"Wed, 02 Sep 2026 10:08:03 -0000", 1788343683},
        {"Wed, 02 Sep 2026 13:08:03 +0300", 1788343683},
        {"Wed, 02 Sep 2026 00:38:03 -0930", 1788343683},
        {"Thu, 01 Jan 1970 01:00:00 +0100", 0},
        {"Wed, 31 Dec 1969 23:59:59 +0000", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = 42;
        assert_true(clock_parse_rfc2822(cases[i].text, &seconds));
        assert_true(seconds == cases[i].seconds);
    }
}

static void test_parse_rfc2822_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "now",
        "2026-09-02T10:08:03+00:00",
        "Wed, 02 Sep 2026 10:08:03",
        "Wed, 02 Sep 2026 10:08:03 ",
        "Wed, 02 Sep 2026 10:08:03 0000",
        "Wed, 02 Sep 2026 10:08:03 +00:00",
        "Wed, 02 Sep 2026 10:08:03 +000",
        "Wed, 02 Sep 2026 10:08:03 +00000",
        "Wed, 02 Sep 2026 10:08:03 +-100",
        "Wed, 02 Sep 2026 10:08:03 +2400",
        "Wed, 02 Sep 2026 10:08:03 +0060",
        "Wed, 02 Sep 2026 10:08:03 +0000 x",
        "Wed, 02 Sep 26 10:08:03 +0000",
        "Wed 02 Sep 2026 10:08:03 +0000",
        "Wed, 31 Sep 2026 10:08:03 +0000",
        "Wed, 0 Sep 2026 10:08:03 +0000",
        "Wed, 02 Sep 2026 25:08:03 +0000",
    };
    int64_t seconds = 42;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(clock_parse_rfc2822(cases[i], &seconds));
        assert_true(seconds == 42);
    }
    assert_false(clock_parse_rfc2822(NULL, &seconds));
}

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_ms();
    clock_sleep_ms(30);
    int64_t slept = clock_monotonic_ms() - before;
    assert_true(slept >= 29 && slept < 10000);
    assert_true(clock_wall() > INT64_C(1700000000));
    before = clock_monotonic_ms();
    clock_sleep_ms(0);
    clock_sleep_ms(-5000);
    clock_sleep_ms(INT64_MIN);
    assert_true(clock_monotonic_ms() - before < 1000);
}

static void test_parse_day(void **state)
{
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-1-20",
        "26-11-20",
        "2026-13-01",
        "2026-00-01",
        "2026-02-30",
        "2026-04-31",
        "2026-11-00",
        " 2026-11-20",
        "2026-11-20 ",
        "2026-11-20T",
        "2026/11/20",
        "-2026-11-20",
        "2026-11-32",
    };
    int64_t seconds = -1;
    (void)state;
    assert_true(clock_parse_day("1970-01-01", &seconds));
    assert_int_equal(seconds, 0);
    assert_true(clock_parse_day("2026-11-20", &seconds));
    assert_int_equal(seconds, 1795132800);
    assert_true(clock_parse_day("2024-02-29", &seconds));
    assert_int_equal(seconds, 1709164800);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(clock_parse_day(wrong[i], &seconds));
    }
    assert_false(clock_parse_day(NULL, &seconds));
}

static void test_parse_instant(void **state)
{
    static const struct {
        const char *text;
        int64_t micros;
    } good[] = {
        {"2026-11-20", 1795132800000000},
        {"2026-11-20T00:00:00Z", 1795132800000000},
        {"2026-11-20T02:00:00+02:00", 1795132800000000},
        {"2026-11-20 02:00:00 02:00", 1795132800000000},
        {"2026-11-19T22:30:00-01:30", 1795132800000000},
        {"2026-11-20T00:00:00.25Z", 1795132800250000},
        {"2026-11-20T00:00:00.0000019Z", 1795132800000001},
    };
    static const char *const wrong[] = {
        "",
        "now",
        "2026-11-20T",
        "2026-11-20T00:00",
        "2026-11-20T00:00:00",
        "2026-11-20T00:00:00.Z",
        "2026-11-20T24:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-20T00:00:00+0200",
        "2026-11-20T00:00:00Z ",
        "2026-11-20t00:00:00Z",
    };
    int64_t micros = -1;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(clock_parse_instant(good[i].text, &micros));
        assert_int_equal(micros, good[i].micros);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(clock_parse_instant(wrong[i], &micros));
    }
    assert_false(clock_parse_instant(NULL, &micros));
}

static void on_alarm(int number)
{
    (void)number;
}

static void test_signals_do_not_shorten_a_sleep(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval every = {.it_interval = {.tv_usec = 5000}, .it_value = {.tv_usec = 5000}};
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
    int64_t before = clock_monotonic_ms();
    clock_sleep_ms(60);
    int64_t slept = clock_monotonic_ms() - before;
    assert_int_equal(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
    assert_true(slept >= 59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_date),
        cmocka_unit_test(test_iso),
        cmocka_unit_test(test_parse_http_date),
        cmocka_unit_test(test_parse_http_date_refuses),
        cmocka_unit_test(test_two_digit_years),
        cmocka_unit_test(test_http_date_round_trip),
        cmocka_unit_test(test_parse_rfc2822),
        cmocka_unit_test(test_parse_rfc2822_refuses),
        cmocka_unit_test(test_parse_day),
        cmocka_unit_test(test_parse_instant),
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_signals_do_not_shorten_a_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
