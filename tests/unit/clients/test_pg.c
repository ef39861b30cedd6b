/*
 * PostgreSQL without a PostgreSQL: it is away, and says so at once.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "clients/pg.h"
#include "scratch.h"

enum { PATIENCE_MS = 300, SLOW_MS = 4000, QUICK_MS = 1500, SAID_SIZE = 4096 };

static const struct pg_statement ONE = {"one", "SELECT 1"};

#define NOWHERE "postgresql://user:hunter2@/none?host=/nonexistent"

/* ---- parameters ---- */

static void test_parameters(void **state)
{
    (void)state;
    struct pg_params params = {0};
    static const char TEXT[] = "it's \\ borrowed";
    pg_text(&params, TEXT);
    pg_text(&params, NULL);
    pg_int(&params, INT64_MIN);
    pg_int(&params, 0);
    pg_int_or_null(&params, -1, -1);
    pg_int_or_null(&params, 5, -1);
    pg_flag(&params, true);
    pg_flag(&params, false);
    assert_int_equal(params.count, 8);
    assert_ptr_equal(params.values[0], TEXT);
    assert_null(params.values[1]);
    assert_string_equal(params.values[2], "-9223372036854775808");
    assert_string_equal(params.values[3], "0");
    assert_null(params.values[4]);
    assert_string_equal(params.values[5], "5");
    assert_string_equal(params.values[6], "t");
    assert_string_equal(params.values[7], "f");
}

static void test_as_many_parameters_as_there_may_be(void **state)
{
    (void)state;
    struct pg_params params = {0};
    for (int64_t i = 0; i < PG_PARAMS_MAX; i++) {
        pg_int(&params, i);
    }
    assert_int_equal(params.count, PG_PARAMS_MAX);
    assert_string_equal(params.values[0], "0");
    assert_string_equal(params.values[PG_PARAMS_MAX - 1], "23");
}

/* ---- nobody there ---- */

/* What is said on stderr between listen_up and hush. */
struct ear {
    int saved, read_end;
    char said[SAID_SIZE];
};

static void listen_up(struct ear *ear)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    ear->saved = dup(STDERR_FILENO);
    ear->read_end = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

static const char *hush(struct ear *ear)
{
    dup2(ear->saved, STDERR_FILENO);
    close(ear->saved);
    size_t len = 0;
    for (ssize_t n; (n = read(ear->read_end, ear->said + len, SAID_SIZE - 1 - len)) > 0;) {
        len += (size_t)n;
    }
    close(ear->read_end);
    ear->said[len] = '\0';
    return ear->said;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (; (text = strstr(text, word)) != NULL; text++) {
        count++;
    }
    return count;
}

static void assert_away(struct pg *pg)
{
    struct pg_rows *rows = NULL;
    int64_t start = clock_monotonic_ms();
    assert_int_equal(pg_query(pg, &ONE, NULL, &rows), RESULT_UNAVAILABLE);
    assert_null(rows);
    assert_true(clock_monotonic_ms() - start < QUICK_MS);
}

static void test_malformed_addresses(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "postgresql://%zz",      "postgresql://[", "postgresql://u:p@ss w@h/%",
        "host=/nonexistent x=1", "host = 'open",   "mysql://h/d"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_null(pg_new(urls[i], 5000));
    }
}

static void test_nobody_there(void **state)
{
    (void)state;
    static const char *const urls[] = {NOWHERE, "postgresql://127.0.0.1:1/none",
                                       "host=/nonexistent dbname=none", "host=/nonexistent port=x"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct ear ear;
        struct pg *pg = pg_new(urls[i], 5000);
        assert_non_null(pg);
        listen_up(&ear);
        assert_away(pg);
        assert_int_equal(pg_script(pg, "SELECT 1; SELECT 2"), RESULT_UNAVAILABLE);
        assert_int_equal(pg_begin(pg), RESULT_UNAVAILABLE);
        assert_int_equal(pg_commit(pg), RESULT_UNAVAILABLE);
        pg_rollback(pg);
        (void)hush(&ear);
        pg_free(pg);
    }
}

/* Asks often; false when the machine was too busy for that to be within the first delay. */
static bool ask_often(struct pg *pg)
{
    enum { FIRST_DELAY_MS = 50, TIMES = 20 };
    int64_t start = clock_monotonic_ms();
    for (int i = 0; i < TIMES; i++) {
        assert_away(pg);
    }
    return clock_monotonic_ms() - start < FIRST_DELAY_MS;
}

/* One try, then none until its delay is over, and the next delay is longer. */
#define GONE "said=No\\x20such\\x20file\\x20or\\x20directory"

static void test_backoff(void **state)
{
    (void)state;
    struct ear ear;
    bool in_time = false;
    for (int i = 0; i < 5 && !in_time; i++) {
        struct pg *pg = pg_new(NOWHERE, 5000);
        assert_non_null(pg);
        listen_up(&ear);
        in_time = ask_often(pg);
        clock_sleep_ms(60);
        in_time = ask_often(pg) && in_time;
        (void)hush(&ear);
        pg_free(pg);
    }
    if (!in_time) {
        skip();
    }
    assert_string_equal(ear.said, "PG_UNAVAILABLE retry_ms=50 " GONE
                                  "\nPG_UNAVAILABLE retry_ms=100 " GONE "\n");
}

static void test_the_reason_is_for_operators(void **state)
{
    (void)state;
    struct ear ear;
    struct pg *pg = pg_new(NOWHERE, 5000);
    assert_non_null(pg);
    assert_string_equal(pg_error(pg), "");
    listen_up(&ear);
    assert_away(pg);
    const char *said = hush(&ear);
    assert_string_not_equal(pg_error(pg), "");
    assert_null(strchr(pg_error(pg), '\n'));
    assert_null(strstr(said, "nonexistent")); /* no paths, no secrets in the log */
    assert_null(strstr(said, "hunter2"));
    assert_null(strstr(pg_error(pg), "hunter2"));
    pg_free(pg);
}

/* A socket that takes connections and never says a word. */
static void test_a_server_that_hangs(void **state)
{
    (void)state;
    char dir[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], url[2 * SCRATCH_SIZE];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ear ear;
    assert_true(scratch_make(dir));
    scratch_path(dir, ".s.PGSQL.5432", path);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    (void)snprintf(url, sizeof url, "host=%s user=x dbname=x", dir);
    struct pg *pg = pg_new(url, PATIENCE_MS);
    assert_non_null(pg);
    listen_up(&ear);
    int64_t start = clock_monotonic_ms();
    enum result result = pg_query(pg, &ONE, NULL, NULL);
    int64_t took = clock_monotonic_ms() - start;
    assert_away(pg);
    const char *said = hush(&ear);
    assert_int_equal(result, RESULT_UNAVAILABLE);
    assert_in_range(took, PATIENCE_MS - 10, SLOW_MS);
    assert_int_equal(count_of(said, "PG_UNAVAILABLE"), 1);
    pg_free(pg);
    close(listener);
    assert_true(scratch_remove(dir));
}

static void test_nothing_is_free(void **state)
{
    (void)state;
    pg_free(NULL);
    pg_rows_free(NULL);
    struct pg *pg = pg_new("", 1); /* connects lazily: nothing happens yet */
    assert_non_null(pg);
    pg_rollback(pg);
    pg_free(pg);
}

/* ---- files that libpq reads ---- */

struct joined {
    struct magic magic;
    char text[SAID_SIZE];
};

static void join(void *context, const char *path)
{
    struct joined *joined = CHECKED(joined, context);
    size_t len = strlen(joined->text);
    (void)snprintf(joined->text + len, SAID_SIZE - len, "%s ", path);
}

static void test_files_of_an_address(void **state)
{
    (void)state;
    static const char *const EXPECTED[][2] = {
        {"postgresql://user:hunter2@/none?sslrootcert=%2Fca%20s.crt&sslkey=/key&host=/run",
         "/key /ca s.crt /env/crl "},
        {"dbname=none passfile=/pass user=/nobody", "/pass /env/crl "},
        {"none", "/env/crl "},
    };
    assert_int_equal(setenv("PGSSLCRL", "/env/crl", 1), 0);
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        struct joined joined = {.magic = MAGIC(joined)};
        pg_files(EXPECTED[i][0], join, &joined);
        assert_string_equal(joined.text, EXPECTED[i][1]);
    }
    assert_int_equal(unsetenv("PGSSLCRL"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_as_many_parameters_as_there_may_be),
        cmocka_unit_test(test_malformed_addresses),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_the_reason_is_for_operators),
        cmocka_unit_test(test_a_server_that_hangs),
        cmocka_unit_test(test_nothing_is_free),
        cmocka_unit_test(test_files_of_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
