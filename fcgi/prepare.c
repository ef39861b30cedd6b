/*
 * prepare makes a recording play; status only tells. Both answer alike.
 */
#include "base/clock.h"
#include "handlers.h"
#include "note.h"
#include "recordings/link.h"
#include "recordings/service.h"
#include "states.h"
#include "wait.h"

/* Duration and channels are a courtesy: a ready recording plays without PostgreSQL, too. */
static void put_facts(const struct app *app, const struct request *request, struct look *look,
                      struct json *json)
{
    if (!look->has_facts) {
        look->has_facts = call_find(app, request->caller.business_id, request->call_sid,
                                    &look->facts) == RESULT_OK;
    }
    json_put_null(json, "duration");
    json_put_null(json, "channels");
    if (look->has_facts && look->facts.duration >= 0) {
        json_put_int(json, "duration", look->facts.duration);
    }
    if (look->has_facts && look->facts.channels > 0) {
        json_put_int(json, "channels", look->facts.channels);
    }
}

static void answer_ready(const struct app *app, const struct request *request, struct look *look,
                         struct response *response)
{
    char path[LINK_SIZE], expires[CLOCK_ISO_SIZE];
    struct buf url;
    struct link link = {.business_id = request->caller.business_id,
                        .call_sid = look->file_sid,
                        .kind = look->file.kind,
                        .expires = clock_wall() + app->config->play_link_ttl / 1000};
    if (link_make(app->config, &link, path) != RESULT_OK) {
        states_answer_failure(RESULT_FAILED, response);
        return;
    }
    struct json *json = response_message(MESSAGE_READY);
    buf_init(&url, 8192);
    buf_format(&url, "%s%s", app->config->public_base_url, path);
    json_put_text(json, "play_url", buf_str(&url));
    json_put_text(json, "expires_at", clock_iso(link.expires, expires));
    put_facts(app, request, look, json);
    response_json(response, 200, json);
    note_playback(app, request, response, request->caller.business_id, "link",
                  request->caller.subject);
    buf_free(&url);
}

static void answer(const struct app *app, const struct request *request, enum result result,
                   struct look *look, struct response *response)
{
    if (result == RESULT_OK) {
        result = wait_for_news(app, request, look);
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    } else if (look->state == STATE_READY) {
        answer_ready(app, request, look, response);
    } else {
        states_answer_prepare(look, response);
    }
}

void handle_prepare(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    enum result result =
        service_request(app, request->caller.business_id, request->call_sid, &look);
    answer(app, request, result, &look, response);
}

void handle_status(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    enum result result = service_look(app, request->caller.business_id, request->call_sid, &look);
    answer(app, request, result, &look, response);
}
