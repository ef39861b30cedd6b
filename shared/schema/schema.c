#include "schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/log.h"
#include "clients/crypto.h"

enum {
    LOCK_TRIES = 300,
    LOCK_WAIT_MS = 200,
    TABLE_TRIES = 600, /* each of a second or more */
    TABLE_WAIT_MS = 2000,
    NAME_SIZE = 96,
};

enum statement_name { EXISTS, CREATE, LOCK, FIND, HURRY, NOTE };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [EXISTS] = {"schema_exists", "SELECT to_regclass('tapedeck_migrations') IS NOT NULL"},
    [CREATE] = {"schema_create",
        "CREATE TABLE IF NOT EXISTS tapedeck_migrations ("
        " name text PRIMARY KEY, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"},
    [LOCK] = {"schema_lock", "SELECT pg_try_advisory_xact_lock(7223372036854)"},
    [FIND] = {"schema_find", "SELECT checksum FROM tapedeck_migrations WHERE name = $1"},
    /* Whoever waits for a table keeps all others waiting who come after it, callbacks, too; what is
     * waited for may be a backup, which reads all tables for an hour. */
    [HURRY] = {"schema_hurry", "SELECT set_config('lock_timeout', '1s', true)"},
    [NOTE] = {"schema_note", "INSERT INTO tapedeck_migrations (name, checksum) VALUES ($1, $2)"},
    {NULL, NULL},
};
/* clang-format on */

struct migration {
    char name[NAME_SIZE];
    char checksum[CRYPTO_SHA256_HEX];
    const char *sql;
};

static bool read_migration(const struct embedded_file *file, struct migration *out)
{
    size_t len = strcspn(file->name, ".");
    if (len >= sizeof out->name) {
        return false;
    }
    memcpy(out->name, file->name, len);
    out->name[len] = '\0';
    out->sql = file->bytes;
    return crypto_sha256_hex(file->bytes, (size_t)(file->end - file->bytes), out->checksum);
}

/* A yes-or-no statement. */
static enum result ask(struct pg *pg, enum statement_name name, bool *yes)
{
    struct pg_rows *rows;
    enum result result = pg_query(pg, SQL[name].sql, NULL, &rows);
    if (result == RESULT_OK) {
        *yes = pg_rows_bool(rows, 0, 0);
        pg_rows_free(rows);
    }
    return result;
}

static enum result look_up(struct pg *pg, const struct migration *m, enum schema_step *step)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, m->name);
    enum result result = pg_query(pg, SQL[FIND].sql, &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *step = SCHEMA_MISSING;
    if (pg_rows_count(rows) > 0) {
        bool same = strcmp(pg_rows_text(rows, 0, 0), m->checksum) == 0;
        *step = same ? SCHEMA_PRESENT : SCHEMA_CHANGED;
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

static enum result apply(struct pg *pg, const struct migration *m)
{
    struct pg_params params = {0};
    pg_text(&params, m->name);
    pg_text(&params, m->checksum);
    enum result result = pg_query(pg, SQL[HURRY].sql, NULL, NULL);
    if (result == RESULT_OK) {
        result = pg_script(pg, m->sql);
    }
    if (result == RESULT_OK) {
        result = pg_query(pg, SQL[NOTE].sql, &params, NULL);
    }
    return result == RESULT_OK ? pg_commit(pg) : result;
}

/* Begins a transaction that has the lock; RESULT_LOST: another has it, all the time. */
static enum result begin_alone(struct pg *pg)
{
    bool locked = false;
    enum result result = pg_begin(pg);
    for (int i = 0; i < LOCK_TRIES && result == RESULT_OK && !locked; i++) {
        if (i > 0) {
            clock_sleep_ms(LOCK_WAIT_MS);
        }
        result = ask(pg, LOCK, &locked);
    }
    if (result == RESULT_OK && !locked) {
        result = RESULT_LOST;
    }
    if (result != RESULT_OK) {
        pg_rollback(pg);
    }
    return result;
}

/* Within a transaction that has the lock, which this ends when it applies the file. */
static enum result migrate_alone(struct pg *pg, const struct migration *m, enum schema_step *step)
{
    enum result result = look_up(pg, m, step);
    if (result != RESULT_OK || *step == SCHEMA_PRESENT) {
        return result;
    }
    if (*step == SCHEMA_CHANGED) {
        return RESULT_FAILED;
    }
    result = apply(pg, m);
    *step = result == RESULT_OK ? SCHEMA_APPLIED : SCHEMA_BROKEN;
    return result;
}

/* Each file has a transaction, and each transaction the lock: no session has to keep it between.
 * RESULT_LOST: somebody else has a table that it needs, or the lock. */
static enum result try_one(struct pg *pg, const struct migration *m, enum schema_step *step)
{
    enum result result = begin_alone(pg);
    if (result == RESULT_OK) {
        result = migrate_alone(pg, m, step);
    }
    return result;
}

static enum result migrate_one(struct pg *pg, const struct migration *m, schema_visitor *visit,
                               void *context)
{
    enum schema_step step = SCHEMA_MISSING;
    enum result result = try_one(pg, m, &step);
    for (int i = 0; i < TABLE_TRIES && result == RESULT_LOST && step == SCHEMA_BROKEN; i++) {
        pg_rollback(pg);
        log_event("MIGRATION_WAITS", "name=%s retry_ms=%d", m->name, TABLE_WAIT_MS);
        clock_sleep_ms(TABLE_WAIT_MS);
        step = SCHEMA_MISSING;
        result = try_one(pg, m, &step);
    }
    if (step != SCHEMA_MISSING) {
        visit(context, m->name, step, step == SCHEMA_BROKEN ? pg_error(pg) : NULL);
    }
    pg_rollback(pg);
    return result;
}

static enum result create_table(struct pg *pg)
{
    enum result result = begin_alone(pg);
    if (result != RESULT_OK) {
        return result;
    }
    result = pg_query(pg, SQL[CREATE].sql, NULL, NULL);
    if (result == RESULT_OK) {
        return pg_commit(pg);
    }
    pg_rollback(pg);
    return result;
}

enum result schema_migrate(struct pg *pg, schema_visitor *visit, void *context)
{
    enum result result = create_table(pg);
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS;
         file->name != NULL && result == RESULT_OK; file++) {
        struct migration m;
        result = read_migration(file, &m) ? migrate_one(pg, &m, visit, context) : RESULT_FAILED;
    }
    return result;
}

enum result schema_check(struct pg *pg, schema_visitor *visit, void *context)
{
    bool begun = false, complete = true;
    enum result result = ask(pg, EXISTS, &begun);
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS;
         file->name != NULL && result == RESULT_OK; file++) {
        struct migration m;
        enum schema_step step = SCHEMA_MISSING;
        result = read_migration(file, &m) ? RESULT_OK : RESULT_FAILED;
        if (result == RESULT_OK && begun) {
            result = look_up(pg, &m, &step);
        }
        if (result == RESULT_OK) {
            visit(context, m.name, step, NULL);
            complete = complete && step == SCHEMA_PRESENT;
        }
    }
    return result == RESULT_OK && !complete ? RESULT_NOT_FOUND : result;
}
