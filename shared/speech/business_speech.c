#include "business_speech.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

enum { COST_MAX = 3 * BUSINESS_SPEECH_TOKENS, LINE_MAX = 8192 };

/* ---- the prompt ---- */

/* In thirds of a token. */
static size_t cost_of(const char *text, size_t len)
{
    size_t cost = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        cost += byte < 0x80 ? 1 : byte >= 0xC0 ? 3 : 0;
    }
    return cost;
}

/* Appends one more to a prompt of at most `most`, behind `between`; false: it does not fit. */
static bool add_bounded(struct buf *out, const char *between, const char *text, size_t len,
                        size_t most)
{
    const char *before = out->len > 0 ? between : "";
    size_t cost = cost_of(buf_str(out), out->len) + strlen(before) + cost_of(text, len);
    if (cost > most) {
        return false;
    }
    buf_text(out, before);
    buf_add(out, text, len);
    return true;
}

static void add_sentence(struct buf *out, const char *sentence, size_t most)
{
    struct buf line;
    buf_init(&line, 2 * (size_t)LINE_MAX);
    utf8_line(sentence, LINE_MAX, &line);
    const char *word = buf_str(&line);
    bool fits = true;
    while (fits && *word != '\0') {
        size_t len = strcspn(word, " ");
        fits = add_bounded(out, " ", word, len, most);
        word += len;
        word += *word == ' ' ? 1 : 0;
    }
    buf_free(&line);
}

/* The next one of those that stand between any of `marks`, as one line; false: there is none. */
static bool next_of(const char **text, const char *marks, size_t max, struct buf *line)
{
    buf_clear(line);
    while (**text != '\0' && line->len == 0) {
        struct buf one;
        size_t len = strcspn(*text, marks);
        buf_init(&one, len + 1);
        buf_add(&one, *text, len);
        utf8_line(buf_str(&one), max, line);
        buf_free(&one);
        *text += len;
        *text += **text != '\0' ? 1 : 0;
    }
    return line->len > 0;
}

static void add_words(struct buf *out, const char *words)
{
    struct buf line;
    const char *between = " ";
    buf_init(&line, 2 * (size_t)LINE_MAX);
    while (next_of(&words, ",\r\n", LINE_MAX, &line) &&
           add_bounded(out, between, buf_str(&line), line.len, COST_MAX - 1)) {
        between = ", ";
    }
    buf_text(out, between[0] == ',' ? "." : "");
    buf_free(&line);
}

/* The words count for more than the sentence before them. */
static void write_prompt(const struct business_speech_row *row, struct business_speech *out)
{
    struct buf prompt;
    bool has_words = row->words != NULL && row->words[0] != '\0';
    buf_init(&prompt, sizeof out->prompt - 1);
    if (row->prompt != NULL) {
        add_sentence(&prompt, row->prompt, has_words ? COST_MAX / 2 : COST_MAX);
    }
    if (has_words) {
        add_words(&prompt, row->words);
    }
    (void)snprintf(out->prompt, sizeof out->prompt, "%s", buf_ok(&prompt) ? buf_str(&prompt) : "");
    buf_free(&prompt);
}

/* ---- the rest ---- */

static bool is_language(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    return len >= 2 && len < BUSINESS_SPEECH_LANGUAGE_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == len;
}

static void choose_language(const char *own, const char *configured, struct business_speech *out)
{
    const char *chosen = is_language(own) ? own : configured;
    bool is_auto = text_same(chosen, "auto");
    (void)snprintf(out->language, sizeof out->language, "%s", is_auto ? "" : chosen);
    out->own_language = !text_same(chosen, configured);
    out->hebrew = text_same(is_auto ? configured : chosen, "he");
}

void business_speech_read(const struct business_speech_row *row, const char *configured,
                          struct business_speech *out)
{
    const char *questions = row->questions != NULL ? row->questions : "";
    struct buf line;
    *out = (struct business_speech){.question_count = 0};
    choose_language(row->language, configured, out);
    write_prompt(row, out);
    buf_init(&line, 2 * (size_t)BUSINESS_SPEECH_QUESTION_SIZE);
    while (out->question_count < BUSINESS_SPEECH_QUESTIONS &&
           next_of(&questions, "\r\n", BUSINESS_SPEECH_QUESTION_MAX, &line)) {
        (void)snprintf(out->questions[out->question_count++], BUSINESS_SPEECH_QUESTION_SIZE, "%s",
                       buf_str(&line));
    }
    buf_free(&line);
}

void business_speech_print(const struct business_speech *speech, struct buf *out)
{
    buf_format(out, "%s\n%s", speech->language, speech->prompt);
    for (size_t i = 0; i < speech->question_count; i++) {
        buf_format(out, "\n%s", speech->questions[i]);
    }
}
