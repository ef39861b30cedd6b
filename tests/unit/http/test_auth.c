#include "clients/crypto.h"
#include "gate_world.h"

#define FORM "application/x-www-form-urlencoded"

/* ---- sessions ---- */

static int ask_with_bearer(struct world *world, const char *token)
{
    char header[COOKIE_SIZE];
    (void)snprintf(header, sizeof header, "Bearer %s", token);
    ask(world, "GET", "/api/calls");
    with(world, "HTTP_AUTHORIZATION", header);
    return answer(world);
}

static void test_tokens(void **state)
{
    struct world *world = *state;
    static const struct {
        int64_t business, good_for;
        const char *secret;
        int status;
    } cases[] = {
        {7, GOOD_FOR_S, SECRET, 503},  {7, -1, SECRET, 401},
        {7, 0, SECRET, 401},           {0, GOOD_FOR_S, SECRET, 401},
        {-7, GOOD_FOR_S, SECRET, 401}, {7, GOOD_FOR_S, SECRET "x", 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf token;
        assert_true(make_token(cases[i].business, clock_wall() + cases[i].good_for, cases[i].secret,
                               &token));
        assert_int_equal(ask_with_bearer(world, buf_str(&token)), cases[i].status);
        buf_free(&token);
    }
    assert_int_equal(ask_with_bearer(world, ""), 401);
    assert_int_equal(ask_with_bearer(world, "x.y.z"), 401);
}

static void test_authorization_headers(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *before, *after;
        int status;
    } cases[] = {
        {"Bearer ", "", 503},   {"bearer ", "", 503},     {"BEARER   ", "", 503},
        {"Bearer", "", 401},    {"Basic ", "", 401},      {"", "", 401},
        {"Bearer ", " x", 401}, {"Bearer \"", "\"", 401}, {"Token ", "", 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[COOKIE_SIZE];
        (void)snprintf(header, sizeof header, "%s%s%s", cases[i].before, buf_str(&world->token),
                       cases[i].after);
        ask(world, "GET", "/api/calls");
        with(world, "HTTP_AUTHORIZATION", header);
        assert_int_equal(answer(world), cases[i].status);
    }
}

static void test_cookies(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *before, *after;
        int status;
    } cases[] = {
        {"session=", "", 503},
        {"a=1; session=", "; b=2", 503},
        {"a=1;session=", ";b=2", 503},
        {"session=", ";", 503},
        {"xsession=", "", 401},
        {"Session=", "", 401},
        {"session=x; session=", "", 401}, /* the first one counts */
        {"session=; session=", "", 401},
        {"sessions=", "", 401},
        {"session =", "", 401},
        {"", "", 401},
        {"a=session=", "", 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[COOKIE_SIZE];
        (void)snprintf(header, sizeof header, "%s%s%s", cases[i].before, buf_str(&world->token),
                       cases[i].after);
        ask(world, "GET", "/api/calls");
        with(world, "HTTP_COOKIE", header);
        int status = answer(world);
        if (status != cases[i].status) {
            print_error("case %zu\n", i);
        }
        assert_int_equal(status, cases[i].status);
    }
}

static void test_long_tokens(void **state)
{
    struct world *world = *state;
    static const char *const headers[][2] = {{"HTTP_COOKIE", "session="},
                                             {"HTTP_AUTHORIZATION", "Bearer "}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t len = JWT_MAX - 2; len < JWT_MAX + 10; len++) {
            struct buf header;
            buf_init(&header, 2 * JWT_MAX);
            buf_text(&header, headers[i][1]);
            for (size_t n = 0; n < len; n++) {
                buf_text(&header, "x");
            }
            ask(world, "GET", "/api/calls");
            with(world, headers[i][0], buf_str(&header));
            assert_int_equal(answer(world), 401);
            buf_free(&header);
        }
    }
}

/* Another site may not ride on a person's cookie. */
static void test_changes_by_cookie_need_an_origin(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *origin; /* NULL: none */
        int status;
    } cases[] = {
        {BASE, 503},
        {"HTTPS://CRM.EXAMPLE", 503},
        {FRIEND, 503},
        {"https://a.example", 503},
        {NULL, 403},
        {"", 403},
        {"null", 403},
        {"https://evil.example", 403},
        {"http://crm.example", 403},
        {"https://crm.example:8443", 403},
        {"https://crm.example.evil", 403},
        {"https://crm.example/", 403},
        {"https://crm.exampl", 403},
        {"crm.example", 403},
        {"https://a.example, " FRIEND, 403},
        {"https://a.example,", 403},
        {"https://friend.exampl", 403},
    };
    char cookie[COOKIE_SIZE], header[COOKIE_SIZE];
    (void)snprintf(cookie, sizeof cookie, "session=%s", buf_str(&world->token));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(world, "POST", "/api/recordings/" SID "/prepare");
        with(world, "HTTP_COOKIE", cookie);
        if (cases[i].origin != NULL) {
            with(world, "HTTP_ORIGIN", cases[i].origin);
        }
        int status = answer(world);
        if (status != cases[i].status) {
            print_error("origin %s: %d\n", cases[i].origin, status);
        }
        assert_int_equal(status, cases[i].status);
        assert_true(error_is(world, status == 403 ? "origin_not_allowed" : "unavailable"));
    }
    ask(world, "POST", "/api/recordings/" SID "/prepare"); /* a bearer token is no cookie */
    with(world, "HTTP_COOKIE", cookie);
    bearer(world, header);
    assert_int_equal(answer(world), 503);
    ask(world, "GET", "/api/calls"); /* and reading changes nothing */
    with(world, "HTTP_COOKIE", cookie);
    with(world, "HTTP_ORIGIN", "https://evil.example");
    assert_int_equal(answer(world), 503);
}

static void test_session_cookie(void **state)
{
    struct world *world = *state;
    char header[COOKIE_SIZE], expected[COOKIE_SIZE + 64];
    ask(world, "POST", "/api/session");
    bearer(world, header);
    assert_int_equal(answer(world), 200);
    (void)snprintf(expected, sizeof expected,
                   "Set-Cookie: session=%s; Path=/; Max-Age=", buf_str(&world->token));
    const char *special = buf_str(&world->response.special);
    assert_non_null(strstr(special, expected));
    assert_non_null(strstr(special, "; HttpOnly; SameSite=Lax; Secure\r\n"));
    world->config.public_base_url = "http://127.0.0.1:8080";
    ask(world, "POST", "/api/session");
    bearer(world, header);
    assert_int_equal(answer(world), 200);
    assert_null(strstr(buf_str(&world->response.special), "Secure"));
}

static void test_session_end(void **state)
{
    struct world *world = *state;
    ask(world, "DELETE", "/api/session");
    assert_int_equal(answer(world), 200);
    assert_non_null(
        strstr(buf_str(&world->response.special), "Set-Cookie: session=; Path=/; Max-Age=0;"));
    ask(world, "DELETE", "/api/session");
    with(world, "HTTP_COOKIE", "session=x");
    assert_int_equal(answer(world), 403);
    ask(world, "DELETE", "/api/session");
    with(world, "HTTP_COOKIE", "session=x");
    with(world, "HTTP_ORIGIN", BASE);
    assert_int_equal(answer(world), 200);
}

/* ---- Twilio ---- */

#define CALL_FORM "AccountSid=AC0123456789abcdef0123456789abcdef&CallSid=" SID "&CallStatus=ringing"

/* The signature over `url` and the parameters of CALL_FORM, by name. */
static void sign(const char *url, char *out)
{
    unsigned char digest[CRYPTO_SHA1_SIZE];
    struct buf text;
    buf_init(&text, 4096);
    buf_format(&text, "%sAccountSidAC0123456789abcdef0123456789abcdefCallSid%sCallStatusringing",
               url, SID);
    assert_true(crypto_hmac_sha1("the auth token", text.data, text.len, digest));
    crypto_base64(digest, sizeof digest, out);
    buf_free(&text);
}

static void callback(struct world *world, const char *target, const char *signature,
                     const char *type)
{
    char length[16];
    ask(world, "POST", target);
    world->fake.body = CALL_FORM;
    world->fake.body_len = strlen(CALL_FORM);
    (void)snprintf(length, sizeof length, "%zu", strlen(CALL_FORM));
    with(world, "CONTENT_TYPE", type);
    with(world, "CONTENT_LENGTH", length);
    if (signature != NULL) {
        with(world, "HTTP_X_TWILIO_SIGNATURE", signature);
    }
    (void)answer(world);
}

static void test_signed_callbacks(void **state)
{
    struct world *world = *state;
    char signature[CRYPTO_SHA1_BASE64];
    static const struct {
        const char *signed_url, *target;
        int status;
    } cases[] = {
        {BASE "/webhook/call_status", "/webhook/call_status", 503}, /* there is no PostgreSQL */
        {BASE "/webhook/call_status?business_id=7", "/webhook/call_status?business_id=7", 503},
        {BASE "/webhook/call_status", "/webhook/call_status?business_id=7", 403},
        {BASE "/webhook/call_status?business_id=7", "/webhook/call_status?business_id=8", 403},
        {BASE "/webhook/call_status", "/webhook/recording_status", 403},
        {"https://evil.example/webhook/call_status", "/webhook/call_status", 403},
        {"http://crm.example/webhook/call_status", "/webhook/call_status", 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sign(cases[i].signed_url, signature);
        callback(world, cases[i].target, signature, FORM);
        assert_int_equal(world->response.status, cases[i].status);
        assert_true(error_is(world, cases[i].status == 403 ? "forbidden" : "unavailable"));
    }
}

static void test_unsigned_callbacks(void **state)
{
    struct world *world = *state;
    char signature[CRYPTO_SHA1_BASE64];
    sign(BASE "/webhook/call_status", signature);
    callback(world, "/webhook/call_status", NULL, FORM);
    assert_int_equal(world->response.status, 403);
    callback(world, "/webhook/call_status", "", FORM);
    assert_int_equal(world->response.status, 403);
    callback(world, "/webhook/call_status", signature, "application/json");
    assert_int_equal(world->response.status, 400);
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    callback(world, "/webhook/call_status", signature, FORM);
    assert_int_equal(world->response.status, 403);
    world->config.twilio_auth_token = ""; /* whoever has no token trusts nobody */
    sign(BASE "/webhook/call_status", signature);
    callback(world, "/webhook/call_status", signature, FORM);
    assert_int_equal(world->response.status, 403);
}

static void test_a_session_is_no_signature(void **state)
{
    struct world *world = *state;
    char header[COOKIE_SIZE];
    ask(world, "POST", "/webhook/call_status");
    with(world, "CONTENT_TYPE", FORM);
    with(world, "CONTENT_LENGTH", "0");
    bearer(world, header);
    assert_int_equal(answer(world), 403);
}

static void test_large_callbacks(void **state)
{
    struct world *world = *state;
    ask(world, "POST", "/webhook/call_status");
    with(world, "CONTENT_TYPE", FORM);
    with(world, "CONTENT_LENGTH", "65537");
    assert_int_equal(answer(world), 413);
    assert_true(error_is(world, "too_large"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_tokens),
        world_test(test_authorization_headers),
        world_test(test_cookies),
        world_test(test_long_tokens),
        world_test(test_changes_by_cookie_need_an_origin),
        world_test(test_session_cookie),
        world_test(test_session_end),
        world_test(test_signed_callbacks),
        world_test(test_unsigned_callbacks),
        world_test(test_a_session_is_no_signature),
        world_test(test_large_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
