/* JSON that is repaired: it is JSON, it is the same however it came, what was JSON is left as it
 * was, and repairing it once more changes nothing. The first byte is the size of the pieces. */
#include <string.h>

#include "clients/json.h"
#include "fuzz.h"
#include "speech/json_repair.h"

static enum json_repair_state repair(const char *text, size_t len, size_t step, struct buf *out)
{
    struct json_repair r;
    json_repair_begin(&r, NULL, out);
    for (size_t at = 0; at < len; at += step) {
        (void)json_repair_feed(&r, text + at, len - at < step ? len - at : step);
    }
    return json_repair_end(&r);
}

/* A good document is as good afterwards, and has its keys and texts. */
static void check_good(const char *text, size_t len, const struct json *mended)
{
    struct json *given = NULL;
    if (json_parse(text, len, &given) == RESULT_OK) {
        REQUIRE(mended != NULL);
        const char *said = json_text_at(given, "text");
        REQUIRE(said == NULL || json_text_at(mended, "text") != NULL);
    }
    json_free(given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    size_t len;
    struct buf out, other;
    struct json *json = NULL;
    fuzz_begin(&fuzz, data, size);
    size_t step = fuzz_byte(&fuzz) % 32 + 1;
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    buf_init(&out, 16 * (len + 64));
    buf_init(&other, 16 * (len + 64));
    enum json_repair_state state = repair(text, len, step, &out);
    REQUIRE(state != JSON_REPAIR_MORE && repair(text, len, len + 1, &other) == state);
    if (state == JSON_REPAIR_WHOLE) {
        REQUIRE(strcmp(buf_str(&out), buf_str(&other)) == 0);
        REQUIRE(json_parse_repaired(buf_str(&out), out.len, &json) == RESULT_OK);
        buf_clear(&other);
        REQUIRE(repair(buf_str(&out), out.len, step, &other) == JSON_REPAIR_WHOLE);
        REQUIRE(strcmp(buf_str(&out), buf_str(&other)) == 0);
    }
    check_good(text, len, json);
    json_free(json);
    buf_free(&out);
    buf_free(&other);
    fuzz_end(&fuzz);
    return 0;
}
