#include "asked.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "config/config_value.h"
#include "followups/server.h"

bool asked_begin(struct asked *asked, struct step_job *job, const char *address, const char *model,
                 const char *const *fields)
{
    static const struct run_reason PAUSED = {
        "server_paused", "The server refused our key or account, and is left alone for a while."};
    struct server server;
    *asked = (struct asked){.job = job, .address = address, .model = model, .fields = fields};
    if (server_look(job->app, address, model, &server) != RESULT_OK) {
        step_job_no_database(job);
        return false;
    }
    asked->shape = server.shape;
    asked->took = true;
    if (server.paused_ms > 0) {
        step_job_wait(job, &PAUSED, server.paused_ms);
    }
    return server.paused_ms <= 0;
}

/* The whole URL; NULL: it does not fit. */
static const char *url_of(const struct asked *asked, const char *path, char *out, size_t size)
{
    const char *base = asked->address;
    char longer[STEP_URL_SIZE];
    if (step_job_url(base, path, out, size) == NULL || !asked->slash) {
        return step_job_url(base, path, out, size);
    }
    const char *query = strchr(out, '?');
    size_t len = query != NULL ? (size_t)(query - out) : strlen(out);
    int n = snprintf(longer, sizeof longer, "%.*s/%s", (int)len, out, out + len);
    if (n < 0 || (size_t)n >= sizeof longer || (size_t)n >= size) {
        return NULL;
    }
    memcpy(out, longer, (size_t)n + 1);
    return out;
}

enum { KEY_LINE_SIZE = CONFIG_VALUE_MAX + 16 };

enum result asked_send(const struct asked *asked, const char *path, int64_t timeout_ms,
                       const struct http_request *what, const struct exchange_plan *plan,
                       struct exchange **out)
{
    const struct config *config = asked->job->app->config;
    struct http_request request = *what;
    char url[STEP_URL_SIZE], line[KEY_LINE_SIZE];
    const char *key = config->openai_api_key, *headers[] = {line, NULL, NULL};
    request.url = url_of(asked, path, url, sizeof url);
    if (step_job_is_azure(asked->address) && key[0] != '\0') {
        (void)snprintf(line, sizeof line, "api-key: %s", key);
        headers[1] = what->headers != NULL ? what->headers[0] : NULL;
        request.headers = headers;
    } else {
        request.bearer = key[0] != '\0' ? key : NULL;
    }
    request.connect_timeout_ms = config->connect_timeout;
    request.stall_timeout_ms = timeout_ms; /* it is silent while it listens, or thinks */
    request.total_timeout_ms = timeout_ms;
    request.unpack = true;
    return request.url != NULL ? exchange_start(asked->job->http, &request, plan, out)
                               : RESULT_FAILED;
}

void asked_learn(struct asked *asked)
{
    asked->took = true;
    (void)server_learn(asked->job->app, asked->address, asked->model, &asked->shape);
}

/* ---- refusals ---- */

/* FastAPI answers so where its route ends with a slash and the address does not. Asked is the
 * address that we have, and no other that a server names. */
static bool wants_slash(struct asked *asked, const struct exchange_end *end)
{
    bool moved =
        end->status == 301 || end->status == 302 || end->status == 307 || end->status == 308;
    if (!moved || asked->slash) {
        return false;
    }
    asked->slash = true;
    return true;
}

/* From the top again, once until it answers: what it took before, it refuses by now. */
static bool begin_anew(struct asked *asked)
{
    bool other = asked->took && shape_number(&asked->shape) != 0;
    asked->took = false;
    if (!other) {
        return false;
    }
    asked->shape = (struct shape){.format = 0};
    (void)server_forget_shape(asked->job->app, asked->address, asked->model);
    return true;
}

static enum asked_next give_way(struct asked *asked)
{
    return begin_anew(asked) || shape_give_way(&asked->shape, asked->error.field) ? ASKED_AGAIN
                                                                                  : ASKED_OVER;
}

enum asked_next asked_next(struct asked *asked, const struct exchange_end *end)
{
    const char *key = asked->job->app->config->openai_api_key;
    asked->error = (struct answer_error){.fault = ANSWER_FAULT_OTHER};
    if (end->outcome != HTTP_COMPLETE) {
        return ASKED_OVER;
    }
    if (wants_slash(asked, end)) {
        return ASKED_AGAIN;
    }
    answer_read_error(end->status, buf_str(end->body), end->body->len, asked->fields, key,
                      &asked->error);
    switch (asked->error.fault) {
    case ANSWER_FAULT_FIELD: return give_way(asked);
    case ANSWER_FAULT_MODEL: return ASKED_MODEL;
    case ANSWER_FAULT_SIZE:
    case ANSWER_FAULT_CONTEXT: return ASKED_SMALLER;
    default: return ASKED_OVER;
    }
}

void asked_say(struct asked *asked, const char *words)
{
    struct buf line;
    buf_init(&line, 2 * (size_t)ANSWER_SAID_SIZE);
    utf8_line(words, ANSWER_SAID_MAX, &line);
    asked->error.fault = ANSWER_FAULT_OTHER;
    (void)snprintf(asked->error.said, sizeof asked->error.said, "%s", buf_str(&line));
    buf_free(&line);
}

/* What a server that refused us said, and that it did. */
static struct run_reason said(struct asked *asked, const struct exchange_end *end,
                              const struct run_reason *reason)
{
    struct step_job *job = asked->job;
    struct step_said *said = &job->said;
    (void)server_host(asked->address, said->host, sizeof said->host);
    said->status = end->status;
    (void)snprintf(said->words, sizeof said->words, "%s", asked->error.said);
    if (said->words[0] != '\0') {
        (void)snprintf(said->text, sizeof said->text, "%s %s said (%ld): %s", reason->text,
                       said->host, said->status, said->words);
    } else {
        (void)snprintf(said->text, sizeof said->text, "%s (%s, %ld)", reason->text, said->host,
                       said->status);
    }
    (void)server_refused(job->app, asked->address, asked->model, end->status,
                         said->words[0] != '\0' ? said->words : reason->text);
    return (struct run_reason){reason->code, said->text};
}

static void end_try(struct asked *asked, const struct exchange_end *end,
                    const struct run_reason *reason, bool final)
{
    const struct run_reason whole = said(asked, end, reason);
    if (final) {
        step_job_end(asked->job, STEP_FAILED, &whole);
    } else {
        step_job_try_again(asked->job, &whole, end->retry_after_s * 1000);
    }
}

/* It is the account's fault, and no call's: none pays for it with a try. */
static void pause_server(struct asked *asked, const struct exchange_end *end,
                         const struct run_reason *reason)
{
    const struct run_reason whole = said(asked, end, reason);
    int64_t paused_ms = 0;
    if (server_pause(asked->job->app, asked->address, asked->model, &paused_ms) != RESULT_OK) {
        step_job_no_database(asked->job);
    } else {
        step_job_wait(asked->job, &whole, paused_ms);
    }
}

void asked_fail(struct asked *asked, const struct exchange_end *end,
                const struct run_reason *reason)
{
    static const struct run_reason QUOTA = {
        "server_quota", "The account at the server has no credit left: top it up."};
    static const struct run_reason FILTER = {"content_filter",
                                             "A content filter refused what was sent."};
    bool final = true;
    if (reason == NULL) {
        reason = exchange_trouble(end, &final);
    }
    if (asked->error.fault == ANSWER_FAULT_QUOTA) {
        pause_server(asked, end, &QUOTA);
        return;
    }
    if (end->outcome == HTTP_COMPLETE && (end->status == 401 || end->status == 403) &&
        asked->error.fault == ANSWER_FAULT_OTHER) {
        pause_server(asked, end, reason);
        return;
    }
    end_try(asked, end, asked->error.fault == ANSWER_FAULT_FILTER ? &FILTER : reason, final);
}

void asked_nonsense(struct asked *asked, const struct exchange_end *end,
                    const struct run_reason *reason, const struct buf *document)
{
    answer_read_error(end->status, buf_str(document), document->len, asked->fields,
                      asked->job->app->config->openai_api_key, &asked->error);
    end_try(asked, end, reason, false);
}
