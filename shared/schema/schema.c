#include "schema.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/log.h"
#include "base/magic.h"
#include "clients/pg_array.h"
#include "migration.h"

enum {
    LOCK_TRIES = 18000, /* an hour */
    LOCK_WAIT_MS = 200,
    LOCK_SILENT_TRIES = 25,
};

enum statement_name { EXISTS, LOCK, STAY, FIND, NOTE, PRESENT };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [EXISTS] = {"schema_exists", "SELECT to_regclass('tapedeck_migrations') IS NOT NULL"},
    [LOCK] = {"schema_lock", "SELECT pg_try_advisory_xact_lock(7223372036854)"},
    [STAY] = {"schema_stay",
        "SELECT set_config(name, '0', true) FROM pg_settings"
        " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"},
    [FIND] = {"schema_find", "SELECT checksum FROM tapedeck_migrations WHERE name = $1"},
    [NOTE] = {"schema_note", "INSERT INTO tapedeck_migrations (name, checksum) VALUES ($1, $2)"},
    /* A dump may have been restored without the largest tables. */
    [PRESENT] = {"schema_present",
        "SELECT count(*) FROM tapedeck_migrations WHERE name = ANY ($1)"
        " AND to_regclass('call_log') IS NOT NULL AND to_regclass('recording_runs') IS NOT NULL"},
    {NULL, NULL},
};
/* clang-format on */

/* What would only be noticed in the middle of it is said first. */
static const char BEGIN_HERE[] =
    "DO $$ BEGIN"
    "  IF current_setting('server_encoding') <> 'UTF8' THEN RAISE EXCEPTION"
    "    'the database is in %, and must be in UTF8: createdb -E UTF8 -T template0 NAME',"
    "    current_setting('server_encoding');"
    "  END IF;"
    "  IF current_setting('server_version_num')::int < 130000 THEN RAISE EXCEPTION"
    "    'this is PostgreSQL %, and Tapedeck needs 13 or newer', current_setting('server_version');"
    "  END IF;"
    " END $$;"
    "CREATE TABLE tapedeck_migrations ("
    " name text PRIMARY KEY, checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

static enum result look_up(struct pg *pg, const struct migration *m, enum schema_step *step)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_text(&params, m->name);
    enum result result = pg_query(pg, &SQL[FIND], &params, &rows);
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

/* ---- one at a time ---- */

/* Begins the guard's transaction, and takes the lock; between the tries it has no session. */
static enum result try_lock(struct pg *guard, bool *locked)
{
    enum result result = pg_begin(guard);
    if (result == RESULT_OK) {
        result = pg_query_bool(guard, &SQL[LOCK], NULL, locked);
    }
    if (result == RESULT_OK && *locked) {
        return pg_query(guard, &SQL[STAY], NULL, NULL);
    }
    pg_rollback(guard);
    return result;
}

/* RESULT_LOST: another has it, all the time. */
static enum result lock(struct pg *guard)
{
    bool locked = false;
    enum result result = try_lock(guard, &locked);
    for (int i = 1; i < LOCK_TRIES && result == RESULT_OK && !locked; i++) {
        if (i == LOCK_SILENT_TRIES) {
            log_event("MIGRATION_WAITS", "name=another_migration retry_ms=%d", LOCK_WAIT_MS);
        }
        clock_sleep_ms(LOCK_WAIT_MS);
        result = try_lock(guard, &locked);
    }
    return result == RESULT_OK && !locked ? RESULT_LOST : result;
}

/* ---- all of them, in order ---- */

struct applying {
    struct magic magic;
    const struct migration *migration;
    schema_visitor *visit;
    void *context;
};

static void tell(void *context, const char *detail)
{
    const struct applying *applying = CHECKED(applying, context);
    applying->visit(applying->context, applying->migration->name, SCHEMA_WORKING, detail);
}

static enum result note(struct pg *pg, const struct migration *m)
{
    struct pg_params params = {0};
    pg_text(&params, m->name);
    pg_text(&params, m->checksum);
    return pg_query(pg, &SQL[NOTE], &params, NULL);
}

/* Is the lock still ours? Asked as a script, which leaves no snapshot behind in the guard's
 * transaction: an index that is built waits for all that are older than it. */
static enum result still_held(struct pg *guard)
{
    return pg_script(guard, "SELECT 1");
}

static enum result apply(const struct migrating_connections *to, const struct migration *m,
                         struct applying *applying)
{
    struct migration_piece piece;
    struct migrating migrating = {.magic = MAGIC(migrating),
                                  .to = to,
                                  .name = m->name,
                                  .piece = &piece,
                                  .tell = tell,
                                  .context = applying};
    const char *rest = m->sql;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && migration_next(&rest, &piece)) {
        result = still_held(to->guard);
        result = result == RESULT_OK ? migrating_piece(&migrating) : result;
    }
    return result == RESULT_OK ? note(to->work, m) : result;
}

static enum result migrate_one(const struct migrating_connections *to, const struct migration *m,
                               schema_visitor *visit, void *context)
{
    struct applying applying = {MAGIC(applying), m, visit, context};
    enum schema_step step = SCHEMA_MISSING;
    enum result result = look_up(to->work, m, &step);
    if (result == RESULT_OK && step == SCHEMA_MISSING) {
        result = apply(to, m, &applying);
        step = result == RESULT_OK ? SCHEMA_APPLIED : SCHEMA_BROKEN;
    } else if (result == RESULT_OK && step == SCHEMA_CHANGED) {
        result = RESULT_FAILED;
    }
    if (step != SCHEMA_MISSING) {
        visit(context, m->name, step, step == SCHEMA_BROKEN ? pg_error(to->work) : NULL);
    }
    return result;
}

enum result schema_migrate(const struct migrating_connections *to, schema_visitor *visit,
                           void *context)
{
    bool begun = false;
    enum result result = lock(to->guard);
    if (result == RESULT_OK) {
        result = pg_query_bool(to->work, &SQL[EXISTS], NULL, &begun);
    }
    if (result == RESULT_OK && !begun) { /* whoever has nothing to do needs no right to */
        result = pg_script(to->work, BEGIN_HERE);
    }
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS;
         file->name != NULL && result == RESULT_OK; file++) {
        struct migration m;
        result = migration_read(file, &m) ? migrate_one(to, &m, visit, context) : RESULT_FAILED;
    }
    pg_rollback(to->guard);
    return result;
}

/* ---- looking ---- */

static enum result is_complete(struct pg *pg, bool *complete)
{
    int64_t wanted = 0, present = 0;
    struct pg_arrays names;
    struct pg_params params = {0};
    struct migration m;
    pg_arrays_init(&names);
    bool read = true;
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS; file->name != NULL; file++) {
        read = read && migration_read(file, &m);
        pg_arrays_word(&names, 0, read ? m.name : "");
        wanted++;
    }
    read = read && pg_arrays_finish(&names, 1, &params);
    enum result result =
        read ? pg_query_int(pg, &SQL[PRESENT], &params, 0, &present) : RESULT_FAILED;
    pg_arrays_free(&names);
    *complete = present == wanted;
    return result;
}

enum result schema_look(struct pg *pg, const char **words)
{
    bool begun = true, complete = false;
    enum result result = is_complete(pg, &complete);
    if (result == RESULT_FAILED && pg_query_bool(pg, &SQL[EXISTS], NULL, &begun) == RESULT_OK &&
        !begun) {
        result = RESULT_OK;
    }
    if (result != RESULT_OK) {
        *words = result == RESULT_UNAVAILABLE ? "not reachable" : "it refuses us; the log says why";
        return result;
    }
    *words = complete ? "ok"
             : begun  ? "the schema is not complete; run `tapedeck migrate`"
                      : "the schema is not there; run `tapedeck migrate`";
    return complete ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result schema_check(struct pg *pg, schema_visitor *visit, void *context)
{
    bool begun = false, complete = true;
    enum result result = pg_query_bool(pg, &SQL[EXISTS], NULL, &begun);
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS;
         file->name != NULL && result == RESULT_OK; file++) {
        struct migration m;
        enum schema_step step = SCHEMA_MISSING;
        result = migration_read(file, &m) ? RESULT_OK : RESULT_FAILED;
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
