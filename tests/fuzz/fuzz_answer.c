/* What speech and chat servers answer: times in order and bounded, texts that are texts; and nobody
 * visited for what is no answer. The first byte says which of them. */
#include <string.h>

#include "fuzz.h"
#include "speech/answer.h"
#include "speech/summary.h"
#include "speech/talk.h"

enum { WEEK_MS = 7 * 86400 * 1000 };

struct heard {
    struct talk talk;
    size_t seen;
};

static void hear(void *context, int64_t start_ms, int64_t end_ms, const char *text)
{
    struct heard *heard = context;
    heard->seen++;
    REQUIRE(start_ms >= 0 && start_ms <= WEEK_MS && text != NULL);
    REQUIRE(end_ms == -1 || (end_ms >= start_ms && end_ms <= WEEK_MS));
    enum result result = talk_add(&heard->talk, TALK_CALL, start_ms, end_ms, text);
    REQUIRE(result == RESULT_OK || result == RESULT_TOO_BIG);
    (void)talk_is_silence_phrase(text);
}

static void check_speech(const char *text, size_t len)
{
    struct heard heard = {.seen = 0};
    struct buf out;
    enum result result = answer_read_speech(text, len, hear, &heard);
    REQUIRE(result == RESULT_OK || (result == RESULT_INVALID && heard.seen == 0));
    talk_sort(&heard.talk);
    for (size_t i = 1; i < heard.talk.count; i++) {
        REQUIRE(heard.talk.sentences[i - 1].start_ms <= heard.talk.sentences[i].start_ms);
    }
    buf_init(&out, 4 * TALK_TEXT_MAX);
    talk_print(&heard.talk, true, &out);
    REQUIRE(buf_ok(&out));
    buf_clear(&out);
    REQUIRE(talk_print_json(&heard.talk, &out) == RESULT_OK);
    buf_free(&out);
    talk_free(&heard.talk);
}

static void check_chat(const char *text, size_t len)
{
    struct buf content, summary;
    buf_init(&content, 1 << 20);
    buf_init(&summary, SUMMARY_TEXT_MAX);
    if (answer_read_chat(text, len, &content) == RESULT_OK) {
        REQUIRE(content.len > 0);
        (void)summary_read(buf_str(&content), content.len, true, &summary);
    }
    buf_clear(&summary);
    if (summary_read(text, len, false, &summary) == RESULT_OK) {
        REQUIRE(strncmp(buf_str(&summary), "Subject: ", 9) == 0);
    }
    buf_free(&content);
    buf_free(&summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    unsigned which = fuzz_byte(&fuzz);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    if (which % 2 == 0) {
        check_speech(text, len);
    } else {
        check_chat(text, len);
    }
    (void)answer_is_model_error(404, text, len);
    fuzz_end(&fuzz);
    return 0;
}
