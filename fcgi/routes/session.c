/*
 * A session cookie for browsers, made from a bearer token: the token itself, where scripts cannot
 * read it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "handlers.h"
#include "http/auth.h"

static void set_cookie(const struct app *app, const char *value, int64_t max_age,
                       struct response *response)
{
    struct buf cookie;
    bool https = text_starts(app->config->public_base_url, "https://");
    buf_init(&cookie, COOKIE_VALUE_SIZE + 128);
    buf_format(&cookie, "session=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", value,
               (long long)max_age, https ? "; Secure" : "");
    response_header(response, "Set-Cookie", buf_str(&cookie));
    buf_free(&cookie);
}

void handle_session_open(const struct app *app, struct request *request, struct response *response)
{
    char token[COOKIE_VALUE_SIZE], expires[CLOCK_ISO_SIZE];
    if (auth_session(app, request, token) != RESULT_OK) {
        auth_answer_nobody(app, response);
        return;
    }
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    json_put_int(json, "business_id", request->caller.business_id);
    json_put_text(json, "expires_at", clock_iso(request->caller.expires, expires));
    response_json(response, 200, json);
    set_cookie(app, token, request->caller.expires - clock_wall(), response);
}

/* Signing out needs no valid token, but another site may not do it to a person. */
void handle_session_close(const struct app *app, struct request *request, struct response *response)
{
    if (request_header(request, "HTTP_COOKIE") != NULL && !auth_origin_may_change(app, request)) {
        response_error(response, MESSAGE_ORIGIN_NOT_ALLOWED);
        return;
    }
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    response_json(response, 200, json);
    response_header(response, "Clear-Site-Data", "\"cache\"");
    set_cookie(app, "", 0, response);
}
