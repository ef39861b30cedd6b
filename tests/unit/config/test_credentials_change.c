#include <fcntl.h>

#include "accounts_world.h"
#include "base/clock.h"

enum { PATIENCE_MS = 30000, LOG_SIZE = 4096 };

static void assert_token(const struct world *world, const char *token)
{
    assert_string_equal(credentials_of(world->credentials, SECOND).tokens[0], token);
}

/* Until the account's first token is this one; a file is looked at once a second. */
static void assert_comes(struct world *world, const char *account, const char *token)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    while (strcmp(credentials_of(world->credentials, account).tokens[0], token) != 0) {
        assert_true(clock_monotonic_ms() < deadline);
        clock_sleep_ms(20);
    }
}

/* Another file takes its name, or it is written in place: both are seen. What cannot be taken
 * leaves the last good one in force: each bad one is followed by a good one that must come. */
static void test_it_is_read_again_when_it_changed(void **state)
{
    struct world *world = *state;
    char next[2 * SCRATCH_SIZE];
    scratch_path(world->dir, "next", next);
    assert_int_equal(load_text(world, SECOND "=t2\n"), RESULT_OK);
    assert_true(scratch_file(world->dir, "next", SECOND "=t3\n", strlen(SECOND "=t3\n")));
    assert_int_equal(chmod(next, 0600), 0);
    assert_int_equal(rename(next, world->path), 0);
    assert_comes(world, SECOND, "t3");
    assert_true(scratch_file(world->dir, "accounts", SECOND "=t4\n", strlen(SECOND "=t4\n")));
    assert_comes(world, SECOND, "t4");
}

/* Until this line has come into the log, and then: how often it has. */
static int assert_told(struct world *world, int log_fd, const char *line)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    char log[LOG_SIZE] = "";
    int count = 0;
    while (strstr(log, line) == NULL) {
        assert_true(clock_monotonic_ms() < deadline);
        (void)credentials_of(world->credentials, SECOND);
        ssize_t n = pread(log_fd, log, sizeof log - 1, 0);
        log[n > 0 ? n : 0] = '\0';
        clock_sleep_ms(20);
    }
    for (const char *at = log; (at = strstr(at, line)) != NULL; at++) {
        count++;
    }
    return count;
}

static int open_log(const struct world *world)
{
    char path[2 * SCRATCH_SIZE];
    return open(scratch_path(world->dir, "log", path), O_RDWR | O_CREAT | O_APPEND, 0600);
}

/* Told once each, however often it is looked at. */
static void test_a_bad_one_leaves_the_good_one_in_force(void **state)
{
    struct world *world = *state;
    static const char BAD[] = SECOND "=t5\nnonsense\n", GOOD[] = SECOND "=t6\n";
    assert_int_equal(load_text(world, SECOND "=t2\n"), RESULT_OK);
    int saved = dup(STDERR_FILENO), log = open_log(world);
    assert_int_equal(dup2(log, STDERR_FILENO), STDERR_FILENO);
    write_accounts(world, BAD, sizeof BAD - 1, 0600);
    (void)assert_told(world, log, "ACCOUNTS_FILE_REFUSED cause=malformed\n");
    assert_token(world, "t2");
    write_accounts(world, GOOD, sizeof GOOD - 1, 0644);
    (void)assert_told(world, log, "ACCOUNTS_FILE_REFUSED cause=not_private\n");
    assert_token(world, "t2");
    assert_int_equal(chmod(world->path, 0600), 0);
    assert_comes(world, SECOND, "t6");
    assert_int_equal(unlink(world->path), 0);
    (void)assert_told(world, log, "ACCOUNTS_FILE_REFUSED cause=missing\n");
    assert_token(world, "t6");
    assert_int_equal(assert_told(world, log, "ACCOUNTS_FILE_REFUSED"), 3);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    close(saved);
    close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_it_is_read_again_when_it_changed),
        world_test(test_a_bad_one_leaves_the_good_one_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
