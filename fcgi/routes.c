#include "routes.h"

#include <string.h>

#include "http/auth.h"
#include "http/call_query.h"
#include "http/listener.h"
#include "http/parameter.h"
#include "http/share.h"
#include "http/states.h"
#include "openapi.h"
#include "route.h"

enum { GET_HEAD = METHOD_GET | METHOD_HEAD, EXPECTED_MAX = 1024 };

static handler handle_openapi;

static const struct route ROUTES[] = {
    {GET_HEAD, "/api/recordings/file/{call}", {NULL}, WHO_SESSION, handle_file},
    {GET_HEAD, "/media/share", {"token", NULL}, WHO_LINK, handle_share_sound},
    {GET_HEAD, "/media/{business}/{file}", {"exp", "sig", NULL}, WHO_LINK, handle_media},
    {GET_HEAD, "/api/recordings/runs/active", {NULL}, WHO_SHARE, handle_runs_active},
    {GET_HEAD, "/api/recordings/runs/{run}/status", {NULL}, WHO_SESSION, handle_run_status},
    {METHOD_POST, "/api/recordings/runs/{run}/cancel", {NULL}, WHO_SESSION, handle_run_cancel},
    {METHOD_POST, "/api/recordings/{call}/prepare", {NULL}, WHO_LISTENER, handle_prepare},
    {GET_HEAD, "/api/recordings/{call}/status", {NULL}, WHO_LISTENER, handle_status},
    {GET_HEAD, "/api/recordings/{call}/peaks", {NULL}, WHO_LISTENER, handle_peaks},
    {GET_HEAD, "/api/calls", {"limit", "cursor", CALL_QUERY_KEYS, NULL}, WHO_SHARE, handle_calls},
    {GET_HEAD, "/api/calls.csv", {CALL_QUERY_KEYS, NULL}, WHO_SHARE, handle_calls_csv},
    {GET_HEAD, "/api/calls/totals", {CALL_QUERY_KEYS, NULL}, WHO_SHARE, handle_totals},
    {GET_HEAD, "/api/calls/changes", {"since", NULL}, WHO_SHARE, handle_changes},
    {GET_HEAD, "/api/agents", {NULL}, WHO_SHARE, handle_agents},
    {GET_HEAD, "/api/lines", {NULL}, WHO_SHARE, handle_lines},
    {GET_HEAD, "/api/calls/{call}", {NULL}, WHO_SHARE, handle_call},
    {METHOD_PATCH, "/api/calls/{call}", {NULL}, WHO_SESSION, handle_call_people},
    {GET_HEAD, "/api/calls/{call}/download", {"recording", NULL}, WHO_SESSION, handle_download},
    {METHOD_PUT, "/api/calls/{call}/star", {"for", NULL}, WHO_SESSION, handle_star},
    {METHOD_DELETE, "/api/calls/{call}/star", {"for", NULL}, WHO_SESSION, handle_star},
    {METHOD_PUT, "/api/calls/{call}/tags/{tag}", {"for", NULL}, WHO_SESSION, handle_tag},
    {METHOD_DELETE, "/api/calls/{call}/tags/{tag}", {"for", NULL}, WHO_SESSION, handle_tag},
    {METHOD_POST, "/api/calls/{call}/notes", {NULL}, WHO_SESSION, handle_note_add},
    {METHOD_DELETE, "/api/calls/{call}/notes/{note}", {NULL}, WHO_SESSION, handle_note_drop},
    {METHOD_POST, "/api/calls/{call}/shares", {NULL}, WHO_SESSION, handle_share_add},
    {GET_HEAD, "/api/calls/{call}/shares", {NULL}, WHO_SESSION, handle_shares},
    {METHOD_DELETE, "/api/calls/{call}/shares/{share}", {NULL}, WHO_SESSION, handle_share_revoke},
    {METHOD_POST, "/api/share", {NULL}, WHO_ANYONE, handle_share_open},
    {GET_HEAD, "/api/tags", {NULL}, WHO_SHARE, handle_tags},
    {METHOD_POST, "/webhook/recording_status", {NULL}, WHO_TWILIO, handle_recording_status},
    {METHOD_POST, "/recording_status_callback", {NULL}, WHO_TWILIO, handle_recording_status},
    {METHOD_POST, "/webhook/call_status", {NULL}, WHO_TWILIO, handle_call_status},
    {METHOD_POST, "/webhook/conference_status", {NULL}, WHO_TWILIO, handle_conference_status},
    {METHOD_POST, "/api/session", {NULL}, WHO_SESSION, handle_session_open},
    {METHOD_DELETE, "/api/session", {NULL}, WHO_ANYONE, handle_session_close},
    {GET_HEAD, "/api/openapi.json", {NULL}, WHO_ANYONE, handle_openapi},
    {GET_HEAD, "/healthz", {NULL}, WHO_ANYONE, handle_healthz},
    {GET_HEAD, "/readyz", {NULL}, WHO_ANYONE, handle_readyz},
    {GET_HEAD, "/metrics", {NULL}, WHO_METRICS, handle_metrics},
};

enum { ROUTE_COUNT = sizeof ROUTES / sizeof *ROUTES };

static void handle_openapi(const struct app *app, struct request *request,
                           struct response *response)
{
    (void)app;
    (void)request;
    openapi_answer(ROUTES, ROUTE_COUNT, response);
}

/* ---- paths ---- */

static bool take_call(const char *text, size_t len, struct request *request)
{
    if (len != SID_LENGTH) {
        return false;
    }
    memcpy(request->call_sid, text, len);
    request->call_sid[len] = '\0';
    return text_is_recording(request->call_sid);
}

static bool take_file(const char *text, size_t len, struct request *request)
{
    if (len <= SID_LENGTH || text[SID_LENGTH] != '.') {
        return false;
    }
    request->kind = audio_kind_named(text + SID_LENGTH + 1, len - SID_LENGTH - 1);
    return request->kind != AUDIO_UNKNOWN && take_call(text, SID_LENGTH, request);
}

static bool take_tag(const char *text, size_t len, struct request *request)
{
    char decoded[REQUEST_PATH_SIZE];
    size_t decoded_len;
    return text_percent_decode(text, len, false, decoded, &decoded_len) &&
           mark_tag(decoded, request->tag);
}

static bool take_share(const char *text, size_t len, struct request *request)
{
    if (len != sizeof request->share_id - 1 || strspn(text, "0123456789abcdef") < len) {
        return false;
    }
    memcpy(request->share_id, text, len);
    request->share_id[len] = '\0';
    return true;
}

/* What a placeholder takes from its segment. */
static bool take(const char *placeholder, const char *text, size_t len, struct request *request)
{
    switch (placeholder[1]) {
    case 'c': return take_call(text, len, request);
    case 'f': return take_file(text, len, request);
    case 'n': return text_int_n(text, len, 1, INT64_MAX, &request->note_id);
    case 's': return take_share(text, len, request);
    case 't': return take_tag(text, len, request);
    case 'r': return text_int_n(text, len, 1, INT64_MAX, &request->run_id);
    default: return text_int_n(text, len, 1, INT64_MAX, &request->business_id);
    }
}

/* Both go to the end of a step that is the same in both. Most patterns differ by it: each byte is
 * looked at once. */
static bool match_word(const char **pattern, const char **path)
{
    const char *want = *pattern, *have = *path;
    while (*want == *have && *want != '/' && *want != '\0') {
        want++;
        have++;
    }
    *pattern = want;
    *path = have;
    return (*want == '/' || *want == '\0') && (*have == '/' || *have == '\0');
}

/* Segment by segment; a path of the right shape with a bad value in it is malformed, not unknown:
 * `bad` is its placeholder. */
static bool match(const char *pattern, struct request *request, const char **bad)
{
    const char *path = request->path;
    *bad = NULL;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        if (*pattern == '{') {
            size_t have = strcspn(path, "/");
            if ((have == 0 || !take(pattern, path, have, request)) && *bad == NULL) {
                *bad = pattern;
            }
            pattern += strcspn(pattern, "/");
            path += have;
        } else if (!match_word(&pattern, &path)) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

/* ---- the gate ---- */

struct gate {
    const struct route *route; /* the one that fits path and method */
    const char *bad;           /* the placeholder of what is malformed in the path, or NULL */
    unsigned methods;          /* of all routes with this path; 0: there is none */
};

/* A plain path wins over one with a placeholder in the same place: the table lists it first. */
static void find_route(struct request *request, struct gate *gate)
{
    const char *bad;
    *gate = (struct gate){.methods = 0};
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!match(ROUTES[i].pattern, request, &bad)) {
            continue;
        }
        gate->methods |= ROUTES[i].methods;
        if (gate->route == NULL && (ROUTES[i].methods & (unsigned)request->method) != 0) {
            gate->route = &ROUTES[i];
        }
    }
    if (gate->route != NULL) {
        (void)match(gate->route->pattern, request, &gate->bad);
    }
}

static bool key_is_known(const struct route *route, const char *key)
{
    for (size_t i = 0; i < KEYS_MAX && route->keys[i] != NULL; i++) {
        if (strcmp(route->keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void refuse_query(const struct route *route, struct response *response)
{
    struct buf expected;
    buf_init(&expected, EXPECTED_MAX);
    buf_text(&expected, route->keys[0] != NULL ? "each of these at most once, percent-encoded: "
                                               : "no parameter");
    for (size_t i = 0; i < KEYS_MAX && route->keys[i] != NULL; i++) {
        buf_format(&expected, "%s%s", i > 0 ? ", " : "", route->keys[i]);
    }
    parameter_refuse_as("query", buf_str(&expected), response);
    buf_free(&expected);
}

static void refuse_path(const char *placeholder, struct response *response)
{
    const struct parameter *parameter =
        parameter_find(placeholder + 1, strcspn(placeholder + 1, "}"));
    if (parameter != NULL) {
        parameter_refuse(parameter, response);
    } else {
        response_error(response, MESSAGE_BAD_PARAMETER);
    }
}

/* The row of a value that may not be; NULL: all may. */
static const struct parameter *find_bad_value(const struct form *query)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct form_pair *pair = &query->pairs[i];
        const struct parameter *parameter = parameter_find(pair->name, pair->name_len);
        if (parameter != NULL && !parameter_fits(parameter, pair->value)) {
            return parameter;
        }
    }
    return NULL;
}

static bool keys_are_known(const struct route *route, const struct form *query)
{
    for (size_t i = 0; i < query->count; i++) {
        if (!key_is_known(route, query->pairs[i].name)) {
            return false;
        }
    }
    return true;
}

/* Whoever gives an address to Twilio may put keys of his own into it. */
static bool values_are_good(const struct gate *gate, const struct form *query,
                            struct response *response)
{
    if (gate->bad != NULL) {
        refuse_path(gate->bad, response);
        return false;
    }
    if (gate->route->who == WHO_TWILIO) {
        return true;
    }
    if (!query->clean || form_has_repeats(query) || !keys_are_known(gate->route, query)) {
        refuse_query(gate->route, response);
        return false;
    }
    const struct parameter *bad = find_bad_value(query);
    if (bad != NULL) {
        parameter_refuse(bad, response);
    }
    return bad == NULL;
}

static void allow_header(struct response *response, unsigned methods)
{
    struct buf allow;
    buf_init(&allow, 64);
    methods |= METHOD_OPTIONS;
    for (unsigned method = METHOD_GET; method < METHOD_OTHER; method <<= 1) {
        if ((methods & method) != 0) {
            buf_format(&allow, "%s%s", allow.len > 0 ? ", " : "",
                       request_method_name((enum method)method));
        }
    }
    response_header(response, "Allow", buf_str(&allow));
    buf_free(&allow);
}

static void refuse_caller(const struct app *app, const struct request *request,
                          struct response *response, bool too_often)
{
    if (too_often) {
        auth_answer_too_often(request, response);
        return;
    }
    auth_answer_nobody(app, response);
    response_header(response, "WWW-Authenticate", "Bearer"); /* RFC 9110, 11.6.1 */
}

/* True: the request is answered, or a listener's who may; false: it may be a session's. */
static bool is_listener(const struct app *app, struct request *request, struct response *response,
                        bool *may)
{
    enum result result = listener_auth(app, request);
    *may = result == RESULT_OK;
    if (result == RESULT_DENIED) {
        refuse_caller(app, request, response, false);
    } else if (result != RESULT_OK && result != RESULT_INVALID) {
        listener_refuse(request, result, response);
    }
    return result != RESULT_INVALID;
}

static bool caller_may(const struct app *app, const struct route *route, struct request *request,
                       struct response *response)
{
    enum result result;
    bool changes = (route->methods & (GET_HEAD | METHOD_OPTIONS)) == 0, may;
    switch (route->who) {
    case WHO_LISTENER:
        if (is_listener(app, request, response, &may)) {
            return may;
        }
        __attribute__((fallthrough));
    case WHO_SESSION:
    case WHO_SHARE:
        result = auth_session(app, request, NULL);
        if (result != RESULT_OK) {
            refuse_caller(app, request, response, result == RESULT_TOO_BIG);
            return false;
        }
        if (changes && request->caller.by_cookie && !auth_origin_may_change(app, request)) {
            response_error(response, MESSAGE_ORIGIN_NOT_ALLOWED);
            return false;
        }
        return true;
    case WHO_TWILIO:
        result = auth_twilio(app, request);
        if (result != RESULT_OK) {
            parameter_refuse_body(result, "a form (application/x-www-form-urlencoded)", response);
        }
        return result == RESULT_OK;
    case WHO_METRICS:
        result = auth_metrics(app, request);
        if (result == RESULT_NOT_FOUND) {
            response_error(response, MESSAGE_NOT_FOUND);
        } else if (result != RESULT_OK) {
            refuse_caller(app, request, response, result == RESULT_TOO_BIG);
        }
        return result == RESULT_OK;
    case WHO_LINK:
    case WHO_ANYONE: return true;
    }
    return false;
}

static void handle(const struct app *app, const struct route *route, struct request *request,
                   struct response *response)
{
    struct share share;
    if (route->who != WHO_SHARE) {
        route->handle(app, request, response);
    } else if (share_begin(app, request, &share, response)) {
        route->handle(app, request, response);
        share_end(app, request, &share);
    }
}

static void security_headers(struct response *response)
{
    response_always(response, "X-Content-Type-Options", "nosniff");
    response_always(response, "Referrer-Policy", "no-referrer");
}

void routes_answer(const struct app *app, struct request *request, enum result begun,
                   struct response *response)
{
    struct gate gate;
    security_headers(response);
    auth_cors(app, request, response);
    if (request->id[0] != '\0') {
        response_always(response, "X-Request-Id", request->id);
    }
    find_route(request, &gate);
    request->route = gate.route != NULL ? gate.route->pattern : NULL;
    if (gate.methods == 0) {
        response_error(response, MESSAGE_NOT_FOUND);
    } else if (request->method == METHOD_OPTIONS) {
        response_empty(response, 204);
        allow_header(response, gate.methods);
    } else if (gate.route == NULL) {
        response_error(response, MESSAGE_METHOD_NOT_ALLOWED);
        allow_header(response, gate.methods);
    } else if (begun == RESULT_TOO_BIG) {
        response_error(response, MESSAGE_TOO_LARGE);
    } else if (begun != RESULT_OK) {
        states_answer_failure(begun, response);
    } else if (values_are_good(&gate, &request->query, response) &&
               caller_may(app, gate.route, request, response)) {
        handle(app, gate.route, request, response);
    }
}
