#include "gate_world.h"
#include "storage/link.h"

/* ---- in this order: path, method, values, caller ---- */

static void test_paths_that_are_not(void **state)
{
    static const struct gate_case cases[] = {
        {"GET", "/", 404, "not_found"},
        {"GET", "", 404, "not_found"},
        {"GET", "healthz", 404, "not_found"},
        {"GET", "*", 404, "not_found"},
        {"GET", "/healthz/", 404, "not_found"},
        {"GET", "//healthz", 404, "not_found"},
        {"GET", "/HEALTHZ", 404, "not_found"},
        {"GET", "/healthz%20", 404, "not_found"},
        {"GET", "/%68ealthz", 404, "not_found"},
        {"GET", "/healthzz", 404, "not_found"},
        {"GET", "/health", 404, "not_found"},
        {"GET", "/healthz/x", 404, "not_found"},
        {"GET", "/x/../healthz", 404, "not_found"},
        {"GET", "/api", 404, "not_found"},
        {"GET", "/api/recordings/file", 404, "not_found"},
        {"GET", "/api/recordings/file/" SID "/x", 404, "not_found"},
        {"GET", "/api/recordings/" SID, 404, "not_found"},
        {"GET", "/api/recordings/" SID "/play", 404, "not_found"},
        {"GET", "/media/7", 404, "not_found"},
        {"GET", "/media/7/" SID ".wav/x", 404, "not_found"},
        /* path before method, before query, before caller */
        {"PUT", "/nothing", 404, "not_found"},
        {"OPTIONS", "/nothing", 404, "not_found"},
        {"GET", "/nothing?%", 404, "not_found"},
        {"POST", "/nothing?x=1", 404, "not_found"},
    };
    check_gate(*state, false, cases, sizeof cases / sizeof cases[0]);
    check_gate(*state, true, cases, sizeof cases / sizeof cases[0]);
}

static void test_methods_come_next(void **state)
{
    static const struct gate_case cases[] = {
        {"POST", "/healthz", 405, "method_not_allowed"},
        {"PUT", "/api/calls", 405, "method_not_allowed"},
        {"TRACE", "/api/calls", 405, "method_not_allowed"},
        {"get", "/api/calls", 405, "method_not_allowed"},
        {"", "/api/calls", 405, "method_not_allowed"},
        {"DELETE", "/api/recordings/file/" SID, 405, "method_not_allowed"},
        {"GET", "/api/recordings/" SID "/prepare", 405, "method_not_allowed"},
        {"HEAD", "/api/recordings/" SID "/prepare", 405, "method_not_allowed"},
        {"GET", "/webhook/recording_status", 405, "method_not_allowed"},
        {"GET", "/api/session", 405, "method_not_allowed"},
        /* method before values and caller */
        {"POST", "/api/calls?x=1", 405, "method_not_allowed"},
        {"POST", "/api/calls?%", 405, "method_not_allowed"},
        {"POST", "/api/recordings/file/CAx", 405, "method_not_allowed"},
        {"POST", "/media/x/y?exp=1", 405, "method_not_allowed"},
    };
    check_gate(*state, false, cases, sizeof cases / sizeof cases[0]);
    check_gate(*state, true, cases, sizeof cases / sizeof cases[0]);
}

static void test_values_come_next(void **state)
{
    static const struct gate_case cases[] = {
        {"GET", "/api/recordings/file/CAx", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/" SID "0", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/" SID ".wav", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/..", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fpass", 400,
         "bad_parameter"},
        {"GET", "/api/recordings/file/CF0123456789abcdef0123456789abcdef", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/ca0123456789abcdef0123456789abcdef", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/CA0123456789abcdef0123456789abcdeg", 400, "bad_parameter"},
        {"POST", "/api/recordings/CAx/prepare", 400, "bad_parameter"},
        {"GET", "/api/calls/CAx", 400, "bad_parameter"},
        {"GET", "/api/calls/CAx/download", 400, "bad_parameter"},
        {"GET", "/media/0/" SID ".wav", 400, "bad_parameter"},
        {"GET", "/media/-7/" SID ".wav", 400, "bad_parameter"},
        {"GET", "/media/x/" SID ".wav", 400, "bad_parameter"},
        {"GET", "/media//" SID ".wav", 400, "bad_parameter"},
        {"GET", "/media/9223372036854775808/" SID ".wav", 400, "bad_parameter"},
        {"GET", "/media/7/" SID, 400, "bad_parameter"},
        {"GET", "/media/7/" SID ".ogg", 400, "bad_parameter"},
        {"GET", "/media/7/" SID ".WAV", 400, "bad_parameter"},
        {"GET", "/media/7/" SID ".wavx", 400, "bad_parameter"},
        {"GET", "/media/7/" SID "xwav", 400, "bad_parameter"},
        {"GET", "/media/7/.wav", 400, "bad_parameter"},
        {"GET", "/api/calls?none=1", 400, "bad_parameter"},
        {"GET", "/api/calls?limit=1&limit=1", 400, "bad_parameter"},
        {"GET", "/api/calls?Limit=1", 400, "bad_parameter"},
        {"GET", "/api/calls?search=%", 400, "bad_parameter"},
        {"GET", "/api/calls?search=%00", 400, "bad_parameter"},
        {"GET", "/api/calls?=1", 400, "bad_parameter"},
        {"GET", "/api/calls?limit=0", 400, "bad_parameter"},
        {"GET", "/healthz?x", 400, "bad_parameter"},
        {"GET", "/api/recordings/file/" SID "?x=1", 400, "bad_parameter"},
        {"POST", "/api/session?token=x", 400, "bad_parameter"},
        {"POST", "/webhook/call_status?x=1", 400, "bad_parameter"},
        {"POST", "/webhook/call_status?business_id=1&business_id=2", 400, "bad_parameter"},
        {"GET", "/media/7/" SID ".wav?exp=1&sig=x&x=1", 400, "bad_parameter"},
    };
    check_gate(*state, false, cases, sizeof cases / sizeof cases[0]);
    check_gate(*state, true, cases, sizeof cases / sizeof cases[0]);
}

static void test_callers_come_last(void **state)
{
    static const struct gate_case cases[] = {
        {"GET", "/api/recordings/file/" SID, 401, "unauthorized"},
        {"HEAD", "/api/recordings/file/" SID, 401, "unauthorized"},
        {"POST", "/api/recordings/" SID "/prepare", 401, "unauthorized"},
        {"GET", "/api/recordings/" SID "/status", 401, "unauthorized"},
        {"GET", "/api/calls", 401, "unauthorized"},
        {"GET", "/api/calls/" SID, 401, "unauthorized"},
        {"GET", "/api/calls/" SID "/download", 401, "unauthorized"},
        {"POST", "/api/session", 401, "unauthorized"},
        {"GET", "/media/7/" SID ".wav", 403, "forbidden"},
        {"GET", "/media/7/" SID ".mp3?exp=1&sig=x", 403, "forbidden"},
        {"POST", "/webhook/recording_status", 400, "bad_parameter"}, /* no form */
        {"GET", "/healthz", 200, ""},
        {"HEAD", "/healthz", 200, ""},
        {"GET", "/healthz?", 200, ""},
        {"DELETE", "/api/session", 200, ""},
    };
    check_gate(*state, false, cases, sizeof cases / sizeof cases[0]);
}

static void test_who_passes_meets_the_handler(void **state)
{
    static const struct gate_case cases[] = {
        {"GET", "/api/recordings/file/" SID, 503, "unavailable"},
        {"HEAD", "/api/recordings/file/" SID, 503, "unavailable"},
        {"POST", "/api/recordings/" SID "/prepare", 503, "unavailable"},
        {"GET", "/api/recordings/" SID "/status", 503, "unavailable"},
        {"GET", "/api/calls", 503, "unavailable"},
        {"GET", "/api/calls?limit=100&direction=inbound&search=%D7%90", 503, "unavailable"},
        {"GET", "/api/calls/" SID, 503, "unavailable"},
        {"GET", "/api/calls/" SID "/download", 503, "unavailable"},
        {"GET", "/api/calls?limit=0", 400, "bad_parameter"},
        {"GET", "/api/calls?limit=101", 400, "bad_parameter"},
        {"GET", "/api/calls?limit=", 400, "bad_parameter"},
        {"GET", "/api/calls?has_recording=yes", 400, "bad_parameter"},
        {"GET", "/api/calls?direction=sideways", 400, "bad_parameter"},
        {"GET", "/api/calls?status=ended", 400, "bad_parameter"},
        {"POST", "/api/session", 200, ""},
        {"GET", "/readyz", 503, "unavailable"},
    };
    check_gate(*state, true, cases, sizeof cases / sizeof cases[0]);
}

static void test_unavailable_says_when_to_come_back(void **state)
{
    struct world *world = *state;
    char header[COOKIE_SIZE];
    ask(world, "GET", "/api/calls");
    bearer(world, header);
    assert_int_equal(answer(world), 503);
    assert_true(has_header(&world->response.special, "Retry-After: 5"));
}

/* ---- long ones ---- */

static void test_long_targets(void **state)
{
    struct world *world = *state;
    char *target = malloc(REQUEST_TARGET_MAX + 2);
    assert_non_null(target);
    memset(target, 'x', REQUEST_TARGET_MAX + 1);
    target[0] = '/';
    target[REQUEST_TARGET_MAX + 1] = '\0';
    ask(world, "GET", target);
    assert_int_equal(answer(world), 404); /* no such path */
    memcpy(target, "/api/calls?cursor=", 18);
    ask(world, "GET", target);
    assert_int_equal(answer(world), 413); /* such a path, but the query is too long */
    assert_true(error_is(world, "too_large"));
    target[REQUEST_TARGET_MAX] = '\0';
    ask(world, "GET", target);
    assert_int_equal(answer(world), 401);
    free(target);
}

/* ---- Allow and OPTIONS ---- */

static void test_allow(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *target, *allow;
    } cases[] = {
        {"/healthz", "Allow: GET, HEAD, OPTIONS"},
        {"/api/recordings/file/" SID, "Allow: GET, HEAD, OPTIONS"},
        {"/api/recordings/" SID "/prepare", "Allow: POST, OPTIONS"},
        {"/api/session", "Allow: POST, DELETE, OPTIONS"},
        {"/webhook/call_status", "Allow: POST, OPTIONS"},
        {"/recording_status_callback", "Allow: POST, OPTIONS"},
        {"/media/7/" SID ".wav", "Allow: GET, HEAD, OPTIONS"},
        {"/media/x/y", "Allow: GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(world, "PATCH", cases[i].target);
        assert_int_equal(answer(world), 405);
        assert_true(has_header(&world->response.special, cases[i].allow));
        ask(world, "OPTIONS", cases[i].target);
        assert_int_equal(answer(world), 204);
        assert_true(has_header(&world->response.special, cases[i].allow));
        assert_int_equal(world->response.body.len, 0);
    }
}

/* ---- play links ---- */

static void test_play_links(void **state)
{
    struct world *world = *state;
    char target[LINK_SIZE];
    struct link link = {7, SID, AUDIO_WAV, clock_wall() + GOOD_FOR_S};
    assert_int_equal(link_make(&world->config, &link, target), RESULT_OK);
    ask(world, "GET", target);
    assert_int_equal(answer(world), 503); /* signed, but no file, and PostgreSQL cannot say why */
    assert_true(error_is(world, "unavailable"));
    assert_true(scratch_file(world->dir, "7/" SID ".wav", "0123456789", 10));
    ask(world, "GET", target);
    assert_int_equal(answer(world), 200);
    assert_true(has_header(&world->response.special, "Content-Type: audio/wav"));
    target[strlen("/media/")] = '8'; /* another business */
    ask(world, "GET", target);
    assert_int_equal(answer(world), 403);
    link.expires = clock_wall();
    assert_int_equal(link_make(&world->config, &link, target), RESULT_OK);
    ask(world, "GET", target);
    assert_int_equal(answer(world), 403);
    assert_true(error_is(world, "forbidden"));
}

/* Never WAV bytes under an mp3's name. */
static void test_play_link_of_another_kind(void **state)
{
    struct world *world = *state;
    char target[LINK_SIZE];
    const struct link link = {7, SID, AUDIO_MP3, clock_wall() + GOOD_FOR_S};
    assert_int_equal(link_make(&world->config, &link, target), RESULT_OK);
    assert_true(scratch_file(world->dir, "7/" SID ".wav", "0123456789", 10));
    ask(world, "GET", target);
    assert_int_equal(answer(world), 404);
}

/* ---- headers of every answer ---- */

static void test_every_answer(void **state)
{
    struct world *world = *state;
    static const struct gate_case cases[] = {
        {"GET", "/healthz", 200, ""},   {"OPTIONS", "/healthz", 204, ""},
        {"GET", "/healthz?x", 400, ""}, {"GET", "/api/calls", 401, ""},
        {"GET", "/nothing", 404, ""},   {"PUT", "/healthz", 405, ""},
        {"GET", "/readyz", 503, ""},    {"GET", "/media/7/" SID ".wav", 403, ""},
    };
    static const char *const cors[] = {
        "Access-Control-Allow-Origin: " FRIEND, "Access-Control-Allow-Credentials: true",
        "Access-Control-Expose-Headers: Retry-After, Content-Range, Accept-Ranges, Content-Length, "
        "ETag, X-Request-Id, Content-Disposition"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(world, cases[i].method, cases[i].target);
        with(world, "HTTP_ORIGIN", FRIEND);
        assert_int_equal(answer(world), cases[i].status);
        assert_true(has_header(&world->response.head, "X-Content-Type-Options: nosniff"));
        assert_true(has_header(&world->response.head, "Vary: Origin"));
        for (size_t n = 0; n < sizeof cors / sizeof cors[0]; n++) {
            assert_true(has_header(&world->response.head, cors[n]));
        }
        bool preflight = strstr(buf_str(&world->response.head), "Allow-Methods") != NULL;
        assert_int_equal(preflight, strcmp(cases[i].method, "OPTIONS") == 0);
    }
}

static void test_preflight(void **state)
{
    struct world *world = *state;
    ask(world, "OPTIONS", "/api/recordings/" SID "/prepare");
    with(world, "HTTP_ORIGIN", FRIEND);
    with(world, "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "POST");
    assert_int_equal(answer(world), 204);
    const char *head = buf_str(&world->response.head);
    const char *methods = strstr(head, "Access-Control-Allow-Methods: ");
    const char *headers = strstr(head, "Access-Control-Allow-Headers: ");
    assert_non_null(methods);
    assert_non_null(strstr(methods, "POST"));
    assert_non_null(headers);
    assert_non_null(strstr(headers, "Authorization"));
    assert_non_null(strstr(headers, "Range"));
}

static void test_other_origins_get_no_cors(void **state)
{
    struct world *world = *state;
    static const char *const origins[] = {
        "https://evil.example", "null", "https://friend.example.evil", "https://friend.exampl", "*",
        "https://a.example, ",  BASE,   "https://FRIEND.example"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        ask(world, "OPTIONS", "/healthz");
        with(world, "HTTP_ORIGIN", origins[i]);
        assert_int_equal(answer(world), 204);
        assert_null(strstr(buf_str(&world->response.head), "Access-Control"));
        assert_true(has_header(&world->response.head, "Vary: Origin"));
    }
    world->config.allowed_origins = "";
    ask(world, "GET", "/healthz");
    with(world, "HTTP_ORIGIN", FRIEND);
    assert_int_equal(answer(world), 200);
    assert_null(strstr(buf_str(&world->response.head), "Access-Control"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_paths_that_are_not),
        world_test(test_methods_come_next),
        world_test(test_values_come_next),
        world_test(test_callers_come_last),
        world_test(test_who_passes_meets_the_handler),
        world_test(test_unavailable_says_when_to_come_back),
        world_test(test_long_targets),
        world_test(test_allow),
        world_test(test_play_links),
        world_test(test_play_link_of_another_kind),
        world_test(test_every_answer),
        world_test(test_preflight),
        world_test(test_other_origins_get_no_cors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
