#include "config_world.h"

#define HEX32 "0123456789abcdef0123456789ABCDEF"
#define X31 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct value_case {
    const char *name, *value;
    const char *shown; /* NULL: refused */
};

static void check_values(struct world *world, const struct value_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(setenv(cases[i].name, cases[i].value, 1), 0);
        enum result result = load(world);
        if ((result == RESULT_OK) != (cases[i].shown != NULL)) {
            print_error("%s=%s: %s\n", cases[i].name, cases[i].value, world->error);
        }
        assert_int_equal(result, cases[i].shown != NULL ? RESULT_OK : RESULT_INVALID);
        if (cases[i].shown != NULL) {
            assert_shows(world, cases[i].name, cases[i].shown);
        } else {
            assert_non_null(strstr(world->error, cases[i].name));
        }
        unsetenv(cases[i].name);
    }
}

#define check_all(cases) check_values(*state, cases, sizeof cases / sizeof cases[0])

static void test_durations(void **state)
{
    static const struct value_case cases[] = {
        {"STALL_TIMEOUT", "90", "90s"}, /* a bare number is seconds */
        {"STALL_TIMEOUT", "1", "1s"},
        {"STALL_TIMEOUT", "90s", "90s"},
        {"STALL_TIMEOUT", "250ms", "250ms"},
        {"STALL_TIMEOUT", "1ms", "1ms"},
        {"STALL_TIMEOUT", "1000ms", "1s"},
        {"STALL_TIMEOUT", "1500ms", "1500ms"},
        {"STALL_TIMEOUT", "15min", "900s"},
        {"STALL_TIMEOUT", "8h", "28800s"},
        {"STALL_TIMEOUT", "1d", "86400s"},
        {"STALL_TIMEOUT", "007s", "7s"},
        {"STALL_TIMEOUT", "366d", "31622400s"},
        {"STALL_TIMEOUT", "31622400000ms", "31622400s"},
        {"STALL_TIMEOUT", "", "30s"},
        {"STALL_TIMEOUT", "31622400001ms", NULL},
        {"STALL_TIMEOUT", "367d", NULL},
        {"STALL_TIMEOUT", "31622401", NULL},
        {"STALL_TIMEOUT", "0", NULL},
        {"STALL_TIMEOUT", "0ms", NULL},
        {"STALL_TIMEOUT", "-1", NULL},
        {"STALL_TIMEOUT", "+1", NULL},
        {"STALL_TIMEOUT", "1.5s", NULL},
        {"STALL_TIMEOUT", "1e3", NULL},
        {"STALL_TIMEOUT", "1 s", NULL},
        {"STALL_TIMEOUT", " 1s", NULL},
        {"STALL_TIMEOUT", "1s ", NULL},
        {"STALL_TIMEOUT", "1S", NULL},
        {"STALL_TIMEOUT", "s", NULL},
        {"STALL_TIMEOUT", "1m", NULL},
        {"STALL_TIMEOUT", "1mins", NULL},
        {"STALL_TIMEOUT", "1sec", NULL},
        {"STALL_TIMEOUT", "1w", NULL},
        {"STALL_TIMEOUT", "1h30min", NULL},
        {"STALL_TIMEOUT", "1s,2s", NULL},
        {"STALL_TIMEOUT", "ten", NULL},
        {"STALL_TIMEOUT", "99999999999999999999999", NULL},
        {"STALL_TIMEOUT", "9223372036854775807d", NULL},
    };
    check_all(cases);
}

static void test_duration_lists(void **state)
{
    static const struct value_case cases[] = {
        {"RETRY_DELAYS", "5s", "5s"},
        {"RETRY_DELAYS", "1,2ms,3min", "1s,2ms,180s"},
        {"RETRY_DELAYS", "1,2,3,4,5,6,7,8", "1s,2s,3s,4s,5s,6s,7s,8s"},
        {"RETRY_DELAYS", "1d", "86400s"},
        {"RETRY_DELAYS", "", "5s,30s,120s"},
        {"RETRY_DELAYS", "1,2,3,4,5,6,7,8,9", NULL},
        {"RETRY_DELAYS", "5s,", NULL},
        {"RETRY_DELAYS", ",5s", NULL},
        {"RETRY_DELAYS", ",", NULL},
        {"RETRY_DELAYS", "5s,,6s", NULL},
        {"RETRY_DELAYS", "5s, 6s", NULL},
        {"RETRY_DELAYS", "5s;6s", NULL},
        {"RETRY_DELAYS", "5s,x", NULL},
        {"RETRY_DELAYS", "5s,0", NULL},
        {"RETRY_DELAYS", "25h", NULL},
    };
    check_all(cases);
}

static void test_counts(void **state)
{
    static const struct value_case cases[] = {
        {"RUN_ATTEMPTS", "1", "1"},
        {"RUN_ATTEMPTS", "20", "20"},
        {"RUN_ATTEMPTS", "003", "3"},
        {"RUN_ATTEMPTS", "", "3"},
        {"RUN_ATTEMPTS", "0", NULL},
        {"RUN_ATTEMPTS", "21", NULL},
        {"RUN_ATTEMPTS", "-1", NULL},
        {"RUN_ATTEMPTS", "3.0", NULL},
        {"RUN_ATTEMPTS", "3s", NULL},
        {"RUN_ATTEMPTS", "0x3", NULL},
        {"RUN_ATTEMPTS", " 3", NULL},
        {"RUN_ATTEMPTS", "three", NULL},
        {"RUN_ATTEMPTS", "99999999999999999999999", NULL},
        {"MIN_RECORDING_BYTES", "1", "1"},
        {"MIN_RECORDING_BYTES", "1073741824", "1073741824"},
        {"MIN_RECORDING_BYTES", "1073741825", NULL},
        {"MAX_RECORDING_BYTES", "1001", "1001"},
        {"MAX_RECORDING_BYTES", "1099511627776", "1099511627776"},
        {"MAX_RECORDING_BYTES", "1000", NULL},
        {"MAX_RECORDING_BYTES", "1099511627777", NULL},
        {"MAX_RECORDING_BYTES", "4G", NULL},
        {"SLOTS_PER_BUSINESS", "100", "100"},
        {"SLOTS_PER_BUSINESS", "101", NULL},
        {"SLOTS_PER_BUSINESS", "0", NULL},
    };
    check_all(cases);
}

static void test_flags_and_choices(void **state)
{
    static const struct value_case cases[] = {
        {"ENABLE_SCHEDULERS", "true", "true"},
        {"ENABLE_SCHEDULERS", "TRUE", "true"},
        {"ENABLE_SCHEDULERS", "Yes", "true"},
        {"ENABLE_SCHEDULERS", "1", "true"},
        {"ENABLE_SCHEDULERS", "", "true"},
        {"ENABLE_SCHEDULERS", "false", "false"},
        {"ENABLE_SCHEDULERS", "False", "false"},
        {"ENABLE_SCHEDULERS", "no", "false"},
        {"ENABLE_SCHEDULERS", "0", "false"},
        {"ENABLE_SCHEDULERS", "2", NULL},
        {"ENABLE_SCHEDULERS", "10", NULL},
        {"ENABLE_SCHEDULERS", "t", NULL},
        {"ENABLE_SCHEDULERS", "truee", NULL},
        {"ENABLE_SCHEDULERS", "false ", NULL},
        {"ENABLE_SCHEDULERS", "off", NULL},
        {"SENDFILE", "off", "off"},
        {"SENDFILE", "x-sendfile", "x-sendfile"},
        {"SENDFILE", "x-accel-redirect", "x-accel-redirect"},
        {"SENDFILE", "", "off"},
        {"SENDFILE", "X-Sendfile", NULL},
        {"SENDFILE", "on", NULL},
        {"SENDFILE", "x-send", NULL},
        {"SENDFILE", "off,", NULL},
        {"SENDFILE", ",", NULL},
        {"SENDFILE", "off,x-sendfile", NULL},
        {"RECORDING_FORMATS", "mp3", "mp3"},
        {"RECORDING_FORMATS", "asis,wav", "asis,wav"},
        {"RECORDING_FORMATS", "wav2,wav,mp3,asis", "wav2,wav,mp3,asis"},
        {"RECORDING_FORMATS", "", "wav2,wav,mp3,asis"},
        {"RECORDING_FORMATS", "wav,wav,wav,wav,wav", NULL},
        {"RECORDING_FORMATS", "ogg", NULL},
        {"RECORDING_FORMATS", "wav,", NULL},
        {"RECORDING_FORMATS", "wav, mp3", NULL},
        {"RECORDING_FORMATS", "WAV", NULL},
    };
    check_all(cases);
}

static void test_choices_are_their_place(void **state)
{
    struct world *world = *state;
    setenv("SENDFILE", "x-accel-redirect", 1);
    setenv("RECORDING_FORMATS", "asis,wav2", 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_int_equal(world->config.sendfile, SENDFILE_X_ACCEL_REDIRECT);
    assert_int_equal(world->config.recording_formats.count, 2);
    assert_int_equal(world->config.recording_formats.items[0], 3);
    assert_int_equal(world->config.recording_formats.items[1], 0);
}

static void test_addresses(void **state)
{
    static const struct value_case cases[] = {
        {"PUBLIC_BASE_URL", "https://crm.example", "https://crm.example"},
        {"PUBLIC_BASE_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"PUBLIC_BASE_URL", "https://crm.example/", "https://crm.example"},
        {"PUBLIC_BASE_URL", "https://crm.example///", "https://crm.example"},
        {"PUBLIC_BASE_URL", "https://crm.example/base/", "https://crm.example/base"},
        {"PUBLIC_BASE_URL", "http://h", "http://h"},
        {"PUBLIC_BASE_URL", "", ""},
        {"PUBLIC_BASE_URL", "crm.example", NULL},
        {"PUBLIC_BASE_URL", "//crm.example", NULL},
        {"PUBLIC_BASE_URL", "ftp://crm.example", NULL},
        {"PUBLIC_BASE_URL", "javascript:x", NULL},
        {"PUBLIC_BASE_URL", "https:crm.example", NULL},
        {"PUBLIC_BASE_URL", "https://", NULL},
        {"PUBLIC_BASE_URL", "http:///x", NULL},
        {"PUBLIC_BASE_URL", "https://crm.example?x", NULL},
        {"TRANSCRIBE_URL", "https://a.example/w?api-version=1",
         "https://a.example/w?api-version=1"},
        {"LOGIN_URL", "https://crm.example/in?to=calls", "https://crm.example/in?to=calls"},
        {"LOGIN_URL", "javascript:alert(1)", NULL},
        {"SUMMARY_URL", "https://a.example/w/", "https://a.example/w"},
        {"SUMMARY_URL", "https://a.example/w#x", NULL},
        {"SUMMARY_URL", "https://?x", NULL},
        {"PUBLIC_BASE_URL", "https://crm.example/#x", NULL},
        {"PUBLIC_BASE_URL", "https://crm example", NULL},
        {"PUBLIC_BASE_URL", " https://crm.example", NULL},
        {"PUBLIC_BASE_URL", "https://crm.example\n", NULL},
        {"PUBLIC_BASE_URL", "https://crm.example\"", NULL},
        {"PUBLIC_BASE_URL", "https://crm.example\x7f", NULL},
        {"TWILIO_API_BASE", "http://127.0.0.1:8099/", "http://127.0.0.1:8099"},
        {"TWILIO_API_BASE", "127.0.0.1:8099", NULL},
        {"TWILIO_API_BASE", "", "https://api.twilio.com"}, /* empty: not given */
        {"TWILIO_ACCOUNT_SID", "AC" HEX32, "AC" HEX32},
        {"TWILIO_ACCOUNT_SID", "", ""},
        {"TWILIO_ACCOUNT_SID", "CA" HEX32, NULL},
        {"TWILIO_ACCOUNT_SID", "ac" HEX32, NULL},
        {"TWILIO_ACCOUNT_SID", "AC" HEX32 "0", NULL},
        {"TWILIO_ACCOUNT_SID", "AC" X31, NULL},
        {"ACCEL_PREFIX", "/files", "/files"},
        {"ACCEL_PREFIX", "files", NULL},
        {"ACCEL_PREFIX", "", "/_recordings"},
    };
    check_all(cases);
}

static void test_paths(void **state)
{
    static const struct value_case cases[] = {
        {"RECORDINGS_DIR", "/srv/recordings", "/srv/recordings"},
        {"RECORDINGS_DIR", "/srv/recordings/", "/srv/recordings"},
        {"RECORDINGS_DIR", "/srv/recordings//", "/srv/recordings"},
        {"RECORDINGS_DIR", "/", "/"},
        {"RECORDINGS_DIR", "//", "/"},
        {"RECORDINGS_DIR", "/srv/a b", "/srv/a b"},
        {"RECORDINGS_DIR", "/srv/הקלטות", "/srv/הקלטות"},
        {"RECORDINGS_DIR", "/srv/..x/y..", "/srv/..x/y.."},
        {"RECORDINGS_DIR", "", ""},
        {"RECORDINGS_DIR", "recordings", NULL},
        {"RECORDINGS_DIR", "./recordings", NULL},
        {"RECORDINGS_DIR", "~/recordings", NULL},
        {"RECORDINGS_DIR", "/srv/../etc", NULL},
        {"RECORDINGS_DIR", "/../etc", NULL},
        {"RECORDINGS_DIR", "/srv/a%20b", NULL},
        {"RECORDINGS_DIR", "/srv/a\nb", NULL},
        {"RECORDINGS_DIR", "/srv/a\x7f", NULL},
    };
    check_all(cases);
}

static void test_path_that_ends_above(void **state)
{
    static const struct value_case cases[] = {
        {"RECORDINGS_DIR", "/srv/recordings/..", NULL},
        {"RECORDINGS_DIR", "/..", NULL},
    };
    check_all(cases);
}

static void test_secrets(void **state)
{
    static const struct value_case cases[] = {
        {"JWT_SECRET", X31 "x", "********"},
        {"JWT_SECRET", X31, NULL},
        {"JWT_SECRET", "x", NULL},
        {"JWT_SECRET", "", ""},
        {"MEDIA_SECRET", X31 "x", "********"},
        {"MEDIA_SECRET", X31, NULL},
    };
    check_all(cases);
}

/* As browsers write them, whoever typed them. */
static void test_origins(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"ALLOWED_ORIGINS", "https://a.example", "https://a.example"},
        {"ALLOWED_ORIGINS", "https://a.example, https://b.example:8443/ ",
         "https://a.example,https://b.example:8443"},
        {"ALLOWED_ORIGINS", "http://[::1]:8080", "http://[::1]:8080"},
        {"ALLOWED_ORIGINS", "", ""},
        {"ALLOWED_ORIGINS", "*", NULL},
        {"ALLOWED_ORIGINS", "a.example", NULL},
        {"ALLOWED_ORIGINS", "https://a.example/crm", NULL},
        {"ALLOWED_ORIGINS", "https://a.example//", NULL},
        {"ALLOWED_ORIGINS", "https://*.example", NULL},
        {"ALLOWED_ORIGINS", "https://u@a.example", NULL},
        {"ALLOWED_ORIGINS", "https://a.example;https://b.example", NULL},
        {"ALLOWED_ORIGINS", "https://a.example,,https://b.example", NULL},
        {"ALLOWED_ORIGINS", "https://a.example https://b.example", NULL},
        {"ALLOWED_ORIGINS", ",", NULL},
        {"ALLOWED_ORIGINS", "null", NULL},
    };
    check_all(cases);
}

static void test_the_longest_value(void **state)
{
    struct world *world = *state;
    char text[VALUE_CEILING + 2];
    memset(text, 'x', sizeof text);
    text[VALUE_CEILING] = '\0';
    setenv("S3_BUCKET", text, 1);
    assert_int_equal(load(world), RESULT_OK);
    assert_string_equal(world->config.s3_bucket, text);
    text[VALUE_CEILING] = 'x';
    text[VALUE_CEILING + 1] = '\0';
    setenv("S3_BUCKET", text, 1);
    assert_int_equal(load(world), RESULT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_durations),
        world_test(test_duration_lists),
        world_test(test_counts),
        world_test(test_flags_and_choices),
        world_test(test_choices_are_their_place),
        world_test(test_addresses),
        world_test(test_origins),
        world_test(test_paths),
        world_test(test_path_that_ends_above),
        world_test(test_secrets),
        world_test(test_the_longest_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
