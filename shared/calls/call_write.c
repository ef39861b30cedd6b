/*
 * The writing half of call.h: what callbacks change in call_log.
 */
#include <string.h>

#include "authority.h"
#include "call.h"

enum statement_name { LOCK, UPDATE, RESOLVE, INSERT, SET_PEOPLE };

/* clang-format off */

/* A party may have any length; so much is kept and shown of it. */
#define PARTY(parameter) "left(" parameter ", 128)"
#define ENDED "('completed', 'busy', 'failed', 'no-answer', 'canceled')"

static const struct pg_statement SQL[] = {
    [LOCK] = {"call_lock", "SELECT pg_advisory_xact_lock(hashtextextended($1, 20261120))"},
    /* Callbacks may overtake each other: a call that has ended does not ring again. */
    [UPDATE] = {"call_update", .prepared = true, .sql =
        "UPDATE call_log SET updated_at = now(),"
        "   account_sid = coalesce($2, account_sid),"
        "   parent_call_sid = coalesce($3, parent_call_sid),"
        "   direction = coalesce($4, direction),"
        "   from_number = coalesce(" PARTY("$5") ", from_number),"
        "   to_number = coalesce(" PARTY("$6") ", to_number),"
        "   status = CASE WHEN $7::text IS NULL OR status IN " ENDED " AND $7 NOT IN " ENDED
        "     THEN status ELSE $7 END,"
        "   duration = coalesce($8::integer, duration)"
        " WHERE call_sid = $1"},
    [RESOLVE] = {"call_resolve", .prepared = true, .sql =
        "SELECT coalesce("
        "  (SELECT min(business_id) FROM business_twilio_accounts WHERE account_sid = $1"
        "    HAVING count(*) = 1),"
        "  (SELECT business_id FROM business_phone_numbers WHERE number = $2))"},
    [INSERT] = {"call_insert", .prepared = true, .sql =
        "INSERT INTO call_log (business_id, call_sid, account_sid, parent_call_sid, direction,"
        "   from_number, to_number, status, duration, created_at, updated_at)"
        " VALUES ($1::bigint, $2, $3, $4, $5, " PARTY("$6") ", " PARTY("$7") ", $8, $9::integer,"
        "   now(), now())"},
    [SET_PEOPLE] = {"call_set_people",
        "UPDATE call_log SET updated_at = now(),"
        "   agent_id = CASE WHEN $3::boolean THEN $4 ELSE agent_id END,"
        "   agent_name = CASE WHEN $5::boolean THEN $6 ELSE agent_name END,"
        "   contact_name = CASE WHEN $7::boolean THEN $8 ELSE contact_name END"
        " WHERE business_id = $1::bigint AND call_sid = $2"},
    {NULL, NULL},
};
/* clang-format on */

const struct pg_statement *call_write_statements(void)
{
    return SQL;
}

static void put_callback(struct pg_params *params, const struct call_callback *callback)
{
    pg_text(params, callback->call_sid);
    pg_text(params, callback->account_sid);
    pg_text(params, callback->parent_call_sid);
    pg_text(params, callback->direction);
    pg_text(params, callback->from);
    pg_text(params, callback->to);
    pg_text(params, callback->status);
    pg_int_or_null(params, callback->duration, CALLBACK_UNKNOWN);
}

static enum result update_known(const struct app *app, const struct call_callback *callback)
{
    struct pg_params params = {0};
    put_callback(&params, callback);
    return pg_change(app->pg, &SQL[UPDATE], &params, RESULT_NOT_FOUND);
}

/* Our own number: the one called, or on an outbound call the one calling. */
static enum result resolve_business(const struct app *app, const struct call_callback *callback,
                                    int64_t hint, int64_t *business_id)
{
    struct pg_params params = {0};
    struct pg_rows *rows;
    bool inbound = callback->direction == NULL || strcmp(callback->direction, "inbound") == 0;
    *business_id = hint;
    if (hint > 0) {
        return RESULT_OK;
    }
    pg_text(&params, callback->account_sid);
    pg_text(&params, inbound ? callback->to : callback->from);
    enum result result = pg_query(app->pg, &SQL[RESOLVE], &params, &rows);
    if (result == RESULT_OK) {
        *business_id = pg_rows_int(rows, 0, 0, 0);
        pg_rows_free(rows);
        result = *business_id > 0 ? RESULT_OK : RESULT_NOT_FOUND;
    }
    return result;
}

static enum result insert_new(const struct app *app, const struct call_callback *callback,
                              int64_t business_id)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    put_callback(&params, callback);
    return pg_query(app->pg, &SQL[INSERT], &params, NULL);
}

enum result call_lock(const struct app *app, const char *call_sid)
{
    struct pg_params params = {0};
    pg_text(&params, call_sid);
    return pg_query(app->pg, &SQL[LOCK], &params, NULL);
}

/* A CRM's call_log may have no unique index on call_sid, so the lock keeps two callbacks of one
 * call from inserting it twice. `written` is what is kept of it. */
static enum result save_locked(const struct app *app, const struct call_callback *callback,
                               const struct call_callback *written, int64_t business_hint)
{
    int64_t business_id;
    enum result result = call_lock(app, callback->call_sid);
    if (result == RESULT_OK) {
        result = authority_check(app, callback->account_sid, callback->call_sid, 0);
    }
    if (result == RESULT_OK) {
        result = update_known(app, written);
    }
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    result = resolve_business(app, callback, business_hint, &business_id);
    if (result == RESULT_OK) {
        result = authority_check(app, callback->account_sid, callback->call_sid, business_id);
    }
    return result == RESULT_OK ? insert_new(app, written, business_id) : result;
}

static enum result save_once(const struct app *app, const struct call_callback *callback,
                             const struct call_callback *written, int64_t business_hint)
{
    enum result result = pg_begin(app->pg);
    if (result != RESULT_OK) {
        return result;
    }
    result = save_locked(app, callback, written, business_hint);
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

/* The CRM may insert the call at the same moment, and knows nothing of our lock: where its index
 * refuses a second row, the first one is there to be updated. */
static enum result save(const struct app *app, const struct call_callback *callback,
                        const struct call_callback *written, int64_t business_hint)
{
    enum result result = save_once(app, callback, written, business_hint);
    return result == RESULT_EXISTS ? save_once(app, callback, written, business_hint) : result;
}

/* A CRM's columns may be narrower than ours: the call is kept without what does not fit them. */
enum result call_save(const struct app *app, const struct call_callback *callback,
                      int64_t business_hint)
{
    struct call_callback written = *callback;
    enum result result = save(app, callback, &written, business_hint);
    if (result == RESULT_INVALID) {
        written.from = written.to = NULL;
        result = save(app, callback, &written, business_hint);
    }
    if (result == RESULT_INVALID) {
        written.parent_call_sid = written.direction = written.status = NULL;
        result = save(app, callback, &written, business_hint);
    }
    return result;
}

enum result call_set_people(const struct app *app, int64_t business_id, const char *call_sid,
                            const struct call_people *people)
{
    struct pg_params params = {0};
    pg_int(&params, business_id);
    pg_text(&params, call_sid);
    for (int i = 0; i < CALL_PERSONS; i++) {
        pg_flag(&params, people->sets[i]);
        pg_text(&params, people->values[i]);
    }
    return pg_change(app->pg, &SQL[SET_PEOPLE], &params, RESULT_NOT_FOUND);
}
