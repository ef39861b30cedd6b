/* What chat servers answer, what models write into it, and errors of all servers: lines that nobody
 * forges, words that have an end. The first byte says which of them. */
#include <string.h>

#include "fuzz.h"
#include "speech/answer.h"
#include "speech/shape.h"
#include "speech/summary.h"

enum { LINES_MAX = 5 };

static void check_summary(const char *text, size_t len)
{
    static const struct business_speech SPEECH = {.question_count = 1, .questions = {"Really?"}};
    static const char *const LABELS[] = {
        "Subject: ", "Discussed: ", "Outcome: ", "Next step: ", "Really? "};
    struct buf summary;
    size_t label = 0;
    buf_init(&summary, SUMMARY_TEXT_MAX);
    enum result result = summary_read(text, len, &SPEECH, &summary);
    REQUIRE(result == RESULT_OK || summary.len == 0);
    const char *line = summary.len > 0 ? buf_str(&summary) : NULL;
    while (line != NULL) {
        while (label < LINES_MAX && strncmp(line, LABELS[label], strlen(LABELS[label])) != 0) {
            label++;
        }
        REQUIRE(label++ < LINES_MAX);
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    buf_free(&summary);
}

static void check_chat(const char *text, size_t len)
{
    struct buf content;
    buf_init(&content, 1 << 20);
    enum answer_chat chat = answer_read_chat(text, len, &content);
    REQUIRE(chat != ANSWER_CHAT_SAID || content.len > 0);
    check_summary(buf_str(&content), content.len);
    buf_free(&content);
}

static void check_error(long status, const char *text, size_t len)
{
    struct answer_error error;
    answer_read_error(status, text, len, SHAPE_SPEECH_FIELDS, "secret", &error);
    REQUIRE(strlen(error.said) <= ANSWER_SAID_MAX && strpbrk(error.said, "\n\r\t") == NULL);
    REQUIRE(strstr(error.said, "secret") == NULL);
    REQUIRE((error.fault == ANSWER_FAULT_FIELD) == (error.field != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long STATUSES[] = {400, 404, 413, 422, 429, 500, 200};
    struct fuzz fuzz;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    unsigned which = fuzz_byte(&fuzz);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    if (which % 3 == 0) {
        check_error(STATUSES[which / 3 % (sizeof STATUSES / sizeof *STATUSES)], text, len);
    } else if (which % 3 == 1) {
        check_chat(text, len);
    } else {
        check_summary(text, len);
    }
    fuzz_end(&fuzz);
    return 0;
}
