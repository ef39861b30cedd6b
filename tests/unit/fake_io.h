/*
 * The web server's side of a request, for tests: what it would pass in, and what it was sent.
 */
#ifndef TAPEDECK_TESTS_FAKE_IO_H
#define TAPEDECK_TESTS_FAKE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"

enum { FAKE_PARAMS_MAX = 12, FAKE_SENT_MAX = 16 * 1024 * 1024 };

struct fake_param {
    const char *name, *value;
};

struct fake_request {
    struct fake_param params[FAKE_PARAMS_MAX]; /* ends with a NULL name, unless full */
    const char *body;
    size_t body_len, body_at;
    size_t read_most; /* bytes one read gives at most; 0: no limit */
    bool breaks;      /* reading fails at the end of the body */
};

static inline const char *fake_param(void *handle, const char *name)
{
    const struct fake_request *fake = handle;
    for (size_t i = 0; i < FAKE_PARAMS_MAX && fake->params[i].name != NULL; i++) {
        if (strcmp(fake->params[i].name, name) == 0) {
            return fake->params[i].value;
        }
    }
    return NULL;
}

static inline int64_t fake_read(void *handle, char *out, size_t size)
{
    struct fake_request *fake = handle;
    size_t left = fake->body_len - fake->body_at;
    size_t n = left < size ? left : size;
    if (fake->read_most > 0 && n > fake->read_most) {
        n = fake->read_most;
    }
    if (n == 0) {
        return fake->breaks ? -1 : 0;
    }
    memcpy(out, fake->body + fake->body_at, n);
    fake->body_at += n;
    return (int64_t)n;
}

static inline struct request_io fake_request_io(struct fake_request *fake)
{
    return (struct request_io){.handle = fake, .param = fake_param, .read = fake_read};
}

/* What was written; the client goes away after `patience` bytes. */
struct fake_client {
    struct buf sent;
    size_t patience;
    bool gone;
    size_t writes_after_gone;
};

static inline void fake_client_init(struct fake_client *client)
{
    *client = (struct fake_client){.patience = FAKE_SENT_MAX};
    buf_init(&client->sent, FAKE_SENT_MAX);
}

static inline bool fake_write(void *handle, const char *bytes, size_t len)
{
    struct fake_client *client = handle;
    client->writes_after_gone += client->gone;
    buf_add(&client->sent, bytes, len);
    client->gone = client->gone || client->sent.len > client->patience;
    return !client->gone && buf_ok(&client->sent);
}

static inline struct response_io fake_response_io(struct fake_client *client)
{
    return (struct response_io){.handle = client, .write = fake_write};
}

#endif
