/* Cookie and bearer: only the one token that was signed lets anybody in, as whom it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_io.h"
#include "fuzz.h"
#include "http/auth.h"
#include "world.h"

enum { EXPANDED_MAX = 64 * 1024 };

static struct fuzz_world world;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_world_make(&world, "unix:///nonexistent/redis.sock");
    return 0;
}

/* A `$` stands for the good token; NULL stays NULL. */
static const char *expand(const char *text, struct buf *out)
{
    buf_init(out, EXPANDED_MAX);
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c == '$') {
            buf_text(out, buf_str(&world.token));
        } else {
            buf_add(out, c, 1);
        }
    }
    REQUIRE(buf_ok(out));
    return text != NULL ? buf_str(out) : NULL;
}

static bool is_bearer(const char *header)
{
    return header != NULL && strlen(header) >= 7 &&
           text_same("bearer ", (char[8]){header[0], header[1], header[2], header[3], header[4],
                                          header[5], header[6], '\0'});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct buf bearer, cookie;
    struct request request;
    char token[COOKIE_VALUE_SIZE] = "";
    if (size > 64) {
        return 0; /* a dollar may grow a hundredfold */
    }
    fuzz_begin(&fuzz, data, size);
    struct fake_request fake = {
        .params = {{"REQUEST_METHOD", "GET"},
                   {"REQUEST_URI", "/"},
                   {"HTTP_AUTHORIZATION", expand(fuzz_line_or_null(&fuzz), &bearer)},
                   {"HTTP_COOKIE", expand(fuzz_line_or_null(&fuzz), &cookie)},
                   {"HTTP_ORIGIN", fuzz_line_or_null(&fuzz)}}};
    const struct request_io io = fake_request_io(&fake);
    REQUIRE(request_begin(&request, &io) == RESULT_OK);
    enum result result = auth_session(&world.app, &request, token);
    REQUIRE(strlen(token) < sizeof token);
    if (result == RESULT_OK) {
        REQUIRE(request.caller.business_id == WORLD_BUSINESS);
        REQUIRE(strcmp(token, buf_str(&world.token)) == 0);
        REQUIRE(request.caller.by_cookie == !is_bearer(fake.params[2].value));
    } else {
        REQUIRE(result == RESULT_DENIED && request.caller.business_id == 0);
    }
    (void)auth_origin_may_change(&world.app, &request);
    request_free(&request);
    buf_free(&bearer);
    buf_free(&cookie);
    fuzz_end(&fuzz);
    return 0;
}
