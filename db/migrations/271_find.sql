-- Finding calls: everything by which the list, its totals and its export are filtered, in one place. Each
-- way to go through a business's calls, newest first, gives keys, some at a time; one statement says which
-- of them pass. It goes as far as its time lets it, and says from where to go on.

-- The state of a call's recording, as far as PostgreSQL knows it: what was stored is taken to be there yet.
-- 'none': no recording, or no call.
CREATE OR REPLACE FUNCTION tapedeck_recording_state(business bigint, sid text, parent text, url text,
    status text, deleted_at timestamptz, expires_at timestamptz, held boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_gone boolean := status IN ('absent', 'failed');
    f       record;
BEGIN
    IF coalesce(url, '') = '' THEN
        IF NOT tapedeck_shows_another(business, sid, parent) THEN
            RETURN CASE WHEN is_gone THEN 'unavailable' ELSE 'none' END;
        END IF;
        SELECT * INTO f FROM tapedeck_facts(business, ARRAY[sid], 0, 0, 0, 0, NULL) x;
        is_gone := f.absent OR f.final_code IS NOT NULL;
        RETURN CASE WHEN f.deleted OR NOT is_gone AND f.ends_in_s = 0 THEN 'expired'
                    WHEN f.object_bytes >= 0 OR f.stored_bytes > 0 THEN 'ready'
                    WHEN is_gone THEN 'unavailable'
                    WHEN f.run_status IS NOT NULL THEN 'queued_running' ELSE 'absent' END;
    ELSIF deleted_at IS NOT NULL OR is_gone IS NOT TRUE AND expires_at <= now() AND held IS NOT TRUE THEN
        RETURN 'expired';
    ELSIF EXISTS (SELECT FROM recording_objects o WHERE o.business_id = business AND o.call_sid = sid
                     AND o.lost_at IS NULL) THEN
        RETURN 'ready';
    END IF;
    SELECT bool_or(r.status = 'completed' AND r.bytes_received > 0) AS is_stored,
           bool_or(r.status IN ('queued', 'running')) AS is_active,
           (array_agg(r.final ORDER BY r.id DESC))[1] AS is_final
      INTO f FROM recording_runs r WHERE r.business_id = business AND r.call_sid = sid;
    RETURN CASE WHEN f.is_stored THEN 'ready' WHEN is_gone OR f.is_final THEN 'unavailable'
                WHEN f.is_active THEN 'queued_running' ELSE 'absent' END;
END
$$;

-- One step of a search: the newest fortnight before that place which has calls of the business, down to
-- `floor`. Gives up to `chunk` keys that hold what is sought, and from where to go on; `fortnight_` is NULL
-- at the end. While `near`, the newest calls are read one by one: they fill a page with what most of them
-- hold, and the index would give all that hold it. Where they do not, the indexes of 240 are asked from then on.
CREATE OR REPLACE FUNCTION tapedeck_find_said(business bigint, wanted text, pieces text[], sought text,
    INOUT near boolean, floor_at timestamptz, floor_sid text, chunk integer, INOUT before timestamptz,
    INOUT before_sid text, OUT fortnight_ integer, OUT ats timestamptz[], OUT sids text[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    NEAR_READ CONSTANT integer[] := '{4,20}'; -- so many are read for one that is wanted
    NEAR_KEYS CONSTANT integer := least(chunk, 100);
    shelf text;
    query tsquery;
    seen  integer;
BEGIN
    SELECT tapedeck_fortnight(s.created_at) INTO fortnight_ FROM tapedeck_search s
     WHERE s.business_id = business AND (s.created_at, s.call_sid) < (before, before_sid)
       AND (s.created_at, s.call_sid) >= (floor_at, floor_sid)
     ORDER BY s.created_at DESC, s.call_sid DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    shelf := tapedeck_shelf(business, fortnight_);
    query := replace(wanted, chr(1), shelf)::tsquery;
    FOR i IN 1 .. CASE WHEN near THEN 2 ELSE 0 END LOOP
        SELECT array_agg(n.created_at), array_agg(n.call_sid) INTO ats, sids FROM (
            SELECT s.created_at, s.call_sid FROM (
                SELECT * FROM tapedeck_search r
                 WHERE r.business_id = business AND (r.created_at, r.call_sid) < (before, before_sid)
                 ORDER BY r.created_at DESC, r.call_sid DESC
                 LIMIT NEAR_READ[i] * NEAR_KEYS) s
             WHERE s.fortnight = fortnight_
               AND (pieces IS NOT NULL AND strpos(s.numbers, sought) > 0 OR s.words @@ query)
             ORDER BY s.created_at DESC, s.call_sid DESC LIMIT NEAR_KEYS) n;
        seen := coalesce(cardinality(ats), 0);
        near := seen = NEAR_KEYS;
        EXIT WHEN near OR seen * (NEAR_READ[2] / NEAR_READ[1]) < NEAR_KEYS;
    END LOOP;
    IF near THEN
        before := ats[seen];
        before_sid := sids[seen];
        RETURN;
    END IF;
    SELECT array_agg(f.created_at), array_agg(f.call_sid) INTO ats, sids FROM (
        SELECT s.created_at, s.call_sid FROM tapedeck_search s
         WHERE s.words @@ query
           AND s.business_id + 0 = business AND s.fortnight = fortnight_
           AND (s.created_at, s.call_sid) < (before, before_sid)
        UNION
        SELECT s.created_at, s.call_sid FROM tapedeck_search s
         WHERE tapedeck_pieces(s.business_id, s.fortnight, s.numbers)
                @> ARRAY(SELECT shelf || p FROM unnest(pieces) p)
           AND pieces IS NOT NULL AND strpos(s.numbers, sought) > 0
           AND s.business_id + 0 = business AND s.fortnight = fortnight_
           AND (s.created_at, s.call_sid) < (before, before_sid)
        ORDER BY 1 DESC, 2 DESC LIMIT chunk) f;
    before := to_timestamp(fortnight_::bigint * 1209600);
    before_sid := 'CA' || repeat('0', 32); -- before all of the same instant
    IF cardinality(ats) = chunk THEN
        before := ats[chunk];
        before_sid := sids[chunk];
    END IF;
END
$$;

-- A page: up to `most` calls of the business behind that place, newest first, which pass `f`
-- (docs/api.md names its members; from and to are microseconds since 1970) and hold what is sought, as
-- `me` sees them. Where its time ended it, a last row that is no call says from where to go on. The planner
-- cannot guess how rare something is in one business: it may only follow the indexes.
CREATE OR REPLACE FUNCTION tapedeck_find(business bigint, me text, f jsonb, search text, pattern text,
    before timestamptz, before_sid text, most integer, budget interval)
RETURNS TABLE (at timestamptz, sid text, is_call boolean, seconds integer, is_inbound boolean,
    is_outbound boolean, is_missed boolean, agent_ms integer, customer_ms integer, silence_ms integer)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET jit = off SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
#variable_conflict use_variable
DECLARE
    MISSED     CONSTANT text[] := '{no-answer,busy,canceled,failed}';
    until      CONSTANT timestamptz := clock_timestamp() + budget;
    direction_ CONSTANT text := f->>'direction';
    statuses   CONSTANT text[] := CASE f->>'status' WHEN 'missed' THEN MISSED
                                  ELSE ARRAY[f->>'status'] END;
    missed_    CONSTANT boolean := f->>'status' = 'missed';
    recorded_  CONSTANT boolean := f->>'has_recording';
    state_     CONSTANT text := f->>'recording_status';
    shortest   CONSTANT bigint := f->>'min_duration';
    longest    CONSTANT bigint := f->>'max_duration';
    agent_     CONSTANT text := f->>'agent';
    line_      CONSTANT text := f->>'line';
    party_     CONSTANT text := f->>'party';
    tag_       CONSTANT text := f->>'tag';
    starred_   CONSTANT boolean := f->>'starred';
    heard_     CONSTANT boolean := f->>'heard';
    from_      CONSTANT timestamptz := coalesce(to_timestamp(0)
                   + (f->>'from')::bigint * interval '1 microsecond', '-infinity');
    to_        CONSTANT timestamptz := to_timestamp(0) + (f->>'to')::bigint * interval '1 microsecond';
    own        CONSTANT text[] := ARRAY(SELECT DISTINCT s FROM unnest(ARRAY['', me]) s);
    filtered   CONSTANT boolean := f <> '{}';
    wanted     CONSTANT text := CASE WHEN search IS NOT NULL THEN tapedeck_wanted_anywhere(search) END;
    -- A word of one or two letters is not looked for in numbers.
    in_number  CONSTANT boolean := wanted IS NULL OR length(search) > 2 OR search !~ '[^0-9+*#]';
    pieces     CONSTANT text[] := CASE WHEN in_number THEN tapedeck_pieces_of(lower(search)) END;
    largest    CONSTANT integer := CASE WHEN state_ IS NULL THEN 250 ELSE 100 END;
    chunk      integer := CASE WHEN search IS NULL THEN least(2 * most, largest)
                               WHEN filtered THEN 250 ELSE least(most, 1000) END;
    reads      boolean := false; -- call after call, as no index has what is sought
    stops      boolean := false;
    near       boolean := true; -- what is sought may be in most calls
    floor_at   timestamptz := from_; -- what is not read call after call ends here
    floor_sid  text := '';
    query      tsquery;
    ats        timestamptz[];
    sids       text[];
    step       record;
    c          record;
BEGIN
    before := coalesce(before, 'infinity');
    before_sid := coalesce(before_sid, '');
    IF to_ <= before THEN
        before := to_;
        before_sid := '';
    END IF;
    IF search IS NOT NULL THEN
        SELECT * INTO step FROM tapedeck_search_fill x WHERE x.business_id = business;
        reads := wanted IS NULL;
        IF NOT reads AND step.created_at >= from_ THEN
            floor_at := step.created_at;
            floor_sid := step.call_sid;
        END IF;
    END IF;
    LOOP
        -- The next keys, and whether there may be more behind them.
        IF search IS NOT NULL AND NOT reads THEN
            SELECT * INTO step FROM tapedeck_find_said(business, wanted, pieces, lower(search),
                near, floor_at, floor_sid, chunk, before, before_sid);
            near := step.near;
            ats := step.ats;
            sids := step.sids;
            IF step.fortnight_ IS NULL THEN
                EXIT WHEN (floor_at, floor_sid) = (from_, '');
                -- What `tapedeck cleanup` has not filled in yet.
                reads := true;
                IF (floor_at, floor_sid) < (before, before_sid) THEN
                    before := floor_at;
                    before_sid := floor_sid;
                END IF;
                floor_at := from_;
                floor_sid := '';
                CONTINUE;
            END IF;
            before := step.before;
            before_sid := step.before_sid;
            IF (before, before_sid) < (floor_at, floor_sid) THEN
                before := floor_at;
                before_sid := floor_sid;
            END IF;
        ELSE
            IF reads AND query IS NULL THEN
                query := tapedeck_wanted_of(business, search);
                chunk := 50;
            END IF;
            IF tag_ IS NOT NULL THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT DISTINCT t.created_at, t.call_sid FROM tapedeck_tags t
                     WHERE t.business_id = business AND t.tag = tag_ AND t.subject = ANY (own)
                       AND (t.created_at, t.call_sid) < (before, before_sid) AND t.created_at >= from_
                     ORDER BY t.created_at DESC, t.call_sid DESC LIMIT chunk) k;
            ELSIF starred_ THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT DISTINCT r.created_at, r.call_sid FROM unnest(own) o CROSS JOIN LATERAL (
                        SELECT s.created_at, s.call_sid FROM tapedeck_stars s
                         WHERE s.business_id = business AND s.subject = o
                           AND (s.created_at, s.call_sid) < (before, before_sid)
                           AND s.created_at >= from_
                         ORDER BY s.created_at DESC, s.call_sid DESC LIMIT chunk) r
                     ORDER BY r.created_at DESC, r.call_sid DESC LIMIT chunk) k;
            ELSIF party_ IS NOT NULL THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT l.created_at, l.call_sid FROM call_log l
                     WHERE l.business_id = business
                       AND tapedeck_party(l.direction, l.from_number, l.to_number) = party_
                       AND (l.created_at, l.call_sid) < (before, before_sid) AND l.created_at >= from_
                     ORDER BY l.created_at DESC, l.call_sid DESC LIMIT chunk) k;
            ELSIF agent_ IS NOT NULL THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT l.created_at, l.call_sid FROM call_log l
                     WHERE l.business_id = business AND l.agent_id IS NOT NULL
                       AND left(l.agent_id::text, 128) = agent_
                       AND (l.created_at, l.call_sid) < (before, before_sid) AND l.created_at >= from_
                     ORDER BY l.created_at DESC, l.call_sid DESC LIMIT chunk) k;
            ELSIF heard_ THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT h.created_at, h.call_sid FROM tapedeck_heard h
                     WHERE h.business_id = business AND h.subject = me
                       AND (h.created_at, h.call_sid) < (before, before_sid) AND h.created_at >= from_
                     ORDER BY h.created_at DESC, h.call_sid DESC LIMIT chunk) k;
            ELSIF statuses[1] IS NOT NULL THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT r.created_at, r.call_sid FROM unnest(statuses) o CROSS JOIN LATERAL (
                        SELECT l.created_at, l.call_sid FROM call_log l
                         WHERE l.business_id = business AND l.status = o
                           AND (l.created_at, l.call_sid) < (before, before_sid)
                           AND l.created_at >= from_
                         ORDER BY l.created_at DESC, l.call_sid DESC LIMIT chunk) r
                     ORDER BY r.created_at DESC, r.call_sid DESC LIMIT chunk) k;
            ELSIF line_ IS NOT NULL THEN
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT l.created_at, l.call_sid FROM call_log l
                     WHERE l.business_id = business
                       AND tapedeck_line(l.direction, l.from_number, l.to_number) = line_
                       AND (l.created_at, l.call_sid) < (before, before_sid) AND l.created_at >= from_
                     ORDER BY l.created_at DESC, l.call_sid DESC LIMIT chunk) k;
            ELSE
                SELECT array_agg(k.created_at), array_agg(k.call_sid) INTO ats, sids FROM (
                    SELECT l.created_at, l.call_sid FROM call_log l
                     WHERE l.business_id = business
                       AND (l.created_at, l.call_sid) < (before, before_sid) AND l.created_at >= from_
                     ORDER BY l.created_at DESC, l.call_sid DESC LIMIT chunk) k;
            END IF;
            EXIT WHEN ats IS NULL;
            before := ats[cardinality(ats)];
            before_sid := sids[cardinality(sids)];
        END IF;
        -- Which of them pass: found by their SIDs, however few calls the planner thinks a business has.
        FOR c IN SELECT l.created_at, l.call_sid::text AS call_sid, l.duration, l.direction, l.status,
                l.from_number, l.to_number, l.final_transcript, l.ai_summary, l.talk_agent_ms,
                l.talk_customer_ms, l.talk_silence_ms
            FROM (SELECT DISTINCT u.at, u.sid FROM unnest(ats, sids) u (at, sid)) m
            JOIN call_log l ON l.call_sid = m.sid AND l.business_id + 0 = business
                AND l.created_at = m.at
            WHERE l.call_sid ~ '^CA[0-9a-fA-F]{32}$'
              AND (l.created_at, l.call_sid) >= (floor_at, floor_sid)
              AND (direction_ IS NULL OR l.direction = direction_
                   OR direction_ = 'outbound' AND l.direction LIKE 'outbound%')
              AND (statuses[1] IS NULL OR l.status = ANY (statuses))
              AND (missed_ IS NOT TRUE OR l.direction = 'inbound')
              AND (shortest IS NULL OR l.duration >= shortest)
              AND (longest IS NULL OR l.duration <= longest)
              AND (agent_ IS NULL OR left(l.agent_id::text, 128) = agent_)
              AND (line_ IS NULL OR tapedeck_line(l.direction, l.from_number, l.to_number) = line_)
              AND (party_ IS NULL OR tapedeck_party(l.direction, l.from_number, l.to_number) = party_)
              AND (tag_ IS NULL OR EXISTS (SELECT FROM tapedeck_tags t WHERE t.business_id = business
                     AND t.tag = tag_ AND t.subject = ANY (own) AND t.call_sid = l.call_sid))
              AND (starred_ IS NULL OR starred_ = EXISTS (SELECT FROM tapedeck_stars s
                    WHERE s.business_id = business AND s.subject = ANY (own)
                      AND s.call_sid = l.call_sid))
              AND (heard_ IS NULL OR heard_ = EXISTS (SELECT FROM tapedeck_heard h
                    WHERE h.business_id = business AND h.call_sid = l.call_sid AND h.subject = me))
              AND (recorded_ IS NULL OR CASE WHEN l.recording_url <> '' THEN recorded_
                   ELSE tapedeck_shows_another(business, l.call_sid, l.parent_call_sid)
                       = recorded_ END)
              AND (state_ IS NULL OR state_ = tapedeck_recording_state(business, l.call_sid,
                    l.parent_call_sid, l.recording_url, l.recording_status, l.recording_deleted_at,
                    l.recording_expires_at, l.legal_hold))
            ORDER BY l.created_at DESC, l.call_sid DESC
        LOOP
            IF NOT reads OR tapedeck_is_sought(business, c.from_number, c.to_number,
                    c.final_transcript, c.ai_summary, pattern, query, in_number) THEN
                at := c.created_at;
                sid := c.call_sid;
                is_call := true;
                seconds := c.duration;
                is_inbound := c.direction = 'inbound';
                is_outbound := c.direction LIKE 'outbound%';
                is_missed := is_inbound AND c.status = ANY (MISSED);
                agent_ms := c.talk_agent_ms;
                customer_ms := c.talk_customer_ms;
                silence_ms := c.talk_silence_ms;
                RETURN NEXT;
                most := most - 1;
                EXIT WHEN most <= 0;
            END IF;
            IF reads AND clock_timestamp() > until THEN
                before := c.created_at;
                before_sid := c.call_sid;
                stops := true;
                EXIT;
            END IF;
        END LOOP;
        EXIT WHEN most <= 0;
        IF (stops OR clock_timestamp() > until) AND before_sid ~ '^CA[0-9a-fA-F]{32}$' THEN
            at := before;
            sid := before_sid;
            is_call := false;
            seconds := NULL;
            agent_ms := NULL;
            customer_ms := NULL;
            silence_ms := NULL;
            RETURN NEXT;
            EXIT;
        END IF;
        chunk := CASE WHEN search IS NULL THEN least(2 * chunk, largest) ELSE chunk END;
    END LOOP;
END
$$;
