#include "base/env_file.h"
#include "config_world.h"

struct file_case {
    const char *text;
    const char *name;  /* what to look at, or a word of the error */
    const char *shown; /* NULL: refused */
};

static void check_files(struct world *world, const struct file_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_file(world, "tapedeck.env", cases[i].text, strlen(cases[i].text));
        enum result result = load(world);
        if ((result == RESULT_OK) != (cases[i].shown != NULL)) {
            print_error("case %zu: %s: %s\n", i, cases[i].text, world->error);
        }
        assert_int_equal(result, cases[i].shown != NULL ? RESULT_OK : RESULT_INVALID);
        if (cases[i].shown != NULL) {
            assert_shows(world, cases[i].name, cases[i].shown);
        } else {
            assert_non_null(strstr(world->error, cases[i].name));
        }
    }
}

static void test_file_lines(void **state)
{
    static const struct file_case cases[] = {
        {"", "STALL_TIMEOUT", "30s"},
        {"\n\n \t\n\r\n", "STALL_TIMEOUT", "30s"},
        {"STALL_TIMEOUT=5s", "STALL_TIMEOUT", "5s"}, /* no newline at the end */
        {"STALL_TIMEOUT=5s\n", "STALL_TIMEOUT", "5s"},
        {"STALL_TIMEOUT=5s\r\nRUN_ATTEMPTS=2\r\n", "STALL_TIMEOUT", "5s"},
        {"RUN_ATTEMPTS=2\r\nSTALL_TIMEOUT=5s\r\n", "STALL_TIMEOUT", "5s"},
        {" \t STALL_TIMEOUT \t= \t5s \t\n", "STALL_TIMEOUT", "5s"},
        {"# a comment\n  # another\n#STALL_TIMEOUT=9s\nSTALL_TIMEOUT=5s\n", "STALL_TIMEOUT", "5s"},
        {"export STALL_TIMEOUT=5s\n", "STALL_TIMEOUT", "5s"},
        {"  export   STALL_TIMEOUT=5s\n", "STALL_TIMEOUT", "5s"},
        {"STALL_TIMEOUT=\"5s\"\n", "STALL_TIMEOUT", "5s"},
        {"STALL_TIMEOUT='5s'\n", "STALL_TIMEOUT", "5s"},
        {"STALL_TIMEOUT=\n", "STALL_TIMEOUT", "30s"},
        {"STALL_TIMEOUT=''\n", "STALL_TIMEOUT", "30s"},
        {"S3_BUCKET=' a '\n", "S3_BUCKET", " a "},
        {"S3_BUCKET=a=b=c\n", "S3_BUCKET", "a=b=c"},
        {"S3_BUCKET=a#b\n", "S3_BUCKET", "a#b"},
        {"S3_BUCKET=\"it's\"\n", "S3_BUCKET", "it's"},
        {"S3_BUCKET=\"a\" \n", "S3_BUCKET", "a"},
        {"S3_BUCKET=\"\n", "S3_BUCKET", "\""},
        {"S3_BUCKET=\"a'\n", "S3_BUCKET", "\"a'"},
        {"S3_BUCKET=''a''\n", "S3_BUCKET", "'a'"},
        {"S3_BUCKET=$HOME\n", "S3_BUCKET", "$HOME"}, /* no shell */
        {"S3_BUCKET=\"a\\n\"\n", "S3_BUCKET", "a\\n"},
    };
    check_files(*state, cases, sizeof cases / sizeof cases[0]);
}

static void test_file_refusals(void **state)
{
    static const struct file_case cases[] = {
        {"NO_SUCH_NAME=1\n", "NO_SUCH_NAME", NULL},
        {"STALL_TIMEOUT=5s\nNO_SUCH_NAME=1", "NO_SUCH_NAME", NULL},
        {"stall_timeout=5s\n", "stall_timeout", NULL},
        {"STALL_TIMEOUTS=5s\n", "STALL_TIMEOUTS", NULL},
        {"STALL_TIME=5s\n", "STALL_TIME", NULL},
        {"TAPEDECK_ENV=/x\n", "TAPEDECK_ENV", NULL},
        {"=5s\n", "known name", NULL},
        {"export =5s\n", "known name", NULL},
        {"unset STALL_TIMEOUT=5s\n", "known name", NULL},
        {"STALL_TIMEOUT\n", "NAME=value", NULL},
        {"export STALL_TIMEOUT\n", "NAME=value", NULL},
        {"export\n", "NAME=value", NULL},
        {"STALL_TIMEOUT: 5s\n", "NAME=value", NULL},
        {"STALL_TIMEOUT=5s\nSTALL_TIMEOUT=5s\n", "twice", NULL},
        {"STALL_TIMEOUT=\nexport STALL_TIMEOUT=5s\n", "twice", NULL},
        {"STALL_TIMEOUT=5s # a comment is a line of its own\n", "STALL_TIMEOUT", NULL},
        {"STALL_TIMEOUT=\"5s\n", "STALL_TIMEOUT", NULL},
        {"STALL_TIMEOUT=\"5s'\n", "STALL_TIMEOUT", NULL},
        {"STALL_TIMEOUT=\" 5s\"\n", "STALL_TIMEOUT", NULL},
        {"JWT_SECRET=short\n", "JWT_SECRET", NULL},
    };
    check_files(*state, cases, sizeof cases / sizeof cases[0]);
}

/* What stands behind a NUL must not be passed over in silence. */
static void test_file_with_a_nul(void **state)
{
    struct world *world = *state;
    static const char FILE_TEXT[] = "STALL_TIMEOUT=5s\n\0\nNO_SUCH_NAME=1\n";
    write_file(world, "tapedeck.env", FILE_TEXT, sizeof FILE_TEXT - 1);
    assert_int_equal(load(world), RESULT_INVALID);
}

static void test_file_size(void **state)
{
    struct world *world = *state;
    char *text = malloc(ENV_FILE_MAX + 1);
    assert_non_null(text);
    memset(text, '#', ENV_FILE_MAX + 1);
    memcpy(text, "RUN_ATTEMPTS=2\n", 15);
    write_file(world, "tapedeck.env", text, ENV_FILE_MAX);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.run_attempts, 2);
    write_file(world, "tapedeck.env", text, ENV_FILE_MAX + 1);
    assert_int_equal(load(world), RESULT_INVALID);
    free(text);
}

static void test_no_file_is_needed(void **state)
{
    struct world *world = *state;
    assert_int_equal(load(world), RESULT_OK);
    config_free(&world->config);
    assert_int_equal(config_load(&world->config, "/nonexistent", world->error), RESULT_OK);
}

static void test_named_file(void **state)
{
    struct world *world = *state;
    char path[2 * SCRATCH_SIZE];
    write_file(world, "tapedeck.env", "RUN_ATTEMPTS=2\n", 15);
    write_file(world, "other.env", "STALL_TIMEOUT=5s\n", 17);
    setenv("TAPEDECK_ENV", scratch_path(world->dir, "other.env", path), 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.stall_timeout, 5000);
    assert_int_equal(world->config.run_attempts, 3); /* the other file is not read */
    setenv("TAPEDECK_ENV", "", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.run_attempts, 2);
}

static void test_named_file_must_exist(void **state)
{
    struct world *world = *state;
    char path[2 * SCRATCH_SIZE];
    write_file(world, "tapedeck.env", "RUN_ATTEMPTS=2\n", 15);
    setenv("TAPEDECK_ENV", scratch_path(world->dir, "none.env", path), 1);
    assert_int_equal(load(world), RESULT_INVALID);
    assert_non_null(strstr(world->error, "TAPEDECK_ENV"));
}

static void test_named_file_must_be_a_file(void **state)
{
    struct world *world = *state;
    setenv("TAPEDECK_ENV", world->dir, 1);
    assert_int_equal(load(world), RESULT_INVALID);
}

static void test_path_too_long(void **state)
{
    struct world *world = *state;
    char *dir = malloc(5000);
    assert_non_null(dir);
    memset(dir, 'd', 4999);
    dir[4999] = '\0';
    assert_int_equal(config_load(&world->config, dir, world->error), RESULT_INVALID);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_file_lines),
        world_test(test_file_refusals),
        world_test(test_file_with_a_nul),
        world_test(test_file_size),
        world_test(test_no_file_is_needed),
        world_test(test_named_file),
        world_test(test_named_file_must_exist),
        world_test(test_named_file_must_be_a_file),
        world_test(test_path_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
