#include "heard.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

enum form { UNKNOWN, JSON, EVENTS, TEXT, NOTHING };

enum { SNIFFED = 64 };

/* ---- beginning and end ---- */

static void take_item(void *context, const char *json, size_t len)
{
    struct heard *h = CHECKED(heard, context);
    size_t before = h->said.before;
    h->said.before = h->said.segments.count;
    h->odd = !heard_read_document(&h->said, json, len, true) || h->odd;
    h->said.before = before;
}

static void begin_document(struct heard *h)
{
    h->wanted = (struct json_repair_wanted){
        .keys = HEARD_KEYS, .lists = HEARD_LISTS, .item = take_item, .context = h};
    buf_clear(&h->document);
    h->said.before = h->said.segments.count;
    json_repair_begin(&h->repair, &h->wanted, &h->document);
}

void heard_begin(struct heard *h)
{
    *h = (struct heard){.magic = MAGIC(heard)};
    buf_init(&h->document, HEARD_TEXT_MAX);
    buf_init(&h->line, HEARD_TEXT_MAX);
    buf_init(&h->event, HEARD_TEXT_MAX);
    buf_init(&h->said.text, HEARD_TEXT_MAX);
    buf_init(&h->said.pieces, HEARD_TEXT_MAX);
}

void heard_free(struct heard *h)
{
    if (h == NULL) {
        return;
    }
    segments_free(&h->said.segments);
    buf_free(&h->document);
    buf_free(&h->line);
    buf_free(&h->event);
    buf_free(&h->said.text);
    buf_free(&h->said.pieces);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- JSON ---- */

static void end_document(struct heard *h, bool is_part)
{
    if (json_repair_end(&h->repair) == JSON_REPAIR_WHOLE) {
        bool found = heard_read_document(&h->said, buf_str(&h->document), h->document.len, is_part);
        h->found = h->found || found ||
                   (h->document.data[0] == '[' && (h->said.segments.count > 0 || h->said.has_text));
    }
}

/* A stream may be documents, one behind the other. */
static void eat_json(struct heard *h, const char *bytes, size_t len)
{
    while (len > 0 && h->repair.state != JSON_REPAIR_BROKEN) {
        size_t used = json_repair_feed(&h->repair, bytes, len);
        if (used == 0 && is_space(*bytes)) {
            used = 1;
        } else if (used == 0 && h->repair.state == JSON_REPAIR_WHOLE) {
            h->several = true;
            end_document(h, true);
            begin_document(h);
        }
        bytes += used;
        len -= used;
    }
    h->failed = h->failed || !buf_ok(&h->document);
}

/* ---- events (HTML Living Standard, "Server-sent events") ---- */

static void add_mended(struct heard *h, const char *text, size_t len)
{
    struct buf mended;
    buf_init(&mended, HEARD_TEXT_MAX);
    utf8_mend_text(text, len, &mended);
    h->failed = h->failed || !buf_ok(&mended);
    segments_add(&h->said.segments, NAN, NAN, NULL, buf_str(&mended));
    h->found = true;
    buf_free(&mended);
}

static void end_event(struct heard *h)
{
    const char *data = buf_str(&h->event);
    if (h->event.len > 0 && strcmp(data, "[DONE]") != 0) {
        begin_document(h);
        (void)json_repair_feed(&h->repair, data, h->event.len);
        if (*data == '{' || *data == '"') {
            end_document(h, true);
        } else {
            add_mended(h, data, h->event.len);
        }
    }
    buf_clear(&h->event);
}

static void end_line(struct heard *h)
{
    static const char DATA[] = "data:";
    const char *line = buf_str(&h->line);
    if (line[0] == '\0') {
        end_event(h);
    } else if (strncmp(line, DATA, sizeof DATA - 1) == 0) {
        size_t begin = sizeof DATA - 1 + (line[sizeof DATA - 1] == ' ' ? 1 : 0);
        buf_text(&h->event, h->event.len > 0 ? "\n" : "");
        buf_add(&h->event, line + begin, h->line.len - begin);
    }
    h->failed = h->failed || !buf_ok(&h->line) || !buf_ok(&h->event);
    buf_clear(&h->line);
}

static void eat_events(struct heard *h, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t used = end != NULL ? (size_t)(end - bytes) : len;
        buf_add(&h->line, bytes, used);
        if (end != NULL) {
            buf_cut(&h->line, h->line.len - (used > 0 && end[-1] == '\r' ? 1 : 0));
            end_line(h);
            used++;
        }
        bytes += used;
        len -= used;
    }
}

/* ---- a text, with times (SubRip, WebVTT, whisper.cpp's lines) or without ---- */

static bool is_number(const char *line)
{
    return line[0] != '\0' && line[strspn(line, "0123456789")] == '\0';
}

/* What is said from `start` to `end` has ended. */
static void end_cue(struct heard *h, double start, double end)
{
    segments_add(&h->said.segments, start, end, NULL, buf_str(&h->said.pieces));
    buf_clear(&h->said.pieces);
}

static void take_line(struct heard *h, char *line, double *start, double *end)
{
    char *arrow = strstr(line, "-->");
    if (arrow == NULL) {
        bool counts = isfinite(*start) && line[0] != '\0' && !is_number(line);
        buf_text(&h->said.pieces, counts && h->said.pieces.len > 0 ? " " : "");
        buf_text(&h->said.pieces, counts ? line : "");
        return;
    }
    end_cue(h, *start, *end);
    char *said = line[0] == '[' ? strchr(arrow, ']') : NULL;
    if (said != NULL) {
        *said++ = '\0';
        buf_text(&h->said.pieces, said);
    }
    *arrow = '\0';
    *start = segment_time(line + (line[0] == '[' ? 1 : 0));
    *end = segment_time(arrow + 3);
}

static void read_cues(struct heard *h, char *text)
{
    double start = NAN, end = NAN;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        line[strcspn(line, "\r")] = '\0';
        take_line(h, line, &start, &end);
    }
    end_cue(h, start, end);
}

static void end_text(struct heard *h)
{
    buf_clear(&h->said.text);
    utf8_mend_text(buf_str(&h->line), h->line.len, &h->said.text);
    h->failed = h->failed || !buf_ok(&h->line) || !buf_ok(&h->said.text);
    h->found = true;
    if (h->said.text.len > 0 && strstr(h->said.text.data, "-->") != NULL) {
        read_cues(h, h->said.text.data);
        buf_clear(&h->said.text);
    } else if (text_starts(buf_str(&h->said.text), "WEBVTT")) {
        buf_clear(&h->said.text);
    }
}

/* ---- which form it is ---- */

static bool is_text_type(const char *type)
{
    return type == NULL ||
           (strncasecmp(type, "text/", 5) == 0 && strcasestr(type, "html") == NULL) ||
           strcasestr(type, "subrip") != NULL || strcasestr(type, "octet-stream") != NULL;
}

static enum form form_of(const char *text, bool is_text, bool is_stream)
{
    static const char *const EVENT[] = {"data:", "event:", "id:", "retry:", ": "};
    text += strspn(text, " \t\r\n\xEF\xBB\xBF");
    const char *second = *text != '\0' ? text + 1 + strspn(text + 1, " \t\r\n") : text;
    if (*text == '{' || (*text == '"' && !is_text) ||
        (*text == '[' && strchr("{[\"]", *second) != NULL)) {
        return JSON;
    }
    for (size_t i = 0; i < sizeof EVENT / sizeof *EVENT; i++) {
        if (text_starts(text, EVENT[i])) {
            return EVENTS;
        }
    }
    if (is_stream) {
        return EVENTS;
    }
    return is_text && *text != '<' ? TEXT : NOTHING;
}

static void eat(struct heard *h, const char *bytes, size_t len)
{
    switch (h->form) {
    case JSON: eat_json(h, bytes, len); break;
    case EVENTS: eat_events(h, bytes, len); break;
    case TEXT: buf_add(&h->line, bytes, len); break;
    default: break;
    }
    h->failed = h->failed || !buf_ok(&h->line);
}

static void decide(struct heard *h)
{
    struct buf begun = h->line;
    h->form = (int)form_of(buf_str(&begun), h->is_text, h->is_stream);
    buf_init(&h->line, HEARD_TEXT_MAX);
    begin_document(h);
    eat(h, buf_str(&begun), begun.len);
    buf_free(&begun);
}

bool heard_eat(struct heard *h, const char *type, const char *bytes, size_t len)
{
    if (h->form != UNKNOWN) {
        eat(h, bytes, len);
        return !h->failed;
    }
    h->is_text = is_text_type(type);
    h->is_stream = type != NULL && strcasestr(type, "event-stream") != NULL;
    buf_add(&h->line, bytes, len);
    if (h->line.len >= SNIFFED) {
        decide(h);
    }
    return !h->failed;
}

/* ---- what was heard ---- */

static void end_form(struct heard *h)
{
    if (h->form == UNKNOWN) {
        decide(h);
    }
    if (h->form == JSON) {
        end_document(h, h->several);
    } else if (h->form == EVENTS) {
        end_line(h);
        end_event(h);
    } else if (h->form == TEXT) {
        end_text(h);
    }
}

/* One text of the segments that nobody knows the times of. */
static void join(struct heard *h)
{
    if (h->said.text.len == 0) {
        for (size_t i = 0; i < h->said.segments.count; i++) {
            buf_text(&h->said.text, i > 0 ? " " : "");
            buf_text(&h->said.text, h->said.segments.list[i].text);
        }
    }
    if (h->said.text.len == 0) {
        buf_text(&h->said.text, buf_str(&h->said.pieces));
    }
}

enum result heard_end(struct heard *h, int64_t length_ms, heard_visitor *visit, void *context)
{
    end_form(h);
    if (!h->found || h->failed || h->said.segments.failed ||
        (h->odd && h->said.segments.count == 0 && !h->said.has_text)) {
        return RESULT_INVALID;
    }
    if (!segments_have_times(&h->said.segments)) {
        join(h);
        if (!buf_ok(&h->said.text)) {
            return RESULT_INVALID;
        }
        if (h->said.text.len > 0) {
            visit(context, 0, length_ms, 0, buf_str(&h->said.text));
        }
        return RESULT_OK;
    }
    segments_put_right(&h->said.segments, (double)length_ms / 1000);
    for (size_t i = 0; i < h->said.segments.count; i++) {
        const struct segment *s = &h->said.segments.list[i];
        visit(context, (int64_t)(s->start * 1000 + 0.5), (int64_t)(s->end * 1000 + 0.5), s->voice,
              s->text);
    }
    return RESULT_OK;
}
