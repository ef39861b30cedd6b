/*
 * One HTTP request, as a responder sees it, without anything of FastCGI.
 *
 * Strings borrowed from the server live until the request is answered, no longer. The path is taken
 * from the request target as it came and is never percent-decoded: but for a call's tag our paths
 * need no escapes, so a path with one elsewhere is no path of ours.
 */
#ifndef TAPEDECK_FCGI_HTTP_REQUEST_H
#define TAPEDECK_FCGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/form.h"
#include "base/result.h"
#include "base/text.h"
#include "clients/json.h"
#include "marks/mark.h"
#include "marks/share_token.h"
#include "storage/audio.h"

enum method {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_PATCH = 16,
    METHOD_DELETE = 32,
    METHOD_OPTIONS = 64,
    METHOD_OTHER = 128,
};

enum {
    REQUEST_PATH_SIZE = 640 /* the longest has a tag in escapes */,
    REQUEST_TARGET_MAX = 4096,
    REQUEST_BODY_MAX = 64 * 1024
};

enum { REQUEST_SUBJECT_SIZE = 128, REQUEST_ID_SIZE = 65 };

/* The server's side of a request. */
struct request_io {
    void *handle;
    const char *(*param)(void *handle, const char *name);  /* a CGI variable, or NULL */
    int64_t (*read)(void *handle, char *out, size_t size); /* bytes, 0 at the end */
};

/* Who is asking, once the gate knows. */
struct caller {
    int64_t business_id;
    int64_t expires; /* of the token; seconds since 1970 */
    char subject[REQUEST_SUBJECT_SIZE];
    bool by_cookie;
    struct share_token listening; /* of somebody outside (listener.h); else empty */
    bool of_part;                 /* his share is of a part alone */
};

struct request {
    const struct request_io *io;
    enum method method;
    const char *target;           /* "/path?query", as it came */
    char path[REQUEST_PATH_SIZE]; /* "" when it is longer */
    struct form query;
    struct form form; /* the body's, after request_read_form */
    struct buf body;
    /* What the path held, once a route matched. */
    char call_sid[SID_SIZE];
    int64_t business_id;
    int64_t run_id;
    int64_t note_id;
    char tag[MARK_TAG_SIZE];
    char share_id[CRYPTO_TOKEN_SIZE];
    enum audio_kind kind;
    struct caller caller;
    int64_t shut_out_ms;      /* how long an address with too many failures is to wait yet */
    char id[REQUEST_ID_SIZE]; /* request_id.h; "": nobody named it */
    const char *route;        /* the pattern that fits path and method, NULL: none does */
};

/* Reads method, target and query. RESULT_TOO_BIG: the target is too long; RESULT_FAILED: without
 * memory. The request may be answered all the same. Free with request_free. */
enum result request_begin(struct request *request, const struct request_io *io);
void request_free(struct request *request);

/* "GET"; "OTHER" for METHOD_OTHER. */
const char *request_method_name(enum method method);

/* A header by its CGI name ("HTTP_RANGE"), or NULL where it is missing or empty. */
const char *request_header(const struct request *request, const char *cgi_name);

/* Reads the body, at most REQUEST_BODY_MAX bytes, which must be a form. RESULT_TOO_BIG;
 * RESULT_INVALID: it is of another type, or not as long as was said; RESULT_NOT_FOUND: nobody said
 * how long it is; RESULT_FAILED. */
enum result request_read_form(struct request *request);

/* The same of a body that is one object in JSON (RFC 8259), which the caller frees. */
enum result request_read_json(struct request *request, struct json **out);

#endif
