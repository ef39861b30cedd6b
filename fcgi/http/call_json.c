#include "call_json.h"

#include <string.h>

#include "recordings/service.h"
#include "speech/talk.h"
#include "states.h"

static struct json *tags_json(const char *stored)
{
    struct json *list = json_new_list(), *read = NULL;
    if (stored != NULL && json_parse(stored, strlen(stored), &read) == RESULT_OK) {
        const struct json *tags = json_list_at(read, "tags");
        for (size_t i = 0; i < json_count(tags); i++) {
            struct json *one = json_new();
            json_put_text(one, "tag", json_text_at(json_item(tags, i), "tag"));
            json_put_text(one, "for", json_text_at(json_item(tags, i), "for"));
            json_add(list, one);
        }
    }
    json_free(read);
    return list;
}

struct json *call_json(const struct app *app, int64_t business_id, const struct call_row *row)
{
    struct look look;
    struct json *json = json_new();
    service_look_row(app, business_id, &row->facts, &look);
    json_put_text(json, "call_sid", row->facts.call_sid);
    json_put_text(json, "parent_call_sid", row->parent_call_sid);
    json_put_text(json, "direction", row->direction);
    json_put_text(json, "from_number", row->from_number);
    json_put_text(json, "to_number", row->to_number);
    json_put_text(json, "status", row->status);
    json_put_known_int(json, "duration", row->duration);
    json_put_text(json, "created_at", row->created_at);
    json_put_flag(json, "has_recording", row->facts.has_url || look.state == STATE_READY);
    states_put_words("recording_status", "recording_state", look.state, json);
    json_put_flag(json, "has_transcript", row->has_transcript);
    call_json_put_speakers(app, &row->facts, json);
    json_put_text(json, "summary", row->summary);
    call_json_put_expiry("expires_at", &row->facts, json);
    json_put_int(json, "recordings", row->facts.recordings);
    json_put_int(json, "recordings_duration", row->recordings_duration);
    json_put_text(json, "agent_id", row->agent_id);
    json_put_text(json, "agent_name", row->agent_name);
    json_put_text(json, "contact_name", row->contact_name);
    json_put_text(json, "line", row->line);
    json_put_text(json, "party", row->party);
    json_put(json, "talk", call_json_talk(row->agent_ms, row->customer_ms, row->silence_ms));
    json_put_text(json, "starred", row->starred);
    json_put(json, "tags", tags_json(row->tags));
    json_put_flag(json, "heard", row->heard);
    return json;
}

struct json *call_json_talk(int64_t agent_ms, int64_t customer_ms, int64_t silence_ms)
{
    if (agent_ms < 0 && customer_ms < 0) {
        return NULL;
    }
    struct json *json = json_new();
    json_put_seconds(json, "agent_s", agent_ms > 0 ? agent_ms : 0);
    json_put_seconds(json, "customer_s", customer_ms > 0 ? customer_ms : 0);
    json_put_seconds(json, "silence_s", silence_ms > 0 ? silence_ms : 0);
    return json;
}

void call_json_put_expiry(const char *name, const struct call_facts *facts, struct json *json)
{
    json_put_text(json, name, facts->expires_at[0] != '\0' ? facts->expires_at : NULL);
}

void call_json_put_length(const struct call_facts *facts, struct json *json)
{
    json_put_known_int(json, "duration", facts->duration);
    json_put_known_int(json, "channels", facts->channels > 0 ? facts->channels : -1);
}

void call_json_put_speakers(const struct app *app, const struct call_facts *facts,
                            struct json *json)
{
    enum talk_speaker first = talk_first_speaker(app->config, facts->inbound);
    struct json *list = json_put_list(json, "speakers");
    json_add_text(list, talk_speaker_name(first));
    json_add_text(list, talk_speaker_name(first == TALK_AGENT ? TALK_CUSTOMER : TALK_AGENT));
}
