/*
 * A play link, where the web server does not check it itself. The signature is over one file of one
 * business, so it opens that file and no other.
 */
#include "base/clock.h"
#include "handlers.h"
#include "http/auth.h"
#include "http/early.h"
#include "http/note.h"
#include "http/remote.h"
#include "http/serve.h"
#include "http/states.h"
#include "recordings/service.h"
#include "storage/link.h"

static bool may_play(const struct app *app, const struct request *request)
{
    struct link link = {
        .business_id = request->business_id, .call_sid = request->call_sid, .kind = request->kind};
    const char *expires = form_get(&request->query, "exp");
    const char *signature = form_get(&request->query, "sig");
    return expires != NULL && signature != NULL && text_int(expires, 0, INT64_MAX, &link.expires) &&
           link_holds(app->config, &link, signature, clock_wall());
}

/* The finished file, or what is here of one that arrives; and where it got its name meanwhile, the
 * finished file after all. */
static enum result play(const struct app *app, const struct request *request,
                        struct response *response)
{
    struct file_facts file;
    enum result result = file_find(app->config, request->business_id, request->call_sid, &file);
    if (result != RESULT_OK) {
        if (early_answer(app, request, response) == RESULT_OK) {
            return RESULT_OK;
        }
        result = file_find(app->config, request->business_id, request->call_sid, &file);
    }
    if (result != RESULT_OK || file.kind != request->kind) {
        return RESULT_NOT_FOUND;
    }
    return serve_file(app, request, &file, "inline", response);
}

/* In the object store, perhaps; or nothing to play: why. A link opens one file, so whoever has only
 * that gets no further link. */
static void answer_state(const struct app *app, const struct request *request,
                         struct response *response)
{
    struct look look;
    enum result result = remote_look(app, request->business_id, request->call_sid, &look);
    if (result == RESULT_OK && look.state == STATE_READY && look.remote &&
        look.file.kind == request->kind) {
        result = remote_or_file(app, request, request->business_id, &look, "inline", response);
        if (result == RESULT_OK) {
            return;
        }
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
        return;
    }
    switch (look.state) {
    case STATE_READY:
    case STATE_NO_CALL:
    case STATE_NO_RECORDING:
    case STATE_ABSENT: response_error(response, MESSAGE_NO_RECORDING); break;
    default: states_answer(&look, response); break;
    }
}

void handle_media(const struct app *app, struct request *request, struct response *response)
{
    if (!may_play(app, request)) {
        if (auth_strike(app, request) == RESULT_TOO_BIG) {
            auth_answer_too_often(request, response);
        } else {
            response_error(response, MESSAGE_FORBIDDEN);
        }
        return;
    }
    enum result result = play(app, request, response);
    if (result != RESULT_OK) {
        answer_state(app, request, response);
    }
    note_playback(app, request, response, request->business_id, "media", NULL);
}
