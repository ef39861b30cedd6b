/*
 * Many HTTP requests in one event loop, each with an end; the only home of libcurl.
 *
 * No redirect is followed, no proxy used, no cookie kept: credentials reach the host of the URL and
 * no other. `on_done` is called exactly once for each request that started, from http_poll, never
 * from http_start.
 */
#ifndef TAPEDECK_CLIENTS_HTTP_H
#define TAPEDECK_CLIENTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "http_file.h"

struct http;
struct http_transfer;

/* One field of a multipart/form-data body (RFC 7578): a text, or a file, with `head` (HTTP_HEAD_MAX
 * bytes at most) before it. */
struct http_part {
    const char *name;
    const char *text; /* NULL: a file */
    const char *filename, *type;
    const void *head;
    size_t head_len;
    struct http_file file;
};

enum { HTTP_ETAG_SIZE = 128, HTTP_RETRY_AFTER_MAX_S = 86400 };

/* Of a request without `body` or `parts`; one that has them is a POST. */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_DELETE };

struct http_request {
    const char *url;
    enum http_method method;
    const char *user; /* Basic credentials, or NULL */
    const char *password;
    const char *s3_region;      /* instead of Basic: an S3 signature (AWS SigV4) for it; or NULL */
    const char *bearer;         /* a token, or NULL */
    const char *const *headers; /* "Name: value" lines and a NULL, or NULL */
    const char *body;           /* not NULL: a POST of this text */
    const struct http_part *parts; /* not NULL: a POST of these */
    size_t part_count;
    struct http_file put; /* of HTTP_PUT */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms; /* no byte moving */
    int64_t total_timeout_ms;
    bool public_only; /* refuse to connect to addresses that are no public host (base/address.h) */
    bool alone;  /* on a connection of its own: one that is open already was never asked that */
    bool unpack; /* an answer that comes packed (RFC 9110, 8.4), though nobody asked for that, is
                    unpacked on its way; on_body bounds what comes out */
};

struct http_answer {
    long status;              /* 0 while there is none */
    const char *content_type; /* NULL when there is none; valid inside the callback */
    int64_t content_length;   /* of what on_body gets; -1 when not said, or unpacked on its way */
    bool is_bounded;          /* a length or chunks tell its end from a connection that broke off */
    int64_t retry_after_s;    /* 0 when not said, a day at most */
    char etag[HTTP_ETAG_SIZE]; /* as it was sent; "" when it was not, or is longer */
};

enum http_outcome {
    HTTP_COMPLETE,    /* the whole answer came, whatever its status */
    HTTP_STOPPED,     /* on_body said so, or http_cancel */
    HTTP_UNREACHABLE, /* no name, no connection, no TLS */
    HTTP_FORBIDDEN,   /* public_only, and the name led to an address that is not */
    HTTP_STALLED,     /* silent for stall_timeout_ms */
    HTTP_TIMED_OUT,   /* total_timeout_ms went by */
    HTTP_BROKEN,      /* cut short, or not HTTP */
};

struct http_events {
    /* Some bytes of the body; false stops the transfer. */
    bool (*on_body)(void *context, const struct http_answer *answer, const char *bytes, size_t len);
    void (*on_done)(void *context, enum http_outcome outcome, const struct http_answer *answer);
};

/* NULL without memory. http_free ends what still runs, without calling back; NULL is safe. */
struct http *http_new(void);
void http_free(struct http *http);

/* Starts a request, which is a POST where there is a body. `events` and `context` must live until
 * on_done; the request is copied. */
enum result http_start(struct http *http, const struct http_request *request,
                       const struct http_events *events, void *context, struct http_transfer **out);

/* Ends a transfer; its on_done comes from the next http_poll, as HTTP_STOPPED. */
void http_cancel(struct http_transfer *transfer);

/* How many transfers are under way. */
size_t http_count(const struct http *http);

enum { HTTP_WAKE_FDS_MAX = 32 };

/* Moves bytes and calls back. Waits until something happens here or one of `fds` can be read (-1s
 * are passed over), but at most `timeout_ms`. */
enum result http_poll(struct http *http, const int *fds, size_t count, int timeout_ms);

const char *http_outcome_name(enum http_outcome outcome);

#endif
