#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What one log_event wrote. */
struct capture {
    int saved_stderr;
    int read_end;
    char line[4 * LOG_LINE_MAX];
    ssize_t len;
};

static int start_capture(void **state)
{
    int ends[2];
    struct capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL || pipe(ends) != 0) {
        free(capture);
        return -1;
    }
    capture->saved_stderr = dup(STDERR_FILENO);
    capture->read_end = ends[0];
    *state = capture;
    int moved = dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return moved < 0 ? -1 : 0;
}

static int stop_capture(void **state)
{
    struct capture *capture = *state;
    if (capture->saved_stderr >= 0) {
        dup2(capture->saved_stderr, STDERR_FILENO);
        close(capture->saved_stderr);
    }
    close(capture->read_end);
    free(capture);
    return 0;
}

/* The line so far; stderr is back where it was, so that a failing assert is seen. */
static const char *captured(struct capture *capture)
{
    capture->len = read(capture->read_end, capture->line, sizeof capture->line - 1);
    dup2(capture->saved_stderr, STDERR_FILENO);
    close(capture->saved_stderr);
    capture->saved_stderr = -1;
    assert_true(capture->len >= 0);
    capture->line[capture->len] = '\0';
    return capture->line;
}

static void test_line(void **state)
{
    log_event("RECORDING_DONE", "business_id=%d sid=%s active=%d/3", 7, "CA1", 2);
    assert_string_equal(captured(*state), "RECORDING_DONE business_id=7 sid=CA1 active=2/3\n");
}

static void test_event_alone(void **state)
{
    log_event("START", "%s", "");
    assert_string_equal(captured(*state), "START\n");
}

static void test_controls_become_spaces(void **state)
{
    log_event("X", "a=%s b=%s", "1\nY z=2\r\n", "\t\x1b[31m\x7f\xd7\x90");
    assert_string_equal(captured(*state), "X a=1 Y z=2   b=  [31m \xd7\x90\n");
}

static void fill(char *text, size_t len)
{
    memset(text, 'x', len);
    text[len] = '\0';
}

static void test_cut_at_the_ceiling(void **state)
{
    char text[3 * LOG_LINE_MAX];
    fill(text, sizeof text - 1);
    log_event("LONG", "text=%s", text);
    const char *line = captured(*state);
    assert_int_equal(strlen(line), LOG_LINE_MAX);
    assert_memory_equal(line, "LONG text=xxx", 13);
    assert_int_equal(line[LOG_LINE_MAX - 2], 'x');
    assert_int_equal(line[LOG_LINE_MAX - 1], '\n');
}

static void test_exactly_the_ceiling(void **state)
{
    char text[LOG_LINE_MAX];
    fill(text, LOG_LINE_MAX - strlen("E \n"));
    log_event("E", "%s", text);
    const char *line = captured(*state);
    assert_int_equal(strlen(line), LOG_LINE_MAX);
    assert_memory_equal(line + 2, text, strlen(text));
}

static void test_long_event_name(void **state)
{
    char text[3 * LOG_LINE_MAX];
    fill(text, sizeof text - 1);
    log_event(text, "a=%d", 1);
    assert_int_equal(strlen(captured(*state)), LOG_LINE_MAX);
}

static void test_errno_survives(void **state)
{
    close(STDERR_FILENO); /* so that the write fails */
    errno = ENOSPC;
    log_event("X", "a=%d", 1);
    int after = errno;
    dup2(((struct capture *)*state)->saved_stderr, STDERR_FILENO);
    assert_int_equal(after, ENOSPC);
}

#define captured_test(f) cmocka_unit_test_setup_teardown(f, start_capture, stop_capture)

/* A file has nobody who adds the time (cron's >>drain.log). */
static void test_a_file_is_told_the_time(void **state)
{
    struct capture *capture = *state;
    char line[100] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    log_event("EVENT", "a=%d", 1);
    assert_true(pread(fileno(file), line, sizeof line - 1, 0) > 0);
    fclose(file);
    dup2(capture->saved_stderr, STDERR_FILENO);
    assert_memory_equal(line, "20", 2);
    assert_string_equal(line + strlen("2026-11-30T08:40:00"), "+00:00 EVENT a=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        captured_test(test_line),
        captured_test(test_event_alone),
        captured_test(test_controls_become_spaces),
        captured_test(test_cut_at_the_ceiling),
        captured_test(test_exactly_the_ceiling),
        captured_test(test_long_event_name),
        captured_test(test_errno_survives),
        captured_test(test_a_file_is_told_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
