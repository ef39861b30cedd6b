#include "revocation.h"

#include "base/log.h"
#include "file.h"
#include "inventory.h"
#include "retention.h"

enum { PAGE = 1000, PAGES_MAX = 10000 };

enum statement_name { EACH, FORGET };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [EACH] = {"revocation_each",
        "SELECT id, business_id, name FROM tapedeck_revoked"
        " WHERE id > $1 AND ($3::boolean OR revoked_at > now() - interval '1 hour')"
        "   AND revoked_at <= now()"
        " ORDER BY id LIMIT $2"},
    [FORGET] = {"revocation_forget",
        "DELETE FROM tapedeck_revoked WHERE id IN (SELECT id FROM tapedeck_revoked"
        "   WHERE revoked_at < now() - interval '7 days' LIMIT 10000)"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *revocation_statements(void)
{
    return SQL;
}

/* Most of what was revoked has no file here any more. No part file has that stamp. */
static bool is_here(const struct app *app, int64_t business_id, const char *name)
{
    struct file_facts file;
    int fd;
    return file_find(app->config, business_id, name, &file) == RESULT_OK ||
           file_arriving_open(app->config, business_id, name, -1, &fd) != RESULT_NOT_FOUND;
}

static enum result apply_one(const struct app *app, int64_t business_id, const char *name,
                             int64_t *removed)
{
    int64_t bytes = 0;
    if (!text_is_recording(name) || !is_here(app, business_id, name)) {
        return RESULT_OK;
    }
    enum retention_owner owner = RETENTION_KEPT;
    enum result result = retention_whose(app, business_id, name, &owner);
    if (result == RESULT_OK && owner == RETENTION_KEPT) {
        result = retention_is_over(app, business_id, name);
    }
    if (result != RESULT_OK) {
        return result == RESULT_LOST ? RESULT_OK : result;
    }
    result = inventory_silence(app->config, business_id, name, &bytes);
    if (result == RESULT_OK) {
        (*removed)++;
        log_event("RECORDING_REVOKED", "business_id=%lld sid=%s bytes=%lld", (long long)business_id,
                  name, (long long)bytes);
    }
    return result;
}

static enum result apply_page(const struct app *app, bool all, int64_t *last, int *count,
                              int64_t *removed)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, *last);
    pg_int(&params, PAGE);
    pg_flag(&params, all);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    *count = pg_rows_count(rows);
    for (int i = 0; i < *count; i++) {
        *last = pg_rows_int(rows, i, 0, 0);
        enum result one =
            apply_one(app, pg_rows_int(rows, i, 1, 0), pg_rows_text(rows, i, 2), removed);
        result = one != RESULT_OK ? one : result;
    }
    pg_rows_free(rows);
    return result;
}

enum result revocation_apply(const struct app *app, bool all, int64_t *removed)
{
    enum result result = RESULT_OK;
    int64_t last = 0;
    int count = PAGE;
    *removed = 0;
    for (int page = 0; page < PAGES_MAX && count == PAGE; page++) {
        count = 0;
        enum result one = apply_page(app, all, &last, &count, removed);
        result = one != RESULT_OK ? one : result;
    }
    return result;
}

enum result revocation_forget(const struct app *app)
{
    return pg_query(app->pg, &SQL[FORGET], NULL, NULL);
}
