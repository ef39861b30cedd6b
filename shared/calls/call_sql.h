/*
 * Pieces of SQL that call.c and call_list.c share: what bears on a call's recording, and the
 * columns of a row, in the order in which call_row_read reads them.
 */
#ifndef TAPEDECK_CALLS_CALL_SQL_H
#define TAPEDECK_CALLS_CALL_SQL_H

#include "app.h"
#include "storage/retention.h"

struct call_row; /* call.h */

/* clang-format off */

/* Columns of struct call_facts, in read_facts' order; $2 is BREAKER_RESET, $3 RECOVERY_WINDOW,
 * $4 INFLIGHT_TTL, $5 RECOVERY_LIMIT, `retention_days` the parameter of that name. */
#define FACTS_COLUMNS(retention_days) \
    "c.call_sid, s.call_sid, s.recording_url <> '', s.recording_deleted_at IS NOT NULL," \
    " s.recording_status IN ('absent', 'failed'), s.recording_reason," \
    " coalesce(s.recording_duration, s.duration), s.channels," \
    " r.id, r.status, r.not_before > now(), r.lane = 'later'," \
    " NOT " PG_LAPSED("r.recovered_at", "$3") "," \
    " floor(extract(epoch FROM now() - r.queued_at) * 1000)::bigint," \
    " r.bytes_received, r.bytes_total, f.failures, f.left_ms, f.error_code, f.error," \
    " r.status = 'running' AND " PG_LAPSED("r.heartbeat_at", "$4") \
    "   AND r.recoveries >= $5::bigint AND NOT " PG_LAPSED("r.recovered_at", "$3") \
    ", s.direction = 'inbound', o.bytes, o.modified_ns, o.kind = 'mp3'," \
    " EXISTS (SELECT FROM recording_runs u WHERE u.business_id = c.business_id" \
    "   AND u.call_sid = s.call_sid AND u.status = 'completed' AND u.object_at IS NULL" \
    "   AND u.object_failed_at IS NULL AND u.completed_at > now() - interval '1 minute')" \
    ", CASE WHEN s.recording_url <> '' THEN " PG_ISO(RETENTION_EXPIRY("s", retention_days)) " END," \
    " greatest(m.count, (s.recording_url <> '' AND s.recording_deleted_at IS NULL)::int)," \
    " coalesce(o.bytes, (SELECT k.bytes_received FROM recording_runs k" \
    "   WHERE k.business_id = c.business_id AND k.call_sid = s.call_sid" \
    "     AND k.status = 'completed' ORDER BY k.id DESC LIMIT 1))," \
    " CASE WHEN NOT s.legal_hold THEN greatest(0, least(1e12, ceil(" \
    "   extract(epoch FROM s.recording_expires_at) - extract(epoch FROM now()))))::bigint END"

enum { FACTS_COUNT = 30 };

/* A row of tapedeck_recordings `n`, that of call_log has no first recording, as such a row. */
#define OTHER_AS_SOURCE(direction) \
    "SELECT n.name AS call_sid, n.business_id, n.recording_url, n.deleted_at, n.recording_status," \
    " n.recording_reason, n.recording_duration, NULL::integer, n.channels, " direction "," \
    " n.started_at, n.expires_at, EXISTS (SELECT FROM call_log h" \
    "   WHERE h.business_id = n.business_id AND h.legal_hold" \
    "     AND h.call_sid IN (SELECT tapedeck_calls_of(n.business_id, n.recording_sid)))"

/* Whose recording plays: the call's own, else its parent leg's, else the first of its conferences'
 * or other legs'. */
#define SOURCE \
    " CROSS JOIN LATERAL (SELECT * FROM (SELECT x.call_sid, x.business_id, x.recording_url," \
    "     x.recording_deleted_at, x.recording_status, x.recording_reason, x.recording_duration," \
    "     x.duration, x.channels, x.direction, x.created_at, x.recording_expires_at, x.legal_hold," \
    "     CASE WHEN x.call_sid = c.call_sid THEN 1 ELSE 2 END AS rank" \
    "   FROM call_log x" \
    "   WHERE x.business_id = c.business_id AND x.call_sid IN (c.call_sid, c.parent_call_sid)" \
    "   UNION ALL " OTHER_AS_SOURCE("c.direction") ", 3" \
    "   FROM tapedeck_recordings_of(c.business_id::bigint, c.call_sid, c.parent_call_sid) n" \
    "   WHERE coalesce(c.recording_url, '') = '' AND n.recording_url <> '') every" \
    "   ORDER BY coalesce(recording_url, '') <> '' DESC, rank, recording_deleted_at IS NOT NULL," \
    "     created_at LIMIT 1) s"

/* What the object store has of it, its active run, and how often it failed since it last
 * succeeded. */
#define WORK_TABLES \
    " LEFT JOIN recording_objects o ON o.business_id = c.business_id" \
    "   AND o.call_sid = s.call_sid AND o.lost_at IS NULL" \
    " LEFT JOIN recording_runs r ON r.business_id = c.business_id AND r.call_sid = s.call_sid" \
    "   AND r.status IN ('queued', 'running')" \
    " LEFT JOIN LATERAL (SELECT sum(h.attempts) AS failures," \
    "     ceil(extract(epoch FROM max(h.completed_at) + " PG_MS("$2") " - now()) * 1000)::bigint" \
    "       AS left_ms," \
    "     (array_agg(h.error_code ORDER BY h.id DESC))[1] AS error_code," \
    "     (array_agg(h.error ORDER BY h.id DESC))[1] AS error" \
    "   FROM recording_runs h" \
    "   WHERE h.business_id = c.business_id AND h.call_sid = s.call_sid" \
    "     AND h.status = 'failed' AND NOT " PG_LAPSED("h.completed_at", "$2") \
    "     AND h.id > coalesce((SELECT max(k.id) FROM recording_runs k" \
    "       WHERE k.business_id = c.business_id AND k.call_sid = s.call_sid" \
    "         AND k.status = 'completed'), 0)) f ON true"

/* How many recordings the call has, and how long the others than its first are together. */
#define COUNTS \
    " CROSS JOIN LATERAL (SELECT count(*) + (coalesce(c.recording_url, '') <> ''" \
    "     AND c.recording_deleted_at IS NULL)::int AS count," \
    "     coalesce(sum(n.recording_duration), 0)::bigint AS seconds" \
    "   FROM tapedeck_recordings_of(c.business_id::bigint, c.call_sid, c.parent_call_sid) n" \
    "   WHERE n.recording_url <> '' AND n.deleted_at IS NULL AND n.name <> c.call_sid) m"

#define FACTS_TABLES SOURCE WORK_TABLES COUNTS

#define ROW_COLUMNS \
    ", c.parent_call_sid, c.direction, c.from_number, c.to_number, c.status, c.duration, " \
    PG_ISO("c.created_at") ", c.ai_summary, coalesce(c.final_transcript, '') <> ''," \
    " m.seconds + coalesce(CASE WHEN c.recording_url <> '' AND c.recording_deleted_at IS NULL" \
    "   THEN c.recording_duration END, 0)"

/* clang-format on */

/* Reads FACTS_COLUMNS and ROW_COLUMNS of a row; its texts live as long as `rows`. */
void call_row_read(const struct pg_rows *rows, int row, struct call_row *out);

/* The parameters that these columns and FACTS_TABLES need: the business and what comes after it. */
void call_facts_params(const struct app *app, int64_t business_id, struct pg_params *params);

#endif
