#include "calls/call.h"

#include <string.h>

#include "base/magic.h"
#include "calls/recording.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/marks_json.h"
#include "http/note.h"
#include "http/run_json.h"
#include "http/states.h"
#include "recordings/service.h"
#include "runs/history.h"
#include "speech/talk.h"

struct detail {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct json *json;
    const struct json *call; /* of its recordings; borrowed */
    enum result result;      /* of the looks that it took */
};

/* The name of a speaker, where his call says who that is. */
static const char *name_of(const struct json *call, const char *speaker)
{
    if (speaker == NULL) {
        return NULL;
    }
    bool is_agent = strcmp(speaker, talk_speaker_name(TALK_AGENT)) == 0;
    bool is_customer = strcmp(speaker, talk_speaker_name(TALK_CUSTOMER)) == 0;
    return is_agent      ? json_text_at(call, "agent_name")
           : is_customer ? json_text_at(call, "contact_name")
                         : NULL;
}

static void add_sentence(struct json *list, const struct json *stored, const struct json *call)
{
    int64_t start_ms = json_seconds_at(stored, "start", -1);
    int64_t end_ms = json_seconds_at(stored, "end", -1);
    const char *text = json_text_at(stored, "text"), *speaker = json_text_at(stored, "speaker");
    const char *name = name_of(call, speaker);
    if (start_ms < 0 || end_ms < start_ms || text == NULL) {
        return;
    }
    struct json *one = json_new();
    json_put_text(one, "speaker", speaker);
    if (name != NULL) {
        json_put_text(one, "name", name);
    }
    json_put_seconds(one, "start", start_ms);
    json_put_seconds(one, "end", end_ms);
    json_put_text(one, "text", text);
    json_add(list, one);
}

/* The sentences as they are stored; call_log is the CRM's, so what is none is left out. */
static struct json *transcript_json(const char *stored, const struct json *call)
{
    struct json *list = json_new_list(), *read = NULL;
    if (stored != NULL && json_parse(stored, strlen(stored), &read) == RESULT_OK) {
        const struct json *segments = json_list_at(read, "segments");
        for (size_t i = 0; i < json_count(segments); i++) {
            add_sentence(list, json_item(segments, i), call);
        }
    }
    json_free(read);
    return list;
}

static void put_call(void *context, const struct call_row *row)
{
    struct detail *detail = CHECKED(detail, context);
    detail->json = call_json(detail->app, detail->business_id, row);
    json_put(detail->json, "transcript", transcript_json(row->segments, detail->json));
    json_put_text(detail->json, "transcript_text", row->transcript);
    json_put_text(detail->json, "transcript_source", row->transcript_source);
    json_put_text(detail->json, "summary_status", row->summary_status);
}

/* Its state is the service's, as on a page of its own. */
static void add_recording(void *context, const struct recording_row *row)
{
    struct detail *detail = CHECKED(detail, context);
    struct look look;
    if (detail->result != RESULT_OK) {
        return;
    }
    detail->result = service_look(detail->app, detail->business_id, row->name, &look);
    if (detail->result == RESULT_OK && look.state == STATE_NO_CALL) {
        return; /* it went in this moment */
    }
    if (detail->result == RESULT_OK && !look.has_facts) {
        detail->result = RESULT_UNAVAILABLE;
    }
    if (detail->result != RESULT_OK) {
        return;
    }
    struct json *json = json_new();
    json_put_text(json, "name", row->name);
    json_put_text(json, "recording_sid", row->recording_sid);
    json_put_text(json, "kind", row->kind);
    json_put_text(json, "started_at", row->started_at);
    json_put_text(json, "source", row->source);
    json_put_text(json, "track", row->track);
    call_json_put_length(&look.facts, json);
    call_json_put_speakers(detail->app, &look.facts, json);
    states_put_words("status", "state", look.state, json);
    call_json_put_expiry("expires_at", &look.facts, json);
    json_put(json, "transcript", transcript_json(row->segments, detail->call));
    json_add(detail->json, json);
}

static void add_run(void *context, const struct history_run *record)
{
    const struct detail *detail = CHECKED(detail, context);
    json_add(detail->json, run_json(detail->app, record));
}

void handle_call(const struct app *app, struct request *request, struct response *response)
{
    struct detail call = {
        .magic = MAGIC(detail), .app = app, .business_id = request->caller.business_id};
    struct detail runs = call, recordings = call;
    enum result result = call_read(app, call.business_id, request->caller.subject,
                                   request->call_sid, put_call, &call);
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_CALL_NOT_FOUND);
        return;
    }
    if (result == RESULT_OK) {
        runs.json = json_put_list(call.json, "runs");
        recordings.json = json_put_list(call.json, "recordings");
        recordings.call = call.json;
        result = history_each_of_call(app, call.business_id, request->call_sid, add_run, &runs);
    }
    if (result == RESULT_OK) {
        result =
            recording_each(app, call.business_id, request->call_sid, add_recording, &recordings);
    }
    if (result == RESULT_OK) {
        result = recordings.result;
    }
    if (result == RESULT_OK) {
        result = marks_json_put_notes(app, &request->caller, request->call_sid, call.json);
    }
    if (result == RESULT_OK) {
        result = marks_json_put_listeners(app, &request->caller, request->call_sid, call.json);
    }
    states_answer_json(result, call.json, response);
    note_caller(app, request, response, AUDIT_TRANSCRIPT, request->call_sid);
}
