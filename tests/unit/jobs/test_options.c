#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "options.h"

enum { ARGS_MAX = 6, ARG_SIZE = 24 };

/* What one reading gave, and what it said on stderr. */
struct reading {
    bool ok, flag;
    const char *value, *other;
    char said[512];
};

static void read_quietly(char **argv, int argc, struct reading *r)
{
    const struct option_spec specs[] = {{"--value", &r->value, NULL},
                                        {"--flag", NULL, &r->flag},
                                        {"--other", &r->other, NULL},
                                        {NULL, NULL, NULL}};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    r->ok = options_read(specs, argc, argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t n = read(ends[0], r->said, sizeof r->said - 1);
    close(ends[0]);
    assert_true(n >= 0);
    r->said[n] = '\0';
}

static struct reading try(char args[][ARG_SIZE], int argc)
{
    char *argv[ARGS_MAX + 1] = {NULL};
    struct reading r = {.ok = false};
    for (int i = 0; i < argc; i++) {
        argv[i] = args[i];
    }
    read_quietly(argv, argc, &r);
    return r;
}

static void assert_said(const struct reading *r, const char *word)
{
    assert_memory_equal(r->said, "tapedeck: ", 10);
    assert_non_null(strstr(r->said, word));
    assert_ptr_equal(strchr(r->said, '\n'), r->said + strlen(r->said) - 1); /* one line */
}

static void test_accepts(void **state)
{
    (void)state;
    static struct {
        int argc;
        char args[ARGS_MAX][ARG_SIZE];
        const char *value; /* NULL: not given */
        bool flag;
    } cases[] = {
        {0, {""}, NULL, false},
        {1, {"--flag"}, NULL, true},
        {2, {"--value", "x"}, "x", false},
        {1, {"--value=x"}, "x", false},
        {1, {"--value="}, "", false},
        {2, {"--value", ""}, "", false},
        {1, {"--value=a=b"}, "a=b", false},
        {2, {"--value", "a=b"}, "a=b", false},
        {2, {"--value", "-1"}, "-1", false},
        {3, {"--value", "8h", "--flag"}, "8h", true},
        {4, {"--value=8h", "--other", "x", "--flag"}, "8h", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reading r = try(cases[i].args, cases[i].argc);
        if (!r.ok) {
            print_error("case %zu: %s\n", i, r.said);
        }
        assert_true(r.ok);
        assert_int_equal(r.flag, cases[i].flag);
        assert_int_equal(r.value != NULL, cases[i].value != NULL);
        if (cases[i].value != NULL) {
            assert_string_equal(r.value, cases[i].value);
        }
        assert_string_equal(r.said, "");
    }
}

static void test_values_are_the_arguments_own(void **state)
{
    (void)state;
    char first[] = "--value", second[] = "x", third[] = "--other=y";
    char *argv[] = {first, second, third, NULL};
    struct reading r = {.ok = false};
    read_quietly(argv, 3, &r);
    assert_true(r.ok);
    assert_ptr_equal(r.value, second);
    assert_ptr_equal(r.other, third + strlen("--other="));
}

static void test_refuses(void **state)
{
    (void)state;
    static struct {
        int argc;
        char args[ARGS_MAX][ARG_SIZE];
        const char *word;
    } cases[] = {
        {1, {"--none"}, "--none"},
        {1, {"--none=x"}, "--none"},
        {1, {"--val"}, "no such option"},
        {1, {"--values"}, "no such option"},
        {1, {"--Value=x"}, "no such option"},
        {1, {"-flag"}, "no such option"},
        {1, {"flag"}, "no such option"},
        {1, {"--"}, "no such option"},
        {1, {"-"}, "no such option"},
        {1, {""}, "no such option"},
        {1, {"=x"}, "no such option"},
        {2, {"x", "--flag"}, "no such option"},
        {3, {"--value", "x", "y"}, "no such option: y"},
        {1, {"--value"}, "needs a value"},
        {2, {"--flag", "--value"}, "needs a value"},
        {1, {"--flag="}, "takes no value"},
        {1, {"--flag=true"}, "takes no value"},
        {2, {"--value=x", "--value=x"}, "twice"},
        {4, {"--value", "x", "--value", "y"}, "twice"},
        {2, {"--value=", "--value=y"}, "twice"},
        {2, {"--value=x", "--value"}, "twice"},
        {2, {"--flag", "--flag"}, "twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reading r = try(cases[i].args, cases[i].argc);
        if (r.ok) {
            print_error("case %zu: %s\n", i, cases[i].args[0]);
        }
        assert_false(r.ok);
        assert_said(&r, cases[i].word);
    }
}

static void test_a_long_argument_is_cut(void **state)
{
    (void)state;
    char text[4096];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char *argv[] = {text, NULL};
    struct reading r = {.ok = true};
    read_quietly(argv, 1, &r);
    assert_false(r.ok);
    assert_true(strlen(r.said) < 128);
    assert_said(&r, "no such option: xxx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_values_are_the_arguments_own),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_a_long_argument_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
