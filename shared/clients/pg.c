#include "pg.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "pg_connection.h"
#include "pg_sqlstate.h"

/* A pooler may give each transaction another session: what is asked for lasts as long as one. Ours
 * read few rows each; among many calls PostgreSQL would take longer to compile them than to run. */
static const struct pg_statement LIMIT = {
    "limit", "SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true),"
             " set_config('plan_cache_mode', 'auto', true)"};

/* pg_rows is a PGresult by another name: only this file knows. */
static PGresult *result_of(const struct pg_rows *rows)
{
    union {
        const struct pg_rows *rows;
        PGresult *result;
    } same = {.rows = rows};
    return same.result;
}

/* ---- a handle ---- */

/* libpq's own message about a malformed string quotes it, password and all, at the first connect:
 * so it is parsed here first, and that message dropped. A word alone is a database's name. */
static bool is_well_formed(const char *url)
{
    if (strchr(url, '=') == NULL && strstr(url, "://") == NULL) {
        return true;
    }
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    PQconninfoFree(options);
    return options != NULL;
}

/* PGTZ is how libpq is told a session's time zone (its manual, "Environment Variables"). It goes
 * out as a start-up parameter of its own, which a pooler keeps for each client; `options` it
 * refuses. */
struct pg *pg_new(const char *url, int64_t timeout_ms)
{
    if (!is_well_formed(url)) {
        return NULL;
    }
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg == NULL || setenv("PGTZ", "UTC", 1) != 0) {
        free(pg);
        return NULL;
    }
    pg->url = strdup(url);
    pg->timeout_ms = timeout_ms;
    if (pg->url == NULL) {
        free(pg);
        return NULL;
    }
    return pg;
}

void pg_free(struct pg *pg)
{
    if (pg == NULL) {
        return;
    }
    pg_disconnect(pg);
    free(pg->url);
    free(pg);
}

/* ---- statements ---- */

static bool flush_all(const struct pg *pg, int64_t deadline)
{
    for (;;) {
        int left = PQflush(pg->conn);
        if (left <= 0) {
            return left == 0;
        }
        if (!pg_wait_socket(pg, POLLIN | POLLOUT, deadline) || PQconsumeInput(pg->conn) == 0) {
            return false;
        }
    }
}

/* Reads results until the statement is done; keeps the last, or the first error. */
static PGresult *collect(const struct pg *pg, int64_t deadline)
{
    PGresult *kept = NULL;
    for (;;) {
        while (PQisBusy(pg->conn)) {
            if (!pg_wait_socket(pg, POLLIN, deadline) || PQconsumeInput(pg->conn) == 0) {
                PQclear(kept);
                return NULL;
            }
        }
        PGresult *next = PQgetResult(pg->conn);
        if (next == NULL) {
            return kept;
        }
        if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(kept);
        kept = next;
    }
}

/* Names of ours are in what it says of what is not there, or not granted (class 42); of others'
 * values nothing is logged. */
static void tell_failure(const struct pg *pg, const char *state)
{
    char said[PG_ERROR_SIZE];
    bool ours = strncmp(state, "42", 2) == 0;
    log_event("PG_FAILED", "sqlstate=%s said=%s advice=%s", state,
              ours ? text_for_log(pg->error, said, sizeof said) : "-",
              pg_sqlstate_advice(state)[0] != '\0' ? pg_sqlstate_advice(state) : "-");
}

/* What a prepared statement's plan was made of has changed, or somebody has dropped the plan
 * (PostgreSQL's plancache.c, "cached plan must not change result type"; DEALLOCATE ALL). */
static bool is_stale(const struct pg *pg, const char *state)
{
    return pg->prepared.count > 0 && state != NULL &&
           (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0);
}

static enum result judge(struct pg *pg, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        return RESULT_OK;
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool stale = is_stale(pg, state);
    enum result verdict = stale ? RESULT_UNAVAILABLE : pg_sqlstate_result(state);
    pg->stale = pg->stale || stale;
    pg_remember_error(pg, PQresultErrorMessage(result));
    if (verdict == RESULT_UNAVAILABLE) {
        log_event("PG_REFUSED", "sqlstate=%s", state != NULL ? state : "-");
    } else if (verdict == RESULT_FAILED) {
        tell_failure(pg, state);
    }
    return verdict;
}

static enum result lost(struct pg *pg)
{
    pg_remember_error(pg, PQerrorMessage(pg->conn));
    log_event("PG_LOST", "retry_ms=0");
    pg_disconnect(pg);
    return RESULT_UNAVAILABLE;
}

/* A transaction that lost its connection must not go on, half, on a new one. */
static enum result before_statement(struct pg *pg)
{
    bool was_inside = pg->in_transaction;
    enum result result = pg_ensure_connected(pg);
    if (result == RESULT_OK && was_inside && !pg->in_transaction) {
        return RESULT_UNAVAILABLE;
    }
    return result;
}

/* Takes `result`. */
static enum result conclude(struct pg *pg, PGresult *result, struct pg_rows **rows)
{
    enum result verdict = judge(pg, result);
    if (verdict == RESULT_OK && rows != NULL) {
        *rows = (struct pg_rows *)result;
    } else {
        PQclear(result);
    }
    return verdict;
}

static enum result run_sent(struct pg *pg, bool sent, struct pg_rows **rows)
{
    int64_t deadline = clock_monotonic_ms() + pg->timeout_ms;
    PGresult *result = sent && flush_all(pg, deadline) ? collect(pg, deadline) : NULL;
    return result != NULL ? conclude(pg, result, rows) : lost(pg);
}

/* ---- prepared statements ---- */

static bool has_prepared(const struct pg *pg, const struct pg_statement *statement)
{
    for (size_t i = 0; i < pg->prepared.count; i++) {
        if (pg->prepared.known[i] == statement) {
            return true;
        }
    }
    return false;
}

static void note_prepared(struct pg *pg, const struct pg_statement *statement)
{
    pg->prepared.known[pg->prepared.count++] = statement;
}

enum how { HOW_PLAIN, HOW_PREPARED, HOW_TO_PREPARE };

static enum how how_to_run(const struct pg *pg, const struct pg_statement *statement)
{
    if (!statement->prepared || pg->session != PG_SESSION_OWN) {
        return HOW_PLAIN;
    }
    if (has_prepared(pg, statement)) {
        return HOW_PREPARED;
    }
    return pg->prepared.count < PG_PREPARED_MAX ? HOW_TO_PREPARE : HOW_PLAIN;
}

static bool send_prepare(const struct pg *pg, const struct pg_statement *statement)
{
    return PQsendPrepare(pg->conn, statement->name, statement->sql, 0, NULL) == 1;
}

/* ---- one statement ---- */

static bool send_statement(const struct pg *pg, const struct pg_statement *statement, enum how how,
                           const struct pg_params *p)
{
    int count = (int)p->count;
    return how == HOW_PLAIN
               ? PQsendQueryParams(pg->conn, statement->sql, count, NULL, p->values, NULL, NULL, 0)
               : PQsendQueryPrepared(pg->conn, statement->name, count, p->values, NULL, NULL, 0);
}

/* Without limits of its own: those of its transaction hold, or of its session. */
static enum result run_as(struct pg *pg, const struct pg_statement *statement, enum how how,
                          const struct pg_params *params, struct pg_rows **rows)
{
    if (how == HOW_TO_PREPARE) {
        enum result result = run_sent(pg, send_prepare(pg, statement), NULL);
        if (result != RESULT_OK) {
            return result;
        }
        note_prepared(pg, statement);
    }
    return run_sent(pg, send_statement(pg, statement, how, params), rows);
}

/* The limits, and in the same round trip and transaction the statement. */
static bool send_limited(const struct pg *pg, const struct pg_statement *statement,
                         const struct pg_params *params)
{
    struct pg_params limit = {0};
    pg_int(&limit, pg->timeout_ms);
    return PQenterPipelineMode(pg->conn) == 1 && send_statement(pg, &LIMIT, HOW_PLAIN, &limit) &&
           send_statement(pg, statement, HOW_PLAIN, params) && PQpipelineSync(pg->conn) == 1;
}

/* Reads up to the sync that ends it: what the limits gave, what the statement did, and perhaps an
 * error of their commit. Keeps the first error, else what the statement gave. */
static PGresult *collect_limited(const struct pg *pg, int64_t deadline)
{
    PGresult *kept = NULL, *next;
    while ((next = collect(pg, deadline)) != NULL && PQresultStatus(next) != PGRES_PIPELINE_SYNC) {
        if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(next);
        } else {
            PQclear(kept);
            kept = next;
        }
    }
    bool ended = next != NULL && PQexitPipelineMode(pg->conn) == 1;
    PQclear(next);
    if (!ended) {
        PQclear(kept);
        return NULL;
    }
    return kept;
}

static enum result run_limited(struct pg *pg, const struct pg_statement *statement,
                               const struct pg_params *params, struct pg_rows **rows)
{
    int64_t deadline = clock_monotonic_ms() + pg->timeout_ms;
    bool sent = send_limited(pg, statement, params) && flush_all(pg, deadline);
    PGresult *result = sent ? collect_limited(pg, deadline) : NULL;
    return result != NULL ? conclude(pg, result, rows) : lost(pg);
}

/* What holds for prepared statements, which are run without more. Without being told so, PostgreSQL
 * would go on planning where it takes a generic plan's costs for higher: what it takes to plan the
 * others is hardly a part of theirs. */
static enum result set_up_session(struct pg *pg)
{
    char sql[128];
    int n = snprintf(sql, sizeof sql,
                     "SET statement_timeout = %lld; SET jit = off;"
                     " SET plan_cache_mode = force_generic_plan",
                     (long long)pg->timeout_ms);
    return n > 0 && (size_t)n < sizeof sql ? pg_script(pg, sql) : RESULT_FAILED;
}

/* Is the session ours alone? A pooler tells its clients process numbers of its own making. Asked
 * before a transaction begins: what is set up within one lasts as long as that may. */
static enum result know_session(struct pg *pg)
{
    static const struct pg_params NONE;
    static const struct pg_statement PID = {"pid", "SELECT pg_backend_pid()"};
    struct pg_rows *rows;
    int64_t pid = 0;
    enum result result = before_statement(pg);
    if (result != RESULT_OK || pg->in_transaction || pg->session != PG_SESSION_UNKNOWN) {
        return result;
    }
    result = run_limited(pg, &PID, &NONE, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    (void)text_int(pg_rows_text(rows, 0, 0), 0, INT32_MAX, &pid);
    pg_rows_free(rows);
    bool own = pid != 0 && pid == PQbackendPID(pg->conn);
    result = own ? set_up_session(pg) : RESULT_OK;
    if (result == RESULT_OK) {
        pg->session = own ? PG_SESSION_OWN : PG_SESSION_POOLED;
    }
    return result;
}

static enum result run_once(struct pg *pg, const struct pg_statement *statement,
                            const struct pg_params *params, struct pg_rows **rows)
{
    enum result result = statement->prepared ? know_session(pg) : before_statement(pg);
    if (result != RESULT_OK) {
        return result;
    }
    enum how how = how_to_run(pg, statement);
    pg->swollen = pg->swollen || pg_are_large(params);
    return pg->in_transaction || how != HOW_PLAIN ? run_as(pg, statement, how, params, rows)
                                                  : run_limited(pg, statement, params, rows);
}

enum result pg_query(struct pg *pg, const struct pg_statement *statement,
                     const struct pg_params *params, struct pg_rows **rows)
{
    static const struct pg_params NONE;
    const struct pg_params *p = params != NULL ? params : &NONE;
    enum result result = run_once(pg, statement, p, rows);
    bool again = pg->stale && !pg->in_transaction; /* nothing of it has happened */
    return again ? run_once(pg, statement, p, rows) : result;
}

enum result pg_script(struct pg *pg, const char *sql)
{
    enum result result = before_statement(pg);
    if (result != RESULT_OK) {
        return result;
    }
    return run_sent(pg, PQsendQuery(pg->conn, sql) == 1, NULL);
}

enum result pg_alone(struct pg *pg, const char *sql, int64_t limit_ms, pg_tick *tick, void *context)
{
    int64_t usual_ms = pg->timeout_ms;
    bool own = know_session(pg) == RESULT_OK && pg->session == PG_SESSION_OWN;
    enum result result = own ? pg_script(pg, "SET statement_timeout = 0; SET lock_timeout = 0")
                             : before_statement(pg);
    if (result == RESULT_OK) {
        pg->timeout_ms = limit_ms;
        pg->tick = tick;
        pg->tick_context = context;
        result = run_sent(pg, PQsendQuery(pg->conn, sql) == 1, NULL);
        pg->timeout_ms = usual_ms;
        pg->tick = NULL;
    }
    if (own && pg->conn != NULL) {
        (void)pg_script(pg, "RESET statement_timeout; RESET lock_timeout");
        pg->session = PG_SESSION_UNKNOWN; /* it is set up anew */
    }
    return result;
}

const char *pg_error(const struct pg *pg)
{
    return pg->error;
}

enum result pg_begin(struct pg *pg)
{
    char sql[128];
    int n = snprintf(sql, sizeof sql,
                     "BEGIN; SET LOCAL jit = off; SET LOCAL plan_cache_mode = auto;"
                     " SET LOCAL statement_timeout = %lld",
                     (long long)pg->timeout_ms);
    enum result result = n > 0 && (size_t)n < sizeof sql ? know_session(pg) : RESULT_FAILED;
    if (result == RESULT_OK) {
        result = pg_script(pg, sql);
    }
    pg->in_transaction = result == RESULT_OK;
    return result;
}

/* COMMIT of a transaction that failed inside succeeds as a ROLLBACK: the command tag tells. */
enum result pg_commit(struct pg *pg)
{
    static const struct pg_statement COMMIT = {"commit", "COMMIT"};
    struct pg_rows *rows;
    enum result result = pg_query(pg, &COMMIT, NULL, &rows);
    if (result == RESULT_OK) {
        result = strcmp(PQcmdStatus(result_of(rows)), "COMMIT") == 0 ? RESULT_OK : RESULT_FAILED;
        pg_rows_free(rows);
    }
    pg->in_transaction = false;
    return result;
}

void pg_rollback(struct pg *pg)
{
    static const struct pg_statement ROLLBACK = {"rollback", "ROLLBACK"};
    if (pg->conn != NULL && pg->in_transaction) {
        (void)pg_query(pg, &ROLLBACK, NULL, NULL);
    }
    pg->in_transaction = false;
}

/* ---- rows ---- */

int pg_rows_count(const struct pg_rows *rows)
{
    return PQntuples(result_of(rows));
}

int64_t pg_rows_affected(const struct pg_rows *rows)
{
    int64_t n = 0;
    (void)text_int(PQcmdTuples(result_of(rows)), 0, INT64_MAX, &n);
    return n;
}

const char *pg_rows_text(const struct pg_rows *rows, int row, int column)
{
    const PGresult *result = result_of(rows);
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

void pg_rows_free(struct pg_rows *rows)
{
    PQclear(result_of(rows));
}
