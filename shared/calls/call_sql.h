/*
 * Pieces of SQL that call.c and call_list.c share: what bears on a call's recordings, and the
 * columns of a row, in the order in which call_row_read reads them.
 */
#ifndef TAPEDECK_CALLS_CALL_SQL_H
#define TAPEDECK_CALLS_CALL_SQL_H

#include "app.h"

struct call_row; /* call.h */

/* clang-format off */

/* What bears on the recordings of the calls `names`, in read_facts' order: db/migrations/195_facts.sql.
 * $2 is BREAKER_RESET, $3 RECOVERY_WINDOW, $4 INFLIGHT_TTL, $5 RECOVERY_LIMIT, `retention_days` the
 * parameter of that name. */
#define FACTS_OF(names, retention_days) \
    " tapedeck_facts($1::bigint, " names ", $2, $3, $4, $5, " retention_days ") f"
#define FACTS "f.*"

enum { FACTS_COUNT = 32 };

/* What a CRM wrote may be of any length: a page shows so many letters of a summary, and of the rest so
 * many that all that is real fits. What people added is shown as `me` sees it; of one's own star and
 * one for all, one's own. */
#define SHORT(column) "left(c." column ", 200)"
#define FOR_WHOM(alias) "CASE " alias ".subject WHEN '' THEN 'all' ELSE 'me' END"
#define ROW_COLUMNS(summary_letters, me) \
    ", " SHORT("parent_call_sid") ", " SHORT("direction") ", " SHORT("from_number") ", " \
    SHORT("to_number") ", " SHORT("status") ", c.duration, " PG_ISO("c.created_at") "," \
    " substr(c.ai_summary, 1, " summary_letters "), coalesce(c.final_transcript, '') <> ''," \
    " f.others_seconds + coalesce(CASE WHEN c.recording_url <> ''" \
    "   AND c.recording_deleted_at IS NULL THEN c.recording_duration END, 0)," \
    SHORT("agent_id::text") ", " SHORT("agent_name::text") ", " SHORT("contact_name::text") "," \
    " tapedeck_line(c.direction, c.from_number, c.to_number)," \
    " tapedeck_party(c.direction, c.from_number, c.to_number)," \
    " c.talk_agent_ms, c.talk_customer_ms, c.talk_silence_ms," \
    " (SELECT max(" FOR_WHOM("s") ") FROM tapedeck_stars s WHERE s.business_id = $1::bigint" \
    "   AND s.call_sid = c.call_sid AND s.subject IN ('', " me "))," \
    " (SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object('tag', t.tag," \
    "     'for', " FOR_WHOM("t") ") ORDER BY t.tag, t.subject)) FROM tapedeck_tags t" \
    "   WHERE t.business_id = $1::bigint AND t.call_sid = c.call_sid" \
    "     AND t.subject IN ('', " me "))," \
    " EXISTS (SELECT FROM tapedeck_heard h WHERE h.business_id = $1::bigint" \
    "   AND h.call_sid = c.call_sid AND h.subject = " me ")"

/* How many columns both of them have. */
enum { ROW_COUNT = FACTS_COUNT + 21 };

/* clang-format on */

/* Reads FACTS and ROW_COLUMNS of a row; its texts live as long as `rows`. */
void call_row_read(const struct pg_rows *rows, int row, struct call_row *out);

/* The first parameters of FACTS_OF: the business and what comes after it. */
void call_facts_params(const struct app *app, int64_t business_id, struct pg_params *params);

#endif
