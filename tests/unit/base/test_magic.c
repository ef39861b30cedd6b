/* A context that is another one stops a sanitized build; in a plain one there is nothing to see. */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/magic.h"

struct apple {
    struct magic magic;
    int seeds;
};

struct pear {
    struct magic magic;
    char room[64];
};

static int seeds_of(void *context)
{
    const struct apple *apple = CHECKED(apple, context);
    return apple->seeds;
}

static void test_right_one(void **state)
{
    (void)state;
    struct apple apple = {.magic = MAGIC(apple), .seeds = 5};
    assert_int_equal(seeds_of(&apple), 5);
    struct apple *made = calloc(1, sizeof *made);
    assert_non_null(made);
    made->magic = MAGIC(apple);
    assert_int_equal(seeds_of(made), 0);
    free(made);
}

#ifdef CHECK_CONTEXTS

/* What a process says that takes `context` for an apple, and dies of it. */
static void hear_it_die(void *context, char *said, size_t size)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)seeds_of(context);
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_wrong_one(void **state)
{
    (void)state;
    struct pear pear = {.magic = MAGIC(pear), .room = "x"};
    struct apple nameless = {.seeds = 5};
    char said[256];
    hear_it_die(&pear, said, sizeof said);
    assert_string_equal(said, "tapedeck: a context is no struct apple; it begins with: pear\n");
    hear_it_die(&nameless, said, sizeof said);
    assert_non_null(strstr(said, "is no struct apple"));
    hear_it_die(NULL, said, sizeof said);
    assert_non_null(strstr(said, "it begins with: nothing"));
    (void)memset(&pear, 0xff, sizeof pear);
    hear_it_die(&pear, said, sizeof said);
    assert_non_null(strstr(said, "\\xff\\xff"));
}

#else

static void test_no_cost(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct apple), sizeof(int));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_one),
#ifdef CHECK_CONTEXTS
        cmocka_unit_test(test_wrong_one),
#else
        cmocka_unit_test(test_no_cost),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
