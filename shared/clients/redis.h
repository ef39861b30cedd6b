/*
 * Redis, with an end to every wait.
 *
 * Connects when first needed and again after a break, with the same growing delay as pg; where
 * Sentinels are named, to the server that they call the master at that moment, if it says so too.
 * A failure is RESULT_UNAVAILABLE and costs nothing but speed: PostgreSQL holds the truth.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_H
#define TAPEDECK_CLIENTS_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "redis_reply.h"

struct redis;

enum { REDIS_ARGS_MAX = 64 };

/* A Lua script that travels with the binary; run by its SHA-1, loaded where it is not known. */
struct redis_script {
    const char *name;
    const char *body;
    size_t length;
    const char *sha1; /* lowercase hex */
};

/* One command's words in order. Start from {0}. Texts are borrowed until the call returns. */
struct redis_args {
    const char *values[REDIS_ARGS_MAX];
    size_t lengths[REDIS_ARGS_MAX];
    char numbers[REDIS_ARGS_MAX][24];
    size_t count;
};

/* Each adds one word. More than REDIS_ARGS_MAX aborts: a bug. */
void redis_text(struct redis_args *args, const char *text);
void redis_int(struct redis_args *args, int64_t number);

/* A handle for what `url` names (redis_address.h has its forms); connects lazily. NULL when it is
 * malformed, or without memory. */
struct redis *redis_new(const char *url, int64_t timeout_ms);

/* Says which server is the master now, at each connect; `first` is its own, from 0 on.
 * redis_sentinel_find is one. */
struct redis_address;
struct redis_host;
typedef bool redis_finder(const struct redis_address *address, int64_t timeout_ms, size_t *first,
                          struct redis_host *master);

/* The same for an address that was read already; it is copied. Connects to the master that `find`
 * names; without one (NULL) to the host of the address. */
struct redis *redis_new_at(const struct redis_address *address, int64_t timeout_ms,
                           redis_finder *find);
void redis_free(struct redis *redis);

/* Runs one command. `reply` may be NULL; else set on RESULT_OK, freed with redis_reply_free.
 * RESULT_FAILED when Redis answers with an error. */
enum result redis_command(struct redis *redis, const struct redis_args *args,
                          struct redis_reply **reply);

/* Sends one command and waits for no answer: that is read before the next command, or at the end.
 * When Redis refused it, or went before it had answered, `otherwise` (copied) is logged then as
 * `event` (a literal; NULL: not at all). RESULT_UNAVAILABLE, and nothing logged, when it could not
 * be sent, or too many are not answered yet. */
enum result redis_post(struct redis *redis, const struct redis_args *args, const char *event,
                       const char *otherwise);

/* EVALSHA, or EVAL where the script is not loaded yet. `args` are keys then arguments. */
enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct redis_args *args, struct redis_reply **reply);

/*
 * Waiting in somebody else's poll loop: redis_send starts one command (a BLPOP, say), redis_fd is
 * what to poll for reading (-1 when not connected), redis_receive takes the answer without
 * blocking: RESULT_NOT_FOUND while it has not come.
 */
enum result redis_send(struct redis *redis, const struct redis_args *args);
int redis_fd(const struct redis *redis);
enum result redis_receive(struct redis *redis, struct redis_reply **reply);

/* Drops the connection; the next command makes a new one. */
void redis_disconnect(struct redis *redis);

/* What was wrong when a command failed last, in words that anybody may read; "" if none has. */
const char *redis_why(const struct redis *redis);

#endif
