#include "redis_wire.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_wire {
    redisContext *context;
    struct redis_tls *tls; /* NULL: none is asked for */
    bool answered;
    bool silent; /* it has not answered in time */
};

/* ---- connection ---- */

struct redis_wire *redis_wire_open(const struct redis_address *address,
                                   const struct redis_host *host, int64_t timeout_ms,
                                   char why[static REDIS_WHY_SIZE])
{
    struct redis_wire *wire = calloc(1, sizeof *wire);
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    (void)snprintf(why, REDIS_WHY_SIZE, "not reachable");
    if (wire == NULL) {
        return NULL;
    }
    wire->context = host->port == 0 ? redisConnectUnixWithTimeout(host->name, timeout)
                                    : redisConnectWithTimeout(host->name, (int)host->port, timeout);
    bool good = wire->context != NULL && wire->context->err == 0 &&
                redisSetTimeout(wire->context, timeout) == REDIS_OK;
    if (good && address->tls) {
        wire->tls =
            redis_tls_open(wire->context->fd, host->name, address->ca_file, timeout_ms, why);
        good = wire->tls != NULL;
    }
    if (!good) {
        redis_wire_close(wire);
        return NULL;
    }
    return wire;
}

void redis_wire_close(struct redis_wire *wire)
{
    if (wire != NULL) {
        redis_tls_free(wire->tls);
        if (wire->context != NULL) {
            redisFree(wire->context);
        }
        free(wire);
    }
}

int redis_wire_fd(const struct redis_wire *wire)
{
    return wire->context->fd;
}

/* A server that wants TLS answers nothing that we know, or goes. */
const char *redis_wire_trouble(const struct redis_wire *wire)
{
    bool foreign = wire->tls == NULL && !wire->answered && !wire->silent;
    return foreign ? "it breaks off and answers nothing; if it wants TLS, write rediss://"
                   : "not reachable";
}

/* ---- sending ---- */

static bool send_plain(redisContext *context, int count, const char **words, const size_t *lengths)
{
    int done = 0;
    bool sent = redisAppendCommandArgv(context, count, words, lengths) == REDIS_OK;
    while (sent && done == 0) {
        sent = redisBufferWrite(context, &done) == REDIS_OK;
    }
    return sent;
}

static bool send_sealed(struct redis_tls *tls, int count, const char **words, const size_t *lengths)
{
    char *text = NULL;
    long long len = redisFormatCommandArgv(&text, count, words, lengths);
    bool sent = len > 0 && redis_tls_send(tls, text, (size_t)len);
    if (len > 0) {
        redisFreeCommand(text);
    }
    return sent;
}

bool redis_wire_send(struct redis_wire *wire, size_t count, const char *const *words,
                     const size_t *lengths)
{
    const char *copy[REDIS_WIRE_WORDS_MAX];
    memcpy(copy, words, count * sizeof *words);
    return wire->tls != NULL ? send_sealed(wire->tls, (int)count, copy, lengths)
                             : send_plain(wire->context, (int)count, copy, lengths);
}

/* ---- replies that come ---- */

static enum result read_sealed(struct redis_wire *wire, bool wait)
{
    char bytes[REDIS_TLS_PIECE];
    size_t len;
    enum result result = redis_tls_receive(wire->tls, wait, bytes, &len);
    if (result == RESULT_OK && redisReaderFeed(wire->context->reader, bytes, len) != REDIS_OK) {
        result = RESULT_UNAVAILABLE;
    }
    return result;
}

static bool is_silent(const struct redis_wire *wire)
{
    struct pollfd fd = {.fd = wire->context->fd, .events = POLLIN};
    return poll(&fd, 1, 0) <= 0;
}

/* What has come, without waiting. */
static enum result read_some(struct redis_wire *wire)
{
    if (is_silent(wire)) {
        return RESULT_NOT_FOUND;
    }
    if (wire->tls != NULL) {
        return read_sealed(wire, false);
    }
    return redisBufferRead(wire->context) == REDIS_OK ? RESULT_OK : RESULT_UNAVAILABLE;
}

struct redis_reply *redis_wire_reply(struct redis_wire *wire)
{
    void *reply = NULL;
    bool good;
    if (wire->tls == NULL) {
        good = redisGetReply(wire->context, &reply) == REDIS_OK;
        wire->silent = !good && wire->context->err == REDIS_ERR_IO && errno == EAGAIN;
    } else {
        do {
            good = redisGetReplyFromReader(wire->context, &reply) == REDIS_OK;
        } while (good && reply == NULL && read_sealed(wire, true) == RESULT_OK);
    }
    wire->answered = wire->answered || reply != NULL;
    return reply;
}

enum result redis_wire_look(struct redis_wire *wire, struct redis_reply **reply)
{
    for (;;) {
        void *got = NULL;
        if (redisGetReplyFromReader(wire->context, &got) != REDIS_OK) {
            return RESULT_UNAVAILABLE;
        }
        if (got != NULL) {
            *reply = got;
            return RESULT_OK;
        }
        enum result more = read_some(wire);
        if (more != RESULT_OK) {
            return more;
        }
    }
}

/* Inside TLS a server may say what is no reply: tickets, new keys. */
bool redis_wire_is_idle(struct redis_wire *wire)
{
    return is_silent(wire) || (wire->tls != NULL && read_sealed(wire, false) == RESULT_NOT_FOUND);
}
