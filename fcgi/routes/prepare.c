/*
 * prepare makes a recording play; status only tells. Both answer alike.
 */
#include "base/clock.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/listener.h"
#include "http/note.h"
#include "http/remote.h"
#include "http/states.h"
#include "http/wait.h"
#include "recordings/service.h"
#include "storage/cache.h"
#include "storage/link.h"

/* Duration and channels are a courtesy: a ready recording plays without PostgreSQL, too. */
static void put_facts(const struct app *app, const struct request *request, const struct look *look,
                      struct json *json)
{
    static const struct call_facts UNKNOWN = {.duration = -1, .channels = -1};
    bool tells = look->has_facts && !request->caller.of_part;
    call_json_put_length(tells ? &look->facts : &UNKNOWN, json);
    json_put_text(json, "recording", look->file_sid);
    json_put_null(json, "recordings");
    json_put_null(json, "speakers");
    json_put_null(json, "recording_expires_at");
    if (look->has_facts) {
        json_put_int(json, "recordings", look->facts.recordings);
        call_json_put_speakers(app, &look->facts, json);
        call_json_put_expiry("recording_expires_at", &look->facts, json);
    }
}

/* The same link for a recording that is here and for one that arrives: it goes on working when the
 * one becomes the other. */
static enum result make_link(const struct app *app, const struct request *request,
                             const struct look *look, struct buf *url, struct states_link *out,
                             struct audit_link *noted)
{
    bool ready = look->state == STATE_READY;
    char path[LINK_SIZE], remote[S3_URL_SIZE];
    if (listener_is(&request->caller)) {
        const struct share_token *token = &request->caller.listening;
        bool good = listener_url(app, token, url);
        *out = (struct states_link){.url = buf_str(url), .expires = token->expires};
        return good ? RESULT_OK : RESULT_FAILED;
    }
    if (look->state == STATE_READY && look->remote && app->config->s3_play == S3_PLAY_REDIRECT) {
        enum result made =
            remote_link(app, request->caller.business_id, look, "inline", remote, &out->expires);
        buf_text(url, remote);
        *noted = (struct audit_link){.name = NULL};
        out->url = buf_str(url);
        return made;
    }
    struct link link = {.business_id = request->caller.business_id,
                        .call_sid = ready ? look->file_sid : look->facts.source_sid,
                        .kind = ready ? look->file.kind : look->progress.kind,
                        .expires = clock_wall() + service_link_ttl_s(app->config, look)};
    enum result result = link_make(app->config, &link, path);
    buf_format(url, "%s%s", app->config->public_base_url, path);
    *out = (struct states_link){.url = buf_str(url), .expires = link.expires};
    *noted = (struct audit_link){.name = link.call_sid, .expires = link.expires};
    return result == RESULT_OK && buf_ok(url) ? RESULT_OK : RESULT_FAILED;
}

static void answer_ready(const struct app *app, const struct request *request, struct look *look,
                         const struct states_link *link, struct response *response)
{
    struct json *json = response_message(MESSAGE_READY);
    cache_played(app->config, &look->file);
    states_put_link(link, json);
    put_facts(app, request, look, json);
    response_json(response, 200, json);
}

static void answer_look(const struct app *app, const struct request *request, struct look *look,
                        struct response *response)
{
    struct buf url;
    struct states_link link;
    struct audit_link noted;
    bool ready = look->state == STATE_READY, outside = listener_is(&request->caller);
    enum result result = RESULT_OK;
    if (outside) {
        listener_narrow(look);
    }
    buf_init(&url, 8192);
    if (ready || look->playable) {
        result = make_link(app, request, look, &url, &link, &noted);
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    } else if (ready) {
        answer_ready(app, request, look, &link, response);
    } else {
        states_answer_prepare(app, look, look->playable ? &link : NULL, response);
    }
    if (result == RESULT_OK && (ready || look->playable) && !outside) {
        note_link(app, request, response, &noted);
    }
    buf_free(&url);
}

static void answer(const struct app *app, const struct request *request, enum result result,
                   struct look *look, struct response *response)
{
    if (result == RESULT_OK) {
        result = wait_for_change(app, request, look);
    }
    if (result == RESULT_OK) {
        answer_look(app, request, look, response);
    } else {
        states_answer_failure(result, response);
    }
}

void handle_prepare(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    enum result result = remote_request(app, request->caller.business_id, request->call_sid, &look);
    answer(app, request, result, &look, response);
}

void handle_status(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    enum result result = remote_look(app, request->caller.business_id, request->call_sid, &look);
    answer(app, request, result, &look, response);
}
