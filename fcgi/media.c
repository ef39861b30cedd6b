/*
 * A play link, where the web server does not check it itself. The signature is over one file of one
 * business, so it opens that file and no other.
 */
#include "auth.h"
#include "base/clock.h"
#include "handlers.h"
#include "note.h"
#include "recordings/link.h"
#include "serve.h"
#include "states.h"

static bool may_play(const struct app *app, const struct request *request)
{
    struct link link = {
        .business_id = request->business_id, .call_sid = request->call_sid, .kind = request->kind};
    const char *expires = form_get(&request->query, "exp");
    const char *signature = form_get(&request->query, "sig");
    return expires != NULL && signature != NULL && text_int(expires, 0, INT64_MAX, &link.expires) &&
           link_holds(app->config, &link, signature, clock_wall());
}

void handle_media(const struct app *app, struct request *request, struct response *response)
{
    struct file_facts file;
    if (!may_play(app, request)) {
        if (auth_strike(app, request) == RESULT_TOO_BIG) {
            auth_answer_too_often(request, response);
        } else {
            response_error(response, MESSAGE_FORBIDDEN);
        }
        return;
    }
    enum result result = file_find(app->config, request->business_id, request->call_sid, &file);
    if (result == RESULT_OK && file.kind == request->kind) {
        result = serve_file(app, request, &file, "inline", response);
    } else {
        result = RESULT_NOT_FOUND;
    }
    if (result != RESULT_OK) {
        response_error(response, MESSAGE_NO_RECORDING);
    }
    note_playback(app, request, response, request->business_id, "media", NULL);
}
