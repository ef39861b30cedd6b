#include "http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/magic.h"
#include "http_gather.h"
#include "http_source.h"

enum { RECEIVE_BUFFER = HTTP_GATHER_MAX };

struct http_transfer {
    struct magic magic;
    CURL *easy;
    struct http *http;
    const struct http_events *events;
    void *context;
    struct http_transfer *next, *previous;
    int64_t stall_timeout_ms;
    int64_t last_byte_ms;
    bool cancelled;
    bool refused;   /* on_body wants no more */
    bool forbidden; /* its name led to an address that it may not use */
    bool has_body;  /* some of it came, and `answer` is what went before it */
    bool afresh;    /* begun again on a connection of its own */
    bool unpacks;
    struct curl_slist *headers;
    curl_mime *mime;
    struct http_source *put;
    struct http_answer answer;
};

struct http {
    CURLM *multi;
    struct http_transfer *first;
    size_t count;
    struct http_gather gather;
};

static void unlink_transfer(struct http_transfer *t)
{
    struct http *http = t->http;
    if (t->previous != NULL) {
        t->previous->next = t->next;
    } else {
        http->first = t->next;
    }
    if (t->next != NULL) {
        t->next->previous = t->previous;
    }
    http->count--;
}

/* curl reads what it sends until its handle is gone. */
static void free_unlinked(struct http_transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_mime_free(t->mime);
    http_source_free(t->put);
    curl_slist_free_all(t->headers);
    free(t);
}

static void free_transfer(struct http_transfer *t)
{
    unlink_transfer(t);
    curl_multi_remove_handle(t->http->multi, t->easy);
    free_unlinked(t);
}

void http_free(struct http *http)
{
    if (http == NULL) {
        return;
    }
    LIST_EACH (struct http_transfer, t, http->first) {
        free_transfer(t);
    }
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

/* ---- one transfer ---- */

static const char *header_of(const struct http_transfer *t, const char *name)
{
    struct curl_header *header;
    bool there = curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return there ? header->value : NULL;
}

/* Its dates may lie in the past, its numbers may be anything. */
static struct http_answer answer_of(const struct http_transfer *t)
{
    struct http_answer answer = {.status = 0};
    curl_off_t length = -1, retry = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry);
    answer.content_type = header_of(t, "Content-Type");
    answer.is_bounded = length >= 0 || header_of(t, "Transfer-Encoding") != NULL;
    answer.content_length = t->unpacks && header_of(t, "Content-Encoding") != NULL ? -1 : length;
    retry = retry < HTTP_RETRY_AFTER_MAX_S ? retry : HTTP_RETRY_AFTER_MAX_S;
    answer.retry_after_s = retry > 0 ? retry : 0;
    const char *etag = header_of(t, "ETag");
    (void)snprintf(answer.etag, sizeof answer.etag, "%s",
                   etag != NULL && strlen(etag) < sizeof answer.etag ? etag : "");
    return answer;
}

static void deliver(void *context, const char *bytes, size_t len)
{
    struct http_transfer *t = CHECKED(http_transfer, context);
    t->refused = t->refused || !t->events->on_body(t->context, &t->answer, bytes, len);
}

struct http *http_new(void)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return NULL;
    }
    http->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    if (http->multi == NULL) {
        free(http);
        return NULL;
    }
    http->gather.deliver = deliver;
    return http;
}

static size_t on_bytes(char *bytes, size_t one, size_t len, void *context)
{
    (void)one;
    struct http_transfer *t = CHECKED(http_transfer, context);
    t->last_byte_ms = clock_monotonic_ms();
    if (!t->has_body) {
        t->answer = answer_of(t);
        t->has_body = true;
    }
    http_gather_add(&t->http->gather, t, bytes, len);
    return t->refused ? 0 : len;
}

/* Header lines are signs of life, too. */
static size_t on_header(char *bytes, size_t one, size_t len, void *context)
{
    (void)bytes;
    struct http_transfer *t = CHECKED(http_transfer, context);
    t->last_byte_ms = clock_monotonic_ms();
    return one * len;
}

/* Asked with the very address that would be connected to, so that a name which changes its mind
 * (DNS rebinding) gains nothing. */
static curl_socket_t open_public(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *t = CHECKED(http_transfer, context);
    (void)purpose;
    if (!address_is_public(&address->addr)) {
        t->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_credentials(CURL *e, const struct http_request *r)
{
    bool good = true;
    if (r->bearer != NULL) {
        good &= curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, r->bearer) == CURLE_OK;
    }
    if (r->user != NULL) {
        good &= curl_easy_setopt(e, CURLOPT_USERNAME, r->user) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_PASSWORD, r->password) == CURLE_OK;
    }
    if (r->s3_region != NULL) {
        char signing[96];
        int n = snprintf(signing, sizeof signing, "aws:amz:%s:s3", r->s3_region);
        good &= n > 0 && (size_t)n < sizeof signing;
        good &= curl_easy_setopt(e, CURLOPT_AWS_SIGV4, signing) == CURLE_OK;
    } else if (r->user != NULL) {
        good &= curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK;
    }
    return good;
}

static bool set_options(struct http_transfer *t, const struct http_request *r)
{
    CURL *e = t->easy;
    bool good = curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    const char *trusted = getenv("SSL_CERT_FILE"); /* as OpenSSL and curl's own program have it */
    good &= trusted == NULL || curl_easy_setopt(e, CURLOPT_CAINFO, trusted) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_USERAGENT, "tapedeck/1") == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->total_timeout_ms) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK;
    if (r->public_only) {
        good &= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_public) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK;
    }
    good &= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)r->alone) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, (long)r->alone) == CURLE_OK;
    return good && set_credentials(e, r);
}

/* ---- what is sent ---- */

static size_t read_source(char *out, size_t one, size_t room, void *context)
{
    size_t got;
    return http_source_read(CHECKED(http_source, context), out, one * room, &got)
               ? got
               : CURL_READFUNC_ABORT;
}

static int seek_source(void *context, curl_off_t offset, int origin)
{
    bool good = origin == SEEK_SET && http_source_seek(CHECKED(http_source, context), offset);
    return good ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static void free_source(void *context)
{
    http_source_free(CHECKED(http_source, context));
}

static bool add_file(struct http_transfer *t, curl_mimepart *field, const struct http_part *part)
{
    struct http_source *source =
        http_source_new(part->head, part->head_len, &part->file, &t->last_byte_ms);
    if (source == NULL || curl_mime_data_cb(field, http_source_length(source), read_source,
                                            seek_source, free_source, source) != CURLE_OK) {
        http_source_free(source);
        return false;
    }
    return curl_mime_filename(field, part->filename) == CURLE_OK &&
           curl_mime_type(field, part->type) == CURLE_OK;
}

static bool set_put(struct http_transfer *t, const struct http_file *file)
{
    CURL *e = t->easy;
    bool good = (t->put = http_source_new(NULL, 0, file, &t->last_byte_ms)) != NULL;
    good = good && curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_READFUNCTION, read_source) == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_READDATA, t->put) == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, seek_source) == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_SEEKDATA, t->put) == CURLE_OK;
    return good &&
           curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)file->length) == CURLE_OK;
}

static bool set_parts(struct http_transfer *t, const struct http_request *r)
{
    bool good = (t->mime = curl_mime_init(t->easy)) != NULL;
    for (size_t i = 0; i < r->part_count && good; i++) {
        const struct http_part *part = &r->parts[i];
        curl_mimepart *field = curl_mime_addpart(t->mime);
        good = field != NULL && curl_mime_name(field, part->name) == CURLE_OK;
        good = good && (part->text != NULL
                            ? curl_mime_data(field, part->text, CURL_ZERO_TERMINATED) == CURLE_OK
                            : add_file(t, field, part));
    }
    return good && curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime) == CURLE_OK;
}

static bool set_method(struct http_transfer *t, const struct http_request *r)
{
    switch (r->method) {
    case HTTP_GET: return true;
    case HTTP_HEAD: return curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    case HTTP_PUT: return set_put(t, &r->put);
    case HTTP_DELETE: break;
    }
    return curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, "DELETE") == CURLE_OK;
}

static bool add_header(struct http_transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    t->headers = longer != NULL ? longer : t->headers;
    return longer != NULL;
}

/* Not every server knows "Expect: 100-continue", and curl would wait a second for its answer. Where
 * it signs, it would sign that line, which is not sent. */
static bool set_sent(struct http_transfer *t, const struct http_request *r)
{
    bool good = set_method(t, r);
    if (good && (r->body != NULL || r->parts != NULL) && r->s3_region == NULL) {
        good = add_header(t, "Expect:");
    }
    if (good && r->unpack) { /* curl undoes what it could have asked for */
        good = add_header(t, "Accept-Encoding: identity");
        good &= curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK;
    }
    for (const char *const *line = r->headers; line != NULL && *line != NULL && good; line++) {
        good = add_header(t, *line);
    }
    if (good && r->body != NULL) {
        good = curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, r->body) == CURLE_OK;
    }
    if (good && r->parts != NULL) {
        good = set_parts(t, r);
    }
    return good && (t->headers == NULL ||
                    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK);
}

static void link_transfer(struct http *http, struct http_transfer *t)
{
    t->next = http->first;
    if (http->first != NULL) {
        http->first->previous = t;
    }
    http->first = t;
    http->count++;
}

enum result http_start(struct http *http, const struct http_request *request,
                       const struct http_events *events, void *context, struct http_transfer **out)
{
    struct http_transfer *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return RESULT_FAILED;
    }
    t->magic = MAGIC(http_transfer);
    t->http = http;
    t->events = events;
    t->context = context;
    t->stall_timeout_ms = request->stall_timeout_ms;
    t->unpacks = request->unpack;
    t->last_byte_ms = clock_monotonic_ms();
    t->easy = curl_easy_init();
    if (t->easy == NULL || !set_options(t, request) || !set_sent(t, request) ||
        curl_multi_add_handle(http->multi, t->easy) != CURLM_OK) {
        free_unlinked(t);
        return RESULT_FAILED;
    }
    link_transfer(http, t);
    *out = t;
    return RESULT_OK;
}

void http_cancel(struct http_transfer *transfer)
{
    transfer->cancelled = true;
    curl_multi_wakeup(transfer->http->multi);
}

size_t http_count(const struct http *http)
{
    return http->count;
}

/* ---- the loop ---- */

static enum http_outcome outcome_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return HTTP_COMPLETE;
    case CURLE_WRITE_ERROR: return HTTP_STOPPED;
    case CURLE_OPERATION_TIMEDOUT: return HTTP_TIMED_OUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return HTTP_UNREACHABLE;
    default: return HTTP_BROKEN;
    }
}

/* curl reports a connect that timed out as any other timeout; that the request was never sent tells
 * them apart (the connect time does not: it is 0 on a connection used again). */
static enum http_outcome refine(const struct http_transfer *t, enum http_outcome outcome)
{
    curl_off_t sent = 0;
    if (t->forbidden && outcome == HTTP_UNREACHABLE) {
        return HTTP_FORBIDDEN;
    }
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    return outcome == HTTP_TIMED_OUT && sent == 0 ? HTTP_UNREACHABLE : outcome;
}

/* Where a connection is used again, the rest of an answer that was longer than it said may lie in
 * the way of ours. That is not this transfer's fault: a connection of its own will tell. */
static bool begin_afresh(struct http_transfer *t, CURLcode code)
{
    long connects = 1;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (outcome_of(code) != HTTP_BROKEN || connects > 0 || t->has_body || t->afresh) {
        return false;
    }
    t->afresh = true;
    curl_multi_remove_handle(t->http->multi, t->easy);
    return curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_multi_add_handle(t->http->multi, t->easy) == CURLM_OK;
}

static void finish(struct http_transfer *t, enum http_outcome outcome)
{
    struct http_answer answer = answer_of(t);
    const struct http_events *events = t->events;
    void *context = t->context;
    char *type = answer.content_type != NULL ? strdup(answer.content_type) : NULL;
    answer.content_type = type;
    free_transfer(t);
    events->on_done(context, outcome, &answer);
    free(type);
}

/* True when there was one. */
static bool finish_completed(struct http *http)
{
    CURLMsg *message;
    int left;
    bool any = false;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        char *ours = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ours) == CURLE_OK) {
            struct http_transfer *t = CHECKED(http_transfer, (void *)ours);
            CURLcode code = message->data.result; /* the message goes with its handle */
            if (!begin_afresh(t, code)) {
                finish(t, t->refused ? HTTP_STOPPED : refine(t, outcome_of(code)));
                any = true;
            }
        }
    }
    return any;
}

/* Whose bytes were refused as they were flushed is ended here: curl would only hear of it with the
 * next ones, which may never come. */
static bool finish_unwanted_and_stalled(struct http *http)
{
    int64_t now = clock_monotonic_ms();
    size_t before = http->count;
    LIST_EACH (struct http_transfer, t, http->first) {
        if (t->cancelled || t->refused) {
            finish(t, HTTP_STOPPED);
        } else if (now - t->last_byte_ms >= t->stall_timeout_ms) {
            finish(t, HTTP_STALLED);
        }
    }
    return http->count < before;
}

/* After it nothing is gathered any more: whoever ends has had all of its bytes. */
static bool perform(struct http *http)
{
    int running;
    CURLMcode code = curl_multi_perform(http->multi, &running);
    http_gather_flush(&http->gather);
    return code == CURLM_OK;
}

enum result http_poll(struct http *http, const int *fds, size_t count, int timeout_ms)
{
    struct curl_waitfd wake[HTTP_WAKE_FDS_MAX];
    unsigned waits = 0;
    int ready;
    for (size_t i = 0; i < count && waits < HTTP_WAKE_FDS_MAX; i++) {
        if (fds[i] >= 0) {
            wake[waits++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
        }
    }
    if (!perform(http)) {
        return RESULT_FAILED;
    }
    bool happened = finish_completed(http);
    happened = finish_unwanted_and_stalled(http) || happened;
    if (happened) {
        timeout_ms = 0; /* the caller waits for that, perhaps, and nothing else may come */
    }
    if (curl_multi_poll(http->multi, wake, waits, timeout_ms, &ready) != CURLM_OK ||
        !perform(http)) {
        return RESULT_FAILED;
    }
    (void)finish_completed(http);
    return RESULT_OK;
}
