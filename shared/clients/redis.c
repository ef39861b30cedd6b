#include "clients/redis.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum { RECONNECT_CEILING_MS = 2000, PART_SIZE = 256, DEFAULT_PORT = 6379 };

struct address {
    char host[PART_SIZE]; /* or the socket's path */
    char user[PART_SIZE];
    char password[PART_SIZE];
    int64_t port; /* 0: a unix socket */
    int64_t db;
};

struct redis {
    redisContext *context; /* NULL while disconnected */
    struct address address;
    int64_t timeout_ms;
    struct backoff backoff;
};

/* redis_reply is a redisReply by another name: only this file knows. */
static const redisReply *reply_of(const struct redis_reply *reply)
{
    return (const redisReply *)reply;
}

/* ---- words ---- */

void redis_text(struct redis_args *args, const char *text)
{
    if (args->count == REDIS_ARGS_MAX) {
        abort();
    }
    args->values[args->count] = text;
    args->lengths[args->count++] = strlen(text);
}

void redis_int(struct redis_args *args, int64_t number)
{
    if (args->count == REDIS_ARGS_MAX) {
        abort();
    }
    char *digits = args->numbers[args->count];
    int n = snprintf(digits, sizeof args->numbers[0], "%lld", (long long)number);
    if (n < 0 || (size_t)n >= sizeof args->numbers[0]) {
        abort();
    }
    redis_text(args, digits);
}

/* ---- the address ---- */

static bool copy_part(char *out, const char *from, size_t len)
{
    size_t decoded;
    return len < PART_SIZE && text_percent_decode(from, len, false, out, &decoded);
}

static bool parse_unix(struct address *a, const char *rest)
{
    size_t path = strcspn(rest, "?");
    if (rest[0] != '/' || !copy_part(a->host, rest, path)) {
        return false;
    }
    rest += path;
    return rest[0] == '\0' ||
           (strncmp(rest, "?db=", 4) == 0 && text_int(rest + 4, 0, 65535, &a->db));
}

static bool parse_userinfo(struct address *a, const char *info, size_t len)
{
    const char *colon = memchr(info, ':', len);
    if (colon == NULL) {
        return copy_part(a->user, info, len);
    }
    size_t user = (size_t)(colon - info);
    return copy_part(a->user, info, user) && copy_part(a->password, colon + 1, len - user - 1);
}

static bool parse_host(struct address *a, const char *host, size_t len)
{
    a->port = DEFAULT_PORT;
    const char *colon = memchr(host, ':', len);
    size_t name = colon != NULL ? (size_t)(colon - host) : len;
    if (colon != NULL && !text_int_n(colon + 1, len - name - 1, 1, 65535, &a->port)) {
        return false;
    }
    return name > 0 && copy_part(a->host, host, name);
}

static bool parse_tcp(struct address *a, const char *rest)
{
    size_t authority = strcspn(rest, "/?");
    const char *at = memchr(rest, '@', authority);
    size_t info = at != NULL ? (size_t)(at - rest) : 0;
    size_t skip = at != NULL ? info + 1 : 0;
    if (!parse_userinfo(a, rest, info) || !parse_host(a, rest + skip, authority - skip)) {
        return false;
    }
    rest += authority;
    return rest[0] == '\0' || strcmp(rest, "/") == 0 ||
           (rest[0] == '/' && text_int(rest + 1, 0, 65535, &a->db));
}

static bool parse_address(struct address *a, const char *url)
{
    *a = (struct address){0};
    if (strncmp(url, "unix://", 7) == 0) {
        return parse_unix(a, url + 7);
    }
    return strncmp(url, "redis://", 8) == 0 && parse_tcp(a, url + 8);
}

/* ---- connection ---- */

struct redis *redis_new(const char *url, int64_t timeout_ms)
{
    struct redis *redis = calloc(1, sizeof *redis);
    if (redis == NULL || !parse_address(&redis->address, url)) {
        free(redis);
        return NULL;
    }
    redis->timeout_ms = timeout_ms;
    return redis;
}

void redis_disconnect(struct redis *redis)
{
    if (redis->context != NULL) {
        redisFree(redis->context);
        redis->context = NULL;
    }
}

void redis_free(struct redis *redis)
{
    if (redis != NULL) {
        redis_disconnect(redis);
        free(redis);
    }
}

/* One command on a connection that is being set up. */
static bool set_up(redisContext *context, const char *a, const char *b, const char *c)
{
    const char *words[] = {a, b, c};
    redisReply *reply = redisCommandArgv(context, c != NULL ? 3 : 2, words, NULL);
    bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return good;
}

static bool introduce(redisContext *context, const struct address *a)
{
    if (a->password[0] != '\0') {
        bool named = a->user[0] != '\0';
        if (!set_up(context, "AUTH", named ? a->user : a->password, named ? a->password : NULL)) {
            return false;
        }
    }
    char db[24];
    int n = snprintf(db, sizeof db, "%lld", (long long)a->db);
    return a->db == 0 || (n > 0 && set_up(context, "SELECT", db, NULL));
}

static bool connect_now(struct redis *redis)
{
    const struct address *a = &redis->address;
    struct timeval timeout = {.tv_sec = redis->timeout_ms / 1000,
                              .tv_usec = redis->timeout_ms % 1000 * 1000};
    redis->context = a->port == 0 ? redisConnectUnixWithTimeout(a->host, timeout)
                                  : redisConnectWithTimeout(a->host, (int)a->port, timeout);
    if (redis->context != NULL && redis->context->err == 0 &&
        redisSetTimeout(redis->context, timeout) == REDIS_OK && introduce(redis->context, a)) {
        return true;
    }
    redis_disconnect(redis);
    return false;
}

/* Redis says nothing unasked: a readable idle socket means that it has gone. */
static bool is_usable(const struct redis *redis)
{
    if (redis->context == NULL || redis->context->err != 0) {
        return false;
    }
    struct pollfd fd = {.fd = redis->context->fd, .events = POLLIN};
    return poll(&fd, 1, 0) == 0;
}

static enum result ensure_connected(struct redis *redis)
{
    if (is_usable(redis)) {
        return RESULT_OK;
    }
    redis_disconnect(redis);
    if (!backoff_due(&redis->backoff, clock_monotonic_ms())) {
        return RESULT_UNAVAILABLE;
    }
    if (connect_now(redis)) {
        backoff_succeeded(&redis->backoff);
        return RESULT_OK;
    }
    backoff_failed(&redis->backoff, clock_monotonic_ms(), RECONNECT_CEILING_MS);
    log_event("REDIS_UNAVAILABLE", "retry_ms=%lld", (long long)redis->backoff.delay_ms);
    return RESULT_UNAVAILABLE;
}

/* ---- commands ---- */

/* Errors that mean "not now" (Redis, "Client handling": loading, read-only replica, full). */
static bool error_is_unavailable(const char *error)
{
    return strncmp(error, "LOADING", 7) == 0 || strncmp(error, "READONLY", 8) == 0 ||
           strncmp(error, "MASTERDOWN", 10) == 0 || strncmp(error, "OOM", 3) == 0 ||
           strncmp(error, "BUSY", 4) == 0;
}

static enum result judge(redisReply *got, struct redis_reply **reply)
{
    enum result result = RESULT_OK;
    if (got->type == REDIS_REPLY_ERROR) {
        char safe[96];
        result = error_is_unavailable(got->str) ? RESULT_UNAVAILABLE : RESULT_FAILED;
        log_event("REDIS_ERROR", "message=%s", text_for_log(got->str, safe, sizeof safe));
    }
    if (result == RESULT_OK && reply != NULL) {
        *reply = (struct redis_reply *)got;
    } else {
        freeReplyObject(got);
    }
    return result;
}

static enum result send_words(struct redis *redis, size_t count, const char *const *words,
                              const size_t *lengths, redisReply **got)
{
    enum result result = ensure_connected(redis);
    if (result != RESULT_OK) {
        return result;
    }
    const char *copy[REDIS_ARGS_MAX + 4];
    memcpy(copy, words, count * sizeof *words);
    *got = redisCommandArgv(redis->context, (int)count, copy, lengths);
    if (*got == NULL) {
        /* A server that takes connections but does not answer is not asked at every turn. */
        redis_disconnect(redis);
        backoff_failed(&redis->backoff, clock_monotonic_ms(), RECONNECT_CEILING_MS);
        return RESULT_UNAVAILABLE;
    }
    return RESULT_OK;
}

enum result redis_command(struct redis *redis, const struct redis_args *args,
                          struct redis_reply **reply)
{
    redisReply *got;
    enum result result = send_words(redis, args->count, args->values, args->lengths, &got);
    return result == RESULT_OK ? judge(got, reply) : result;
}

static enum result eval_as(struct redis *redis, const char *verb, const char *script, size_t length,
                           size_t keys, const struct redis_args *args, redisReply **got)
{
    const char *words[REDIS_ARGS_MAX + 3] = {verb, script};
    size_t lengths[REDIS_ARGS_MAX + 3] = {strlen(verb), length};
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%zu", keys);
    words[2] = digits;
    lengths[2] = n > 0 ? (size_t)n : 0;
    memcpy(words + 3, args->values, args->count * sizeof *words);
    memcpy(lengths + 3, args->lengths, args->count * sizeof *lengths);
    return send_words(redis, args->count + 3, words, lengths, got);
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct redis_args *args, struct redis_reply **reply)
{
    redisReply *got;
    enum result result =
        eval_as(redis, "EVALSHA", script->sha1, strlen(script->sha1), keys, args, &got);
    if (result == RESULT_OK && got->type == REDIS_REPLY_ERROR &&
        strncmp(got->str, "NOSCRIPT", 8) == 0) {
        freeReplyObject(got);
        result = eval_as(redis, "EVAL", script->body, script->length, keys, args, &got);
    }
    return result == RESULT_OK ? judge(got, reply) : result;
}

/* ---- replies ---- */

int64_t redis_reply_int(const struct redis_reply *reply, int64_t fallback)
{
    const redisReply *r = reply_of(reply);
    if (r != NULL && r->type == REDIS_REPLY_INTEGER) {
        return r->integer;
    }
    int64_t number = fallback;
    if (r != NULL && r->type == REDIS_REPLY_STRING) {
        (void)text_int_n(r->str, r->len, INT64_MIN, INT64_MAX, &number);
    }
    return number;
}

const char *redis_reply_text(const struct redis_reply *reply)
{
    const redisReply *r = reply_of(reply);
    bool is_text = r != NULL && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
    return is_text ? r->str : NULL;
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    const redisReply *r = reply_of(reply);
    return r != NULL && r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
    if (index >= redis_reply_count(reply)) {
        return NULL;
    }
    return (const struct redis_reply *)reply_of(reply)->element[index];
}

void redis_reply_free(struct redis_reply *reply)
{
    if (reply != NULL) {
        freeReplyObject(reply);
    }
}

/* ---- waiting in a poll loop ---- */

enum result redis_send(struct redis *redis, const struct redis_args *args)
{
    enum result result = ensure_connected(redis);
    if (result != RESULT_OK) {
        return result;
    }
    const char *words[REDIS_ARGS_MAX];
    memcpy(words, args->values, args->count * sizeof *words);
    int done = 0;
    if (redisAppendCommandArgv(redis->context, (int)args->count, words, args->lengths) !=
        REDIS_OK) {
        redis_disconnect(redis);
        return RESULT_UNAVAILABLE;
    }
    while (done == 0) {
        if (redisBufferWrite(redis->context, &done) != REDIS_OK) {
            redis_disconnect(redis);
            return RESULT_UNAVAILABLE;
        }
    }
    return RESULT_OK;
}

int redis_fd(const struct redis *redis)
{
    return redis->context != NULL ? redis->context->fd : -1;
}

enum result redis_receive(struct redis *redis, struct redis_reply **reply)
{
    if (redis->context == NULL) {
        return RESULT_UNAVAILABLE;
    }
    struct pollfd fd = {.fd = redis->context->fd, .events = POLLIN};
    if (poll(&fd, 1, 0) <= 0) {
        return RESULT_NOT_FOUND;
    }
    void *got = NULL;
    if (redisBufferRead(redis->context) != REDIS_OK ||
        redisGetReplyFromReader(redis->context, &got) != REDIS_OK) {
        redis_disconnect(redis);
        return RESULT_UNAVAILABLE;
    }
    return got == NULL ? RESULT_NOT_FOUND : judge(got, reply);
}
