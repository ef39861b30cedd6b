#include "migrating.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"

enum {
    TRIES = 1800, /* an hour */
    RETRY_MS = 2000,
    INDEX_LIMIT_MS = 12 * 60 * 60 * 1000,
    PAGES_AT_ONCE = 64,
    TEXT_CEILING = 256 * 1024,
    DETAIL_SIZE = 320,
};

/* Whoever waits for a table keeps all others waiting who come after it, callbacks, too; what is
 * waited for may be a backup, which reads all tables for an hour. A transaction may need two
 * tables. */
#define HURRY "50ms"

/* Nobody who reads or writes waits for whoever wants SHARE UPDATE EXCLUSIVE. Autovacuum, which may
 * have it for long, goes away when somebody waits for deadlock_timeout, a second, and cannot come
 * back. */
#define PATIENCE "2500ms"
static const char LOCK_CALLS[] = "DO $$ BEGIN IF to_regclass('call_log') IS NOT NULL THEN"
                                 " LOCK TABLE call_log IN SHARE UPDATE EXCLUSIVE MODE;"
                                 " END IF; END $$";

enum statement_name { LOCKS, SIZE, INDEX, PROGRESS, OLD };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [LOCKS] = {"migrating_locks", "SELECT set_config('lock_timeout', $1, true)"},
    [SIZE] = {"migrating_size",
        "SELECT pg_relation_size(oid) / current_setting('block_size')::bigint"
        "  FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'r'"},
    /* Whether it is there, and good. A small table is indexed at once. A partitioned one has to be:
     * PostgreSQL cannot do it otherwise. */
    [INDEX] = {"migrating_index",
        "SELECT i.indexrelid IS NOT NULL AND i.indisvalid,"
        "       i.indexrelid IS NOT NULL AND NOT i.indisvalid,"
        "       pg_relation_size(t.oid) > 1024 * 1024"
        "  FROM pg_class t"
        "  LEFT JOIN (pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relname = $2)"
        "    ON i.indrelid = t.oid"
        " WHERE t.oid = to_regclass($1) AND t.relkind = 'r'"},
    [PROGRESS] = {"migrating_progress",
        "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done * 100 / blocks_total"
        "                   WHEN tuples_total > 0 THEN tuples_done * 100 / tuples_total END,"
        "       nullif(current_locker_pid, 0)"
        "  FROM pg_stat_progress_create_index"
        " WHERE datname = current_database() AND relid = to_regclass($1) LIMIT 1"},
    [OLD] = {"migrating_old", "SELECT current_setting('server_version_num')::int < 140000"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *migrating_statements(void)
{
    return SQL;
}

/* ---- transactions ---- */

static enum result limit_locks(struct pg *pg, const char *limit)
{
    struct pg_params params = {0};
    pg_text(&params, limit);
    return pg_query(pg, &SQL[LOCKS], &params, NULL);
}

static enum result lock_calls(struct pg *pg)
{
    enum result result = limit_locks(pg, PATIENCE);
    return result == RESULT_OK ? pg_script(pg, LOCK_CALLS) : result;
}

static enum result try_script(struct pg *pg, const char *sql)
{
    enum result result = pg_begin(pg);
    if (result == RESULT_OK && strstr(sql, "call_log") != NULL) {
        result = lock_calls(pg);
    }
    if (result == RESULT_OK) {
        result = limit_locks(pg, HURRY);
    }
    if (result == RESULT_OK) {
        result = pg_script(pg, sql);
    }
    result = result == RESULT_OK ? pg_commit(pg) : result;
    pg_rollback(pg);
    return result;
}

/* Before another try; false: there were enough. */
static bool wait_again(const struct migrating *migrating, int tries)
{
    log_event("MIGRATION_WAITS", "name=%s retry_ms=%d", migrating->name, RETRY_MS);
    clock_sleep_ms(RETRY_MS);
    return tries < TRIES;
}

static enum result run_script(struct migrating *migrating, const char *sql)
{
    enum result result = try_script(migrating->to->work, sql);
    for (int i = 0; result == RESULT_LOST && wait_again(migrating, i); i++) {
        result = try_script(migrating->to->work, sql);
    }
    return result;
}

static enum result run_as_it_is(struct migrating *migrating)
{
    struct buf sql;
    bool old = false;
    buf_init(&sql, TEXT_CEILING);
    enum result result = pg_query_bool(migrating->to->work, &SQL[OLD], NULL, &old);
    if (old) {
        migration_old_text(migrating->piece, &sql);
    } else {
        buf_add(&sql, migrating->piece->sql, migrating->piece->len);
    }
    if (result == RESULT_OK) {
        result = buf_ok(&sql) ? run_script(migrating, buf_str(&sql)) : RESULT_FAILED;
    }
    buf_free(&sql);
    return result;
}

/* ---- rows ---- */

/* How many pages the table has; -1: it is none that has pages of its own. */
static enum result count_pages(const struct migrating *migrating, int64_t *pages)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, migrating->piece->table);
    enum result result = pg_query(migrating->to->work, &SQL[SIZE], &params, &rows);
    if (result == RESULT_OK) {
        *pages = pg_rows_count(rows) > 0 ? pg_rows_int(rows, 0, 0, 0) : -1;
        pg_rows_free(rows);
    }
    return result;
}

static void tell_pages(const struct migrating *migrating, int64_t done, int64_t pages)
{
    char detail[DETAIL_SIZE];
    (void)snprintf(detail, sizeof detail, "%s: %" PRId64 "%%", migrating->piece->table,
                   done * 100 / pages);
    migrating->tell(migrating->context, detail);
}

/* What is written meanwhile gets into pages behind these, and does not need it. */
static enum result run_in_pages(struct migrating *migrating)
{
    int64_t pages = -1;
    enum result result = count_pages(migrating, &pages);
    if (result != RESULT_OK || pages < 0) {
        return result == RESULT_OK ? run_as_it_is(migrating) : result;
    }
    struct buf sql;
    buf_init(&sql, TEXT_CEILING);
    for (int64_t at = 0; at < pages && result == RESULT_OK; at += PAGES_AT_ONCE) {
        buf_clear(&sql);
        migration_rows_text(migrating->piece, at, PAGES_AT_ONCE, &sql);
        result = buf_ok(&sql) ? run_script(migrating, buf_str(&sql)) : RESULT_FAILED;
        tell_pages(migrating, at, pages);
    }
    buf_free(&sql);
    return result;
}

/* ---- indexes ---- */

struct index_state {
    bool good, broken, large;
};

static enum result look(struct pg *pg, const struct migration_piece *piece,
                        struct index_state *state)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, piece->table);
    pg_text(&params, piece->name);
    enum result result = pg_query(pg, &SQL[INDEX], &params, &rows);
    *state = (struct index_state){false, false, false};
    if (result == RESULT_OK) {
        if (pg_rows_count(rows) > 0) {
            *state = (struct index_state){pg_rows_bool(rows, 0, 0), pg_rows_bool(rows, 0, 1),
                                          pg_rows_bool(rows, 0, 2)};
        }
        pg_rows_free(rows);
    }
    return result;
}

/* What a build that was ended left behind costs every writer and helps nobody. One that goes on, of
 * somebody's who was killed, has the first lock, and is left alone. */
static enum result drop_broken(struct pg *pg, const struct migration_piece *piece)
{
    char lock[DETAIL_SIZE], drop[DETAIL_SIZE];
    struct index_state state;
    (void)snprintf(lock, sizeof lock, "LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE", piece->table);
    (void)snprintf(drop, sizeof drop, "DROP INDEX %s", piece->name);
    enum result result = pg_begin(pg);
    if (result == RESULT_OK) {
        result = limit_locks(pg, HURRY);
    }
    if (result == RESULT_OK) {
        result = pg_script(pg, lock);
    }
    if (result == RESULT_OK) {
        result = look(pg, piece, &state);
    }
    if (result == RESULT_OK && state.broken) {
        result = pg_script(pg, drop);
    }
    result = result == RESULT_OK ? pg_commit(pg) : result;
    pg_rollback(pg);
    return result;
}

static void describe(const struct pg_rows *rows, const char *name, char *detail, size_t size)
{
    int64_t percent = pg_rows_int(rows, 0, 1, -1), waits_for = pg_rows_int(rows, 0, 2, -1);
    size_t len = (size_t)snprintf(detail, size, "%s: %s", name, pg_rows_text(rows, 0, 0));
    if (waits_for >= 0) {
        (void)snprintf(detail + len, size - len, ", of process %" PRId64, waits_for);
    } else if (percent >= 0) {
        (void)snprintf(detail + len, size - len, ", %" PRId64 "%%", percent);
    }
}

static void tell_index(void *context)
{
    const struct migrating *migrating = CHECKED(migrating, context);
    struct pg_params params = {0};
    struct pg_rows *rows;
    char detail[DETAIL_SIZE];
    pg_text(&params, migrating->piece->table);
    if (pg_query(migrating->to->watch, &SQL[PROGRESS], &params, &rows) != RESULT_OK) {
        return;
    }
    if (pg_rows_count(rows) > 0) {
        describe(rows, migrating->piece->name, detail, sizeof detail);
        migrating->tell(migrating->context, detail);
    }
    pg_rows_free(rows);
}

static enum result build(struct migrating *migrating)
{
    struct buf sql;
    buf_init(&sql, TEXT_CEILING);
    migration_index_text(migrating->piece, &sql);
    migrating->tell(migrating->context, migrating->piece->name);
    enum result result = buf_ok(&sql) ? pg_alone(migrating->to->work, buf_str(&sql), INDEX_LIMIT_MS,
                                                 tell_index, migrating)
                                      : RESULT_FAILED;
    buf_free(&sql);
    return result;
}

/* One move towards an index that is there and good. */
static enum result approach(struct migrating *migrating, bool *done)
{
    struct index_state state;
    struct pg *pg = migrating->to->work;
    enum result result = look(pg, migrating->piece, &state);
    *done = result != RESULT_OK || state.good;
    if (*done) {
        return result;
    }
    if (state.broken) {
        return drop_broken(pg, migrating->piece);
    }
    if (state.large) {
        return build(migrating);
    }
    *done = true;
    return run_as_it_is(migrating);
}

static enum result make_index(struct migrating *migrating)
{
    bool done = false;
    enum result result = approach(migrating, &done);
    for (int i = 0; !done && i < TRIES; i++) {
        if (result == RESULT_LOST) {
            (void)wait_again(migrating, i);
        } else if (result != RESULT_OK) {
            break;
        }
        result = approach(migrating, &done);
    }
    return result;
}

enum result migrating_piece(struct migrating *migrating)
{
    switch (migrating->piece->kind) {
    case PIECE_INDEX: return make_index(migrating);
    case PIECE_ROWS: return run_in_pages(migrating);
    case PIECE_TRANSACTION: break;
    }
    return run_as_it_is(migrating);
}
