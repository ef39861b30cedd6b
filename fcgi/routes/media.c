/*
 * A play link, where the web server does not check it itself. The signature is over one file of one
 * business, so it opens that file and no other.
 */
#include <string.h>

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

static bool may_play(const struct app *app, const struct request *request, int64_t *expires)
{
    struct link link = {
        .business_id = request->business_id, .call_sid = request->call_sid, .kind = request->kind};
    const char *end = form_get(&request->query, "exp");
    const char *signature = form_get(&request->query, "sig");
    bool is_whole = end != NULL && signature != NULL && text_int(end, 0, INT64_MAX, &link.expires);
    *expires = link.expires;
    return is_whole && link_is(&link, signature, request->target) &&
           link_holds(app->config, &link, signature, clock_wall());
}

/* PostgreSQL, which knows how many bytes were stored, is not asked: the file itself is. */
static enum result find_whole(const struct app *app, const struct request *request,
                              struct file_facts *file, bool *damaged)
{
    enum result result = file_find(app->config, request->business_id, request->call_sid, file);
    *damaged = result == RESULT_OK && !file_is_whole(file, 0);
    return *damaged ? RESULT_NOT_FOUND : result;
}

/* The finished file, or what is here of one that arrives; and where it got its name meanwhile, the
 * finished file after all. */
static enum result play(const struct app *app, const struct request *request, bool *damaged,
                        struct response *response)
{
    struct file_facts file;
    enum result result = find_whole(app, request, &file, damaged);
    if (result != RESULT_OK) {
        if (early_answer(app, request, response) == RESULT_OK) {
            return RESULT_OK;
        }
        result = find_whole(app, request, &file, damaged);
    }
    if (result != RESULT_OK || file.kind != request->kind) {
        return RESULT_NOT_FOUND;
    }
    return serve_file(app, request, &file, "inline", response);
}

/* Nobody has asked for it with a session since, which has it fetched again. */
static void tell_damaged(struct look *look)
{
    static const char CODE[] = "file_damaged", DETAIL[] = "The file here is not whole.";
    look->state = STATE_FAILED;
    memcpy(look->facts.last_code, CODE, sizeof CODE);
    memcpy(look->facts.last_error, DETAIL, sizeof DETAIL);
}

/* In the object store, perhaps; or nothing to play: why. A link opens one file, so whoever has only
 * that gets no further link. */
static void answer_state(const struct app *app, const struct request *request, bool damaged,
                         struct response *response)
{
    struct look look;
    enum result result = remote_look(app, request->business_id, request->call_sid, &look);
    if (result == RESULT_OK && look.state == STATE_READY && look.file.kind == request->kind &&
        (look.remote || strcmp(look.file_sid, request->call_sid) == 0)) {
        result = remote_or_file(app, request, request->business_id, &look, "inline", response);
        if (result == RESULT_OK) {
            return;
        }
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
        return;
    }
    if (damaged && look.state == STATE_ABSENT) {
        tell_damaged(&look);
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
    int64_t expires;
    if (!may_play(app, request, &expires)) {
        if (auth_strike(app, request) == RESULT_TOO_BIG) {
            auth_answer_too_often(request, response);
        } else {
            response_error(response, MESSAGE_FORBIDDEN);
        }
        return;
    }
    bool damaged;
    enum result result = play(app, request, &damaged, response);
    if (result != RESULT_OK) {
        answer_state(app, request, damaged, response);
    }
    note_media(app, request, response, expires);
}
