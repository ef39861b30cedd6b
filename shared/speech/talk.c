#include "talk.h"

#include <stdlib.h>
#include <string.h>

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

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without blanks around it, its line breaks made blanks. NULL without memory. */
static char *tidy(const char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1])) {
        len--;
    }
    char *copy = strndup(text, len);
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        if (is_blank(*c)) {
            *c = ' ';
        }
    }
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
    static const char *const WORDS[] = {"agent", "customer", "call"};
    return WORDS[speaker];
}

void talk_print(const struct talk *talk, bool hebrew, struct buf *out)
{
    static const char *const LABELS[2][3] = {{"Agent: ", "Customer: ", ""},
                                             {"נציג: ", "לקוח: ", ""}};
    for (size_t i = 0; i < talk->count; i++) {
        const struct talk_sentence *s = &talk->sentences[i];
        bool goes_on = i > 0 && s[-1].speaker == s->speaker;
        buf_text(out, goes_on ? " " : i > 0 ? "\n" : "");
        buf_text(out, goes_on ? "" : LABELS[hebrew][s->speaker]);
        buf_text(out, s->text);
    }
}

enum result talk_print_json(const struct talk *talk, struct buf *out)
{
    struct json *list = json_new_list();
    for (size_t i = 0; i < talk->count; i++) {
        const struct talk_sentence *s = &talk->sentences[i];
        struct json *one = json_new();
        json_put_text(one, "speaker", talk_speaker_name(s->speaker));
        json_put_seconds(one, "start", s->start_ms);
        json_put_seconds(one, "end", s->end_ms);
        json_put_text(one, "text", s->text);
        json_add(list, one);
    }
    enum result result = json_print(list, out);
    json_free(list);
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

bool talk_is_silence_phrase(const char *text)
{
    enum { LONGEST = 120 };
    static const char *const PHRASES[] = {
        "thankyou",
        "thankyouverymuch",
        "thankyouforwatching",
        "thanksforwatching",
        "thankyousomuch",
        "pleasesubscribe",
        "subscribe",
        "you",
        "bye",
        "byebye",
        "okay",
        "music",
        "applause",
        "silence",
        "blankaudio",
        "thankyouforlistening",
        "subtitlesbytheamaraorgcommunity",
        "seeyounexttime",
        "seeyouinthenextvideo",
        "תודה",
        "תודהרבה",
        "תודהעלהצפייה",
        "תודהרבהעלהצפייה",
        "תודהשצפיתם",
        "תודהעלההקשבה",
        "תודהעלהצפיה",
        "להתראות",
        "ביי",
        "כתוביות",
        "מוזיקה",
        "מוסיקה",
        "שקט",
        "תרגוםוכתוביות",
        "תודהרבהעלההקשבה",
        "אנימודהלכם",
    };
    struct buf plain;
    bool found = false;
    buf_init(&plain, LONGEST);
    add_plain(&plain, text);
    for (size_t i = 0; i < sizeof PHRASES / sizeof *PHRASES && !found; i++) {
        found = buf_ok(&plain) && strcmp(buf_str(&plain), PHRASES[i]) == 0;
    }
    found = found || (buf_ok(&plain) && plain.len == 0);
    buf_free(&plain);
    return found;
}
