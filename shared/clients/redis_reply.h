/*
 * What Redis answered: an integer, a text, a list or an error. Asking for what a reply is not gives
 * the fallback; NULL is nothing of all that.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_REPLY_H
#define TAPEDECK_CLIENTS_REDIS_REPLY_H

#include <stddef.h>
#include <stdint.h>

struct redis_reply;

int64_t redis_reply_int(const struct redis_reply *reply, int64_t fallback);
const char *redis_reply_text(const struct redis_reply *reply); /* NULL for nil */
size_t redis_reply_count(const struct redis_reply *reply);
const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index);
void redis_reply_free(struct redis_reply *reply);

/* The text of an error; else NULL. */
const char *redis_reply_error(const struct redis_reply *reply);

#endif
