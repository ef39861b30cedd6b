/*
 * Pieces of SQL that statements about marks share. Their first parameters are those of mark_params
 * (mark.h).
 */
#ifndef TAPEDECK_MARKS_MARK_SQL_H
#define TAPEDECK_MARKS_MARK_SQL_H

/* clang-format off */

/* $1 the business, $2 the call, $3 who sees it ('': all), $4 who does it, $5 from where, $6 the audit
 * row's id. The call is there, or nothing happens; of one that a CRM holds twice, one row counts. */
#define MARKED_CALL \
    " call AS (SELECT call_sid::text AS call_sid, created_at FROM call_log" \
    "   WHERE business_id = $1::bigint AND call_sid = $2 LIMIT 1)"

/* The audit's row of a change that was made: `done` has a row for it. */
#define MARK_NOTED(action, detail) \
    " noted AS (INSERT INTO playback_audit (id, at, business_id, call_sid, action, subject, address," \
    "     detail) SELECT $6, now(), $1::bigint, $2, " action ", $4, $5, " detail " FROM done)"

/* For whom, as the API says it. */
#define MARK_FOR(subject) "CASE WHEN " subject " = '' THEN 'all' ELSE 'me' END"

/* clang-format on */

#endif
