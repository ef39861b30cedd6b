/*
 * What pg.h makes of rows and counts. Pure.
 */
#include "base/text.h"
#include "pg.h"

enum result pg_count_changed(struct pg *pg, const struct pg_statement *statement,
                             const struct pg_params *params, int64_t *changed)
{
    struct pg_rows *rows;
    enum result result = pg_query(pg, statement, params, &rows);
    *changed = 0;
    if (result == RESULT_OK) {
        *changed = pg_rows_affected(rows);
        pg_rows_free(rows);
    }
    return result;
}

enum result pg_change(struct pg *pg, const struct pg_statement *statement,
                      const struct pg_params *params, enum result otherwise)
{
    int64_t changed;
    enum result result = pg_count_changed(pg, statement, params, &changed);
    return result == RESULT_OK && changed == 0 ? otherwise : result;
}

enum result pg_query_int(struct pg *pg, const struct pg_statement *statement,
                         const struct pg_params *params, int64_t fallback, int64_t *out)
{
    struct pg_rows *rows;
    enum result result = pg_query(pg, statement, params, &rows);
    if (result == RESULT_OK) {
        *out = pg_rows_count(rows) > 0 ? pg_rows_int(rows, 0, 0, fallback) : fallback;
        pg_rows_free(rows);
    }
    return result;
}

enum result pg_query_bool(struct pg *pg, const struct pg_statement *statement,
                          const struct pg_params *params, bool *out)
{
    struct pg_rows *rows;
    enum result result = pg_query(pg, statement, params, &rows);
    if (result == RESULT_OK) {
        *out = pg_rows_count(rows) > 0 && pg_rows_bool(rows, 0, 0);
        pg_rows_free(rows);
    }
    return result;
}

enum result pg_holds(struct pg *pg, const struct pg_statement *statement,
                     const struct pg_params *params, enum result otherwise)
{
    bool holds = false;
    enum result result = pg_query_bool(pg, statement, params, &holds);
    return result == RESULT_OK && !holds ? otherwise : result;
}

int64_t pg_rows_int(const struct pg_rows *rows, int row, int column, int64_t fallback)
{
    const char *text = pg_rows_text(rows, row, column);
    int64_t number = fallback;
    if (text != NULL) {
        (void)text_int(text, INT64_MIN, INT64_MAX, &number);
    }
    return number;
}

bool pg_rows_bool(const struct pg_rows *rows, int row, int column)
{
    const char *text = pg_rows_text(rows, row, column);
    return text != NULL && text[0] == 't';
}
