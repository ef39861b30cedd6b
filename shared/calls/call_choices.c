#include "call_choices.h"

enum statement_name { AGENTS, LINES };

/* clang-format off */

/* From one id to the next by the index, however many calls lie between: the first call of each. */
#define EACH(id, name, known) \
    "WITH RECURSIVE each AS ((SELECT " id " AS id, " name " AS name FROM call_log c" \
    "     WHERE c.business_id = $1::bigint AND " known " AND " id " <> ''" \
    "     ORDER BY " id ", c.created_at DESC, c.call_sid DESC LIMIT 1)" \
    "   UNION ALL SELECT n.* FROM each CROSS JOIN LATERAL (SELECT " id ", " name " FROM call_log c" \
    "     WHERE c.business_id = $1::bigint AND " known " AND " id " > each.id" \
    "     ORDER BY " id ", c.created_at DESC, c.call_sid DESC LIMIT 1) n)" \
    " SELECT id, name FROM each LIMIT 200"

static const struct pg_statement SQL[] = {
    [AGENTS] = {"call_choices_agents",
        EACH("left(c.agent_id::text, 128)", "left(c.agent_name::text, 200)",
            "c.agent_id IS NOT NULL")},
    [LINES] = {"call_choices_lines",
        EACH("tapedeck_line(c.direction, c.from_number, c.to_number)", "NULL::text", "true")},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_choices_statements(void)
{
    return SQL;
}

static enum result each(const struct app *app, enum statement_name name, int64_t business_id,
                        call_choice_visitor *visit, void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, business_id);
    enum result result = pg_query(app->pg, &SQL[name], &params, &rows);
    if (result == RESULT_OK) {
        for (int i = 0; i < pg_rows_count(rows); i++) {
            visit(context, pg_rows_text(rows, i, 0), pg_rows_text(rows, i, 1));
        }
        pg_rows_free(rows);
    }
    return result;
}

enum result call_choices_agents(const struct app *app, int64_t business_id,
                                call_choice_visitor *visit, void *context)
{
    return each(app, AGENTS, business_id, visit, context);
}

enum result call_choices_lines(const struct app *app, int64_t business_id,
                               call_choice_visitor *visit, void *context)
{
    return each(app, LINES, business_id, visit, context);
}
