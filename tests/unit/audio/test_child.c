/*
 * Children of this very program, in the decoder's place: run with a word behind its name it limits
 * itself as the decoder does, and behaves as that word says.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/child.h"
#include "audio/child_limits.h"
#include "base/clock.h"
#include "base/text.h"

enum { WAIT_MS = 20000 };

/* ---- what the children do ---- */

static int copy(void)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    return n > 0 && write(STDOUT_FILENO, bytes, (size_t)n) == n ? 0 : 1;
}

static int spin(void)
{
    volatile bool forever = true;
    while (forever) {
    }
    return 0;
}

static int write_much(void)
{
    char bytes[4096] = "";
    while (write(STDOUT_FILENO, bytes, sizeof bytes) > 0) {
    }
    return 0;
}

/* Which descriptors beyond 2 are open, and whether secrets came along. */
static int look_around(void)
{
    for (int fd = 3; fd < 1000; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            return 10;
        }
    }
    struct rlimit core;
    sigset_t blocked;
    if (getenv("TAPEDECK_TEST_SECRET") != NULL) {
        return 11;
    }
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) {
        return 12;
    }
    if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM) != 0) {
        return 13;
    }
    return 0;
}

static int behave(const char *how, const char *more)
{
    if (!child_limits_enter(getenv(CHILD_LIMITS))) {
        return CHILD_NOT_STARTED;
    }
    if (strcmp(how, "copy") == 0) {
        return copy();
    }
    if (strcmp(how, "spin") == 0) {
        return spin();
    }
    if (strcmp(how, "hang") == 0) {
        return poll(NULL, 0, 2 * WAIT_MS); /* longer than anybody waits for it */
    }
    if (strcmp(how, "crash") == 0) {
        return raise(SIGABRT);
    }
    if (strcmp(how, "write") == 0) {
        return write_much();
    }
    if (strcmp(how, "look") == 0) {
        return look_around();
    }
    return strcmp(how, "seven") == 0 && strcmp(more, "up") == 0 ? 7 : 99;
}

/* ---- what we see of them ---- */

struct files {
    FILE *in, *out;
};

static struct files open_files(const char *text)
{
    struct files files = {.in = tmpfile(), .out = tmpfile()};
    assert_non_null(files.in);
    assert_non_null(files.out);
    assert_true(fputs(text, files.in) >= 0 && fflush(files.in) == 0);
    rewind(files.in);
    return files;
}

static void close_files(struct files *files)
{
    fclose(files->in);
    fclose(files->out);
}

static struct child_order order_of(const char *word, const struct files *files)
{
    return (struct child_order){
        .program = "/proc/self/exe",
        .words = {word, NULL},
        .in = fileno(files->in),
        .out = fileno(files->out),
        .limits = {.cpu_s = 10, .memory_bytes = 64 << 20, .output_bytes = 4096, .wall_ms = WAIT_MS},
    };
}

/* Waits on its descriptor alone, as a runner does. */
static enum child_outcome end_of(struct child *child, int *status)
{
    struct pollfd fd = {.fd = child_fd(child), .events = POLLIN};
    enum child_outcome outcome;
    do {
        assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
        outcome = child_check(child, status);
    } while (outcome == CHILD_RUNS);
    return outcome;
}

static enum child_outcome run(const struct child_order *order, int *status)
{
    *status = -1;
    struct child *child = child_start(order);
    assert_non_null(child);
    enum child_outcome outcome = end_of(child, status);
    assert_int_equal(child_check(child, status), outcome); /* once more is the same */
    child_free(child);
    return outcome;
}

static void test_bytes_and_status(void **state)
{
    (void)state;
    char said[16] = "";
    int status;
    struct files files = open_files("hello");
    struct child_order order = order_of("copy", &files);
    assert_int_equal(run(&order, &status), CHILD_EXITED);
    assert_int_equal(status, 0);
    rewind(files.out);
    assert_string_equal(fgets(said, sizeof said, files.out), "hello");
    order = order_of("seven", &files);
    order.words[1] = "up";
    order.words[2] = NULL;
    assert_int_equal(run(&order, &status), CHILD_EXITED);
    assert_int_equal(status, 7);
    close_files(&files);
}

static void test_it_sees_nothing_of_ours(void **state)
{
    (void)state;
    int status;
    struct files files = open_files("");
    struct child_order order = order_of("look", &files);
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(setenv("TAPEDECK_TEST_SECRET", "x", 1), 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
    int open_fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    assert_true(open_fd >= 0);
    assert_int_equal(run(&order, &status), CHILD_EXITED);
    assert_int_equal(status, 0);
    close(open_fd);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    close_files(&files);
}

static void test_limits(void **state)
{
    (void)state;
    int status;
    struct files files = open_files("");
    struct child_order order = order_of("crash", &files);
    assert_int_equal(run(&order, &status), CHILD_CRASHED);
    order = order_of("write", &files); /* SIGXFSZ */
    assert_int_equal(run(&order, &status), CHILD_CRASHED);
    assert_int_equal(lseek(fileno(files.out), 0, SEEK_END), 4096);
    order = order_of("spin", &files); /* SIGXCPU */
    order.limits.cpu_s = 1;
    assert_int_equal(run(&order, &status), CHILD_CRASHED);
    close_files(&files);
}

static void test_its_time_ends(void **state)
{
    (void)state;
    int status = -1;
    struct files files = open_files("");
    struct child_order order = order_of("hang", &files);
    order.limits.wall_ms = 50;
    struct child *child = child_start(&order);
    assert_non_null(child);
    int64_t began = clock_monotonic_ms();
    enum child_outcome outcome = CHILD_RUNS;
    while (outcome == CHILD_RUNS && clock_monotonic_ms() - began < WAIT_MS) {
        clock_sleep_ms(5);
        outcome = child_check(child, &status);
    }
    assert_int_equal(outcome, CHILD_TOO_SLOW);
    child_free(child);
    close_files(&files);
}

static pid_t only_child(void)
{
    int64_t pid = 0;
    char number[16] = "";
    FILE *children = fopen("/proc/thread-self/children", "r");
    assert_non_null(children);
    assert_non_null(fgets(number, sizeof number, children));
    fclose(children);
    assert_true(text_int_n(number, strcspn(number, " "), 1, INT32_MAX, &pid));
    return (pid_t)pid;
}

static void test_ended_by_others(void **state)
{
    (void)state;
    struct files files = open_files("");
    struct child_order order = order_of("hang", &files);
    struct child *child = child_start(&order);
    int status = -1;
    assert_non_null(child);
    assert_int_equal(child_check(child, &status), CHILD_RUNS);
    assert_int_equal(kill(only_child(), SIGKILL), 0);
    assert_int_equal(end_of(child, &status), CHILD_KILLED);
    child_free(child);
    child = child_start(&order); /* freed while it runs: it ends */
    assert_non_null(child);
    child_free(child);
    child_free(NULL);
    close_files(&files);
}

/* A process in between starts one and is gone: the pipe that the child holds is closed soon. */
static void test_it_dies_with_its_starter(void **state)
{
    (void)state;
    int ends[2];
    struct files files = open_files("");
    struct child_order order = order_of("hang", &files);
    assert_int_equal(pipe(ends), 0);
    order.out = ends[1];
    pid_t between = fork();
    if (between == 0) {
        _exit(child_start(&order) == NULL);
    }
    assert_true(between > 0);
    close(ends[1]);
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
    assert_int_equal(waitpid(between, NULL, 0), between);
    close(ends[0]);
    close_files(&files);
}

static void test_limits_that_are_none(void **state)
{
    static const char *const WRONG[] = {"", "1", "1,2,3", "1,2,3,4,5", "1,2,3,-4", "1,,3,4", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        assert_false(child_limits_enter(WRONG[i]));
    }
}

static void test_what_cannot_start(void **state)
{
    (void)state;
    struct files files = open_files("");
    struct child_order order = order_of("copy", &files);
    order.in = 987654;
    assert_null(child_start(&order));
    order = order_of("copy", &files);
    order.program = "/nowhere/tapedeck-decoder";
    assert_null(child_start(&order));
    order = order_of("copy", &files);
    order.out = STDERR_FILENO;
    assert_null(child_start(&order));
    close_files(&files);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return behave(argv[1], argc > 2 ? argv[2] : "");
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_status),
        cmocka_unit_test(test_it_sees_nothing_of_ours),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_its_time_ends),
        cmocka_unit_test(test_ended_by_others),
        cmocka_unit_test(test_limits_that_are_none),
        cmocka_unit_test(test_what_cannot_start),
        cmocka_unit_test(test_it_dies_with_its_starter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
