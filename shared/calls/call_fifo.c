#include "call_fifo.h"

#include <string.h>

bool call_ref_is(const struct call_ref *ref, int64_t business_id, const char *call_sid)
{
    return ref->business_id == business_id && strcmp(ref->call_sid, call_sid) == 0;
}

bool call_fifo_has(const struct call_fifo *fifo, int64_t business_id, const char *call_sid)
{
    for (size_t i = 0; i < fifo->count; i++) {
        size_t at = (fifo->first + i) % CALL_FIFO_MAX;
        if (call_ref_is(&fifo->refs[at], business_id, call_sid)) {
            return true;
        }
    }
    return false;
}

void call_fifo_add(struct call_fifo *fifo, int64_t business_id, const char *call_sid)
{
    if (fifo->count == CALL_FIFO_MAX || call_fifo_has(fifo, business_id, call_sid)) {
        return;
    }
    struct call_ref *ref = &fifo->refs[(fifo->first + fifo->count) % CALL_FIFO_MAX];
    ref->business_id = business_id;
    memcpy(ref->call_sid, call_sid, sizeof ref->call_sid);
    fifo->count++;
}

bool call_fifo_next(struct call_fifo *fifo, struct call_ref *out)
{
    if (fifo->count == 0) {
        return false;
    }
    *out = fifo->refs[fifo->first];
    fifo->first = (fifo->first + 1) % CALL_FIFO_MAX;
    fifo->count--;
    return true;
}

size_t call_fifo_at_hand(const void *worker, size_t places, call_fifo_place *at,
                         int64_t business_id, const char *call_sid)
{
    size_t count = 0;
    for (size_t i = 0; i < places; i++) {
        const struct call_ref *call = at(worker, i);
        count += call != NULL && (call_sid == NULL || call_ref_is(call, business_id, call_sid));
    }
    return count;
}
