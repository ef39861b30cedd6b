#include "marks_json.h"

#include <string.h>

#include "base/magic.h"
#include "mark_request.h"
#include "marks/call_note.h"

/* Where what is visited goes. */
struct marked {
    struct magic magic;
    struct json *json;   /* an object, or a list */
    struct json *tags;   /* inside it, once there is a row */
    const char *subject; /* who asks */
};

static const char *for_whom(bool for_all)
{
    return for_all ? "all" : "me";
}

static void add_row(void *context, const struct mark_row *row)
{
    struct marked *marked = CHECKED(marked, context);
    if (marked->tags == NULL) {
        json_put_text(marked->json, "starred", row->starred);
        json_put_flag(marked->json, "heard", row->heard);
        marked->tags = json_put_list(marked->json, "tags");
    }
    if (row->tag != NULL) {
        struct json *tag = json_new();
        json_put_text(tag, "tag", row->tag);
        json_put_text(tag, "for", for_whom(row->tag_for_all));
        json_add(marked->tags, tag);
    }
}

static void add_note(void *context, const struct call_note *note)
{
    const struct marked *marked = CHECKED(marked, context);
    struct json *json = json_new();
    json_put_int(json, "id", note->id);
    json_put_text(json, "recording", note->recording);
    json_put_known_seconds(json, "at", note->at_ms);
    json_put_text(json, "text", note->text);
    json_put_text(json, "by", note->author);
    json_put_text(json, "for", for_whom(note->for_all));
    json_put_flag(json, "mine", strcmp(note->author, marked->subject) == 0);
    json_put_text(json, "created_at", note->created_at);
    json_add(marked->json, json);
}

enum result marks_json_put_notes(const struct app *app, const struct caller *caller,
                                 const char *call_sid, struct json *call)
{
    struct marked notes = {
        .magic = MAGIC(marked), .json = json_put_list(call, "notes"), .subject = caller->subject};
    return call_note_each(app, caller->business_id, call_sid, caller->subject, add_note, &notes);
}

static void add_listener(void *context, const struct mark_listener *listener)
{
    const struct marked *marked = CHECKED(marked, context);
    struct json *json = json_new();
    json_put_text(json, "subject", listener->subject);
    json_put_text(json, "at", listener->at);
    json_put_known_int(json, "seconds", listener->seconds);
    json_add(marked->json, json);
}

enum result marks_json_put_listeners(const struct app *app, const struct caller *caller,
                                     const char *call_sid, struct json *call)
{
    struct marked listeners = {.magic = MAGIC(marked), .json = json_put_list(call, "heard_by")};
    return mark_each_listener(app, caller->business_id, call_sid, add_listener, &listeners);
}

void marks_json_answer(const struct app *app, const struct request *request, enum result result,
                       int status, const char *expected, struct response *response)
{
    const struct caller *caller = &request->caller;
    struct json *json = json_new();
    struct marked marked = {.magic = MAGIC(marked), .json = json};
    if (result == RESULT_OK) {
        result = mark_each(app, caller->business_id, request->call_sid, caller->subject, add_row,
                           &marked);
    }
    if (result == RESULT_OK) {
        result = marks_json_put_notes(app, caller, request->call_sid, json);
    }
    mark_request_answer(result, status, json, expected, response);
}
