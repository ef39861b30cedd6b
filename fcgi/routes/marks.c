/*
 * Stars, tags and notes: each change answers with all marks that the call has now.
 */
#include "marks/mark.h"

#include <string.h>

#include "base/magic.h"
#include "base/utf8.h"
#include "calls/recording.h"
#include "handlers.h"
#include "http/marks_json.h"
#include "http/parameter.h"
#include "http/states.h"
#include "marks/call_note.h"

/* ---- who ---- */

/* RESULT_INVALID: `for` is neither. RESULT_DENIED: whose own mark it would be, or who set it, the
 * session does not say. */
static enum result read_by(const struct request *request, const char *whom, bool otherwise,
                           struct mark_by *by)
{
    *by = (struct mark_by){.business_id = request->caller.business_id,
                           .call_sid = request->call_sid,
                           .subject = request->caller.subject,
                           .address = request_header(request, "REMOTE_ADDR")};
    if (!marks_json_for(whom, otherwise, &by->for_all)) {
        return RESULT_INVALID;
    }
    return by->subject[0] != '\0' ? RESULT_OK : RESULT_DENIED;
}

static bool is_set(const struct request *request)
{
    return request->method == METHOD_PUT;
}

/* ---- stars and tags ---- */

void handle_star(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = read_by(request, form_get(&request->query, "for"), false, &by);
    if (result == RESULT_OK) {
        result = mark_star(app, &by, is_set(request));
    }
    marks_json_answer(app, request, result, 200, response);
}

void handle_tag(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = read_by(request, form_get(&request->query, "for"), true, &by);
    if (result == RESULT_OK) {
        result = mark_tagged(app, &by, request->tag, is_set(request));
    }
    marks_json_answer(app, request, result, 200, response);
}

struct tags {
    struct magic magic;
    struct json *list;
};

static void add_tag(void *context, const char *tag, int64_t calls)
{
    const struct tags *tags = CHECKED(tags, context);
    struct json *one = json_new();
    json_put_text(one, "tag", tag);
    json_put_int(one, "calls", calls);
    json_add(tags->list, one);
}

void handle_tags(const struct app *app, struct request *request, struct response *response)
{
    struct tags tags = {.magic = MAGIC(tags), .list = json_new_list()};
    enum result result =
        mark_each_tag(app, request->caller.business_id, request->caller.subject, add_tag, &tags);
    if (result != RESULT_OK) {
        json_free(tags.list);
        states_answer_failure(result, response);
        return;
    }
    struct json *json = json_new();
    json_put(json, "tags", tags.list);
    response_json(response, 200, json);
}

/* ---- notes ---- */

/* A member that may be missing or null, but is otherwise a text. */
static bool read_text(const struct json *json, const char *key, const char **out)
{
    *out = json_text_at(json, key);
    return *out != NULL || !json_has(json, key) || json_is_none(json_member(json, key));
}

/* The moment; -1: none. */
static bool read_moment(const struct json *json, int64_t *at_ms)
{
    const char *text;
    *at_ms = json_seconds_at(json, "at", -1);
    return *at_ms >= 0 || (read_text(json, "at", &text) && text == NULL);
}

/* What was typed, without blanks around it; RESULT_TOO_BIG, or RESULT_INVALID where nothing is left
 * or something is no text. */
static enum result read_words(const char *text, struct buf *out)
{
    size_t begin = strspn(text, " \t\r\n"), end = strlen(text);
    while (end > begin && strchr(" \t\r\n", text[end - 1]) != NULL) {
        end--;
    }
    for (size_t i = begin; i < end; i++) {
        bool control = (unsigned char)text[i] < ' ' && strchr("\t\n", text[i]) == NULL;
        buf_add(out, control ? " " : text + i, 1);
    }
    if (utf8_letters(buf_str(out)) > CALL_NOTE_LETTERS) {
        return RESULT_TOO_BIG;
    }
    return buf_ok(out) && out->len > 0 ? RESULT_OK : RESULT_INVALID;
}

/* Is it one of this call's? Its own SID means the call. */
static enum result read_recording(const struct app *app, const struct request *request,
                                  const struct json *json, const char **recording)
{
    if (!read_text(json, "recording", recording)) {
        return RESULT_INVALID;
    }
    if (*recording == NULL || strcmp(*recording, request->call_sid) == 0) {
        *recording = NULL;
        return RESULT_OK;
    }
    char name[SID_SIZE];
    return text_is_sid(*recording, "RE") ? recording_name_of(app, request->caller.business_id,
                                                             request->call_sid, *recording, name)
                                         : RESULT_INVALID;
}

static enum result add_note(const struct app *app, const struct request *request,
                            const struct json *json, struct buf *words)
{
    struct mark_by by;
    int64_t id;
    struct call_note note = {.at_ms = -1};
    const char *whom, *text = json_text_at(json, "text");
    bool good = text != NULL && read_text(json, "for", &whom) && read_moment(json, &note.at_ms);
    enum result result = good ? read_by(request, whom, true, &by) : RESULT_INVALID;
    if (result == RESULT_OK) {
        result = read_words(text, words);
    }
    note.text = buf_str(words);
    if (result == RESULT_OK) {
        result = read_recording(app, request, json, &note.recording);
    }
    return result == RESULT_OK ? call_note_add(app, &by, &note, &id) : result;
}

void handle_note_add(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = NULL;
    struct buf words;
    buf_init(&words, REQUEST_BODY_MAX);
    enum result result = request_read_json(request, &json);
    bool refused = result != RESULT_OK;
    if (result == RESULT_OK) {
        result = add_note(app, request, json, &words);
        bool too_large =
            result == RESULT_TOO_BIG && utf8_letters(buf_str(&words)) > CALL_NOTE_LETTERS;
        refused = too_large || result == RESULT_INVALID;
    }
    if (refused) {
        parameter_refuse_body(
            result,
            "a JSON object: text, and if wanted recording (RE…), at (seconds), for "
            "(me, all)",
            response);
    } else {
        marks_json_answer(app, request, result, 201, response);
    }
    buf_free(&words);
    json_free(json);
}

void handle_note_drop(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = read_by(request, NULL, true, &by);
    if (result == RESULT_OK) {
        result = call_note_drop(app, &by, request->note_id);
    }
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_NOTE_NOT_FOUND);
    } else {
        marks_json_answer(app, request, result, 200, response);
    }
}
