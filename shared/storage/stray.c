#include "stray.h"

#include <stdio.h>
#include <string.h>

#include "clients/pg_array.h"
#include "file.h"
#include "retention_sql.h"

enum { NS_PER_S = 1000000000 };

enum statement_name { SORT, ADOPT, PLACE, SET_PLACE };

/* clang-format off */
static const struct pg_statement SQL[] = {
    [SORT] = {"stray_sort",
        "SELECT u.n, " OWNER("u.business_id", "u.name")
        " FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY u (business_id, name, n)"
        " WHERE NOT coalesce((SELECT true FROM recording_objects o"
        "   WHERE o.business_id = u.business_id AND o.call_sid = u.name LIMIT 1), false)"
        " ORDER BY u.n"},
    [ADOPT] = {"stray_adopt",
        "INSERT INTO recording_objects (business_id, call_sid, kind, bytes, sha256, etag, modified_ns)"
        " SELECT $1::bigint, $2::text, $3::text, $4::bigint, '', '', $5::bigint"
        " WHERE " IS_SOMEBODYS("$1::bigint", "$2::text")
        "   AND coalesce((SELECT nullif(k.bytes_received, 0) FROM recording_runs k"
        "     WHERE k.business_id = $1::bigint AND k.call_sid = $2 AND k.status = 'completed'"
        "     ORDER BY k.id DESC LIMIT 1), $4::bigint) = $4::bigint"
        " ON CONFLICT DO NOTHING"},
    [PLACE] = {"stray_place", "SELECT bucket_after FROM retain_tour WHERE id = 1"},
    [SET_PLACE] = {"stray_set_place", "UPDATE retain_tour SET bucket_after = $1 WHERE id = 1"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *stray_statements(void)
{
    return SQL;
}

static bool read_ending(const char *ending, enum audio_kind *kind)
{
    *kind = audio_kind_named(ending, strlen(ending));
    return *kind != AUDIO_UNKNOWN || strcmp(ending, FILE_PEAKS_ENDING) == 0;
}

/* Written as we write it, and in no other way: no leading zeros, no sign before nothing. */
bool stray_read(const struct s3_listed *listed, struct stray *out)
{
    const char *slash = strchr(listed->key, '/');
    char number[24];
    *out = (struct stray){.bytes = listed->size, .modified = listed->modified};
    if (slash == NULL || strnlen(slash + 1, SID_LENGTH + 1) <= SID_LENGTH ||
        slash[1 + SID_LENGTH] != '.' ||
        !text_int_n(listed->key, (size_t)(slash - listed->key), INT64_MIN, INT64_MAX,
                    &out->business_id)) {
        return false;
    }
    int n = snprintf(number, sizeof number, "%lld/", (long long)out->business_id);
    memcpy(out->name, slash + 1, SID_LENGTH);
    return n > 0 && strncmp(listed->key, number, (size_t)n) == 0 && text_is_recording(out->name) &&
           read_ending(slash + 1 + SID_LENGTH + 1, &out->kind);
}

static void keep_unknown(const struct pg_rows *rows, struct stray *strays, size_t *count)
{
    size_t kept = 0;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        int64_t n = pg_rows_int(rows, i, 0, 0);
        if (n < (int64_t)kept + 1 || n > (int64_t)*count) {
            break;
        }
        strays[kept] = strays[n - 1];
        strays[kept++].owner = (enum retention_owner)pg_rows_int(rows, i, 1, RETENTION_KEPT);
    }
    *count = kept;
}

enum result stray_sort(const struct app *app, struct stray *strays, size_t *count)
{
    struct pg_arrays arrays;
    struct pg_params params = {0};
    struct pg_rows *rows;
    enum result result = RESULT_FAILED;
    pg_arrays_init(&arrays);
    for (size_t i = 0; i < *count; i++) {
        pg_arrays_number(&arrays, 0, strays[i].business_id);
        pg_arrays_word(&arrays, 1, strays[i].name);
    }
    if (pg_arrays_finish(&arrays, 2, &params)) {
        result = pg_query(app->pg, &SQL[SORT], &params, &rows);
    }
    if (result == RESULT_OK) {
        keep_unknown(rows, strays, count);
        pg_rows_free(rows);
    }
    pg_arrays_free(&arrays);
    return result;
}

enum result stray_adopt(const struct app *app, const struct stray *stray)
{
    struct pg_params params = {0};
    pg_int(&params, stray->business_id);
    pg_text(&params, stray->name);
    pg_text(&params, audio_extension(stray->kind));
    pg_int(&params, stray->bytes);
    pg_int(&params, stray->modified * NS_PER_S);
    return pg_change(app->pg, &SQL[ADOPT], &params, RESULT_LOST);
}

enum result stray_place(const struct app *app, struct s3_place *out)
{
    struct pg_rows *rows;
    *out = (struct s3_place){.ended = false};
    enum result result = pg_query(app->pg, &SQL[PLACE], NULL, &rows);
    if (result == RESULT_OK) {
        const char *after = pg_rows_count(rows) > 0 ? pg_rows_text(rows, 0, 0) : "";
        (void)snprintf(out->after, sizeof out->after, "%s", after != NULL ? after : "");
        pg_rows_free(rows);
    }
    return result;
}

enum result stray_set_place(const struct app *app, const struct s3_place *place)
{
    struct pg_params params = {0};
    pg_text(&params, place->ended ? "" : place->after);
    return pg_query(app->pg, &SQL[SET_PLACE], &params, NULL);
}
