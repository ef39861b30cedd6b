#include "pg_connection.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "pg_sqlstate.h"

enum {
    RECONNECT_CEILING_MS = 2000,
    CONNECT_TIMEOUT_MAX_MS = 10000,
    CONNECT_STEPS_MAX = 1000,
    IDLE_READS_MAX = 100,
    TICK_MS = 1000,
};

void pg_disconnect(struct pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->session = PG_SESSION_UNKNOWN;
    pg->prepared.count = 0;
    pg->in_transaction = pg->swollen = pg->stale = false;
}

bool pg_wait_socket(const struct pg *pg, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0) {
            return false;
        }
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = events};
        int64_t longest = pg->tick != NULL ? TICK_MS : INT32_MAX;
        int n = poll(&fd, 1, (int)(left > longest ? longest : left));
        if (n > 0) {
            return true;
        }
        if (pg->tick != NULL) {
            pg->tick(pg->tick_context);
        }
    }
}

static void quiet_notice(void *unused, const PGresult *notice)
{
    (void)unused;
    (void)notice;
}

void pg_remember_error(struct pg *pg, const char *message)
{
    (void)snprintf(pg->error, sizeof pg->error, "%s", message);
    pg->error[strcspn(pg->error, "\n")] = '\0';
}

static bool finish_connecting(struct pg *pg, int64_t deadline)
{
    short events = POLLOUT;
    for (int step = 0; step < CONNECT_STEPS_MAX; step++) {
        if (PQstatus(pg->conn) == CONNECTION_BAD || !pg_wait_socket(pg, events, deadline)) {
            return false;
        }
        switch (PQconnectPoll(pg->conn)) {
        case PGRES_POLLING_OK: return true;
        case PGRES_POLLING_READING: events = POLLIN; break;
        case PGRES_POLLING_WRITING: events = POLLOUT; break;
        default: return false;
        }
    }
    return false;
}

static bool connect_now(struct pg *pg)
{
    static const char *const KEYS[] = {"dbname", "application_name", NULL};
    const char *const values[] = {pg->url, "tapedeck", NULL};
    bool patient = pg->timeout_ms > CONNECT_TIMEOUT_MAX_MS;
    int64_t deadline = clock_monotonic_ms() + (patient ? CONNECT_TIMEOUT_MAX_MS : pg->timeout_ms);
    pg->conn = PQconnectStartParams(KEYS, values, 1);
    if (pg->conn != NULL && finish_connecting(pg, deadline) && PQsetnonblocking(pg->conn, 1) == 0) {
        PQsetNoticeReceiver(pg->conn, quiet_notice, NULL);
        return true;
    }
    pg_remember_error(pg, pg->conn != NULL ? PQerrorMessage(pg->conn) : "no memory");
    pg_disconnect(pg);
    return false;
}

/* A server that restarted while we were idle has closed our socket: notice before we use it, so
 * that the first request after a restart is answered. Its goodbye may lie before the end: read up
 * to where nothing more is there. */
static bool is_usable(const struct pg *pg)
{
    if (pg->conn == NULL || PQstatus(pg->conn) != CONNECTION_OK) {
        return false;
    }
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};
    for (int reads = 0; reads < IDLE_READS_MAX; reads++) {
        if (poll(&fd, 1, 0) <= 0) {
            return true;
        }
        if (PQconsumeInput(pg->conn) == 0 || PQstatus(pg->conn) != CONNECTION_OK) {
            return false;
        }
    }
    return false;
}

enum result pg_ensure_connected(struct pg *pg)
{
    if (is_usable(pg) && (pg->in_transaction || !(pg->swollen || pg->stale))) {
        return RESULT_OK;
    }
    pg_disconnect(pg);
    if (!backoff_due(&pg->backoff, clock_monotonic_ms())) {
        return RESULT_UNAVAILABLE;
    }
    if (connect_now(pg)) {
        backoff_succeeded(&pg->backoff);
        return RESULT_OK;
    }
    backoff_failed(&pg->backoff, clock_monotonic_ms(), RECONNECT_CEILING_MS);
    char said[PG_ERROR_SIZE];
    log_event("PG_UNAVAILABLE", "retry_ms=%lld said=%s", (long long)pg->backoff.delay_ms,
              text_for_log(pg_sqlstate_cause(pg->error), said, sizeof said));
    return RESULT_UNAVAILABLE;
}
