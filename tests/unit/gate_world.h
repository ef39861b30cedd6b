/*
 * The gate, in front of handlers that find neither PostgreSQL nor Redis: what passes it ends in
 * 503.
 */
#ifndef TAPEDECK_TESTS_GATE_WORLD_H
#define TAPEDECK_TESTS_GATE_WORLD_H

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "clients/jwt.h"
#include "fake_io.h"
#include "routes.h"
#include "scratch.h"

#define SID "CA0123456789abcdef0123456789abcdef"
#define BASE "https://crm.example"
#define FRIEND "https://friend.example"
#define SECRET "an example secret of 40 bytes, for tests"

enum { GOOD_FOR_S = 600, COOKIE_SIZE = 1024 };

struct world {
    char dir[SCRATCH_SIZE];
    struct config config;
    struct credentials *credentials;
    struct app app;
    struct buf token; /* of business 7 */
    struct fake_request fake;
    struct request request;
    struct response response;
    bool answered;
};

static inline bool make_token(int64_t business, int64_t expires, const char *secret,
                              struct buf *out)
{
    const struct jwt_claims claims = {business, expires, "tester"};
    buf_init(out, JWT_MAX);
    return jwt_sign(&claims, secret, out) == RESULT_OK;
}

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL || !scratch_make(world->dir) || !scratch_folder(world->dir, "7")) {
        return -1;
    }
    world->config = (struct config){
        .recordings_dir = world->dir,
        .public_base_url = BASE,
        .login_url = "",
        .allowed_origins = "https://a.example," FRIEND,
        .jwt_secret = SECRET,
        .jwt_secret_previous = "",
        .media_secret = SECRET,
        .media_secret_previous = "",
        .metrics_token = "",
        .accel_prefix = "/_recordings",
        .twilio_account_sid = "",
        .twilio_auth_token = "the auth token",
        .twilio_auth_token_previous = "",
        .twilio_api_key = "",
        .twilio_api_secret = "",
        .twilio_accounts_file = "",
        .twilio_api_base = "https://api.twilio.com",
        .slots_per_business = 3,
        .responders = 8,
        .signin_failures = 1000,
    };
    char error[CONFIG_ERROR_SIZE];
    if (credentials_load(&world->config, &world->credentials, error) != RESULT_OK) {
        return -1;
    }
    world->app = (struct app){.config = &world->config,
                              .credentials = world->credentials,
                              .pg = pg_new("postgresql:///none?host=/nonexistent", 1000),
                              .redis = redis_new("unix:///nonexistent/redis.sock", 1000),
                              .tokens = jwt_verifier_new(SECRET, "")};
    return make_token(7, clock_wall() + GOOD_FOR_S, SECRET, &world->token) ? 0 : -1;
}

static inline void forget(struct world *world)
{
    if (world->answered) {
        response_free(&world->response);
        request_free(&world->request);
    }
    world->answered = false;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    forget(world);
    bool removed = scratch_remove(world->dir);
    buf_free(&world->token);
    pg_free(world->app.pg);
    redis_free(world->app.redis);
    jwt_verifier_free(world->app.tokens);
    credentials_free(world->credentials);
    free(world);
    return removed ? 0 : -1;
}

static inline void ask(struct world *world, const char *method, const char *target)
{
    forget(world);
    world->fake =
        (struct fake_request){.params = {{"REQUEST_METHOD", method}, {"REQUEST_URI", target}}};
}

static inline void with(struct world *world, const char *name, const char *value)
{
    size_t i = 0;
    while (world->fake.params[i].name != NULL) {
        i++;
    }
    assert_true(i + 1 < FAKE_PARAMS_MAX);
    world->fake.params[i] = (struct fake_param){name, value};
}

static inline int answer(struct world *world)
{
    struct request_io io = fake_request_io(&world->fake);
    response_begin(&world->response);
    enum result begun = request_begin(&world->request, &io);
    routes_answer(&world->app, &world->request, begun, &world->response);
    world->answered = true;
    return world->response.status;
}

/* The answer's `error`, or "". */
static inline bool error_is(const struct world *world, const char *code)
{
    struct json *json = NULL;
    const struct buf *body = &world->response.body;
    if (json_parse(buf_str(body), body->len, &json) != RESULT_OK) {
        return code[0] == '\0';
    }
    const char *error = json_text_at(json, "error");
    bool same = strcmp(error != NULL ? error : "", code) == 0;
    if (!same) {
        print_error("error is %s\n", error != NULL ? error : "none");
    }
    json_free(json);
    return same;
}

/* A header among those of this answer, or among those that every answer has. */
static inline bool has_header(const struct buf *headers, const char *line)
{
    const char *at = strstr(buf_str(headers), line);
    return at != NULL && (at == buf_str(headers) || at[-1] == '\n') &&
           strncmp(at + strlen(line), "\r\n", 2) == 0;
}

struct gate_case {
    const char *method, *target;
    int status;
    const char *error;
};

static inline void bearer(struct world *world, char *out)
{
    int n = snprintf(out, COOKIE_SIZE, "Bearer %s", buf_str(&world->token));
    assert_true(n > 0 && n < COOKIE_SIZE);
    with(world, "HTTP_AUTHORIZATION", out);
}

static inline void check_gate(struct world *world, bool signed_in, const struct gate_case *cases,
                              size_t count)
{
    char header[COOKIE_SIZE];
    for (size_t i = 0; i < count; i++) {
        ask(world, cases[i].method, cases[i].target);
        if (signed_in) {
            bearer(world, header);
        }
        int status = answer(world);
        if (status != cases[i].status) {
            print_error("%s %s: %d\n", cases[i].method, cases[i].target, status);
        }
        assert_int_equal(status, cases[i].status);
        assert_true(error_is(world, cases[i].error));
    }
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

#endif
