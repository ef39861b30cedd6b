#include "config_world.h"

#define PLAIN "a-text-of-32-bytes-or-more-to-see"

/* ---- defaults ---- */

static void test_default_texts(void **state)
{
    struct world *world = *state;
    const struct config *c = &world->config;
    assert_int_equal(load(world), RESULT_OK);
    const char *const empty[] = {
        c->database_url,      c->redis_url,      c->recordings_dir,    c->public_base_url,
        c->allowed_origins,   c->jwt_secret,     c->media_secret,      c->twilio_account_sid,
        c->twilio_auth_token, c->twilio_api_key, c->twilio_api_secret, c->openai_api_key,
    };
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        assert_string_equal(empty[i], "");
    }
    assert_string_equal(c->twilio_api_base, "https://api.twilio.com");
    assert_string_equal(c->accel_prefix, "/_recordings");
}

static void test_default_numbers(void **state)
{
    struct world *world = *state;
    const struct config *c = &world->config;
    assert_int_equal(load(world), RESULT_OK);
    const struct {
        int64_t got, expected;
    } cases[] = {
        {c->enable_schedulers, 1},
        {c->sendfile, SENDFILE_OFF},
        {c->play_link_ttl, 3600000},
        {c->connect_timeout, 10000},
        {c->stall_timeout, 30000},
        {c->transfer_timeout, 600000},
        {c->run_attempts, 3},
        {c->breaker_failures, 3},
        {c->breaker_reset, 3600000},
        {c->recovery_window, 600000},
        {c->stale_after, 300000},
        {c->lock_timeout, 45000},
        {c->min_recording_bytes, 1001},
        {c->retry_after, 2000},
        {c->retry_after_recovery, 5000},
        {c->slots_per_business, 3},
        {c->later_slots, 2},
        {c->inflight_ttl, 120000},
        {c->queued_ttl, 1200000},
        {c->runner_grace, 60000},
        {c->runner_linger, 55000},
        {c->pg_timeout, 5000},
        {c->redis_timeout, 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].got != cases[i].expected) {
            print_error("case %zu\n", i);
        }
        assert_int_equal(cases[i].got, cases[i].expected);
    }
}

static void test_default_lists(void **state)
{
    struct world *world = *state;
    const struct config *c = &world->config;
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(c->recording_formats.count, 4);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(c->recording_formats.items[i], i);
    }
    assert_int_equal(c->retry_delays.count, 3);
    assert_int_equal(c->retry_delays.items[0], 5000);
    assert_int_equal(c->retry_delays.items[1], 30000);
    assert_int_equal(c->retry_delays.items[2], 120000);
}

static void test_what_goes_together(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *name[2], *value[2];
        bool good;
    } cases[] = {
        {{"TWILIO_API_KEY", "TWILIO_API_SECRET"}, {"SK1", "s"}, true},
        {{"TWILIO_API_KEY", "TWILIO_API_SECRET"}, {"SK1", ""}, false},
        {{"TWILIO_API_KEY", "TWILIO_API_SECRET"}, {"", "s"}, false},
        {{"TWILIO_API_KEY", "TWILIO_API_SECRET"}, {"", ""}, true},
        {{"INFLIGHT_TTL", "QUEUED_TTL"}, {"2s", "1d"}, true},
        {{"INFLIGHT_TTL", "QUEUED_TTL"}, {"1999ms", "1d"}, false},
        {{"INFLIGHT_TTL", "QUEUED_TTL"}, {"2s", "86401s"}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int n = 0; n < 2; n++) {
            setenv(cases[i].name[n], cases[i].value[n], 1);
        }
        assert_int_equal(load(world), cases[i].good ? RESULT_OK : RESULT_INVALID);
        for (int n = 0; n < 2; n++) {
            unsetenv(cases[i].name[n]);
        }
    }
}

/* ---- the line that says what is wrong ---- */

static void test_the_error_shows_no_value(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"JWT_SECRET", "MEDIA_SECRET", "STALL_TIMEOUT",
                                        "RECORDINGS_DIR", "PUBLIC_BASE_URL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv(names[i], "hunter2", 1);
        assert_int_equal(load(world), RESULT_INVALID);
        assert_non_null(strstr(world->error, names[i]));
        assert_null(strstr(world->error, "hunter2"));
        unsetenv(names[i]);
    }
}

/* A secret that was pasted over two lines, say. */
static void test_a_line_that_is_no_setting_is_not_shown(void **state)
{
    struct world *world = *state;
    static const char FILE_TEXT[] = "JWT_SECRET=\nhunter2-hunter2-hunter2-hunter2\n";
    write_file(world, "tapedeck.env", FILE_TEXT, strlen(FILE_TEXT));
    assert_int_equal(load(world), RESULT_INVALID);
    assert_null(strstr(world->error, "hunter2"));
}

static void test_the_error_shows_no_controls(void **state)
{
    struct world *world = *state;
    static const char FILE_TEXT[] = "\x1b[31mNO\rSUCH\x7f=x\n";
    write_file(world, "tapedeck.env", FILE_TEXT, strlen(FILE_TEXT));
    assert_int_equal(load(world), RESULT_INVALID);
    for (const char *c = world->error; *c != '\0'; c++) {
        assert_in_range(*c, ' ', '~');
    }
}

static void test_a_long_name_is_cut(void **state)
{
    struct world *world = *state;
    char text[1000];
    memset(text, 'N', sizeof text);
    memcpy(text + sizeof text - 4, "=x\n", 3);
    write_file(world, "tapedeck.env", text, sizeof text - 1);
    assert_int_equal(load(world), RESULT_INVALID);
    assert_true(strlen(world->error) < CONFIG_ERROR_SIZE);
    assert_non_null(strstr(world->error, "known name"));
}

/* ---- where values come from ---- */

static void test_environment_wins(void **state)
{
    struct world *world = *state;
    static const char FILE_TEXT[] =
        "STALL_TIMEOUT=5s\nALLOWED_ORIGINS=http://file\nRUN_ATTEMPTS=2\n";
    write_file(world, "tapedeck.env", FILE_TEXT, strlen(FILE_TEXT));
    setenv("STALL_TIMEOUT", "7s", 1);
    setenv("ALLOWED_ORIGINS", "http://environment", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.stall_timeout, 7000);
    assert_string_equal(world->config.allowed_origins, "http://environment");
    assert_int_equal(world->config.run_attempts, 2);
    setenv("STALL_TIMEOUT", "", 1); /* empty: not set, whatever the file says */
    setenv("ALLOWED_ORIGINS", "", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.stall_timeout, 30000);
    assert_string_equal(world->config.allowed_origins, "");
}

static void test_unknown_names_in_the_environment_are_others(void **state)
{
    struct world *world = *state;
    setenv("TAPEDECK_NO_SUCH_NAME", "x", 1);
    assert_int_equal(load(world), RESULT_OK);
    unsetenv("TAPEDECK_NO_SUCH_NAME");
}

/* ---- printing ---- */

static void test_secrets_are_masked(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"DATABASE_URL",  "REDIS_URL",         "JWT_SECRET",
                                        "MEDIA_SECRET",  "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET",
                                        "OPENAI_API_KEY"};
    setenv("TWILIO_API_KEY", "SK1", 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv(names[i], PLAIN, 1);
    }
    assert_int_equal(load(world), RESULT_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_shows(world, names[i], "********");
    }
    assert_null(strstr(print(world), PLAIN));
    assert_string_equal(world->config.jwt_secret, PLAIN);
}

static void test_what_is_not_set_is_not_masked(void **state)
{
    struct world *world = *state;
    assert_int_equal(load(world), RESULT_OK);
    assert_shows(world, "JWT_SECRET", "");
    assert_null(strstr(print(world), "***"));
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void test_every_name_is_printed(void **state)
{
    struct world *world = *state;
    assert_int_equal(load(world), RESULT_OK);
    const char *printed = print(world);
    assert_int_equal(lines_of(printed), 2 * lines_of(world->names));
    char *copy = strdup(world->names), *rest = copy;
    for (char *name; (name = strsep(&rest, "\n")) != NULL && name[0] != '\0';) {
        char line[128];
        (void)snprintf(line, sizeof line, "\n%s=", name);
        assert_non_null(strstr(printed, line));
        assert_null(strstr(strstr(printed, line) + 1, line)); /* once */
    }
    free(copy);
}

/* What is printed is an env file that means the same, as long as nothing in it is masked. */
static void test_what_is_printed_can_be_read(void **state)
{
    struct world *world = *state;
    static const char *const set[][2] = {
        {"STALL_TIMEOUT", "1500ms"},     {"RETRY_DELAYS", "1,2ms,3min"},
        {"SENDFILE", "x-sendfile"},      {"RECORDING_FORMATS", "asis,mp3"},
        {"ENABLE_SCHEDULERS", "no"},     {"RUN_ATTEMPTS", "7"},
        {"RECORDINGS_DIR", "/srv/a b/"}, {"ALLOWED_ORIGINS", "https://a.example,https://b.example"},
    };
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        setenv(set[i][0], set[i][1], 1);
    }
    assert_int_equal(load(world), RESULT_OK);
    char *first = strdup(print(world));
    write_file(world, "tapedeck.env", first, strlen(first));
    forget_environment(world->names);
    assert_int_equal(load(world), RESULT_OK);
    assert_string_equal(print(world), first);
    free(first);
}

/* ---- the rest ---- */

static void test_missing(void **state)
{
    struct world *world = *state;
    static const char *const none[] = {NULL};
    static const char *const three[] = {"ACCEL_PREFIX", "DATABASE_URL", "REDIS_URL", NULL};
    assert_int_equal(load(world), RESULT_OK);
    assert_null(config_missing(&world->config, none));
    assert_string_equal(config_missing(&world->config, three), "DATABASE_URL");
    setenv("DATABASE_URL", "postgresql:///x", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_string_equal(config_missing(&world->config, three), "REDIS_URL");
    setenv("REDIS_URL", "redis://h", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_null(config_missing(&world->config, three));
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"0", 0},
        {"90", 90000},
        {"90s", 90000},
        {"250ms", 250},
        {"15min", 900000},
        {"8h", 28800000},
        {"366d", INT64_C(31622400000)},
        {"367d", -1},
        {"", -1},
        {"s", -1},
        {"-1s", -1},
        {"1.5h", -1},
        {"8 h", -1},
        {"8H", -1},
        {"8hours", -1},
        {"9223372036854775807", -1},
        {"9223372036854775808ms", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -1;
        bool good = config_duration(cases[i].text, &ms);
        assert_int_equal(good, cases[i].ms >= 0);
        if (good) {
            assert_int_equal(ms, cases[i].ms);
        }
    }
}

static void test_free_is_safe(void **state)
{
    struct world *world = *state;
    struct config zeroed = {0};
    config_free(NULL);
    config_free(&zeroed);
    assert_int_equal(load(world), RESULT_OK);
    config_free(&world->config);
    config_free(&world->config);
    setenv("REDIS_TIMEOUT", "x", 1); /* the last row: all before it are given back */
    assert_int_equal(load(world), RESULT_INVALID);
    assert_null(world->config.database_url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_default_texts),
        world_test(test_default_numbers),
        world_test(test_default_lists),
        world_test(test_what_goes_together),
        world_test(test_the_error_shows_no_value),
        world_test(test_a_line_that_is_no_setting_is_not_shown),
        world_test(test_the_error_shows_no_controls),
        world_test(test_a_long_name_is_cut),
        world_test(test_environment_wins),
        world_test(test_unknown_names_in_the_environment_are_others),
        world_test(test_secrets_are_masked),
        world_test(test_what_is_not_set_is_not_masked),
        world_test(test_every_name_is_printed),
        world_test(test_what_is_printed_can_be_read),
        world_test(test_missing),
        cmocka_unit_test(test_duration),
        world_test(test_free_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
