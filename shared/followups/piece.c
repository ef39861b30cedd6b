#include "piece.h"

#include <string.h>

#include "base/text.h"
#include "clients/pg.h"
#include "server.h"

enum statement_name { KEEP, EACH, FORGET };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [KEEP] = {"piece_keep",
        "INSERT INTO tapedeck_step_pieces AS p"
        "   (step_id, stream, at, length, most, question, model, shape, said)"
        " SELECT id, $3::integer, $4::bigint, $5::bigint, $6::bigint, $7, $8, $9::integer, $10"
        " FROM call_steps WHERE id = $1 AND lease_token = $2 AND status = 'running' FOR SHARE"
        " ON CONFLICT (step_id, stream, at) DO UPDATE SET length = excluded.length,"
        "   most = excluded.most, question = excluded.question, model = excluded.model,"
        "   shape = excluded.shape, said = excluded.said, kept_at = now()"},
    [EACH] = {"piece_each",
        "SELECT p.stream, p.at, p.length, p.most, p.model, p.said FROM tapedeck_step_pieces p"
        " WHERE p.step_id = $1 AND p.question = $2 AND p.shape = coalesce((SELECT "
        SERVER_SHAPE_SQL " FROM tapedeck_servers WHERE address = $3 AND model = p.model), 0)"
        " ORDER BY p.stream, p.at"},
    [FORGET] = {"piece_forget",
        "DELETE FROM tapedeck_step_pieces WHERE kept_at < now() - interval '30 days'"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *piece_statements(void)
{
    return SQL;
}

bool piece_question(const struct step *step, const char *address, const char *text, size_t len,
                    const char *how, struct piece_question *out)
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    struct crypto_digest *digest = crypto_digest_new(CRYPTO_SHA256);
    bool good = digest != NULL && crypto_digest_add(digest, address, strlen(address) + 1) &&
                crypto_digest_add(digest, how, strlen(how) + 1) &&
                crypto_digest_add(digest, text, len) && crypto_digest_end(digest, sum);
    crypto_digest_free(digest);
    *out = (struct piece_question){.step = step, .address = address};
    if (good) {
        text_hex(sum, sizeof sum, out->hash);
    }
    return good;
}

enum result piece_keep(const struct app *app, const struct piece_question *question,
                       const struct piece *piece, const struct shape *shape)
{
    struct pg_params params = {0};
    pg_int(&params, question->step->id);
    pg_text(&params, question->step->token);
    pg_int(&params, piece->stream);
    pg_int(&params, piece->at);
    pg_int(&params, piece->length);
    pg_int(&params, piece->most);
    pg_text(&params, question->hash);
    pg_text(&params, piece->model);
    pg_int(&params, shape_number(shape));
    pg_text(&params, piece->said);
    return pg_change(app->pg, &SQL[KEEP], &params, RESULT_LOST);
}

enum result piece_each(const struct app *app, const struct piece_question *question,
                       void (*visit)(void *context, const struct piece *piece), void *context)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    pg_int(&params, question->step->id);
    pg_text(&params, question->hash);
    pg_text(&params, question->address);
    enum result result = pg_query(app->pg, &SQL[EACH], &params, &rows);
    if (result != RESULT_OK) {
        return result;
    }
    for (int row = 0; row < pg_rows_count(rows); row++) {
        const struct piece piece = {
            .stream = pg_rows_int(rows, row, 0, 0),
            .at = pg_rows_int(rows, row, 1, 0),
            .length = pg_rows_int(rows, row, 2, 0),
            .most = pg_rows_int(rows, row, 3, 0),
            .model = pg_rows_text(rows, row, 4),
            .said = pg_rows_text(rows, row, 5),
        };
        visit(context, &piece);
    }
    pg_rows_free(rows);
    return RESULT_OK;
}

enum result piece_forget(const struct app *app)
{
    return pg_query(app->pg, &SQL[FORGET], NULL, NULL);
}
