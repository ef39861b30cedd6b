/*
 * What is known of a speech or chat server, by its address and model: with which fields it is asked
 * (speech/shape.h), and what it said when it last refused us. In PostgreSQL, for all runners.
 */
#ifndef TAPEDECK_FOLLOWUPS_SERVER_H
#define TAPEDECK_FOLLOWUPS_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "speech/shape.h"

enum { SERVER_HOST_SIZE = 128 };

/* The name of the server in an address, without what may be secret in it. Returns `out`. */
const char *server_host(const char *address, char *out, size_t size);

/* How it is asked. What was learnt a month ago is tried anew: servers learn, too. */
enum result server_shape(const struct app *app, const char *address, const char *model,
                         struct shape *out);

/* It has answered, asked like that. */
enum result server_learn(const struct app *app, const char *address, const char *model,
                         const struct shape *shape);

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
