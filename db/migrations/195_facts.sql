-- What bears on the recordings of some calls, as a function: PostgreSQL plans it once a session, also
-- behind a pooler, where our programs may prepare nothing. Planning it with each question took longer
-- than the answer.
--
-- Two versions of the programs may run side by side. So what a released function takes and gives is never
-- changed: another one gets another name.

-- 140's, with fewer reads: each row is found by one of three indexes, and only once.
CREATE OR REPLACE FUNCTION tapedeck_recordings_of(business bigint, call text, parent text)
RETURNS SETOF tapedeck_recordings LANGUAGE sql STABLE ROWS 2 AS $$
    SELECT n.* FROM tapedeck_recordings n
     WHERE n.business_id = business AND n.call_sid IN (call, parent)
    UNION ALL SELECT n.* FROM tapedeck_recordings n
     WHERE n.business_id = business AND n.parent_call_sid = call
       AND (n.call_sid IN (call, parent)) IS NOT TRUE
    UNION ALL SELECT n.* FROM tapedeck_conference_calls k
      JOIN tapedeck_recordings n USING (conference_sid)
     WHERE k.call_sid = call AND n.business_id = business
       AND (n.call_sid IN (call, parent)) IS NOT TRUE AND n.parent_call_sid IS DISTINCT FROM call
$$;

-- Is a recording that is not its call's first kept by a legal hold on one of its calls?
CREATE OR REPLACE FUNCTION tapedeck_is_held(business bigint, recording text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM tapedeck_calls_of(business, recording) k (call)
        JOIN call_log h ON h.call_sid = k.call
       WHERE h.business_id = business AND h.legal_hold);
END
$$;

-- One row for each of `names` that the business has: calls, or one recording that is not its call's
-- first. Times are in milliseconds; NULL where there is nothing. shared/calls/call_sql.h reads it. A time
-- that lies far ahead was written while this server's clock was, and says as little as one long ago.
CREATE OR REPLACE FUNCTION tapedeck_facts(
    business bigint, names text[], breaker_reset bigint, recovery_window bigint, inflight_ttl bigint,
    recovery_limit bigint, retention_days integer
) RETURNS TABLE (
    name text, source text, has_url boolean, deleted boolean, absent boolean, reason text,
    duration bigint, channels bigint, run_id bigint, run_status text, run_waits boolean,
    run_is_later boolean, run_recovered boolean, run_waited_ms bigint, bytes_received bigint,
    bytes_total bigint, failures bigint, breaker_left_ms bigint, error_code text, error text,
    run_is_stuck boolean, inbound boolean, object_bytes bigint, object_modified_ns bigint,
    object_kind text, is_being_stored boolean, expires_at text, recordings bigint,
    stored_bytes bigint, ends_in_s bigint, others_seconds bigint, final_code text
) LANGUAGE plpgsql STABLE ROWS 50 SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    recovered_ago interval := make_interval(secs => recovery_window / 1000.0);
    failed_ago    interval := make_interval(secs => breaker_reset / 1000.0);
    silent_ago    interval := make_interval(secs => inflight_ttl / 1000.0);
    days          integer  := coalesce((SELECT b.days FROM business_retention b
                                         WHERE b.business_id = business), retention_days);
BEGIN
    -- A release without rows for these kept the callbacks of first recordings, by their own names.
    IF names[1] LIKE 'RE%' AND NOT EXISTS (SELECT FROM tapedeck_recordings n
            WHERE n.business_id = business AND n.recording_sid = names[1]) THEN
        names := ARRAY(SELECT l.call_sid FROM recording_inbox i JOIN call_log l USING (call_sid)
            WHERE i.recording_sid = names[1] AND l.business_id = business
              AND coalesce(l.recording_sid, substring(l.recording_url FROM 'RE[0-9a-fA-F]{32}'))
                = names[1]);
    END IF;
    RETURN QUERY
    SELECT c.name, s.name, s.recording_url <> '', s.deleted_at IS NOT NULL,
        s.recording_status IN ('absent', 'failed'), s.recording_reason, s.duration, s.channels,
        (w.run).id, (w.run).status, (w.run).not_before > now(), (w.run).lane = 'later',
        (w.run).recovered_at BETWEEN now() - recovered_ago AND now() + recovered_ago,
        floor(extract(epoch FROM now() - (w.run).queued_at) * 1000)::bigint,
        (w.run).bytes_received, (w.run).bytes_total, w.failures,
        ceil(extract(epoch FROM w.failed_at + failed_ago - now()) * 1000)::bigint, w.error_code, w.error,
        (w.run).status = 'running'
            AND (w.run).heartbeat_at NOT BETWEEN now() - silent_ago AND now() + silent_ago
            AND (w.run).recoveries >= recovery_limit
            AND (w.run).recovered_at BETWEEN now() - recovered_ago AND now() + recovered_ago,
        s.direction = 'inbound', o.bytes, o.modified_ns, o.kind, w.is_being_stored,
        CASE WHEN s.recording_url <> '' THEN to_char(recording_expiry(s.created_at, s.expires_at,
                s.legal_hold, days), 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') END,
        greatest(m.count, (s.recording_url <> '' AND s.deleted_at IS NULL)::int), coalesce(o.bytes, w.stored_bytes),
        CASE WHEN NOT s.legal_hold THEN greatest(0, least(1e12, ceil(
            extract(epoch FROM s.expires_at) - extract(epoch FROM now()))))::bigint END,
        m.seconds, w.final_code
    FROM (
        SELECT * FROM (SELECT DISTINCT ON (l.call_sid) l.call_sid::text AS name,
                l.parent_call_sid::text AS parent, l.direction::text AS direction,
                l.recording_url::text AS recording_url, l.recording_deleted_at AS deleted_at,
                l.recording_status::text AS recording_status,
                l.recording_reason::text AS recording_reason,
                coalesce(l.recording_duration, l.duration)::bigint AS duration,
                l.channels::bigint AS channels, l.created_at::timestamptz AS created_at,
                l.recording_expires_at AS expires_at, l.legal_hold,
                coalesce(l.recording_url, '') <> '' AS has_own
              FROM call_log l
             WHERE l.business_id = business AND l.call_sid = ANY (names)
             ORDER BY l.call_sid, has_own DESC, l.recording_deleted_at IS NOT NULL) calls
        UNION ALL
        SELECT n.name, NULL, (SELECT l.direction::text FROM call_log l
                WHERE l.business_id = business AND l.call_sid = n.call_sid LIMIT 1),
            n.recording_url, n.deleted_at, n.recording_status, n.recording_reason,
            n.recording_duration, n.channels, n.started_at, n.expires_at,
            tapedeck_is_held(business, n.recording_sid), true
          FROM tapedeck_recordings n
         WHERE n.business_id = business
           AND n.recording_sid = ANY (CASE WHEN names[1] LIKE 'RE%' THEN names END)
    ) c
    -- How many recordings the call has, and how long the others than its first are together.
    CROSS JOIN LATERAL (
        SELECT count(*) + (c.has_own AND c.deleted_at IS NULL)::int AS count,
            coalesce(sum(n.recording_duration), 0)::bigint AS seconds
          FROM tapedeck_recordings_of(business, c.name, c.parent) n
         WHERE n.recording_url <> '' AND n.deleted_at IS NULL AND n.name <> c.name
    ) m
    -- Whose recording plays: the call's own, else its parent leg's, else the first of its conferences'
    -- or other legs'.
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT c.name, c.direction, c.recording_url, c.deleted_at, c.recording_status,
                c.recording_reason, c.duration, c.channels, c.created_at, c.expires_at, c.legal_hold,
                1 AS rank
            UNION ALL
            SELECT x.call_sid::text, x.direction::text, x.recording_url::text,
                x.recording_deleted_at, x.recording_status::text, x.recording_reason::text,
                coalesce(x.recording_duration, x.duration)::bigint, x.channels::bigint,
                x.created_at::timestamptz, x.recording_expires_at, x.legal_hold, 2
              FROM call_log x
             WHERE NOT c.has_own AND x.business_id = business AND x.call_sid = c.parent
            UNION ALL
            SELECT n.name, c.direction, n.recording_url, n.deleted_at, n.recording_status,
                n.recording_reason, n.recording_duration, n.channels, n.started_at, n.expires_at,
                tapedeck_is_held(business, n.recording_sid), 3
              FROM tapedeck_recordings_of(business, c.name, c.parent) n
             WHERE NOT c.has_own AND n.recording_url <> ''
        ) every
        ORDER BY coalesce(every.recording_url, '') <> '' DESC, every.rank,
            every.deleted_at IS NOT NULL, every.created_at
        LIMIT 1
    ) s
    LEFT JOIN recording_objects o
        ON o.business_id = business AND o.call_sid = s.name AND o.lost_at IS NULL
    -- Its runs, the latest first: the one under way, what the last one that completed stored, why the last
    -- one failed for good, and how often it failed since one completed.
    CROSS JOIN LATERAL (
        SELECT (array_agg(h.run) FILTER (WHERE h.status IN ('queued', 'running')))[1] AS run,
            (array_agg(h.bytes_received) FILTER (WHERE h.status = 'completed'))[1] AS stored_bytes,
            bool_or(h.status = 'completed' AND h.object_at IS NULL AND h.object_failed_at IS NULL
                AND h.completed_at > now() - interval '1 minute') IS TRUE AS is_being_stored,
            (array_agg(CASE WHEN h.final THEN h.error_code END))[1] AS final_code,
            sum(h.attempts) FILTER (WHERE h.counts)::bigint AS failures,
            max(h.completed_at) FILTER (WHERE h.counts) AS failed_at,
            (array_agg(h.error_code) FILTER (WHERE h.counts))[1] AS error_code,
            (array_agg(h.error) FILTER (WHERE h.counts))[1] AS error
          FROM (
            SELECT u AS run, u.*, u.status = 'failed'
                    AND u.completed_at BETWEEN now() - failed_ago AND now() + failed_ago
                    AND u.id > coalesce((SELECT max(k.id) FROM recording_runs k
                        WHERE k.business_id = business AND k.call_sid = s.name
                          AND k.status = 'completed'), 0) AS counts
              FROM recording_runs u
             WHERE u.business_id = business AND u.call_sid = s.name
             ORDER BY u.id DESC
        ) h
    ) w;
END
$$;
