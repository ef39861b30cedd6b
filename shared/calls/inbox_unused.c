/*
 * The other half of inbox.h: callbacks that could not be used.
 */
#include <string.h>

#include "base/buf.h"
#include "clients/crypto.h"
#include "inbox.h"

enum { DIGESTED_MAX = 1024 * 1024 };

enum statement_name { KEEP, EACH, FORGET, BLAME, EXPIRE, EACH_LINE };

/* clang-format off */

/* Whose it is: its call's, else whom its address names, else whose account it is alone. */
#define BUSINESS_OF \
    "coalesce((SELECT min(c.business_id::bigint) FROM call_log c WHERE c.call_sid = u.call_sid)," \
    " CASE WHEN u.business_said ~ '^[1-9][0-9]{0,17}$' THEN u.business_said::bigint END," \
    " (SELECT min(b.business_id) FROM business_twilio_accounts b" \
    "   WHERE b.account_sid = u.account_sid HAVING count(*) = 1))"

static const struct pg_statement SQL[] = {
    [KEEP] = {"inbox_keep_unused",
        "WITH room AS (SELECT count(*) < $9::bigint AS left FROM (SELECT"
        "     FROM tapedeck_unused_callbacks WHERE account_sid = $2"
        "       AND received_at > now() - interval '1 day' LIMIT $9::bigint) AS d),"
        " kept AS (INSERT INTO tapedeck_unused_callbacks (kind, account_sid, business_said,"
        "     call_sid, recording_sid, reason, form, digest)"
        "   SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM room WHERE room.left"
        "   ON CONFLICT (account_sid, digest) DO NOTHING RETURNING id)"
        " SELECT EXISTS (SELECT FROM kept), room.left OR EXISTS (SELECT"
        "     FROM tapedeck_unused_callbacks WHERE account_sid = $2 AND digest = $8) FROM room"},
    [EACH] = {"inbox_each_unused",
        "SELECT id, kind, account_sid, business_said, call_sid, recording_sid, reason, form"
        " FROM tapedeck_unused_callbacks WHERE id > $1 ORDER BY id LIMIT $2"},
    [FORGET] = {"inbox_forget_unused", "DELETE FROM tapedeck_unused_callbacks WHERE id = $1"},
    [BLAME] = {"inbox_blame_unused",
        "UPDATE tapedeck_unused_callbacks SET reason = $2 WHERE id = $1 AND reason <> $2"},
    /* The first look is for the shortest time of all, which the index answers. */
    [EXPIRE] = {"inbox_expire_unused",
        "DELETE FROM tapedeck_unused_callbacks WHERE id IN (SELECT u.id"
        "   FROM tapedeck_unused_callbacks u"
        "   WHERE u.received_at < now() - (SELECT least(" PG_MS("$1") ", min(make_interval("
        "       days => d.days))) FROM (SELECT days FROM business_retention WHERE days > 0"
        "       UNION ALL SELECT $2::integer WHERE $2::integer > 0) AS d)"
        "     AND u.received_at < now() - least(" PG_MS("$1") ", (SELECT make_interval("
        "       days => nullif(coalesce((SELECT r.days FROM business_retention r"
        "         WHERE r.business_id = " BUSINESS_OF "), $2::integer), 0))))"
        "   UNION ALL SELECT u.id FROM tapedeck_revoked v"
        "     JOIN tapedeck_unused_callbacks u ON u.call_sid = v.name"
        "   WHERE NOT EXISTS (SELECT FROM call_log c WHERE c.call_sid = v.name"
        "     AND c.recording_deleted_at IS NULL)"
        "   LIMIT 10000)"},
    [EACH_LINE] = {"inbox_each_line",
        "SELECT " PG_ISO("l.received_at") ", l.kind, l.account_sid, l.call_sid, l.recording_sid,"
        "   l.reason, l.business_id FROM ("
        "   (SELECT false AS waits, u.received_at, u.kind, u.account_sid, u.call_sid,"
        "       u.recording_sid, u.reason, " BUSINESS_OF " AS business_id"
        "     FROM tapedeck_unused_callbacks u ORDER BY u.received_at DESC LIMIT $1)"
        "   UNION ALL (SELECT true, u.received_at, 'recording', u.account_sid, u.call_sid,"
        "       u.recording_sid, 'call', (SELECT min(b.business_id) FROM business_twilio_accounts b"
        "         WHERE b.account_sid = u.account_sid HAVING count(*) = 1)"
        "     FROM recording_inbox u WHERE u.matched_at IS NULL"
        "     ORDER BY u.received_at DESC LIMIT $1)) AS l"
        " ORDER BY l.waits, l.received_at DESC, l.recording_sid LIMIT $1"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *inbox_unused_statements(void)
{
    return SQL;
}

/* Of all that it says. The provider repeats a callback to the byte. */
static bool digest_of(const struct inbox_unused *unused, char *out)
{
    struct buf said;
    buf_init(&said, DIGESTED_MAX);
    buf_format(&said, "%s\n%s\n", callback_kind_name(unused->kind),
               unused->business_said != NULL ? unused->business_said : "");
    buf_text(&said, unused->form);
    bool good = buf_ok(&said) && crypto_sha256_hex(said.data, said.len, out);
    buf_free(&said);
    return good;
}

enum result inbox_keep_unused(const struct app *app, const struct inbox_unused *unused)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    char digest[CRYPTO_SHA256_HEX];
    if (!digest_of(unused, digest)) {
        return RESULT_FAILED;
    }
    pg_text(&params, callback_kind_name(unused->kind));
    pg_text(&params, unused->account_sid);
    pg_text(&params, unused->business_said);
    pg_text(&params, unused->call_sid);
    pg_text(&params, unused->recording_sid);
    pg_text(&params, unused->reason);
    pg_text(&params, unused->form);
    pg_text(&params, digest);
    pg_int(&params, app->config->inbox_per_day);
    enum result result = pg_query(app->pg, &SQL[KEEP], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (!pg_rows_bool(rows, 0, 0)) {
        result = pg_rows_bool(rows, 0, 1) ? RESULT_EXISTS : RESULT_TOO_BIG;
    }
    pg_rows_free(rows);
    return result;
}

static enum callback_kind kind_of(const char *name)
{
    enum callback_kind kind = CALLBACK_RECORDING;
    while (kind < CALLBACK_CONFERENCE && strcmp(callback_kind_name(kind), name) != 0) {
        kind++;
    }
    return kind;
}

enum result inbox_each_unused(const struct app *app, int64_t last_id, int64_t limit,
                              inbox_unused_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, last_id);
    pg_int(&params, limit);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct inbox_unused unused = {
            .id = pg_rows_int(rows, i, 0, 0),
            .kind = kind_of(pg_rows_text(rows, i, 1)),
            .account_sid = pg_rows_text(rows, i, 2),
            .business_said = pg_rows_text(rows, i, 3),
            .call_sid = pg_rows_text(rows, i, 4),
            .recording_sid = pg_rows_text(rows, i, 5),
            .reason = pg_rows_text(rows, i, 6),
            .form = pg_rows_text(rows, i, 7),
        };
        visit(context, &unused);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result inbox_forget_unused(const struct app *app, int64_t id)
{
    struct pg_params params = {0};
    pg_int(&params, id);
    return pg_query(app->pg, &SQL[FORGET], &params, NULL);
}

enum result inbox_blame_unused(const struct app *app, int64_t id, const char *reason)
{
    struct pg_params params = {0};
    pg_int(&params, id);
    pg_text(&params, reason);
    return pg_query(app->pg, &SQL[BLAME], &params, NULL);
}

enum result inbox_expire_unused(const struct app *app, int64_t *deleted)
{
    struct pg_params params = {0};
    pg_int(&params, app->config->inbox_keep);
    pg_int(&params, app->config->retention_days);
    return pg_count_changed(app->pg, &SQL[EXPIRE], &params, deleted);
}

enum result inbox_each_line(const struct app *app, int64_t limit, inbox_line_visitor *visit,
                            void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, limit);
    enum result result = pg_query(app->pg, &SQL[EACH_LINE], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        struct inbox_line line = {
            .received_at = pg_rows_text(rows, i, 0),
            .kind = pg_rows_text(rows, i, 1),
            .account_sid = pg_rows_text(rows, i, 2),
            .call_sid = pg_rows_text(rows, i, 3),
            .recording_sid = pg_rows_text(rows, i, 4),
            .reason = pg_rows_text(rows, i, 5),
            .business_id = pg_rows_int(rows, i, 6, 0),
        };
        visit(context, &line);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
