/*
 * Pieces of SQL that retention.c shares with the files beside it: what is kept, and whose something
 * is. `c` is a row of call_log, `n` one of tapedeck_recordings that is not its call's first.
 */
#ifndef TAPEDECK_STORAGE_RETENTION_SQL_H
#define TAPEDECK_STORAGE_RETENTION_SQL_H

/* clang-format off */

#define IS_KEPT "c.recording_url <> '' AND c.recording_deleted_at IS NULL"

/* Not EXISTS, here and below: the planner may read all that waits of a business for that, or all
 * calls. */
#define IS_ACTIVE \
    "coalesce((SELECT true FROM recording_runs r WHERE r.business_id = c.business_id" \
    " AND r.call_sid = c.call_sid AND r.status IN ('queued', 'running') LIMIT 1), false)"

/* What call_log_kept_by_age holds. */
#define IS_KEPT_BY_AGE IS_KEPT " AND NOT c.legal_hold AND c.recording_expires_at IS NULL"

/* The next business that keeps anything, and its oldest call: one look into the index. */
#define NEXT_BUSINESS(from) \
    "(SELECT c.business_id::bigint AS id, c.created_at AS oldest FROM call_log c" \
    " WHERE " IS_KEPT_BY_AGE " AND c.business_id " from \
    " ORDER BY c.business_id, c.created_at LIMIT 1)"

/* The same of recordings that are not the first of their call: by when they began, and held where one
 * of their calls is. */
#define OTHER_IS_NAMED "n.name = n.recording_sid AND n.recording_url <> ''"
#define OTHER_IS_HELD \
    "EXISTS (SELECT FROM call_log h WHERE h.business_id = n.business_id AND h.legal_hold" \
    "  AND h.call_sid IN (SELECT tapedeck_calls_of(n.business_id, n.recording_sid)))"
#define OTHER_EXPIRY(days) \
    "recording_expiry(n.started_at, n.expires_at, " OTHER_IS_HELD ", coalesce((SELECT b.days" \
    " FROM business_retention b WHERE b.business_id = n.business_id), " days "::integer))"
#define OTHER_IS_ACTIVE \
    "coalesce((SELECT true FROM recording_runs r WHERE r.business_id = n.business_id" \
    " AND r.call_sid = n.recording_sid AND r.status IN ('queued', 'running') LIMIT 1), false)"

/* Somebody's: not deleted, or held, or being fetched. */
#define IS_SOMEBODYS(business, name) \
    "(coalesce((SELECT true FROM call_log c WHERE c.business_id = " business \
    "     AND c.call_sid = " name \
    "     AND (c.recording_deleted_at IS NULL OR c.legal_hold OR " IS_ACTIVE ") LIMIT 1), false)" \
    " OR coalesce((SELECT true FROM tapedeck_recordings n WHERE n.business_id = " business \
    "     AND n.recording_sid = " name " AND n.name = n.recording_sid" \
    "     AND (n.deleted_at IS NULL OR " OTHER_IS_HELD " OR " OTHER_IS_ACTIVE ") LIMIT 1), false))"

/* Known at all, in whatever business. */
#define IS_KNOWN(name) \
    "(coalesce((SELECT true FROM call_log c WHERE c.call_sid = " name " LIMIT 1), false)" \
    " OR coalesce((SELECT true FROM tapedeck_recordings n WHERE n.recording_sid = " name \
    "     AND n.name = n.recording_sid LIMIT 1), false))"

/* An enum retention_owner. */
#define OWNER(business, name) \
    "CASE WHEN " IS_SOMEBODYS(business, name) " THEN 0 WHEN " IS_KNOWN(name) " THEN 1 ELSE 2 END"

/* clang-format on */

#endif
