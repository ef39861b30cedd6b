/*
 * The server that a step asks: in which way it takes questions, and what its refusals mean. What
 * it refuses and could do without is left out the next time, and remembered (followups/server.h).
 * Where it refuses what it took before, it is another server by now: all of that is forgotten.
 */
#ifndef TAPEDECK_JOBS_STEPS_ASKED_H
#define TAPEDECK_JOBS_STEPS_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "speech/answer.h"
#include "speech/shape.h"
#include "step_job.h"

struct asked {
    struct step_job *job;
    const char *address, *model; /* as configured; borrowed */
    const char *const *fields;   /* those that can give way */
    struct shape shape;
    bool took;                 /* it has taken questions in that way */
    bool slash;                /* it is at the address with a slash at its end */
    struct answer_error error; /* the last one */
};

/* Whom the next question goes to; `fields` as for answer_read_error. False: the step's try has
 * ended, because the server pauses, or PostgreSQL does not say how it is asked. */
bool asked_begin(struct asked *asked, struct step_job *job, const char *address, const char *model,
                 const char *const *fields);

/* Asks it, within `timeout_ms`: `path` goes behind the address where that is no endpoint yet,
 * `what` is what is sent, with one header at most. Our key goes with it as the server takes it. */
enum result asked_send(const struct asked *asked, const char *path, int64_t timeout_ms,
                       const struct http_request *what, const struct exchange_plan *plan,
                       struct exchange **out);

/* A good answer has come: so it can be asked. */
void asked_learn(struct asked *asked);

/* After an end without a good answer: what is to be done. */
enum asked_next {
    ASKED_AGAIN,   /* the same question in another way; never without an end */
    ASKED_MODEL,   /* it does not have the model */
    ASKED_SMALLER, /* what was sent is too large for it */
    ASKED_OVER,    /* this try has failed: asked_fail */
};
enum asked_next asked_next(struct asked *asked, const struct exchange_end *end);

/* The server's words, where they are no error's. */
void asked_say(struct asked *asked, const char *words);

/* Ends the step's try for that end; `reason`, where it is not NULL, says it better than the status
 * does, and is final. */
void asked_fail(struct asked *asked, const struct exchange_end *end,
                const struct run_reason *reason);

/* A good status with an answer that is none: the server's words, if it has any, are in `document`.
 */
void asked_nonsense(struct asked *asked, const struct exchange_end *end,
                    const struct run_reason *reason, const struct buf *document);

#endif
