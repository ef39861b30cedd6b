#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrivals.h"

enum { SOON_MS = 10, LONG_MS = 60000 };

static int open_pair(int pair[2], struct arrivals *arrivals)
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
                   arrivals_open(pair[0], arrivals) == RESULT_OK
               ? 0
               : -1;
}

static void close_pair(int pair[2], struct arrivals *arrivals)
{
    arrivals_close(arrivals);
    close(pair[0]);
    close(pair[1]);
}

static void test_a_request_or_none(void **state)
{
    int pair[2];
    struct arrivals arrivals;
    (void)state;
    assert_int_equal(open_pair(pair, &arrivals), 0);
    assert_true((fcntl(pair[0], F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(arrivals_wait(&arrivals, -1, SOON_MS), ARRIVAL_NONE);
    assert_int_equal(arrivals_wait(&arrivals, pair[0], SOON_MS), ARRIVAL_NONE);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(arrivals_wait(&arrivals, -1, LONG_MS), ARRIVAL_REQUEST);
    assert_int_equal(arrivals_wait(&arrivals, pair[0], LONG_MS), ARRIVAL_REQUEST);
    assert_int_equal(arrivals_wait(&arrivals, pair[1], SOON_MS), ARRIVAL_NONE);
    close_pair(pair, &arrivals);
}

/* However many requests there are: else a busy responder would never stop. */
static void test_a_stop_comes_first(void **state)
{
    static const int STOPS[] = {SIGTERM, SIGINT, SIGUSR1};
    (void)state;
    for (size_t i = 0; i < sizeof STOPS / sizeof *STOPS; i++) {
        int pair[2];
        struct arrivals arrivals;
        assert_int_equal(open_pair(pair, &arrivals), 0);
        assert_int_equal(write(pair[1], "x", 1), 1);
        assert_int_equal(raise(STOPS[i]), 0);
        assert_int_equal(arrivals_wait(&arrivals, -1, LONG_MS), ARRIVAL_STOP);
        assert_int_equal(arrivals_wait(&arrivals, pair[0], LONG_MS), ARRIVAL_STOP);
        assert_true(read(arrivals.signals, (char[256]){0}, 256) > 0);
        close_pair(pair, &arrivals);
    }
}

static void test_no_socket(void **state)
{
    struct arrivals arrivals;
    (void)state;
    assert_int_equal(arrivals_open(-1, &arrivals), RESULT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_or_none),
        cmocka_unit_test(test_a_stop_comes_first),
        cmocka_unit_test(test_no_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
