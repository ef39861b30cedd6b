/*
 * A request as the server hands it on: query and body, each a form, the body in pieces and perhaps
 * not of the length that was said.
 */
#include <string.h>

#include "fake_io.h"
#include "fuzz.h"
#include "http/wait.h"

static void check_form(const struct form *form, size_t len)
{
    size_t total = 0;
    for (size_t i = 0; i < form->count; i++) {
        total += form->pairs[i].name_len + form->pairs[i].value_len;
    }
    REQUIRE(form->count <= len && total <= len);
}

static void check_begun(const struct request *request, enum result begun)
{
    size_t path = strcspn(request->target, "?");
    size_t taken = strlen(request->path);
    REQUIRE(taken == 0 || (taken == path && memcmp(request->path, request->target, path) == 0));
    check_form(&request->query, strlen(request->target));
    if (strlen(request->target) > REQUEST_TARGET_MAX) {
        REQUIRE(begun == RESULT_TOO_BIG);
    }
}

static void check_body(struct request *request, const struct fake_request *fake, const char *said)
{
    enum result result = request_read_form(request);
    REQUIRE(request->body.len <= REQUEST_BODY_MAX && request->body.len <= fake->body_len);
    if (result == RESULT_OK) {
        int64_t promised = -1;
        REQUIRE(text_int(said, 0, REQUEST_BODY_MAX, &promised));
        REQUIRE((int64_t)request->body.len == promised);
        REQUIRE(memcmp(buf_str(&request->body), fake->body, request->body.len) == 0);
        check_form(&request->form, request->body.len);
    } else {
        REQUIRE(request->form.count == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct request request;
    fuzz_begin(&fuzz, data, size);
    unsigned pieces = fuzz_byte(&fuzz);
    struct fake_request fake = {
        .params = {{"REQUEST_METHOD", fuzz_line_or_null(&fuzz)},
                   {"REQUEST_URI", fuzz_line_or_null(&fuzz)},
                   {"CONTENT_TYPE", fuzz_line_or_null(&fuzz)},
                   {"CONTENT_LENGTH", fuzz_line_or_null(&fuzz)},
                   {"HTTP_PREFER", fuzz_line_or_null(&fuzz)},
                   {"SERVER_PROTOCOL", fuzz_line_or_null(&fuzz)}},
        .read_most = pieces & 0x3f,
        .breaks = (pieces & 0x40) != 0,
    };
    fake.body = fuzz_rest_bytes(&fuzz, &fake.body_len);
    const struct request_io io = fake_request_io(&fake);
    check_begun(&request, request_begin(&request, &io));
    int64_t wait = wait_preferred(&request);
    REQUIRE(wait >= 0 && wait <= WAIT_MAX_MS);
    check_body(&request, &fake, fake.params[3].value);
    request_free(&request);
    fuzz_end(&fuzz);
    return 0;
}
