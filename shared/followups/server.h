/*
 * What is known of a speech or chat server, by its address and model: with which fields it is asked
 * (speech/shape.h), whether it pauses, and what it said when it last refused us. In PostgreSQL, for
 * all runners.
 */
#ifndef TAPEDECK_FOLLOWUPS_SERVER_H
#define TAPEDECK_FOLLOWUPS_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "speech/shape.h"

enum { SERVER_HOST_SIZE = 128 };

/* SQL text: the number of its shape; what was learnt a month ago is tried anew. */
#define SERVER_SHAPE_SQL "CASE WHEN shaped_at > now() - interval '30 days' THEN shape ELSE 0 END"

/* The name of the server in an address, without what may be secret in it. Returns `out`. */
const char *server_host(const char *address, char *out, size_t size);

struct server {
    struct shape shape; /* how it is asked */
    int64_t paused_ms;  /* how long it is left alone from now on; 0: it may be asked */
};
enum result server_look(const struct app *app, const char *address, const char *model,
                        struct server *out);

/* Its account has no credit, or it refuses our key: it is left alone for STEP_DELAY, twice as long
 * each time, up to STEP_DELAY_MAX. `paused_ms` gets how long. */
enum result server_pause(const struct app *app, const char *address, const char *model,
                         int64_t *paused_ms);

/* All pauses are over, and what waited for them is due. */
enum result server_resume(const struct app *app);

/* It has answered, asked like that: a pause is over. */
enum result server_learn(const struct app *app, const char *address, const char *model,
                         const struct shape *shape);

/* It takes no questions like that any more. */
enum result server_forget_shape(const struct app *app, const char *address, const char *model);

/* It has refused: its status, 0 where there was none, and its words, without secrets. */
enum result server_refused(const struct app *app, const char *address, const char *model,
                           long status, const char *said);

/* One line of `tapedeck status`; texts live for the call only. */
struct server_refusal {
    const char *address, *model, *said;
    int64_t status, seconds_ago;
};

/* Visits those that refused us within a day and have not answered since, the latest first. */
enum result server_each_refusal(const struct app *app,
                                void (*visit)(void *, const struct server_refusal *),
                                void *context);

const struct pg_statement *server_statements(void);

#endif
