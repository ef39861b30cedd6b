#include "states.h"

#include "base/clock.h"
#include "run_id.h"

static enum message_id message_of(enum recording_state state)
{
    switch (state) {
    case STATE_READY: return MESSAGE_READY;
    case STATE_NO_CALL: return MESSAGE_CALL_NOT_FOUND;
    case STATE_EXPIRED: return MESSAGE_RECORDING_EXPIRED;
    case STATE_UNAVAILABLE: return MESSAGE_RECORDING_UNAVAILABLE;
    case STATE_NO_RECORDING: return MESSAGE_NO_RECORDING;
    case STATE_OFFLINE: return MESSAGE_WORKER_NOT_PROCESSING;
    case STATE_PROCESSING: return MESSAGE_PROCESSING;
    case STATE_QUEUED: return MESSAGE_QUEUED;
    case STATE_FAILED: return MESSAGE_RECORDING_FAILED;
    case STATE_ABSENT: return MESSAGE_QUEUED;
    }
    return MESSAGE_UNAVAILABLE;
}

static void put_progress(const struct look *look, struct json *json)
{
    if (look->bytes_received >= 0) {
        json_put_int(json, "bytes_received", look->bytes_received);
    }
    if (look->bytes_total >= 0) {
        json_put_int(json, "bytes_total", look->bytes_total);
    }
    if (look->position > 0) {
        json_put_int(json, "position", look->position);
    }
}

static void answer_waiting(const struct look *look, struct json *json, struct response *response)
{
    put_progress(look, json);
    response_json(response, 202, json);
    response_header_int(response, "Retry-After", look->retry_after_s);
}

static void put_reason(const char *reason, struct json *json)
{
    const struct message *message = message_of_reason(reason);
    json_put_text(json, "reason", reason);
    if (message != NULL) {
        json_put_text(json, "message", message->english);
        json_put_text(json, "message_he", message->hebrew);
    }
}

static void answer_error(const struct look *look, struct response *response)
{
    struct json *json = response_message(message_of(look->state));
    if (look->state == STATE_FAILED) {
        json_put_text(json, "reason", look->facts.last_code);
        json_put_text(json, "detail", look->facts.last_error);
    }
    if (look->state == STATE_UNAVAILABLE) {
        put_reason(look->facts.reason, json);
    }
    if (look->has_facts) {
        json_put_int(json, "recordings", look->facts.recordings);
    }
    response_error_with(response, message_of(look->state), json);
    if (look->state == STATE_FAILED || look->state == STATE_OFFLINE) {
        response_header_int(response, "Retry-After", look->retry_after_s);
    }
}

static bool is_waiting(const struct look *look)
{
    return look->state == STATE_PROCESSING || look->state == STATE_QUEUED;
}

void states_answer(const struct look *look, struct response *response)
{
    if (is_waiting(look)) {
        answer_waiting(look, response_message(message_of(look->state)), response);
    } else {
        answer_error(look, response);
    }
}

/* Status starts nothing, so it may find a recording that nobody has asked for: that is no error. */
static void answer_absent(struct response *response)
{
    struct json *json = json_new();
    states_put_words("status", "state", STATE_ABSENT, json);
    response_json(response, 200, json);
}

void states_put_words(const char *status, const char *state, enum recording_state of,
                      struct json *json)
{
    const char *word = service_state_name(of);
    json_put_text(json, status, word);
    json_put_text(json, state, of == STATE_ABSENT ? "not_fetched" : word);
}

void states_put_link(const struct states_link *link, struct json *json)
{
    char expires[CLOCK_ISO_SIZE];
    json_put_text(json, "play_url", link != NULL ? link->url : NULL);
    json_put_text(json, "expires_at", link != NULL ? clock_iso(link->expires, expires) : NULL);
}

void states_answer_prepare(const struct app *app, const struct look *look,
                           const struct states_link *link, struct response *response)
{
    if (look->state == STATE_ABSENT) {
        answer_absent(response);
        return;
    }
    if (!is_waiting(look)) {
        answer_error(look, response);
        return;
    }
    struct json *json = response_message(message_of(look->state));
    int64_t run_id = run_id_shown(app, look->facts.run_id);
    json_put_known_int(json, "run_id", run_id != 0 ? run_id : -1);
    json_put_text(json, "recording", look->facts.source_sid);
    json_put_int(json, "recordings", look->facts.recordings);
    json_put_flag(json, "playable", link != NULL);
    states_put_link(link, json);
    answer_waiting(look, json, response);
}

void states_answer_json(enum result result, struct json *json, struct response *response)
{
    if (result == RESULT_OK) {
        response_json(response, 200, json);
    } else {
        json_free(json);
        states_answer_failure(result, response);
    }
}

void states_answer_failure(enum result result, struct response *response)
{
    enum { BUSY_RETRY_S = 5 };
    if (result == RESULT_DENIED) {
        response_error(response, MESSAGE_FORBIDDEN);
    } else {
        response_error(response, MESSAGE_UNAVAILABLE);
        response_header_int(response, "Retry-After", BUSY_RETRY_S);
    }
}
