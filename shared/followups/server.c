#include "server.h"

#include <stdio.h>
#include <string.h>

#include "clients/pg.h"

enum statement_name {
    LOOK,
    LEARN,
    FORGET_SHAPE,
    PAUSE,
    RESUME,
    WAITING_DUE,
    REFUSED,
    EACH_REFUSAL
};

/* clang-format off */
static const struct pg_statement SQL[] = {
    [LOOK] = {"server_look", .prepared = true, .sql =
        "SELECT " SERVER_SHAPE_SQL ","
        "   greatest(0, extract(epoch FROM paused_until - now()) * 1000)::bigint"
        " FROM tapedeck_servers WHERE address = $1 AND model = $2"},
    [LEARN] = {"server_learn",
        "INSERT INTO tapedeck_servers AS s (address, model, shape, shaped_at)"
        " VALUES ($1, $2, $3::integer, now())"
        " ON CONFLICT (address, model) DO UPDATE SET refused_at = NULL, paused_ms = 0,"
        "   paused_until = NULL,"
        "   shape = excluded.shape, shaped_at = CASE WHEN s.shape = excluded.shape"
        "     AND s.shaped_at > now() - interval '30 days' THEN s.shaped_at ELSE now() END"
        " WHERE s.refused_at IS NOT NULL OR s.paused_until IS NOT NULL OR s.shape <> excluded.shape OR s.shaped_at IS NULL"
        "   OR s.shaped_at <= now() - interval '30 days'"},
    [FORGET_SHAPE] = {"server_forget_shape",
        "UPDATE tapedeck_servers SET shape = 0, shaped_at = NULL WHERE address = $1 AND model = $2"},
    /* Those that were under way together when it began to refuse make one pause. */
    [PAUSE] = {"server_pause",
        "INSERT INTO tapedeck_servers AS s (address, model, paused_ms, paused_until)"
        " VALUES ($1, $2, $3::bigint, now() + " PG_MS("$3") ")"
        " ON CONFLICT (address, model) DO UPDATE SET"
        "   paused_ms = CASE WHEN s.paused_until > now() THEN s.paused_ms"
        "     ELSE least(greatest(2 * s.paused_ms, $3::bigint), $4::bigint) END,"
        "   paused_until = CASE WHEN s.paused_until > now() THEN s.paused_until"
        "     ELSE now() + least(greatest(2 * s.paused_ms, $3::bigint), $4::bigint)"
        "       * interval '1 millisecond' END"
        " RETURNING greatest(0, extract(epoch FROM paused_until - now()) * 1000)::bigint"},
    [RESUME] = {"server_resume",
        "UPDATE tapedeck_servers SET paused_ms = 0, paused_until = NULL"
        " WHERE paused_until IS NOT NULL"},
    [WAITING_DUE] = {"server_waiting_due",
        "UPDATE call_steps SET not_before = now() WHERE status = 'queued' AND not_before > now()"
        "   AND error_code IN ('server_quota', 'server_auth', 'server_paused')"},
    [REFUSED] = {"server_refused",
        "INSERT INTO tapedeck_servers AS s (address, model, status, said, refused_at)"
        " VALUES ($1, $2, $3::integer, $4, now())"
        " ON CONFLICT (address, model) DO UPDATE SET status = excluded.status,"
        "   said = excluded.said, refused_at = now()"},
    [EACH_REFUSAL] = {"server_each_refusal",
        "SELECT address, model, coalesce(said, ''), coalesce(status, 0),"
        "   greatest(0, extract(epoch FROM now() - refused_at))::bigint FROM tapedeck_servers"
        " WHERE refused_at > now() - interval '1 day' ORDER BY refused_at DESC LIMIT 20"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *server_statements(void)
{
    return SQL;
}

static void of_server(struct pg_params *params, const char *address, const char *model)
{
    pg_text(params, address);
    pg_text(params, model);
}

const char *server_host(const char *address, char *out, size_t size)
{
    const char *begin = strstr(address, "://");
    begin = begin != NULL ? begin + 3 : address;
    size_t len = strcspn(begin, "/?#");
    const char *user = memrchr(begin, '@', len);
    if (user != NULL) {
        len -= (size_t)(user + 1 - begin);
        begin = user + 1;
    }
    (void)snprintf(out, size, "%.*s", (int)len, begin);
    return out;
}

enum result server_look(const struct app *app, const char *address, const char *model,
                        struct server *out)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    of_server(&params, address, model);
    enum result result = pg_query(app->pg, &SQL[LOOK], &params, &rows);
    if (result == RESULT_OK) {
        *out = (struct server){.paused_ms = 0};
        if (pg_rows_count(rows) > 0) {
            out->shape = shape_of_number(pg_rows_int(rows, 0, 0, 0));
            out->paused_ms = pg_rows_int(rows, 0, 1, 0);
        }
        pg_rows_free(rows);
    }
    return result;
}

enum result server_pause(const struct app *app, const char *address, const char *model,
                         int64_t *paused_ms)
{
    struct pg_params params = {0};
    of_server(&params, address, model);
    pg_int(&params, app->config->step_delay);
    pg_int(&params, app->config->step_delay_max);
    return pg_query_int(app->pg, &SQL[PAUSE], &params, 0, paused_ms);
}

enum result server_resume(const struct app *app)
{
    enum result result = pg_query(app->pg, &SQL[RESUME], NULL, NULL);
    return result == RESULT_OK ? pg_query(app->pg, &SQL[WAITING_DUE], NULL, NULL) : result;
}

enum result server_learn(const struct app *app, const char *address, const char *model,
                         const struct shape *shape)
{
    struct pg_params params = {0};
    of_server(&params, address, model);
    pg_int(&params, shape_number(shape));
    return pg_query(app->pg, &SQL[LEARN], &params, NULL);
}

enum result server_forget_shape(const struct app *app, const char *address, const char *model)
{
    struct pg_params params = {0};
    of_server(&params, address, model);
    return pg_query(app->pg, &SQL[FORGET_SHAPE], &params, NULL);
}

enum result server_refused(const struct app *app, const char *address, const char *model,
                           long status, const char *said)
{
    struct pg_params params = {0};
    of_server(&params, address, model);
    pg_int(&params, status);
    pg_text(&params, said);
    return pg_query(app->pg, &SQL[REFUSED], &params, NULL);
}

enum result server_each_refusal(const struct app *app,
                                void (*visit)(void *, const struct server_refusal *), void *context)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, &SQL[EACH_REFUSAL], NULL, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int row = 0; row < pg_rows_count(rows); row++) {
        const struct server_refusal one = {
            .address = pg_rows_text(rows, row, 0),
            .model = pg_rows_text(rows, row, 1),
            .said = pg_rows_text(rows, row, 2),
            .status = pg_rows_int(rows, row, 3, 0),
            .seconds_ago = pg_rows_int(rows, row, 4, 0),
        };
        visit(context, &one);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
