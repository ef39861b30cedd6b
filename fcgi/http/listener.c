#include "listener.h"

#include <string.h>

#include "auth.h"
#include "base/clock.h"
#include "base/magic.h"
#include "states.h"

struct keeping {
    struct magic magic;
    struct listener_share *share;
};

static void keep(void *context, const struct share_link *link)
{
    const struct keeping *keeping = CHECKED(keeping, context);
    struct json *json = keeping->share->json = json_new();
    keeping->share->link = *link;
    json_put_text(json, "label", link->label);
    json_put_text(json, "called_at", link->called_at);
    json_put_text(json, "expires_at", link->expires_at);
    json_put_null(json, "listenings_left");
    if (link->listenings >= 0) {
        json_put_int(json, "listenings_left", link->listenings - link->listened);
    }
}

enum result listener_open(const struct app *app, const char *text, bool listening,
                          struct share_token *token, struct listener_share *share)
{
    struct keeping keeping = {.magic = MAGIC(keeping), .share = share};
    *share = (struct listener_share){.json = NULL};
    enum result result = share_token_read(app->config, text, clock_wall(), token);
    if (result == RESULT_OK && (token->listening[0] != '\0') != listening) {
        result = RESULT_DENIED;
    }
    return result == RESULT_OK ? share_link_open(app, token, keep, &keeping) : result;
}

enum result listener_auth(const struct app *app, struct request *request)
{
    char text[COOKIE_VALUE_SIZE];
    struct share_token token;
    struct listener_share share;
    if (!auth_bearer(request, text)) {
        return RESULT_INVALID;
    }
    enum result result = listener_open(app, text, true, &token, &share);
    json_free(share.json);
    if (result == RESULT_DENIED) {
        return auth_strike(app, request);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if (strcmp(share.link.name, request->call_sid) != 0) {
        return RESULT_NOT_FOUND;
    }
    request->caller = (struct caller){.business_id = share.link.business_id,
                                      .expires = token.expires,
                                      .listening = token,
                                      .of_part = share.link.from_ms >= 0 || share.link.to_ms >= 0};
    return RESULT_OK;
}

void listener_refuse(const struct request *request, enum result result, struct response *response)
{
    switch (result) {
    case RESULT_LOST: response_error(response, MESSAGE_SHARE_ENDED); break;
    case RESULT_NOT_FOUND: response_error(response, MESSAGE_CALL_NOT_FOUND); break;
    case RESULT_TOO_BIG: auth_answer_too_often(request, response); break;
    default: states_answer_failure(result, response); break;
    }
}

bool listener_is(const struct caller *caller)
{
    return caller->listening.share[0] != '\0';
}

void listener_narrow(struct look *look)
{
    look->playable = false;
    look->facts.recordings = 1;
    look->facts.run_id = 0;
    look->facts.expires_at[0] = '\0';
    look->facts.last_error[0] = '\0';
}

bool listener_url(const struct app *app, const struct share_token *token, struct buf *out)
{
    char text[SHARE_TOKEN_SIZE];
    if (share_token_print(app->config, token, text) != RESULT_OK) {
        return false;
    }
    buf_format(out, "%s/media/share?token=%s", app->config->public_base_url, text);
    return buf_ok(out);
}
