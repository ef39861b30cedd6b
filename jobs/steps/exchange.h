/*
 * A request to another server and its whole answer, which is kept up to a maximum size.
 */
#ifndef TAPEDECK_JOBS_STEPS_EXCHANGE_H
#define TAPEDECK_JOBS_STEPS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/result.h"
#include "clients/http.h"
#include "runs/run.h"

struct exchange;

/* Takes the bytes of a good answer (200, 201) as they come; false: no more. */
typedef bool exchange_eat(void *context, const char *type, const char *bytes, size_t len);

/* How it ended. `body` is cut where the answer was larger than the ceiling: then it has failed
 * (buf_ok) and the outcome is HTTP_STOPPED. */
struct exchange_end {
    enum http_outcome outcome;
    long status;
    int64_t retry_after_s;
    const struct buf *body;
};

typedef void exchange_done(void *context, const struct exchange_end *end);

/* What is done with an answer: up to `ceiling` bytes are kept, or, with `eat`, those of any that is
 * not good. RESULT_OK: `done` is called once, from http_poll, and the exchange is gone then. */
struct exchange_plan {
    size_t ceiling;
    exchange_eat *eat; /* NULL: all is kept */
    exchange_done *done;
    void *context;
};
enum result exchange_start(struct http *http, const struct http_request *request,
                           const struct exchange_plan *plan, struct exchange **out);

/* Nobody wants the answer any more: `done` is not called. exchange_drop(NULL) is safe. */
void exchange_drop(struct exchange *exchange);

/* Why there is no answer with status 200; NULL when there is. `final`: trying again is useless. */
const struct run_reason *exchange_trouble(const struct exchange_end *end, bool *final);

#endif
