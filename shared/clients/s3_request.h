/*
 * One signed request to the store, as the verbs of s3.h make them. No other file includes this.
 *
 * libcurl 7.88 signs the query as it stands, so queries are given in the order of their names, with
 * "=" behind every one, escaped as RFC 3986 has it.
 */
#ifndef TAPEDECK_CLIENTS_S3_REQUEST_H
#define TAPEDECK_CLIENTS_S3_REQUEST_H

#include "base/buf.h"
#include "s3.h"

enum { S3_HOST_SIZE = 512, S3_PATH_SIZE = 256, S3_HEADERS_MAX = 6, S3_BODY_MAX = 64 * 1024 };

/* The SHA-256 of nothing. */
#define S3_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3_address {
    const char *scheme;      /* "https://" */
    char host[S3_HOST_SIZE]; /* as in the Host header: without a port that goes without saying */
    char path[S3_PATH_SIZE]; /* from the slash on */
};

/* Where an object is, in the configured style; the bucket itself for a key of "". RESULT_TOO_BIG.
 */
enum result s3_address(const struct config *config, const char *key, struct s3_address *out);

bool s3_is_unreserved(char c);

/* Finds "<UploadId>…</UploadId>" in an answer, and escapes it for a query. False when there is
 * none, or none that fits. */
bool s3_read_upload_id(const char *body, char *out, size_t size);

/* Visits the objects of a list, as s3_list has it, and gives the place after the last. False when
 * it is no list, or one that does not go on from `place`; nothing was visited then. */
bool s3_read_list(const char *body, struct s3_place *place, s3_list_visitor *visit, void *context);

const struct config *s3_config(const struct s3 *s3);

/* The connection for what is waited for. */
struct http *s3_http(const struct s3 *s3);

struct s3_answer {
    enum s3_outcome outcome;
    struct s3_facts facts;
    struct buf body; /* when no `take` had it; owned by the request */
};

struct s3_request {
    enum http_method method;
    const char *key;
    const char *query;          /* NULL: none */
    const char *sha256;         /* of the body, hex */
    const char *const *headers; /* further ones, NULL-terminated; or NULL */
    const char *body;           /* not NULL: a POST of this text */
    struct http_file put;       /* of HTTP_PUT */
    long status;                /* the only good one; 0: any from 200 to 299 */
    int64_t timeout_ms;         /* for all of it; 0: STALL_TIMEOUT, TRANSFER_TIMEOUT */
    s3_taker *take; /* gets the body of a good answer; NULL: it is kept, up to S3_BODY_MAX */
    void (*done)(void *context, const struct s3_answer *answer);
    void *context; /* of both */
};

/* Starts it; `done` is called once, from http_poll. The request is copied. */
struct s3_exchange;
struct s3_exchange *s3_begin(struct s3 *s3, struct http *http, const struct s3_request *request);

/* `done` will not be called any more. */
void s3_forget(struct s3_exchange *exchange);

/* Starts it with our own connection, and waits. `done` is not called. Free answer->body. */
enum s3_outcome s3_ask(struct s3 *s3, const struct s3_request *request, struct s3_answer *answer);

#endif
