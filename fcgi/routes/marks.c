/*
 * Stars, tags and notes: each change answers with all marks that the call has now.
 */
#include <string.h>

#include "base/magic.h"
#include "base/utf8.h"
#include "handlers.h"
#include "http/mark_request.h"
#include "http/marks_json.h"
#include "http/parameter.h"
#include "http/states.h"
#include "marks/call_note.h"
#include "marks/mark.h"

static bool is_set(const struct request *request)
{
    return request->method == METHOD_PUT;
}

/* ---- stars and tags ---- */

void handle_star(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = mark_request_by(request, form_get(&request->query, "for"), false, &by);
    if (result == RESULT_OK) {
        result = mark_star(app, &by, is_set(request));
    }
    marks_json_answer(app, request, result, 200, NULL, response);
}

void handle_tag(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = mark_request_by(request, form_get(&request->query, "for"), true, &by);
    if (result == RESULT_OK) {
        result = mark_tagged(app, &by, request->tag, is_set(request));
    }
    marks_json_answer(app, request, result, 200, NULL, response);
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
    struct json *json = json_new();
    struct tags tags = {.magic = MAGIC(tags), .list = json_put_list(json, "tags")};
    enum result result =
        mark_each_tag(app, request->caller.business_id, request->caller.subject, add_tag, &tags);
    states_answer_json(result, json, response);
}

/* ---- notes ---- */

static const char NOTE[] = "a JSON object: text, and if wanted recording (RE…), at (seconds), for "
                           "(me, all)";

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

static enum result add_note(const struct app *app, const struct request *request,
                            const struct json *json, struct buf *words)
{
    struct mark_by by;
    int64_t id;
    char name[SID_SIZE];
    struct call_note note = {.at_ms = -1};
    const char *whom, *text = json_text_at(json, "text");
    bool good = text != NULL && mark_request_text(json, "for", &whom) &&
                mark_request_moment(json, "at", &note.at_ms);
    enum result result = good ? mark_request_by(request, whom, true, &by) : RESULT_INVALID;
    if (result == RESULT_OK) {
        result = read_words(text, words);
    }
    note.text = buf_str(words);
    if (result == RESULT_OK) {
        result = mark_request_recording(app, request, json, &note.recording, name);
    }
    return result == RESULT_OK ? call_note_add(app, &by, &note, &id) : result;
}

void handle_note_add(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = NULL;
    struct buf words;
    buf_init(&words, REQUEST_BODY_MAX);
    enum result result = request_read_json(request, &json);
    bool read = result == RESULT_OK;
    if (read) {
        result = add_note(app, request, json, &words);
    }
    if (!read || utf8_letters(buf_str(&words)) > CALL_NOTE_LETTERS) {
        parameter_refuse_body(result, NOTE, response);
    } else {
        marks_json_answer(app, request, result, 201, NOTE, response);
    }
    buf_free(&words);
    json_free(json);
}

void handle_note_drop(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = mark_request_by(request, NULL, true, &by);
    if (result == RESULT_OK) {
        result = call_note_drop(app, &by, request->note_id);
    }
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_NOTE_NOT_FOUND);
    } else {
        marks_json_answer(app, request, result, 200, NULL, response);
    }
}
