/*
 * Whole requests, from the gate to the last byte of the answer. The first byte says who asks: 0
 * nobody, 1 a bearer token, 2 the same as a cookie, 3 the provider, whose signature holds; and with
 * bit 2, whether the web server carries the bytes. Then method, target, headers, and behind an
 * empty line the body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_io.h"
#include "fuzz.h"
#include "routes.h"
#include "world.h"

enum who { NOBODY, BEARER, COOKIE, PROVIDER };

enum { HEADERS_MAX = 7, CREDENTIAL_MAX = 512 };

static struct fuzz_world world;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_world_make(&world, "unix:///nonexistent/redis.sock");
    return 0;
}

/* ---- the request ---- */

struct question {
    enum who who;
    struct fake_request fake;
    size_t params;
    char credential[CREDENTIAL_MAX];
    char length[24];
};

static void with(struct question *q, const char *name, const char *value)
{
    REQUIRE(q->params < FAKE_PARAMS_MAX);
    q->fake.params[q->params++] = (struct fake_param){name, value};
}

/* "NAME=value", as CGI has it. */
static void read_headers(struct fuzz *fuzz, struct question *q)
{
    for (int i = 0; i < HEADERS_MAX; i++) {
        const char *line = fuzz_line(fuzz);
        char *equals = strchr(line, '=');
        if (line[0] == '\0') {
            return;
        }
        if (equals != NULL) {
            *equals = '\0';
            with(q, line, equals + 1);
        }
    }
}

static void sign_in(struct question *q, const char *name, const char *prefix)
{
    int n = snprintf(q->credential, sizeof q->credential, "%s%s", prefix, buf_str(&world.token));
    REQUIRE(n > 0 && (size_t)n < sizeof q->credential);
    with(q, name, q->credential);
}

static void sign(struct question *q, const char *target)
{
    struct form form;
    bool good = form_parse(&form, q->fake.body, q->fake.body_len) == RESULT_OK;
    bool whole = strstr(target, "bodySHA256=") != NULL;
    fuzz_world_sign(WORLD_BASE, target, good && !whole ? &form : NULL, q->credential);
    (void)snprintf(q->length, sizeof q->length, "%zu", q->fake.body_len);
    with(q, "HTTP_X_TWILIO_SIGNATURE", q->credential);
    with(q, "CONTENT_LENGTH", q->length);
    form_free(&form);
}

static void read_question(struct fuzz *fuzz, struct question *q)
{
    unsigned flags = fuzz_byte(fuzz);
    q->who = (enum who)(flags & 3);
    world.config.sendfile = (flags & 4) != 0 ? SENDFILE_X_SENDFILE : SENDFILE_OFF;
    with(q, "REQUEST_METHOD", fuzz_line_or_null(fuzz));
    with(q, "REQUEST_URI", fuzz_line_or_null(fuzz));
    read_headers(fuzz, q);
    q->fake.body = fuzz_rest_bytes(fuzz, &q->fake.body_len);
    if (q->who == BEARER) {
        sign_in(q, "HTTP_AUTHORIZATION", "Bearer ");
    }
    if (q->who == COOKIE) {
        sign_in(q, "HTTP_COOKIE", "session=");
    }
    if (q->who == PROVIDER) {
        sign(q, q->fake.params[1].value != NULL ? q->fake.params[1].value : "");
    }
}

/* ---- the answer ---- */

static bool is_status(int status)
{
    static const int STATUSES[] = {200, 202, 204, 206, 304, 400, 401, 403, 404,
                                   405, 409, 410, 412, 413, 416, 422, 429, 503};
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (STATUSES[i] == status) {
            return true;
        }
    }
    return false;
}

/* Name, colon, blank, value without controls; CRLF. Gives where the body begins. */
static const char *check_head(const char *head)
{
    static const char NAME[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    REQUIRE(strncmp(head, "Status: ", 8) == 0);
    while (strncmp(head, "\r\n", 2) != 0) {
        size_t name = strspn(head, NAME);
        REQUIRE(name > 0 && strncmp(head + name, ": ", 2) == 0);
        for (head += name; *head != '\r'; head++) {
            REQUIRE((unsigned char)*head >= ' ' && *head != 0x7f);
        }
        REQUIRE(head[1] == '\n');
        head += 2;
    }
    return head + 2;
}

static int64_t length_said(const char *head)
{
    static const char NAME[] = "\r\nContent-Length: ";
    int64_t length = -1;
    const char *at = strstr(head, NAME);
    if (at != NULL) {
        at += sizeof NAME - 1;
        REQUIRE(text_int_n(at, strspn(at, "0123456789"), 0, INT64_MAX, &length));
    }
    return length;
}

static void check_secrets(const struct buf *sent, bool has_path)
{
    REQUIRE(memmem(sent->data, sent->len, WORLD_SECRET, sizeof WORLD_SECRET - 1) == NULL);
    REQUIRE(memmem(sent->data, sent->len, WORLD_AUTH_TOKEN, sizeof WORLD_AUTH_TOKEN - 1) == NULL);
    const char *dir = world.config.recordings_dir;
    REQUIRE(has_path || memmem(sent->data, sent->len, dir, strlen(dir)) == NULL);
}

static void check_sent(const struct response *response, const struct buf *sent, bool head_only)
{
    const char *body = check_head(buf_str(sent));
    size_t len = sent->len - (size_t)(body - sent->data);
    int64_t said = length_said(buf_str(sent));
    REQUIRE(said < 0 || head_only || (int64_t)len == said);
    REQUIRE((said >= 0 && !head_only) || len == 0);
    check_secrets(sent, strstr(buf_str(&response->special), "X-Sendfile: ") != NULL);
}

static void check_json(const struct response *response)
{
    struct json *json;
    const struct buf *body = &response->body;
    if (body->len == 0) {
        return;
    }
    REQUIRE(json_parse(buf_str(body), body->len, &json) == RESULT_OK);
    REQUIRE(response->status < 400 || json_text_at(json, "error") != NULL ||
            json_has(json, "ready"));
    json_free(json);
}

/* Who has not signed in gets nothing from the API. */
static void check_stranger(const struct question *q, const struct request *request, int status)
{
    bool asks = request->method != METHOD_OPTIONS && request->method != METHOD_DELETE;
    if (q->who == NOBODY && asks && strncmp(request->path, "/api/", 5) == 0) {
        REQUIRE(status >= 400);
    }
    if (q->who != PROVIDER && asks && strncmp(request->path, "/webhook/", 9) == 0) {
        REQUIRE(status >= 400 && status < 500);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct question q = {.params = 0};
    struct request request;
    struct response response;
    struct fake_client client;
    fuzz_begin(&fuzz, data, size);
    read_question(&fuzz, &q);
    const struct request_io in = fake_request_io(&q.fake);
    const struct response_io out = fake_response_io(&client);
    fake_client_init(&client);
    response_begin(&response);
    enum result begun = request_begin(&request, &in);
    routes_answer(&world.app, &request, begun, &response);
    REQUIRE(is_status(response.status));
    check_stranger(&q, &request, response.status);
    check_json(&response);
    response_send(&response, &out, request.method == METHOD_HEAD);
    check_sent(&response, &client.sent, request.method == METHOD_HEAD);
    buf_free(&client.sent);
    response_free(&response);
    request_free(&request);
    fuzz_end(&fuzz);
    return 0;
}
