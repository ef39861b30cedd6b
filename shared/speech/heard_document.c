#include "heard_document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clients/json.h"

enum { WRAPPED_MAX = 4 };

const char *const HEARD_LISTS[] = {"segments", "chunks", "utterances", "transcription", NULL};

const char *const HEARD_KEYS[] = {
    "text",       "transcript", "transcription", "segments",   "chunks",
    "utterances", "start",      "end",           "start_time", "end_time",
    "timestamp",  "timestamps", "offsets",       "from",       "to",
    "type",       "delta",      "choices",       "message",    "content",
    "result",     "results",    "output",        "data",       "response",
    "error",      "detail",     "code",          "speaker",    "speaker_id",
    NULL};

/* ---- a segment's times ---- */

static double time_of(const struct json *value)
{
    return json_text(value) != NULL ? segment_time(json_text(value)) : json_number(value, NAN);
}

/* The first of three members that is there. */
static const struct json *any_of(const struct json *object, const char *one, const char *other,
                                 const char *third)
{
    const struct json *value = json_member(object, one);
    value = value != NULL ? value : json_member(object, other);
    return value != NULL ? value : json_member(object, third);
}

static void read_times(const struct json *segment, double *start, double *end)
{
    const struct json *pair = json_list_at(segment, "timestamp");
    const struct json *clock = json_child_at(segment, "timestamps");
    const struct json *offsets = json_child_at(segment, "offsets");
    *start = time_of(any_of(segment, "start", "start_time", "from"));
    *end = time_of(any_of(segment, "end", "end_time", "to"));
    if (pair != NULL) {
        *start = time_of(json_item(pair, 0));
        *end = time_of(json_item(pair, 1));
    } else if (offsets != NULL) { /* whisper.cpp: in milliseconds */
        *start = json_number(json_member(offsets, "from"), NAN) / 1000;
        *end = json_number(json_member(offsets, "to"), NAN) / 1000;
    } else if (clock != NULL) {
        *start = time_of(json_member(clock, "from"));
        *end = time_of(json_member(clock, "to"));
    }
}

/* ---- a document ---- */

static void add_segment(struct heard_said *h, const struct json *from, const char *text)
{
    struct buf voice;
    double start, end;
    buf_init(&voice, SEGMENTS_VOICE_SIZE);
    json_print_plain(any_of(from, "speaker", "speaker_id", "speaker"), &voice);
    read_times(from, &start, &end);
    segments_add(&h->segments, start, end, buf_str(&voice), text);
    buf_free(&voice);
}

static const struct json *inside_of(const struct json *object)
{
    static const char *const AROUND[] = {"result",   "results",       "output", "data",
                                         "response", "transcription", "text",   "message"};
    const struct json *found = json_item(json_list_at(object, "choices"), 0);
    for (size_t i = 0; i < sizeof AROUND / sizeof *AROUND && found == NULL; i++) {
        const struct json *value = json_member(object, AROUND[i]);
        value = json_count(value) > 0 ? json_item(value, 0) : value;
        found = json_is_nested(value) ? value : NULL;
    }
    return found;
}

static bool read_list(struct heard_said *h, const struct json *object)
{
    bool found = false;
    for (const char *const *name = HEARD_LISTS; *name != NULL; name++) {
        const struct json *list = json_list_at(object, *name);
        found = found || list != NULL;
        for (size_t i = 0; i < json_count(list); i++) {
            const struct json *one = json_item(list, i);
            struct buf text;
            buf_init(&text, HEARD_TEXT_MAX);
            (void)json_print_texts(json_text(one) != NULL ? one : json_member(one, "text"), " ",
                                   &text);
            add_segment(h, one, buf_str(&text));
            buf_free(&text);
        }
    }
    return found;
}

static void set_text(struct heard_said *h, const char *text)
{
    buf_clear(&h->text);
    buf_text(&h->text, text);
    h->has_text = true;
}

/* What is said in an object, and not in one inside it. `is_part`: it is one of several. */
static bool read_said(struct heard_said *h, const struct json *object, bool is_part)
{
    struct buf text;
    double start, end;
    const char *type = json_text_at(object, "type");
    const struct json *delta = json_member(object, "delta");
    buf_init(&text, HEARD_TEXT_MAX);
    bool listed = read_list(h, object);
    bool said =
        json_print_texts(any_of(object, "text", "transcript", "transcription"), " ", &text) ||
        json_print_texts(json_member(object, "content"), " ", &text);
    read_times(object, &start, &end);
    bool is_whole = type != NULL && strstr(type, ".done") != NULL; /* OpenAI's last event */
    if (said && !is_whole && (is_part || isfinite(start))) {
        if (h->segments.count == h->before) { /* else it says the same */
            add_segment(h, object, buf_str(&text));
        }
    } else if (said) {
        set_text(h, buf_str(&text));
    } else if (json_print_texts(json_text(delta) != NULL ? delta : json_member(delta, "content"),
                                " ", &h->pieces)) {
        said = true;
    }
    buf_free(&text);
    return said || listed;
}

static void add_plain_text(struct heard_said *h, const char *text, bool is_part)
{
    if (is_part) {
        segments_add(&h->segments, NAN, NAN, NULL, text);
    } else {
        set_text(h, text);
    }
}

static bool read_document(struct heard_said *h, const struct json *json, bool is_part)
{
    const struct json *object = json;
    bool found = false;
    if (json_text(json) != NULL) {
        found = true;
        add_plain_text(h, json_text(json), is_part);
    }
    for (int i = 0; i < WRAPPED_MAX && object != NULL && !found; i++) {
        found = read_said(h, object, is_part);
        object = inside_of(object);
    }
    return found;
}

bool heard_read_document(struct heard_said *h, const char *text, size_t len, bool is_part)
{
    struct json *json = NULL;
    bool found =
        json_parse_repaired(text, len, &json) == RESULT_OK && read_document(h, json, is_part);
    json_free(json);
    return found;
}
