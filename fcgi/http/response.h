/*
 * One HTTP response: filled by a handler through small verbs, then sent once.
 *
 * Every body is JSON, or bytes of one file. A handler that fails half way calls response_error,
 * which drops everything that was put in before.
 */
#ifndef TAPEDECK_FCGI_HTTP_RESPONSE_H
#define TAPEDECK_FCGI_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "clients/crypto.h"
#include "clients/json.h"
#include "clients/s3.h"
#include "messages.h"
#include "range.h"
#include "storage/wave_cut.h"

enum { RESPONSE_HEAD_MAX = 16 * 1024, RESPONSE_BODY_MAX = 8 * 1024 * 1024 };

/* The server's side. False when the client has gone. */
struct response_io {
    void *handle;
    bool (*write)(void *handle, const char *bytes, size_t len);
};

/* Bytes that come from elsewhere: `send` writes a range of them; false breaks the answer off. */
struct response_source {
    bool (*send)(const struct response_source *source, const struct range *range,
                 const struct response_io *io);
    struct s3 *s3;
    char key[S3_KEY_SIZE];
};

/* What is sent in the place of a file's beginning: these bytes, and then the file's own from `from`
 * on. Ranges and sizes are of what is sent. */
struct response_front {
    unsigned char bytes[WAVE_CUT_HEAD_MAX];
    size_t len; /* 0: nothing, the file is sent as it is */
    int64_t from;
};

/* Bytes of a file that we send ourselves. */
struct response_file {
    int fd;                        /* -1: none; owned */
    struct response_source source; /* where there is no fd; its `send` is NULL: none either */
    struct response_front front;
    int64_t size;
    struct range_set parts;
    const char *content_type; /* of the file itself */
    char boundary[40];        /* "" unless there are several parts */
};

/* A body whose length nobody knows before: `send` writes it, and breaks off when the client has
 * gone. */
struct response_stream {
    void (*send)(void *context, const struct response_io *io);
    void (*free)(void *context);
    void *context; /* owned */
};

struct response {
    int status;
    struct buf head;    /* lasting headers: CORS, security; they survive response_error */
    struct buf special; /* this answer's own headers */
    struct buf body;
    struct response_file file;
    struct response_stream stream;   /* its `send` is NULL: none */
    char sending[CRYPTO_TOKEN_SIZE]; /* its place among those who send (sending.h); "": none */
    int64_t promised; /* bytes that the head tells of and that do not follow: it breaks off */
};

void response_begin(struct response *response);
void response_free(struct response *response);

/* A header that every answer to this request carries. */
void response_always(struct response *response, const char *name, const char *value);

/* A header of this answer. `value` must hold no control characters; one that does is dropped. */
void response_header(struct response *response, const char *name, const char *value);
void response_header_int(struct response *response, const char *name, int64_t value);

/* An answer without a body. */
void response_empty(struct response *response, int status);

/* An answer of this type whose body is streamed. Takes ownership of the stream's context, which may
 * borrow from the request. */
void response_stream(struct response *response, const char *content_type,
                     const struct response_stream *stream);

/* An answer in JSON; takes ownership of `json`. */
void response_json(struct response *response, int status, struct json *json);

/* Adds a member to the object that response_json put; `document` is JSON already. */
void response_json_member(struct response *response, const char *name, const char *document);

/* An error: its code, and its message in both languages. */
void response_error(struct response *response, enum message_id id);

/* An object with the code's messages, for answers that say more. The caller owns it. */
struct json *response_message(enum message_id id);

/* An error that says more; takes ownership of `extra`'s members. */
void response_error_with(struct response *response, enum message_id id, struct json *object);

/* Sends it: status, headers, and unless `head_only` the body. */
void response_send(struct response *response, const struct response_io *io, bool head_only);

#endif
