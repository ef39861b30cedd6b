#include "auth.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "clients/crypto.h"
#include "runs/throttle.h"
#include "twilio/signature.h"

/* ---- sessions ---- */

bool auth_bearer(const struct request *request, char *out)
{
    static const char BEARER[] = "Bearer ";
    const char *header = request_header(request, "HTTP_AUTHORIZATION");
    if (header == NULL || strncasecmp(header, BEARER, sizeof BEARER - 1) != 0) {
        return false;
    }
    const char *token = header + sizeof BEARER - 1;
    token += strspn(token, " ");
    size_t len = strlen(token);
    if (len >= COOKIE_VALUE_SIZE) {
        len = 0;
    }
    memcpy(out, token, len);
    out[len] = '\0';
    return true;
}

/* The first cookie of this name (RFC 6265, 4.2.1: "a=1; b=2"). */
static bool cookie_token(const struct request *request, char *out)
{
    static const char NAME[] = "session=";
    const char *at = request_header(request, "HTTP_COOKIE");
    while (at != NULL) {
        at += strspn(at, " ");
        size_t len = strcspn(at, ";");
        if (strncmp(at, NAME, sizeof NAME - 1) == 0) {
            size_t value = len - (sizeof NAME - 1);
            if (value >= COOKIE_VALUE_SIZE) {
                return false;
            }
            memcpy(out, at + sizeof NAME - 1, value);
            out[value] = '\0';
            return true;
        }
        at = at[len] == ';' ? at + len + 1 : NULL;
    }
    return false;
}

enum result auth_strike(const struct app *app, struct request *request)
{
    const char *address = request_header(request, "REMOTE_ADDR");
    int64_t count;
    if (address == NULL ||
        throttle_count_failure(app, address, &count, &request->shut_out_ms) != RESULT_OK) {
        return RESULT_DENIED;
    }
    return count > app->config->signin_failures ? RESULT_TOO_BIG : RESULT_DENIED;
}

void auth_answer_nobody(const struct app *app, struct response *response)
{
    struct json *json = response_message(MESSAGE_UNAUTHORIZED);
    if (app->config->login_url[0] != '\0') {
        json_put_text(json, "login_url", app->config->login_url);
    }
    response_error_with(response, MESSAGE_UNAUTHORIZED, json);
}

void auth_answer_too_often(const struct request *request, struct response *response)
{
    int64_t seconds = (request->shut_out_ms + 999) / 1000;
    response_error(response, MESSAGE_TOO_MANY_FAILURES);
    response_header_int(response, "Retry-After", seconds > 0 ? seconds : 1);
}

enum result auth_session(const struct app *app, struct request *request, char *token)
{
    char own[COOKIE_VALUE_SIZE];
    char *text = token != NULL ? token : own;
    struct jwt_claims claims;
    bool bearer = auth_bearer(request, text);
    if (!bearer && !cookie_token(request, text)) {
        return RESULT_DENIED;
    }
    if (jwt_verifier_check(app->tokens, text, clock_wall(), &claims) != RESULT_OK) {
        return auth_strike(app, request);
    }
    request->caller = (struct caller){
        .business_id = claims.business_id, .expires = claims.expires, .by_cookie = !bearer};
    _Static_assert(sizeof request->caller.subject == sizeof claims.subject, "a subject fits");
    memcpy(request->caller.subject, claims.subject, sizeof claims.subject);
    return RESULT_OK;
}

enum result auth_metrics(const struct app *app, struct request *request)
{
    char token[COOKIE_VALUE_SIZE];
    if (app->config->metrics_token[0] == '\0') {
        return RESULT_NOT_FOUND;
    }
    if (!auth_bearer(request, token)) {
        return RESULT_DENIED;
    }
    return crypto_same(token, app->config->metrics_token) ? RESULT_OK : auth_strike(app, request);
}

/* ---- Twilio ---- */

enum result auth_twilio(const struct app *app, struct request *request)
{
    enum result result = request_read_form(request);
    if (result == RESULT_INVALID) {
        log_event("WEBHOOK_REFUSED", "cause=no_form");
    }
    if (result != RESULT_OK) {
        return result;
    }
    struct credential credential =
        credentials_of(app->credentials, form_get(&request->form, "AccountSid"));
    const struct signature_headers headers = {
        .signature = request_header(request, "HTTP_X_TWILIO_SIGNATURE"),
        .settings = request_header(request, "HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS"),
    };
    enum signature_verdict verdict =
        signature_check(&credential, &headers, app->config->public_base_url, request->target,
                        &request->form, buf_str(&request->body), request->body.len);
    if (verdict == SIGNATURE_GOOD) {
        return RESULT_OK;
    }
    log_event("WEBHOOK_REFUSED", "cause=%s", signature_verdict_name(verdict));
    return RESULT_DENIED;
}

/* ---- origins ---- */

/* An exact item of the comma-separated list. */
static bool is_listed(const char *list, const char *origin)
{
    size_t wanted = strlen(origin);
    for (const char *at = list; at != NULL;) {
        size_t len = strcspn(at, ",");
        if (len == wanted && memcmp(at, origin, len) == 0) {
            return true;
        }
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return false;
}

/* The end of scheme, host and port in our own address, without the port that its scheme implies. */
static const char *origin_end(const char *base_url, const char *host)
{
    const char *port = text_starts(base_url, "https://") ? ":443" : ":80";
    const char *end = host + strcspn(host, "/");
    size_t len = strlen(port);
    bool implied = (size_t)(end - host) > len && memcmp(end - len, port, len) == 0;
    return implied ? end - len : end;
}

/* Our own address as browsers name it: no path, no standard port, nobody before the host. */
static bool is_own(const char *base_url, const char *origin)
{
    const char *scheme_end = strstr(base_url, "://");
    if (scheme_end == NULL) {
        return false;
    }
    const char *host = scheme_end + 3;
    size_t scheme = (size_t)(host - base_url);
    const char *end = origin_end(base_url, host);
    const char *at = memrchr(host, '@', (size_t)(end - host));
    host = at != NULL ? at + 1 : host;
    size_t len = (size_t)(end - host);
    return strlen(origin) == scheme + len && strncasecmp(base_url, origin, scheme) == 0 &&
           strncasecmp(host, origin + scheme, len) == 0;
}

bool auth_origin_may_change(const struct app *app, const struct request *request)
{
    const char *origin = request_header(request, "HTTP_ORIGIN");
    return origin != NULL && (is_own(app->config->public_base_url, origin) ||
                              is_listed(app->config->allowed_origins, origin));
}

void auth_cors(const struct app *app, const struct request *request, struct response *response)
{
    const char *origin = request_header(request, "HTTP_ORIGIN");
    response_always(response, "Vary", "Origin");
    if (origin == NULL || !is_listed(app->config->allowed_origins, origin)) {
        return;
    }
    response_always(response, "Access-Control-Allow-Origin", origin);
    response_always(response, "Access-Control-Allow-Credentials", "true");
    response_always(response, "Access-Control-Expose-Headers",
                    "Retry-After, Content-Range, Accept-Ranges, Content-Length, ETag, "
                    "X-Request-Id, Content-Disposition");
    if (request->method == METHOD_OPTIONS) {
        response_always(response, "Access-Control-Allow-Methods",
                        "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        response_always(response, "Access-Control-Allow-Headers",
                        "Authorization, Content-Type, Range, If-Range, Prefer");
        response_always(response, "Access-Control-Max-Age", "600");
    }
}
