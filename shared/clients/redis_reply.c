#include "redis_reply.h"

#include <hiredis/hiredis.h>

#include "base/text.h"

/* redis_reply is a redisReply by another name: only redis_wire.c knows, too. */
static const redisReply *reply_of(const struct redis_reply *reply)
{
    return (const redisReply *)reply;
}

const char *redis_reply_error(const struct redis_reply *reply)
{
    const redisReply *r = reply_of(reply);
    return r != NULL && r->type == REDIS_REPLY_ERROR ? r->str : NULL;
}

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
