/*
 * A connection of pg.h: made when first needed and again after it broke. For pg.c only.
 */
#ifndef TAPEDECK_CLIENTS_PG_CONNECTION_H
#define TAPEDECK_CLIENTS_PG_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/result.h"

enum { PG_ERROR_SIZE = 512, PG_PREPARED_MAX = 64 };

struct pg_statement; /* pg.h */

/* A pooler may give each transaction another of its sessions. */
enum pg_session { PG_SESSION_UNKNOWN, PG_SESSION_OWN, PG_SESSION_POOLED };

/* What this session has prepared. */
struct pg_prepared {
    const struct pg_statement *known[PG_PREPARED_MAX];
    size_t count;
};

struct pg {
    PGconn *conn; /* NULL while disconnected */
    char *url;
    int64_t timeout_ms;
    struct backoff backoff;
    enum pg_session session;
    struct pg_prepared prepared;
    bool in_transaction;
    bool swollen;         /* libpq's buffers are, and stay so as long as the connection */
    bool stale;           /* a plan of this session fits no more: its tables have changed */
    void (*tick)(void *); /* called while we wait; NULL: nobody is told */
    void *tick_context;
    char error[PG_ERROR_SIZE];
};

/* Connects where there is no usable connection, or one that is to be made anew; RESULT_UNAVAILABLE
 * when that fails, or when it is too early to try again. A transaction that was under way has ended
 * then. */
enum result pg_ensure_connected(struct pg *pg);

void pg_disconnect(struct pg *pg);

/* Waits until the socket is ready for `events` (poll(2)); false once `deadline` (monotonic) has
 * passed. */
bool pg_wait_socket(const struct pg *pg, short events, int64_t deadline);

/* Keeps the first line of `message` for pg_error. */
void pg_remember_error(struct pg *pg, const char *message);

#endif
