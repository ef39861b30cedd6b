#include "mark.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "mark_sql.h"

enum statement_name { STAR, UNSTAR, TAG, UNTAG };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [STAR] = {"mark_star",
        "WITH" MARKED_CALL ","
        " done AS (INSERT INTO tapedeck_stars (business_id, subject, call_sid, created_at)"
        "   SELECT $1::bigint, $3, call_sid, created_at FROM call"
        "   ON CONFLICT DO NOTHING RETURNING 1)," MARK_NOTED("'star'", MARK_FOR("$3"))
        " SELECT true FROM call"},
    [UNSTAR] = {"mark_unstar",
        "WITH" MARKED_CALL ","
        " done AS (DELETE FROM tapedeck_stars s USING call c WHERE s.business_id = $1::bigint"
        "   AND s.subject = $3 AND s.call_sid = c.call_sid RETURNING 1),"
        MARK_NOTED("'unstar'", MARK_FOR("$3"))
        " SELECT true FROM call"},
    [TAG] = {"mark_tag",
        "WITH" MARKED_CALL ","
        " there AS (SELECT count(*) AS tags, coalesce(bool_or(t.tag = $7 AND t.subject = $3), false) AS has"
        "   FROM tapedeck_tags t WHERE t.business_id = $1::bigint AND t.call_sid = $2"
        "     AND t.subject IN ('', $4)),"
        " done AS (INSERT INTO tapedeck_tags (business_id, tag, subject, call_sid, created_at)"
        "   SELECT $1::bigint, $7, $3, call_sid, created_at FROM call, there WHERE tags < $8"
        "   ON CONFLICT DO NOTHING RETURNING 1)," MARK_NOTED("'tag'", MARK_FOR("$3") " || ' ' || $7")
        " SELECT CASE WHEN has OR tags < $8 THEN true END FROM call, there"},
    [UNTAG] = {"mark_untag",
        "WITH" MARKED_CALL ","
        " done AS (DELETE FROM tapedeck_tags t USING call c WHERE t.business_id = $1::bigint"
        "   AND t.tag = $7 AND t.subject = $3 AND t.call_sid = c.call_sid RETURNING 1),"
        MARK_NOTED("'untag'", MARK_FOR("$3") " || ' ' || $7")
        " SELECT true FROM call"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *mark_statements(void)
{
    return SQL;
}

/* ---- a tag ---- */

bool mark_tag(const char *text, char *out)
{
    struct buf line;
    buf_init(&line, 4 * MARK_TAG_SIZE);
    utf8_line(text, 2 * MARK_TAG_SIZE, &line);
    const char *tag = buf_str(&line);
    bool good = buf_ok(&line) && text_is_utf8(text) && line.len > 0 && line.len < MARK_TAG_SIZE &&
                utf8_letters(tag) <= MARK_TAG_LETTERS && strchr(tag, '/') == NULL &&
                tag[strspn(tag, ".")] != '\0';
    if (good) {
        memcpy(out, tag, line.len + 1);
    }
    buf_free(&line);
    return good;
}

/* ---- changes ---- */

enum result mark_params(const struct mark_by *by, char id[CRYPTO_TOKEN_SIZE],
                        struct pg_params *params)
{
    pg_int(params, by->business_id);
    pg_text(params, by->call_sid);
    pg_text(params, by->for_all ? "" : by->subject);
    pg_text(params, by->subject);
    pg_text(params, by->address);
    pg_text(params, id);
    return crypto_token(id) ? RESULT_OK : RESULT_FAILED;
}

enum result mark_change(const struct app *app, const struct pg_statement *statement,
                        const struct pg_params *params, int64_t *id)
{
    struct pg_rows *rows;
    enum result result = pg_query(app->pg, statement, params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    if (pg_rows_count(rows) == 0) {
        result = RESULT_NOT_FOUND;
    } else if (pg_rows_text(rows, 0, 0) == NULL) {
        result = RESULT_TOO_BIG;
    } else if (id != NULL) {
        *id = pg_rows_int(rows, 0, 0, 0);
    }
    pg_rows_free(rows);
    return result;
}

enum result mark_star(const struct app *app, const struct mark_by *by, bool set)
{
    char id[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, id, &params);
    return result == RESULT_OK ? mark_change(app, &SQL[set ? STAR : UNSTAR], &params, NULL)
                               : result;
}

enum result mark_tagged(const struct app *app, const struct mark_by *by, const char *tag, bool set)
{
    char id[CRYPTO_TOKEN_SIZE];
    struct pg_params params = {0};
    enum result result = mark_params(by, id, &params);
    pg_text(&params, tag);
    if (set) {
        pg_int(&params, MARK_TAGS_MAX);
    }
    return result == RESULT_OK ? mark_change(app, &SQL[set ? TAG : UNTAG], &params, NULL) : result;
}
