#include "s3_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/text.h"

enum {
    POLL_MS = 100,
    REST_MS = 5000,
    URL_SIZE = S3_HOST_SIZE + S3_PATH_SIZE + S3_PLACE_SIZE + 512,
    SHA256_LINE = 96
};

struct s3 {
    const struct config *config;
    struct http *http;     /* for what is waited for */
    int64_t rest_until_ms; /* until then nobody waits for an answer */
};

struct s3_exchange {
    struct magic magic;
    struct s3_request request;
    struct s3_answer answer;
    struct http_transfer *transfer;
    bool refused_bytes; /* `take` did not want them */
};

struct s3 *s3_new(const struct config *config)
{
    struct s3 *s3 = calloc(1, sizeof *s3);
    if (s3 == NULL) {
        return NULL;
    }
    s3->config = config;
    s3->http = http_new();
    if (s3->http == NULL) {
        free(s3);
        return NULL;
    }
    return s3;
}

void s3_free(struct s3 *s3)
{
    if (s3 != NULL) {
        http_free(s3->http);
        free(s3);
    }
}

const struct config *s3_config(const struct s3 *s3)
{
    return s3->config;
}

struct http *s3_http(const struct s3 *s3)
{
    return s3->http;
}

/* ---- where ---- */

bool s3_is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool s3_read_upload_id(const char *body, char *out, size_t size)
{
    static const char OPEN[] = "<UploadId>";
    const char *from = strstr(body, OPEN);
    const char *to = from != NULL ? strchr(from + sizeof OPEN - 1, '<') : NULL;
    size_t n = 0;
    if (to == NULL) {
        return false;
    }
    for (const char *c = from + sizeof OPEN - 1; c < to; c++) {
        if (n + sizeof "%00" > size || *c == '&') {
            return false;
        }
        n += (size_t)snprintf(out + n, size - n, s3_is_unreserved(*c) ? "%c" : "%%%02X",
                              (unsigned char)*c);
    }
    return n > 0;
}

static bool ends_with(const char *text, size_t len, const char *ending)
{
    size_t n = strlen(ending);
    return len > n && memcmp(text + len - n, ending, n) == 0;
}

enum result s3_address(const struct config *config, const char *key, struct s3_address *out)
{
    bool tls = text_starts(config->s3_endpoint, "https://");
    bool in_path = config->s3_style == S3_STYLE_PATH;
    out->scheme = tls ? "https://" : "http://";
    const char *host = config->s3_endpoint + strlen(out->scheme);
    size_t len = strlen(host);
    if (ends_with(host, len, tls ? ":443" : ":80")) {
        len -= tls ? 4 : 3;
    }
    int n = snprintf(out->host, sizeof out->host, "%s%s%.*s", in_path ? "" : config->s3_bucket,
                     in_path ? "" : ".", (int)len, host);
    int m = snprintf(out->path, sizeof out->path, "%s%s/%s", in_path ? "/" : "",
                     in_path ? config->s3_bucket : "", key);
    if (n < 0 || (size_t)n >= sizeof out->host || m < 0 || (size_t)m >= sizeof out->path) {
        return RESULT_TOO_BIG;
    }
    for (char *c = out->host; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    return RESULT_OK;
}

/* ---- how it went ---- */

static bool is_good(const struct s3_request *request, long status)
{
    return request->status != 0 ? status == request->status : status >= 200 && status < 300;
}

static enum s3_outcome outcome_of_status(long status)
{
    switch (status) {
    case 404: return S3_NOT_FOUND;
    case 401:
    case 403: return S3_DENIED;
    case 408:
    case 429: return S3_UNAVAILABLE;
    default: return status >= 500 ? S3_UNAVAILABLE : S3_REFUSED;
    }
}

static enum s3_outcome outcome_of(const struct s3_exchange *exchange, enum http_outcome outcome,
                                  long status)
{
    if (outcome == HTTP_COMPLETE) {
        return is_good(&exchange->request, status) ? S3_OK : outcome_of_status(status);
    }
    return exchange->refused_bytes ? S3_FAILED : S3_UNAVAILABLE;
}

/* What an error page says is not what was asked for. */
static bool on_body(void *context, const struct http_answer *answer, const char *bytes, size_t len)
{
    struct s3_exchange *exchange = CHECKED(s3_exchange, context);
    if (exchange->request.take != NULL && is_good(&exchange->request, answer->status)) {
        exchange->refused_bytes = !exchange->request.take(exchange->request.context, bytes, len);
        return !exchange->refused_bytes;
    }
    buf_add(&exchange->answer.body, bytes, len);
    return buf_ok(&exchange->answer.body);
}

static void on_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct s3_exchange *exchange = CHECKED(s3_exchange, context);
    struct s3_facts *facts = &exchange->answer.facts;
    exchange->answer.outcome = outcome_of(exchange, outcome, answer->status);
    facts->size = answer->content_length;
    memcpy(facts->etag, answer->etag, sizeof facts->etag);
    if (exchange->request.done != NULL) {
        exchange->request.done(exchange->request.context, &exchange->answer);
    }
    buf_free(&exchange->answer.body);
    free(exchange);
}

/* ---- asking ---- */

static enum result start(struct s3 *s3, struct http *http, struct s3_exchange *exchange)
{
    static const struct http_events EVENTS = {.on_body = on_body, .on_done = on_done};
    const struct s3_request *r = &exchange->request;
    const struct config *config = s3->config;
    const char *headers[S3_HEADERS_MAX + 2] = {NULL};
    struct s3_address address;
    char url[URL_SIZE], sha256[SHA256_LINE];
    size_t count = 0;
    enum result result = s3_address(config, r->key, &address);
    int n = snprintf(url, sizeof url, "%s%s%s%s%s", address.scheme, address.host, address.path,
                     r->query != NULL ? "?" : "", r->query != NULL ? r->query : "");
    int m = snprintf(sha256, sizeof sha256, "x-amz-content-sha256: %s", r->sha256);
    if (result != RESULT_OK || n < 0 || n >= URL_SIZE || m < 0 || m >= SHA256_LINE) {
        return RESULT_TOO_BIG;
    }
    for (size_t i = 0; i < S3_HEADERS_MAX && r->headers != NULL && r->headers[i] != NULL; i++) {
        headers[count++] = r->headers[i];
    }
    headers[count] = sha256;
    struct http_request request = {
        .url = url,
        .method = r->method,
        .user = config->s3_access_key,
        .password = config->s3_secret_key,
        .s3_region = config->s3_region,
        .headers = headers,
        .body = r->body,
        .put = r->put,
        .connect_timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : config->connect_timeout,
        .stall_timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : config->stall_timeout,
        .total_timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : config->transfer_timeout,
    };
    return http_start(http, &request, &EVENTS, exchange, &exchange->transfer);
}

struct s3_exchange *s3_begin(struct s3 *s3, struct http *http, const struct s3_request *request)
{
    struct s3_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->magic = MAGIC(s3_exchange);
    exchange->request = *request;
    buf_init(&exchange->answer.body, S3_BODY_MAX);
    if (start(s3, http, exchange) != RESULT_OK) {
        free(exchange);
        return NULL;
    }
    return exchange;
}

void s3_forget(struct s3_exchange *exchange)
{
    exchange->request.done = NULL;
    exchange->request.take = NULL;
    exchange->refused_bytes = true;
    http_cancel(exchange->transfer);
}

/* ---- and waiting ---- */

struct waiting {
    struct magic magic;
    const struct s3_request *request;
    struct s3_answer *answer;
    bool done;
};

static bool pass_on(void *context, const char *bytes, size_t len)
{
    const struct waiting *waiting = CHECKED(waiting, context);
    return waiting->request->take(waiting->request->context, bytes, len);
}

static void note_done(void *context, const struct s3_answer *answer)
{
    struct waiting *waiting = CHECKED(waiting, context);
    waiting->done = true;
    waiting->answer->outcome = answer->outcome;
    waiting->answer->facts = answer->facts;
    buf_add(&waiting->answer->body, buf_str(&answer->body), answer->body.len);
}

/* When the event loop itself fails, nothing that runs in it will end: it is made anew. */
static void give_up(struct s3 *s3, struct s3_exchange *exchange)
{
    http_free(s3->http);
    s3->http = http_new();
    buf_free(&exchange->answer.body);
    free(exchange);
}

static enum s3_outcome wait_for(struct s3 *s3, const struct s3_request *request,
                                struct s3_answer *answer)
{
    struct waiting waiting = {.magic = MAGIC(waiting), .request = request, .answer = answer};
    struct s3_request waited = *request;
    waited.take = request->take != NULL ? pass_on : NULL;
    waited.done = note_done;
    waited.context = &waiting;
    struct s3_exchange *exchange = s3->http != NULL ? s3_begin(s3, s3->http, &waited) : NULL;
    if (exchange == NULL) {
        return S3_FAILED;
    }
    while (!waiting.done) {
        if (http_poll(s3->http, NULL, 0, POLL_MS) != RESULT_OK && !waiting.done) {
            give_up(s3, exchange);
            return S3_FAILED;
        }
    }
    return answer->outcome;
}

/* Whoever has somebody waiting does not wait again and again for a store that is away. */
enum s3_outcome s3_ask(struct s3 *s3, const struct s3_request *request, struct s3_answer *answer)
{
    bool impatient = request->timeout_ms > 0;
    *answer = (struct s3_answer){.outcome = S3_FAILED};
    buf_init(&answer->body, S3_BODY_MAX);
    if (impatient && clock_monotonic_ms() < s3->rest_until_ms) {
        return S3_UNAVAILABLE;
    }
    enum s3_outcome outcome = wait_for(s3, request, answer);
    if (impatient && outcome == S3_UNAVAILABLE) {
        s3->rest_until_ms = clock_monotonic_ms() + REST_MS;
    }
    return outcome;
}
