#include "redis.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "redis_address.h"

enum { RECONNECT_CEILING_MS = 2000, POSTED_MAX = 100 };

/* What is to be said of a posted command if Redis does not take it. */
struct posted {
    const char *event;
    char *fields; /* owned */
};

struct redis {
    redisContext *context; /* NULL while disconnected */
    struct redis_address address;
    redis_finder *find; /* NULL: the address is the server's own */
    size_t sentinel;    /* whom to ask first */
    int64_t timeout_ms;
    struct backoff backoff;
    struct posted posted[POSTED_MAX]; /* a ring of those that are not answered */
    size_t oldest, unread;
};

/* redis_reply is a redisReply by another name: only this file knows. */
static const redisReply *reply_of(const struct redis_reply *reply)
{
    return (const redisReply *)reply;
}

/* ---- answers ---- */

static bool begins_with_one_of(const char *error, const char *const *codes)
{
    for (; *codes != NULL; codes++) {
        if (text_starts(error, *codes)) {
            return true;
        }
    }
    return false;
}

/* Errors of a server that is the master no more, or not yet: whoever asks anew finds the one that
 * is, by its Sentinels or its name. A BLPOP gets UNBLOCKED when its server steps down, everybody
 * NOREPLICAS from one that is cut off from its replicas. */
static bool is_no_master(const redisReply *got)
{
    static const char *const CODES[] = {"READONLY",  "LOADING",    "MASTERDOWN",
                                        "UNBLOCKED", "NOREPLICAS", NULL};
    return got->type == REDIS_REPLY_ERROR && begins_with_one_of(got->str, CODES);
}

/* Errors that mean "not now". */
static bool is_unavailable(const redisReply *got)
{
    static const char *const CODES[] = {"OOM", "BUSY", NULL};
    return is_no_master(got) || begins_with_one_of(got->str, CODES) ||
           strcmp(got->str, "ERR max number of clients reached") == 0;
}

static enum result judge(redisReply *got, struct redis_reply **reply)
{
    enum result result = RESULT_OK;
    if (got->type == REDIS_REPLY_ERROR) {
        char safe[96];
        result = is_unavailable(got) ? RESULT_UNAVAILABLE : RESULT_FAILED;
        log_event("REDIS_ERROR", "message=%s", text_for_log(got->str, safe, sizeof safe));
    }
    if (result == RESULT_OK && reply != NULL) {
        *reply = (struct redis_reply *)got;
    } else {
        freeReplyObject(got);
    }
    return result;
}

/* ---- posted commands ---- */

/* Whether Redis has it is known now; where it has not, or nobody can tell, that is said. */
static void settle_oldest(struct redis *redis, bool taken)
{
    struct posted *posted = &redis->posted[redis->oldest];
    if (!taken && posted->event != NULL) {
        log_event(posted->event, "%s", posted->fields);
    }
    free(posted->fields);
    posted->fields = NULL;
    redis->oldest = (redis->oldest + 1) % POSTED_MAX;
    redis->unread--;
}

/* `fields` is ours from now on. */
static void remember(struct redis *redis, const char *event, char *fields)
{
    size_t newest = (redis->oldest + redis->unread++) % POSTED_MAX;
    redis->posted[newest] = (struct posted){.event = event, .fields = fields};
}

/* Takes `reply`. False when it comes from a server that is not to be asked again. */
static bool settle(struct redis *redis, redisReply *reply)
{
    bool left = is_no_master(reply);
    settle_oldest(redis, judge(reply, NULL) == RESULT_OK);
    return !left;
}

/* Reads the answers to them all. False when Redis has gone. */
static bool read_posted(struct redis *redis)
{
    while (redis->unread > 0) {
        void *reply;
        if (redisGetReply(redis->context, &reply) != REDIS_OK || !settle(redis, reply)) {
            return false;
        }
    }
    return true;
}

/* The same for those that have come, without waiting for others. */
static bool read_arrived(struct redis *redis)
{
    struct pollfd fd = {.fd = redis->context->fd, .events = POLLIN};
    while (redis->unread > 0) {
        void *reply = NULL;
        if (redisGetReplyFromReader(redis->context, &reply) != REDIS_OK) {
            return false;
        }
        if (reply != NULL) {
            if (!settle(redis, reply)) {
                return false;
            }
        } else if (poll(&fd, 1, 0) <= 0) {
            return true;
        } else if (redisBufferRead(redis->context) != REDIS_OK) {
            return false;
        }
    }
    return poll(&fd, 1, 0) <= 0;
}

/* ---- connection ---- */

struct redis *redis_new_at(const struct redis_address *address, int64_t timeout_ms,
                           redis_finder *find)
{
    struct redis *redis = calloc(1, sizeof *redis);
    if (redis != NULL) {
        redis->address = *address;
        redis->find = find;
        redis->timeout_ms = timeout_ms;
    }
    return redis;
}

void redis_disconnect(struct redis *redis)
{
    if (redis->context != NULL) {
        redisFree(redis->context);
        redis->context = NULL;
    }
    while (redis->unread > 0) {
        settle_oldest(redis, false);
    }
}

void redis_free(struct redis *redis)
{
    if (redis != NULL) {
        if (redis->context != NULL) {
            (void)read_posted(redis);
        }
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

static bool introduce(redisContext *context, const struct redis_address *a)
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

/* ROLE begins with "master" or "slave". A Sentinel may not have heard yet that it is the latter. */
static bool is_master(redisContext *context)
{
    redisReply *reply = redisCommand(context, "ROLE");
    bool yes = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
               reply->element[0]->type == REDIS_REPLY_STRING &&
               strcmp(reply->element[0]->str, "master") == 0;
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return yes;
}

static bool connect_to(struct redis *redis, const struct redis_host *host)
{
    const struct redis_address *a = &redis->address;
    struct timeval timeout = {.tv_sec = redis->timeout_ms / 1000,
                              .tv_usec = redis->timeout_ms % 1000 * 1000};
    redis->context = host->port == 0
                         ? redisConnectUnixWithTimeout(host->name, timeout)
                         : redisConnectWithTimeout(host->name, (int)host->port, timeout);
    if (redis->context != NULL && redis->context->err == 0 &&
        redisSetTimeout(redis->context, timeout) == REDIS_OK && introduce(redis->context, a) &&
        (redis->find == NULL || is_master(redis->context))) {
        return true;
    }
    redis_disconnect(redis);
    return false;
}

static bool connect_now(struct redis *redis)
{
    struct redis_host master;
    if (redis->find == NULL) {
        return connect_to(redis, &redis->address.host);
    }
    if (!redis->find(&redis->address, redis->timeout_ms, &redis->sentinel, &master)) {
        return false;
    }
    if (connect_to(redis, &master)) {
        return true;
    }
    redis->sentinel++; /* perhaps another knows better */
    return false;
}

/* Redis says nothing unasked: a readable idle socket means that it has gone. */
static bool is_usable(struct redis *redis)
{
    if (redis->context == NULL || redis->context->err != 0 || !read_posted(redis)) {
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

/* The next command asks anew, but not at every turn. */
static void give_up(struct redis *redis)
{
    redis_disconnect(redis);
    backoff_failed(&redis->backoff, clock_monotonic_ms(), RECONNECT_CEILING_MS);
}

/* ---- commands ---- */

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
        give_up(redis);
        return RESULT_UNAVAILABLE;
    }
    if (is_no_master(*got)) {
        give_up(redis);
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

/* Puts one command on the wire. */
static enum result send_only(struct redis *redis, const struct redis_args *args)
{
    const char *words[REDIS_ARGS_MAX];
    memcpy(words, args->values, args->count * sizeof *words);
    int done = 0;
    bool sent =
        redisAppendCommandArgv(redis->context, (int)args->count, words, args->lengths) == REDIS_OK;
    while (sent && done == 0) {
        sent = redisBufferWrite(redis->context, &done) == REDIS_OK;
    }
    if (!sent) {
        redis_disconnect(redis);
    }
    return sent ? RESULT_OK : RESULT_UNAVAILABLE;
}

enum result redis_send(struct redis *redis, const struct redis_args *args)
{
    enum result result = ensure_connected(redis);
    return result == RESULT_OK ? send_only(redis, args) : result;
}

enum result redis_post(struct redis *redis, const struct redis_args *args, const char *event,
                       const char *otherwise)
{
    bool here = redis->context != NULL && redis->context->err == 0;
    if (here && !read_arrived(redis)) {
        redis_disconnect(redis);
        here = false;
    }
    if (here && redis->unread == POSTED_MAX) {
        return RESULT_UNAVAILABLE; /* it takes all and answers nothing */
    }
    char *fields = event != NULL ? strdup(otherwise) : NULL;
    enum result result = here ? RESULT_OK : ensure_connected(redis);
    if (result == RESULT_OK) {
        result = event == NULL || fields != NULL ? send_only(redis, args) : RESULT_FAILED;
    }
    if (result == RESULT_OK) {
        remember(redis, event, fields);
    } else {
        free(fields);
    }
    return result;
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
    if (got == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (is_no_master(got)) {
        give_up(redis);
    }
    return judge(got, reply);
}
