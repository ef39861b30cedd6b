#include "call_note.h"

#include "mark_sql.h"

enum statement_name { ADD, DROP, EACH };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [ADD] = {"call_note_add",
        "WITH" MARKED_CALL ","
        " done AS (INSERT INTO tapedeck_notes (business_id, call_sid, subject, author, name,"
        "     at_seconds, text) SELECT $1::bigint, call_sid, $3, $4, $7, $8::bigint / 1000.0, $9 FROM call"
        "   WHERE (SELECT count(*) FROM tapedeck_notes n WHERE n.business_id = $1::bigint"
        "     AND n.call_sid = $2 AND n.subject IN ('', $4)) < $10 RETURNING id),"
        MARK_NOTED("'note'", MARK_FOR("$3") " || ' ' || id")
        " SELECT (SELECT id FROM done) FROM call"},
    [DROP] = {"call_note_drop",
        "WITH done AS (DELETE FROM tapedeck_notes WHERE id = $7 AND business_id = $1::bigint"
        "   AND call_sid = $2 AND author = $4 RETURNING id, subject),"
        MARK_NOTED("'unnote'", MARK_FOR("subject") " || ' ' || id")
        " SELECT id FROM done WHERE $3::text IS NOT NULL"},
    [EACH] = {"call_note_each", .prepared = true, .sql =
        "SELECT id, nullif(name, ''), (at_seconds * 1000)::bigint, text, author, "
        PG_ISO("created_at") ", subject = '' FROM tapedeck_notes"
        " WHERE business_id = $1::bigint AND call_sid = $2 AND subject IN ('', $3)"
        " ORDER BY at_seconds NULLS FIRST, id LIMIT $4"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_note_statements(void)
{
    return SQL;
}

enum result call_note_add(const struct app *app, const struct mark_by *by,
                          const struct call_note *note, int64_t *id)
{
    char audit[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, audit, &params);
    pg_text(&params, note->recording != NULL ? note->recording : "");
    pg_int_or_null(&params, note->at_ms, -1);
    pg_text(&params, note->text);
    pg_int(&params, CALL_NOTES_MAX);
    return result == RESULT_OK ? mark_change(app, &SQL[ADD], &params, id) : result;
}

enum result call_note_drop(const struct app *app, const struct mark_by *by, int64_t id)
{
    char audit[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, audit, &params);
    pg_int(&params, id);
    return result == RESULT_OK ? mark_change(app, &SQL[DROP], &params, NULL) : result;
}

enum result call_note_each(const struct app *app, int64_t business_id, const char *call_sid,
                           const char *subject, call_note_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    pg_text(&params, subject);
    pg_int(&params, CALL_NOTES_MAX);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const struct call_note note = {
            .id = pg_rows_int(rows, i, 0, 0),
            .recording = pg_rows_text(rows, i, 1),
            .at_ms = pg_rows_int(rows, i, 2, -1),
            .text = pg_rows_text(rows, i, 3),
            .author = pg_rows_text(rows, i, 4),
            .created_at = pg_rows_text(rows, i, 5),
            .for_all = pg_rows_bool(rows, i, 6),
        };
        visit(context, &note);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}
