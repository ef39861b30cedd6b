#include "clients/http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"

enum { RECEIVE_BUFFER = 64 * 1024, RETRY_AFTER_MAX_S = 86400 };

struct http_transfer {
    CURL *easy;
    struct http *http;
    const struct http_events *events;
    void *context;
    struct http_transfer *next, *previous;
    int64_t stall_timeout_ms;
    int64_t last_byte_ms;
    bool cancelled;
    bool forbidden; /* its name led to an address that it may not use */
    bool has_body;  /* some of it came */
    bool afresh;    /* begun again on a connection of its own */
    struct curl_slist *headers;
    curl_mime *mime;
};

struct http {
    CURLM *multi;
    struct http_transfer *first;
    size_t count;
};

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
    return http;
}

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

/* curl reads its headers and parts until its handle is gone. */
static void free_unlinked(struct http_transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_mime_free(t->mime);
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
    while (http->first != NULL) {
        free_transfer(http->first);
    }
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

/* ---- one transfer ---- */

/* Its dates may lie in the past, its numbers may be anything. */
static int64_t bounded_retry_after(curl_off_t seconds)
{
    if (seconds < 0) {
        return 0;
    }
    return seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
}

static struct http_answer answer_of(const struct http_transfer *t)
{
    struct http_answer answer = {.content_length = -1};
    char *type = NULL;
    curl_off_t length = -1;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer.content_type = type;
    answer.content_length = length;
    answer.retry_after_s = bounded_retry_after(retry_after);
    return answer;
}

static size_t on_bytes(char *bytes, size_t one, size_t len, void *context)
{
    (void)one;
    struct http_transfer *t = context;
    t->last_byte_ms = clock_monotonic_ms();
    t->has_body = true;
    struct http_answer answer = answer_of(t);
    return t->events->on_body(t->context, &answer, bytes, len) ? len : 0;
}

/* Header lines are signs of life, too. */
static size_t on_header(char *bytes, size_t one, size_t len, void *context)
{
    (void)bytes;
    struct http_transfer *t = context;
    t->last_byte_ms = clock_monotonic_ms();
    return one * len;
}

/* Asked with the very address that would be connected to, so that a name which changes its mind
 * (DNS rebinding) gains nothing. */
static curl_socket_t open_public(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *t = context;
    (void)purpose;
    if (!address_is_public(&address->addr)) {
        t->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_options(struct http_transfer *t, const struct http_request *r)
{
    CURL *e = t->easy;
    bool good = curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    good &= curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
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
    if (r->method == HTTP_DELETE) {
        good &= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, "DELETE") == CURLE_OK;
    }
    if (r->alone) {
        good &= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
    }
    if (r->bearer != NULL) {
        good &= curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, r->bearer) == CURLE_OK;
    }
    if (r->user != NULL) {
        good &= curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_USERNAME, r->user) == CURLE_OK;
        good &= curl_easy_setopt(e, CURLOPT_PASSWORD, r->password) == CURLE_OK;
    }
    return good;
}

/* ---- what is sent ---- */

/* A file of a multipart body, as curl asks for it. */
struct reader {
    unsigned char head[HTTP_HEAD_MAX];
    size_t head_len;
    int fd;
    int64_t offset, length; /* of what follows the head */
    int64_t at;             /* head and all */
};

static size_t read_part(char *out, size_t one, size_t room, void *context)
{
    struct reader *r = context;
    int64_t head = (int64_t)r->head_len, left = head + r->length - r->at;
    size_t want = one * room;
    if (r->at < head) {
        size_t n = (size_t)(head - r->at) < want ? (size_t)(head - r->at) : want;
        memcpy(out, r->head + r->at, n);
        r->at += (int64_t)n;
        return n;
    }
    want = left < (int64_t)want ? (size_t)left : want;
    ssize_t n = want > 0 ? pread(r->fd, out, want, r->offset + r->at - head) : 0;
    if (n < 0 || (n == 0 && want > 0)) {
        return CURL_READFUNC_ABORT;
    }
    r->at += n;
    return (size_t)n;
}

static int seek_part(void *context, curl_off_t offset, int origin)
{
    struct reader *r = context;
    if (origin != SEEK_SET || offset < 0 || offset > (curl_off_t)r->head_len + r->length) {
        return CURL_SEEKFUNC_FAIL;
    }
    r->at = offset;
    return CURL_SEEKFUNC_OK;
}

static void free_reader(void *context)
{
    struct reader *r = context;
    if (r->fd >= 0) {
        close(r->fd);
    }
    free(r);
}

/* With a descriptor of its own: the caller's may be gone before curl has stopped reading. */
static bool add_file(curl_mimepart *field, const struct http_part *part)
{
    struct reader *r = part->head_len <= HTTP_HEAD_MAX ? calloc(1, sizeof *r) : NULL;
    if (r == NULL) {
        return false;
    }
    memcpy(r->head, part->head, part->head_len);
    r->head_len = part->head_len;
    r->fd = fcntl(part->fd, F_DUPFD_CLOEXEC, 0);
    r->offset = part->offset;
    r->length = part->length;
    if (r->fd < 0 || curl_mime_data_cb(field, (curl_off_t)part->head_len + part->length, read_part,
                                       seek_part, free_reader, r) != CURLE_OK) {
        free_reader(r);
        return false;
    }
    return curl_mime_filename(field, part->filename) == CURLE_OK &&
           curl_mime_type(field, part->type) == CURLE_OK;
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
                            : add_file(field, part));
    }
    return good && curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime) == CURLE_OK;
}

static bool add_header(struct http_transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    t->headers = longer != NULL ? longer : t->headers;
    return longer != NULL;
}

/* Not every server knows "Expect: 100-continue", and curl would wait a second for its answer. */
static bool set_sent(struct http_transfer *t, const struct http_request *r)
{
    bool good = true;
    if (r->body != NULL || r->parts != NULL) {
        good = add_header(t, "Expect:");
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
    t->http = http;
    t->events = events;
    t->context = context;
    t->stall_timeout_ms = request->stall_timeout_ms;
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

static void finish_completed(struct http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct http_transfer *t = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK) {
            CURLcode code = message->data.result; /* the message goes with its handle */
            if (!begin_afresh(t, code)) {
                finish(t, refine(t, outcome_of(code)));
            }
        }
    }
}

static void finish_cancelled_and_stalled(struct http *http)
{
    int64_t now = clock_monotonic_ms();
    for (struct http_transfer *t = http->first, *next; t != NULL; t = next) {
        next = t->next;
        if (t->cancelled) {
            finish(t, HTTP_STOPPED);
        } else if (now - t->last_byte_ms >= t->stall_timeout_ms) {
            finish(t, HTTP_STALLED);
        }
    }
}

enum result http_poll(struct http *http, const int *fds, size_t count, int timeout_ms)
{
    struct curl_waitfd wake[HTTP_WAKE_FDS_MAX];
    unsigned waits = 0;
    int running, ready;
    for (size_t i = 0; i < count && waits < HTTP_WAKE_FDS_MAX; i++) {
        if (fds[i] >= 0) {
            wake[waits++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
        }
    }
    if (curl_multi_perform(http->multi, &running) != CURLM_OK) {
        return RESULT_FAILED;
    }
    finish_completed(http);
    finish_cancelled_and_stalled(http);
    if (curl_multi_poll(http->multi, wake, waits, timeout_ms, &ready) != CURLM_OK ||
        curl_multi_perform(http->multi, &running) != CURLM_OK) {
        return RESULT_FAILED;
    }
    finish_completed(http);
    return RESULT_OK;
}

const char *http_outcome_name(enum http_outcome outcome)
{
    static const char *const NAMES[] = {
        [HTTP_COMPLETE] = "complete",       [HTTP_STOPPED] = "stopped",
        [HTTP_UNREACHABLE] = "unreachable", [HTTP_FORBIDDEN] = "forbidden",
        [HTTP_STALLED] = "stalled",         [HTTP_TIMED_OUT] = "timed_out",
        [HTTP_BROKEN] = "broken",
    };
    return NAMES[outcome];
}
