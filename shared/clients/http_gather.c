#include "http_gather.h"

#include <string.h>

void http_gather_flush(struct http_gather *gather)
{
    void *owner = gather->owner;
    gather->owner = NULL;
    if (owner != NULL) {
        gather->deliver(owner, gather->bytes, gather->length);
    }
}

void http_gather_add(struct http_gather *gather, void *owner, const char *bytes, size_t len)
{
    if (gather->owner != owner || len > sizeof gather->bytes - gather->length) {
        http_gather_flush(gather);
        gather->owner = owner;
        gather->length = 0;
    }
    memcpy(gather->bytes + gather->length, bytes, len);
    gather->length += len;
}
