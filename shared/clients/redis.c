#include "redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "redis_address.h"
#include "redis_wire.h"

enum { RECONNECT_CEILING_MS = 2000, POSTED_MAX = 100 };

/* What is to be said of a posted command if Redis does not take it. */
struct posted {
    const char *event;
    char *fields; /* owned */
};

struct redis {
    struct redis_wire *wire; /* NULL while disconnected */
    struct redis_address address;
    redis_finder *find; /* NULL: the address is the server's own */
    size_t sentinel;    /* whom to ask first */
    int64_t timeout_ms;
    struct backoff backoff;
    char why[REDIS_WHY_SIZE];         /* the last failure, in words */
    struct posted posted[POSTED_MAX]; /* a ring of those that are not answered */
    size_t oldest, unread;
};

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
static bool is_no_master(const char *error)
{
    static const char *const CODES[] = {"READONLY",  "LOADING",    "MASTERDOWN",
                                        "UNBLOCKED", "NOREPLICAS", NULL};
    return error != NULL && begins_with_one_of(error, CODES);
}

/* Errors that mean "not now". */
static bool is_unavailable(const char *error)
{
    static const char *const CODES[] = {"OOM", "BUSY", NULL};
    return is_no_master(error) || begins_with_one_of(error, CODES) ||
           strcmp(error, "ERR max number of clients reached") == 0;
}

static void explain(struct redis *redis, const char *why)
{
    (void)snprintf(redis->why, sizeof redis->why, "%s", why);
}

static enum result judge(struct redis *redis, struct redis_reply *got, struct redis_reply **reply)
{
    enum result result = RESULT_OK;
    const char *error = redis_reply_error(got);
    if (error != NULL) {
        char safe[96];
        result = is_unavailable(error) ? RESULT_UNAVAILABLE : RESULT_FAILED;
        log_event("REDIS_ERROR", "message=%s", text_for_log(error, safe, sizeof safe));
        explain(redis, "it answers with an error; the log has it");
    }
    if (result == RESULT_OK && reply != NULL) {
        *reply = got;
    } else {
        redis_reply_free(got);
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
static bool settle(struct redis *redis, struct redis_reply *reply)
{
    bool left = is_no_master(redis_reply_error(reply));
    settle_oldest(redis, judge(redis, reply, NULL) == RESULT_OK);
    return !left;
}

/* Reads the answers to them all. False when Redis has gone. */
static bool read_posted(struct redis *redis)
{
    while (redis->unread > 0) {
        struct redis_reply *reply = redis_wire_reply(redis->wire);
        if (reply == NULL || !settle(redis, reply)) {
            return false;
        }
    }
    return true;
}

/* The same for those that have come, without waiting for others. */
static bool read_arrived(struct redis *redis)
{
    while (redis->unread > 0) {
        struct redis_reply *reply;
        enum result result = redis_wire_look(redis->wire, &reply);
        if (result != RESULT_OK) {
            return result == RESULT_NOT_FOUND;
        }
        if (!settle(redis, reply)) {
            return false;
        }
    }
    return redis_wire_is_idle(redis->wire);
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
    redis_wire_close(redis->wire);
    redis->wire = NULL;
    while (redis->unread > 0) {
        settle_oldest(redis, false);
    }
}

void redis_free(struct redis *redis)
{
    if (redis != NULL) {
        (void)read_posted(redis);
        redis_disconnect(redis);
        free(redis);
    }
}

/* One command on a connection that is being set up; NULL without an answer. */
static struct redis_reply *ask(struct redis *redis, const char *a, const char *b, const char *c)
{
    const char *words[] = {a, b, c};
    size_t count = b == NULL ? 1 : c == NULL ? 2 : 3;
    struct redis_reply *reply =
        redis_wire_send(redis->wire, count, words, NULL) ? redis_wire_reply(redis->wire) : NULL;
    if (reply == NULL) {
        explain(redis, redis_wire_trouble(redis->wire));
    }
    return reply;
}

static bool set_up(struct redis *redis, const char *a, const char *b, const char *c)
{
    struct redis_reply *reply = ask(redis, a, b, c);
    const char *error = reply != NULL ? redis_reply_error(reply) : NULL;
    if (error != NULL) {
        explain(redis, "it refuses the user, the password or the database that REDIS_URL has");
    }
    redis_reply_free(reply);
    return reply != NULL && error == NULL;
}

static bool introduce(struct redis *redis)
{
    const struct redis_address *a = &redis->address;
    if (a->password[0] != '\0') {
        bool named = a->user[0] != '\0';
        if (!set_up(redis, "AUTH", named ? a->user : a->password, named ? a->password : NULL)) {
            return false;
        }
    }
    char db[24];
    int n = snprintf(db, sizeof db, "%lld", (long long)a->db);
    return a->db == 0 || (n > 0 && set_up(redis, "SELECT", db, NULL));
}

/* ROLE begins with "master" or "slave". A Sentinel may not have heard yet that it is the latter. */
static bool is_master(struct redis *redis)
{
    struct redis_reply *reply = ask(redis, "ROLE", NULL, NULL);
    const char *role = redis_reply_text(redis_reply_at(reply, 0));
    bool yes = role != NULL && strcmp(role, "master") == 0;
    redis_reply_free(reply);
    return yes;
}

static bool connect_to(struct redis *redis, const struct redis_host *host)
{
    redis->wire = redis_wire_open(&redis->address, host, redis->timeout_ms, redis->why);
    if (redis->wire != NULL && introduce(redis) && (redis->find == NULL || is_master(redis))) {
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
        explain(redis, "not reachable");
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
    return redis->wire != NULL && read_posted(redis) && redis_wire_is_idle(redis->wire);
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
    char said[2 * REDIS_WHY_SIZE];
    log_event("REDIS_UNAVAILABLE", "retry_ms=%lld said=%s", (long long)redis->backoff.delay_ms,
              text_for_log(redis->why, said, sizeof said));
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
                              const size_t *lengths, struct redis_reply **got)
{
    enum result result = ensure_connected(redis);
    if (result != RESULT_OK) {
        return result;
    }
    *got =
        redis_wire_send(redis->wire, count, words, lengths) ? redis_wire_reply(redis->wire) : NULL;
    if (*got == NULL) {
        explain(redis, redis_wire_trouble(redis->wire));
        give_up(redis);
        return RESULT_UNAVAILABLE;
    }
    if (is_no_master(redis_reply_error(*got))) {
        give_up(redis);
    }
    return RESULT_OK;
}

enum result redis_command(struct redis *redis, const struct redis_args *args,
                          struct redis_reply **reply)
{
    struct redis_reply *got;
    enum result result = send_words(redis, args->count, args->values, args->lengths, &got);
    return result == RESULT_OK ? judge(redis, got, reply) : result;
}

static enum result eval_as(struct redis *redis, const char *verb, const char *script, size_t length,
                           size_t keys, const struct redis_args *args, struct redis_reply **got)
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
    struct redis_reply *got;
    enum result result =
        eval_as(redis, "EVALSHA", script->sha1, strlen(script->sha1), keys, args, &got);
    const char *error = result == RESULT_OK ? redis_reply_error(got) : NULL;
    if (error != NULL && strncmp(error, "NOSCRIPT", 8) == 0) {
        redis_reply_free(got);
        result = eval_as(redis, "EVAL", script->body, script->length, keys, args, &got);
    }
    return result == RESULT_OK ? judge(redis, got, reply) : result;
}

/* ---- waiting in a poll loop ---- */

static enum result send_only(struct redis *redis, const struct redis_args *args)
{
    if (redis_wire_send(redis->wire, args->count, args->values, args->lengths)) {
        return RESULT_OK;
    }
    redis_disconnect(redis);
    return RESULT_UNAVAILABLE;
}

enum result redis_send(struct redis *redis, const struct redis_args *args)
{
    enum result result = ensure_connected(redis);
    return result == RESULT_OK ? send_only(redis, args) : result;
}

enum result redis_post(struct redis *redis, const struct redis_args *args, const char *event,
                       const char *otherwise)
{
    bool here = redis->wire != NULL;
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
    return redis->wire != NULL ? redis_wire_fd(redis->wire) : -1;
}

enum result redis_receive(struct redis *redis, struct redis_reply **reply)
{
    struct redis_reply *got;
    enum result result =
        redis->wire != NULL ? redis_wire_look(redis->wire, &got) : RESULT_UNAVAILABLE;
    if (result != RESULT_OK) {
        if (result == RESULT_UNAVAILABLE) {
            redis_disconnect(redis);
        }
        return result;
    }
    if (is_no_master(redis_reply_error(got))) {
        give_up(redis);
    }
    return judge(redis, got, reply);
}

const char *redis_why(const struct redis *redis)
{
    return redis->why;
}
