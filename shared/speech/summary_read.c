#include <string.h>

#include "base/magic.h"
#include "base/utf8.h"
#include "clients/json.h"
#include "json_repair.h"
#include "summary.h"

enum { SUBJECT, DISCUSSED, OUTCOME, NEXT_STEP, FIELDS };

enum {
    KEYS_MAX = 8,
    VALUE_MAX = 3800, /* bytes of a line: all four, and the answers, fit SUMMARY_TEXT_MAX */
    ANSWER_MAX = 1000,
    PLAIN_MAX = 4 << 20,
    WRAPPED_MAX = 4,    /* objects around ours */
    LOOKS_PER_BYTE = 8, /* how often the same bytes are looked at again */
};

/* As models name them, in lower case and with `_` for blanks; ours first. */
static const char *const KEYS[FIELDS][KEYS_MAX] = {
    {"subject", "topic", "נושא", "הנושא", "נושא_השיחה"},
    {"discussed", "discussion", "מה_נדון", "נדון", "דיון", "מה_נידון", "נידון"},
    {"outcome", "תוצאה", "התוצאה", "תוצאות"},
    {"next_step", "nextstep", "next_steps", "nextsteps", "הצעד_הבא", "צעד_הבא", "השלב_הבא",
     "צעדים_הבאים"},
};

static const struct json *field_of(const struct json *object, int field)
{
    const struct json *value = NULL;
    for (size_t i = 0; i < KEYS_MAX && KEYS[field][i] != NULL && value == NULL; i++) {
        value = json_member(object, KEYS[field][i]);
    }
    return value;
}

static bool is_ours(const struct json *object)
{
    bool found = false;
    for (int i = 0; i < FIELDS && !found; i++) {
        found = field_of(object, i) != NULL;
    }
    return found || json_has(object, summary_answer_key(0));
}

struct nested {
    struct magic magic;
    const struct json *value; /* the last one */
};

static void take_nested(void *context, const char *key, const struct json *value)
{
    struct nested *nested = CHECKED(nested, context);
    (void)key;
    if (json_is_nested(value)) {
        nested->value = value;
    }
}

/* Ours, or what lies in the last object of it, and so on. NULL: none of them is. */
static const struct json *unwrap(const struct json *object)
{
    for (int i = 0; i < WRAPPED_MAX && object != NULL; i++) {
        if (is_ours(object)) {
            return object;
        }
        struct nested nested = {.magic = MAGIC(nested)};
        json_each(object, take_nested, &nested);
        object = nested.value;
    }
    return NULL;
}

/* The object that begins here; `used` gets its bytes, or how many were looked at in vain. NULL: it
 * does not become whole. */
static struct json *object_at(const char *text, size_t len, struct buf *room, size_t *used)
{
    struct json_repair repair;
    struct json *json = NULL;
    buf_clear(room);
    json_repair_begin(&repair, NULL, room);
    *used = json_repair_feed(&repair, text, len);
    if (repair.state == JSON_REPAIR_WHOLE && buf_ok(room)) {
        (void)json_parse_repaired(buf_str(room), room->len, &json);
    }
    return json;
}

/* The last whole object in a text that has one of our keys, with what is around it; the caller
 * frees. `inside` gets the object itself. */
static struct json *find(const char *text, size_t len, const struct json **inside)
{
    struct buf room;
    struct json *last = NULL;
    size_t looks = len * LOOKS_PER_BYTE, at = 0, used;
    buf_init(&room, 4 * (len + 16));
    while (at < len && looks > 0) {
        const char *brace = memchr(text + at, '{', len - at);
        at = brace != NULL ? (size_t)(brace - text) : len;
        struct json *json = object_at(text + at, len - at, &room, &used);
        const struct json *ours = unwrap(json);
        if (ours != NULL) {
            json_free(last);
            last = json;
            *inside = ours;
        } else {
            json_free(json);
        }
        looks -= used < looks ? used : looks;
        at += json != NULL ? used : 1;
    }
    buf_free(&room);
    return last;
}

/* Models that think do it before they answer, some of them where we can see it. A thought without
 * an end has no answer behind it. */
static void leave_thoughts(const char **text, size_t *len)
{
    static const char BEGIN[] = "<think>", END[] = "</think>";
    const char *begin = memmem(*text, *len, BEGIN, sizeof BEGIN - 1);
    if (begin != NULL && memmem(*text, *len, END, sizeof END - 1) == NULL) {
        *len = (size_t)(begin - *text);
    }
}

/* A question says by itself that what follows is the answer. */
static void add_line(const struct json *value, const char *label, size_t max, struct buf *out)
{
    struct buf plain, line;
    buf_init(&plain, PLAIN_MAX);
    buf_init(&line, PLAIN_MAX);
    json_print_plain(value, &plain);
    utf8_line(buf_str(&plain), max, &line);
    if (line.len > 0) {
        bool asks = label[strlen(label) - 1] == '?';
        buf_format(out, "%s%s%s %s", out->len > 0 ? "\n" : "", label, asks ? "" : ":",
                   buf_str(&line));
    }
    buf_free(&plain);
    buf_free(&line);
}

enum result summary_read(const char *content, size_t len, const struct business_speech *speech,
                         struct buf *out)
{
    static const char *const LABELS[2][FIELDS] = {{"Subject", "Discussed", "Outcome", "Next step"},
                                                  {"נושא", "מה נדון", "תוצאה", "הצעד הבא"}};
    const struct json *object = NULL;
    leave_thoughts(&content, &len);
    struct json *json = find(content, len, &object);
    if (json == NULL) {
        return RESULT_INVALID;
    }
    for (int i = 0; i < FIELDS; i++) {
        add_line(field_of(object, i), LABELS[speech->hebrew][i], VALUE_MAX, out);
    }
    for (size_t i = 0; i < speech->question_count; i++) {
        add_line(json_member(object, summary_answer_key(i)), speech->questions[i], ANSWER_MAX, out);
    }
    json_free(json);
    return out->len > 0 && buf_ok(out) ? RESULT_OK : RESULT_NOT_FOUND;
}
