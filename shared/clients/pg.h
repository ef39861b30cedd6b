/*
 * PostgreSQL, with an end to every wait; the only home of libpq.
 *
 * A connection is made when first needed and again after it broke, but not more often than a delay
 * that grows from 50 ms to 2 s: meanwhile statements fail at once with RESULT_UNAVAILABLE. No
 * statement takes longer than the timeout: PostgreSQL ends it then, whether we still wait or not.
 * After a transaction with a very large parameter it is made anew: libpq keeps its buffers as they
 * were. Parameters and results are text.
 *
 * A pooler (pgbouncer in transaction mode) may stand between: in a session that is not ours alone
 * nothing is left from one transaction to the next. SQL that needs more, a session's advisory lock
 * or temporary table say, has no place here.
 */
#ifndef TAPEDECK_CLIENTS_PG_H
#define TAPEDECK_CLIENTS_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

struct pg;
struct pg_rows;

enum { PG_PARAMS_MAX = 24 };

/*
 * A statement of some table beside its verbs; a table ends with a row whose name is NULL. A test
 * asks PostgreSQL to prepare each of them against the migrated schema.
 *
 * `prepared`: the best plan is the same for all parameters, and planning takes longer than running.
 * PostgreSQL plans it once a connection then (a generic plan), and not each time. Only where the
 * session is ours alone: behind a pooler each is planned anew.
 */
struct pg_statement {
    const char *name; /* no other has it */
    const char *sql;
    bool prepared;
};

/* SQL text: a timestamp as ISO 8601 (our sessions are in UTC); a bigint of milliseconds as an
 * interval. */
#define PG_ISO(column) "to_char(" column ", 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"+00:00\"')"
#define PG_MS(parameter) "make_interval(secs => " parameter "::bigint / 1000.0)"

/* SQL text: whether a time of ours is further from now than `ttl` milliseconds. One that far ahead
 * was written while the server's clock was ahead, and says as little as one in the past. */
#define PG_LAPSED(column, ttl)                                                                     \
    "(" column " NOT BETWEEN now() - " PG_MS(ttl) " AND now() + " PG_MS(ttl) ")"

/* Parameters in order, $1 first. Start from {0}. Texts are borrowed until the query returns. */
struct pg_params {
    const char *values[PG_PARAMS_MAX];
    char numbers[PG_PARAMS_MAX][24];
    size_t count;
};

/* Each adds one parameter; NULL text is SQL's NULL. More than PG_PARAMS_MAX aborts: a bug. */
void pg_text(struct pg_params *params, const char *text);
void pg_int(struct pg_params *params, int64_t number);
void pg_int_or_null(struct pg_params *params, int64_t number, int64_t null_value);
void pg_flag(struct pg_params *params, bool flag);

/* True for so many bytes (1 MiB) that what libpq takes for them is worth giving back. */
bool pg_are_large(const struct pg_params *params);

/* A handle for `url` (libpq's URI or key/value form); connects lazily. NULL when it is neither,
 * or without memory. */
struct pg *pg_new(const char *url, int64_t timeout_ms);

/* Gives `each` the paths that `url`, or libpq's own environment, names for certificates, keys and
 * passwords: what libpq reads when it connects. They need not be there. */
typedef void pg_file(void *context, const char *path);
void pg_files(const char *url, pg_file *each, void *context);

/* pg_free(NULL) is safe. */
void pg_free(struct pg *pg);

/*
 * Runs one statement. `rows` may be NULL when only success matters; else it is set on RESULT_OK and
 * the caller frees it with pg_rows_free. RESULT_UNAVAILABLE: not reachable, restarting, or timed
 * out (the statement may or may not have happened). RESULT_EXISTS: a unique index refused it.
 * RESULT_FAILED: anything else, logged by SQLSTATE.
 */
enum result pg_query(struct pg *pg, const struct pg_statement *statement,
                     const struct pg_params *params, struct pg_rows **rows);

/* Runs a statement that changes rows; gives how many, 0 where it failed. */
enum result pg_count_changed(struct pg *pg, const struct pg_statement *statement,
                             const struct pg_params *params, int64_t *changed);

/* The same; `otherwise` when it changed none. */
enum result pg_change(struct pg *pg, const struct pg_statement *statement,
                      const struct pg_params *params, enum result otherwise);

/* Runs a statement that says one thing, in the first column of its first row: a number (`fallback`
 * where it says NULL or nothing), or whether something is so. `out` stays where it fails. */
enum result pg_query_int(struct pg *pg, const struct pg_statement *statement,
                         const struct pg_params *params, int64_t fallback, int64_t *out);
enum result pg_query_bool(struct pg *pg, const struct pg_statement *statement,
                          const struct pg_params *params, bool *out);

/* The same; `otherwise` when it is not so. */
enum result pg_holds(struct pg *pg, const struct pg_statement *statement,
                     const struct pg_params *params, enum result otherwise);

/* Runs a script of several statements without parameters (migrations), within a transaction. */
enum result pg_script(struct pg *pg, const char *sql);

/*
 * Runs one statement that PostgreSQL takes outside a transaction only (CREATE INDEX CONCURRENTLY),
 * for up to `limit_ms`; `tick` is called about once a second meanwhile, and must not use `pg`.
 * Timeouts that the role or the database has of its own do not end it, but where a pooler stands
 * between.
 */
typedef void pg_tick(void *context);
enum result pg_alone(struct pg *pg, const char *sql, int64_t limit_ms, pg_tick *tick,
                     void *context);

/* The message of the last RESULT_FAILED, for operators' tools; never for clients. */
const char *pg_error(const struct pg *pg);

enum result pg_begin(struct pg *pg);
enum result pg_commit(struct pg *pg);
void pg_rollback(struct pg *pg);

int pg_rows_count(const struct pg_rows *rows);

/* How many rows the statement inserted, changed or deleted. */
int64_t pg_rows_affected(const struct pg_rows *rows);

/* A field as text, or NULL where it is SQL's NULL. Lives as long as the rows. */
const char *pg_rows_text(const struct pg_rows *rows, int row, int column);

/* A field as an integer or a boolean, `fallback` where it is NULL. */
int64_t pg_rows_int(const struct pg_rows *rows, int row, int column, int64_t fallback);
bool pg_rows_bool(const struct pg_rows *rows, int row, int column);

void pg_rows_free(struct pg_rows *rows);

#endif
