/* What speech servers answer, in any form, in pieces of any size: times in the piece and in order,
 * texts that are UTF-8, nobody visited for what is no answer, and a whole text never lost. The
 * first byte is the Content-Type, the second the size of the pieces. */
#include <math.h>
#include <string.h>

#include "clients/json.h"
#include "fuzz.h"
#include "speech/heard.h"
#include "speech/talk.h"

enum { PIECE_MS = 60000 };

struct said {
    struct talk talk;
    size_t seen;
    int64_t last_ms;
};

static void hear(void *context, int64_t start_ms, int64_t end_ms, int voice, const char *text)
{
    struct said *said = context;
    struct buf json;
    said->seen++;
    REQUIRE(voice >= 0 && voice <= SEGMENTS_VOICES_MAX);
    REQUIRE(start_ms >= said->last_ms && end_ms >= start_ms && end_ms <= PIECE_MS);
    said->last_ms = start_ms;
    buf_init(&json, 1 << 24);
    json_print_text(text, &json);
    REQUIRE(strcmp(buf_str(&json), "null") != 0); /* it is UTF-8 */
    buf_free(&json);
    enum result result = talk_add(&said->talk, TALK_CALL, start_ms, end_ms, text);
    REQUIRE(result == RESULT_OK || result == RESULT_TOO_BIG);
    (void)talk_is_silence_phrase(text);
}

static enum result eat(const char *type, const char *text, size_t len, size_t step,
                       struct said *said)
{
    struct heard heard;
    heard_begin(&heard);
    for (size_t at = 0; at < len; at += step) {
        if (!heard_eat(&heard, type, text + at, len - at < step ? len - at : step)) {
            break;
        }
    }
    enum result result = heard_end(&heard, PIECE_MS, hear, said);
    heard_free(&heard);
    return result;
}

/* Strict JSON with a text is a transcription, whatever else is in it. */
static void check_text_is_kept(const char *text, size_t len, const struct said *said,
                               enum result result)
{
    struct json *json = NULL;
    if (json_parse(text, len, &json) == RESULT_OK && json_text_at(json, "text") != NULL) {
        REQUIRE(result == RESULT_OK);
        REQUIRE(json_text_at(json, "text")[0] == '\0' || said->seen > 0);
    }
    json_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const TYPES[] = {"application/json", "text/plain", "text/event-stream",
                                        NULL};
    struct fuzz fuzz;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    unsigned which = fuzz_byte(&fuzz) % 4;
    size_t step = fuzz_byte(&fuzz) % 32 + 1;
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    struct said said = {.seen = 0}, whole = {.seen = 0};
    enum result result = eat(TYPES[which], text, len, step, &said);
    REQUIRE(result == RESULT_OK || (result == RESULT_INVALID && said.seen == 0));
    REQUIRE(eat(TYPES[which], text, len, len + 1, &whole) == result);
    REQUIRE(whole.seen == said.seen && whole.talk.bytes == said.talk.bytes);
    if (which == 0) {
        check_text_is_kept(text, len, &said, result);
    }
    talk_free(&said.talk);
    talk_free(&whole.talk);
    fuzz_end(&fuzz);
    return 0;
}
