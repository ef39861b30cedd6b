#include "talk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "clients/json.h"

enum { GROW = 128 };

void talk_free(struct talk *talk)
{
    if (talk == NULL) {
        return;
    }
    for (size_t i = 0; i < talk->count; i++) {
        free(talk->sentences[i].text);
    }
    free(talk->sentences);
    *talk = (struct talk){0};
}

/* ---- adding ---- */

/* As one line: no sentence makes another speaker's. NULL without memory. */
static char *tidy(const char *text)
{
    struct buf line;
    buf_init(&line, TALK_TEXT_MAX + 1);
    utf8_line(text, TALK_TEXT_MAX, &line);
    char *copy = buf_ok(&line) ? text_copy(buf_str(&line)) : NULL;
    buf_free(&line);
    return copy;
}

static enum result make_room(struct talk *talk)
{
    if (talk->count >= TALK_SENTENCES_MAX) {
        return RESULT_TOO_BIG;
    }
    if (talk->count % GROW == 0) {
        struct talk_sentence *larger =
            realloc(talk->sentences, (talk->count + GROW) * sizeof *talk->sentences);
        if (larger == NULL) {
            return RESULT_FAILED;
        }
        talk->sentences = larger;
    }
    return RESULT_OK;
}

enum result talk_add(struct talk *talk, enum talk_speaker speaker, int64_t start_ms, int64_t end_ms,
                     const char *text)
{
    char *copy = tidy(text);
    size_t len = copy != NULL ? strlen(copy) : 0;
    enum result result = copy != NULL ? RESULT_OK : RESULT_FAILED;
    if (result == RESULT_OK && talk->bytes + len > TALK_TEXT_MAX) {
        result = RESULT_TOO_BIG;
    }
    if (result == RESULT_OK && len > 0) {
        result = make_room(talk);
    }
    if (result != RESULT_OK || len == 0) {
        free(copy);
        return result;
    }
    talk->sentences[talk->count++] = (struct talk_sentence){
        .speaker = speaker,
        .start_ms = start_ms,
        .end_ms = end_ms > start_ms ? end_ms : start_ms,
        .text = copy,
    };
    talk->bytes += len;
    return RESULT_OK;
}

/* ---- order ---- */

/* qsort is not stable: what begins together is told apart by when it ends, then by who. */
static int by_time(const void *a, const void *b)
{
    const struct talk_sentence *one = a, *other = b;
    if (one->start_ms != other->start_ms) {
        return one->start_ms < other->start_ms ? -1 : 1;
    }
    if (one->end_ms != other->end_ms) {
        return one->end_ms < other->end_ms ? -1 : 1;
    }
    return (int)one->speaker - (int)other->speaker;
}

void talk_sort(struct talk *talk)
{
    if (talk->count > 1) {
        qsort(talk->sentences, talk->count, sizeof *talk->sentences, by_time);
    }
}

int64_t talk_spoken_ms(const struct talk *talk)
{
    int64_t sum = 0;
    for (size_t i = 0; i < talk->count; i++) {
        sum += talk->sentences[i].end_ms - talk->sentences[i].start_ms;
    }
    return sum;
}

/* ---- writing ---- */

enum talk_speaker talk_first_speaker(const struct config *config, bool inbound)
{
    switch (config->speaker_channels) {
    case SPEAKERS_CUSTOMER_FIRST: return TALK_CUSTOMER;
    case SPEAKERS_AGENT_FIRST: return TALK_AGENT;
    default: return inbound ? TALK_CUSTOMER : TALK_AGENT;
    }
}

const char *talk_speaker_name(enum talk_speaker speaker)
{
    static const char *const WORDS[] = {"agent",     "customer",  "call",      "speaker_1",
                                        "speaker_2", "speaker_3", "speaker_4", "speaker_5",
                                        "speaker_6", "speaker_7", "speaker_8"};
    return WORDS[speaker];
}

static void print_label(enum talk_speaker speaker, bool hebrew, struct buf *out)
{
    static const char *const LABELS[2][3] = {{"Agent: ", "Customer: ", ""},
                                             {"נציג: ", "לקוח: ", ""}};
    if (speaker < TALK_FIRST_VOICE) {
        buf_text(out, LABELS[hebrew][speaker]);
    } else {
        buf_format(out, "%s %d: ", hebrew ? "דובר" : "Speaker",
                   (int)speaker - TALK_FIRST_VOICE + 1);
    }
}

void talk_print(const struct talk *talk, bool hebrew, struct buf *out)
{
    for (size_t i = 0; i < talk->count; i++) {
        const struct talk_sentence *s = &talk->sentences[i];
        bool goes_on = i > 0 && s[-1].speaker == s->speaker;
        buf_text(out, goes_on ? " " : i > 0 ? "\n" : "");
        if (!goes_on) {
            print_label(s->speaker, hebrew, out);
        }
        buf_text(out, s->text);
    }
}

/* One at a time: there may be a hundred thousand. */
static enum result print_sentence(const struct talk_sentence *sentence, struct buf *out)
{
    struct json *one = json_new();
    json_put_text(one, "speaker", talk_speaker_name(sentence->speaker));
    json_put_seconds(one, "start", sentence->start_ms);
    json_put_seconds(one, "end", sentence->end_ms);
    json_put_text(one, "text", sentence->text);
    enum result result = json_print(one, out);
    json_free(one);
    return result;
}

enum result talk_print_json(const struct talk *talk, struct buf *out)
{
    enum result result = RESULT_OK;
    buf_text(out, "[");
    for (size_t i = 0; i < talk->count && result == RESULT_OK; i++) {
        buf_text(out, i > 0 ? "," : "");
        result = print_sentence(&talk->sentences[i], out);
    }
    buf_text(out, "]");
    return result == RESULT_OK && buf_ok(out) ? RESULT_OK : RESULT_FAILED;
}

/* ---- keeping ---- */

void talk_print_lines(const struct talk *talk, size_t from, struct buf *out)
{
    for (size_t i = from; i < talk->count; i++) {
        const struct talk_sentence *s = &talk->sentences[i];
        buf_format(out, "%d %lld %lld ", (int)s->speaker, (long long)s->start_ms,
                   (long long)s->end_ms);
        buf_text(out, s->text);
        buf_text(out, "\n");
    }
}

/* A number and the blank behind it; NULL: there is none. */
static const char *read_number(const char *text, int64_t max, int64_t *out)
{
    size_t len = strcspn(text, " ");
    return text[len] == ' ' && text_int_n(text, len, 0, max, out) ? text + len + 1 : NULL;
}

static enum result read_line(struct talk *talk, const char *line, size_t len)
{
    int64_t speaker, start_ms, end_ms;
    struct buf text;
    const char *at = read_number(line, TALK_LAST_VOICE, &speaker);
    at = at != NULL ? read_number(at, INT64_MAX, &start_ms) : NULL;
    at = at != NULL ? read_number(at, INT64_MAX, &end_ms) : NULL;
    if (at == NULL || at >= line + len) {
        return RESULT_INVALID;
    }
    buf_init(&text, TALK_TEXT_MAX);
    buf_add(&text, at, (size_t)(line + len - at));
    enum result result =
        buf_ok(&text) ? talk_add(talk, (enum talk_speaker)speaker, start_ms, end_ms, buf_str(&text))
                      : RESULT_FAILED;
    buf_free(&text);
    return result;
}

enum result talk_read_lines(struct talk *talk, const char *lines)
{
    enum result result = RESULT_OK;
    while (*lines != '\0' && result == RESULT_OK) {
        size_t len = strcspn(lines, "\n");
        result = read_line(talk, lines, len);
        lines += len + (lines[len] == '\n' ? 1 : 0);
    }
    return result;
}

/* ---- what models make up ---- */

/* Letters and digits only, in lower case; bytes above ASCII as they are. */
static void add_plain(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80) {
            buf_add(out, &c, 1);
        }
    }
}

static bool is_listed(const char *text, const char *const *phrases)
{
    enum { LONGEST = 120 };
    struct buf plain;
    bool found = false;
    buf_init(&plain, LONGEST);
    add_plain(&plain, text);
    for (; *phrases != NULL && !found; phrases++) {
        found = buf_ok(&plain) && strcmp(buf_str(&plain), *phrases) == 0;
    }
    found = found || (buf_ok(&plain) && plain.len == 0);
    buf_free(&plain);
    return found;
}

/* The mark that a text begins with, and the one that ends what is in it; NULL: none. */
static const char *mark_of(const char *text, const char **end)
{
    static const char *const MARKS[][2] = {{"[", "]"}, {"(", ")"}, {"*", "*"}, {"♪", "♪"}};
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        if (text_starts(text, MARKS[i][0])) {
            *end = MARKS[i][1];
            return MARKS[i][0];
        }
    }
    return NULL;
}

/* What stands between marks says what was heard instead of words. */
static bool is_marked(const char *text)
{
    bool marked = false;
    while (*text != '\0') {
        const char *end, *mark = mark_of(text, &end);
        if (mark == NULL && (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80)) {
            return false;
        }
        marked = marked || mark != NULL;
        text += mark != NULL ? strlen(mark) : 1;
        const char *closed = mark != NULL ? strstr(text, end) : NULL;
        text = closed != NULL ? closed + strlen(end) : text;
    }
    return marked;
}

bool talk_is_no_speech(const char *text)
{
    static const char *const PHRASES[] = {
        "thankyouforwatching",
        "thanksforwatching",
        "thankyouforwatchingthevideo",
        "pleasesubscribe",
        "pleasesubscribetomychannel",
        "likeandsubscribe",
        "dontforgettosubscribe",
        "blankaudio",
        "subtitlesbytheamaraorgcommunity",
        "seeyouinthenextvideo",
        "תודהעלהצפייה",
        "תודהרבהעלהצפייה",
        "תודהשצפיתם",
        "תודהעלהצפיה",
        "תרגוםוכתוביות",
        NULL,
    };
    return is_marked(text) || is_listed(text, PHRASES);
}

bool talk_is_silence_phrase(const char *text)
{
    static const char *const PHRASES[] = {
        "thankyou",
        "thankyouverymuch",
        "thankyousomuch",
        "subscribe",
        "you",
        "bye",
        "byebye",
        "okay",
        "music",
        "applause",
        "silence",
        "thankyouforlistening",
        "seeyounexttime",
        "תודה",
        "תודהרבה",
        "תודהעלההקשבה",
        "להתראות",
        "ביי",
        "כתוביות",
        "מוזיקה",
        "מוסיקה",
        "שקט",
        "תודהרבהעלההקשבה",
        "אנימודהלכם",
        NULL,
    };
    return talk_is_no_speech(text) || is_listed(text, PHRASES);
}
