-- Finding calls by part of a number, or by words: see 240.

-- Whether a call without a recording of its own shows another: its parent leg's, a conference's.
CREATE OR REPLACE FUNCTION tapedeck_shows_another(business bigint, sid text, parent text)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM call_log p WHERE p.business_id = business AND p.call_sid = parent
                      AND p.recording_url <> '')
        OR EXISTS (SELECT FROM tapedeck_recordings_of(business, sid, parent) n
                    WHERE n.recording_url <> '')
$$;

-- What is looked for, as 061's tapedeck_wanted has it and 240's tapedeck_shelved stores it: every word
-- as the beginning of a word (numbers whole), with and without what Hebrew writes in one with it. As
-- text, with an SOH before each, where its shelf goes. NULL: there is no word.
CREATE OR REPLACE FUNCTION tapedeck_wanted_anywhere(search text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH words AS (
        SELECT lexeme AS word
          FROM unnest(to_tsvector('pg_catalog.simple'::regconfig, tapedeck_plain(search)))
    ), stems AS (
        SELECT word, word AS stem FROM words
        UNION
        SELECT word, regexp_replace(word, '^[הובלמשכ]{1,2}?(?=[א-ת]{3})', '') FROM words
        UNION
        SELECT word, regexp_replace(word, '^[הובלמשכ]{2}(?=[א-ת]{3})', '') FROM words
    ), forms AS (
        SELECT word, stem AS form FROM stems
        UNION
        SELECT word, '~' || stem FROM stems WHERE stem ~ '^[א-ת]{2}'
    ), wanted AS (
        SELECT '(' || string_agg('''' || chr(1) || replace(replace(form, '\', '\\'), '''', '''''')
                   || '''' || CASE WHEN word ~ '^[0-9]+$' THEN '' ELSE ':*' END, ' | ') || ')' AS one
          FROM forms GROUP BY word
    )
    SELECT string_agg(one, ' & ') FROM wanted
$$;

-- Which pieces to look up: of a number the last seven signs are enough, since the first ones are
-- everybody's; of longer texts some.
CREATE OR REPLACE FUNCTION tapedeck_pieces_of(sought text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN length(part) <= 3 THEN ARRAY[part]
           ELSE ARRAY(SELECT substr(part, least(at, length(part) - 2), 3)
                        FROM generate_series(1, length(part) - 1, 2) at) END
      FROM (SELECT CASE WHEN sought !~ '[^0-9+*#]' THEN right(sought, 7)
                        ELSE left(sought, 30) END AS part) p
$$;

-- Whether a call is what is sought, by what it holds itself. No `wanted`: no word is looked for.
CREATE OR REPLACE FUNCTION tapedeck_is_sought(business bigint, caller text, called text,
    transcript text, summary text, pattern text, wanted tsquery, in_number boolean)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF in_number AND (caller ILIKE pattern OR called ILIKE pattern) THEN
        RETURN true;
    ELSIF wanted IS NULL THEN
        RETURN coalesce(transcript ILIKE pattern, false) OR coalesce(summary ILIKE pattern, false);
    END IF;
    RETURN coalesce(transcript, summary) IS NOT NULL
        AND tapedeck_said(business, transcript, summary) @@ wanted;
END
$$;

-- A page of a search, as far as the indexes of 240 have its calls: down to those that are not `filled`
-- in yet. Newest first, at most `most`, and as far as the time `until` lets it go: where that ended it, a
-- last row that is no call says from where to go on. The planner cannot guess how rare a word is in
-- one business: here it may use nothing but the indexes of words and pieces.
CREATE OR REPLACE FUNCTION tapedeck_search_shelves(business bigint, wanted text, pieces text[],
    sought text, before timestamptz, before_sid text, filled timestamptz, filled_sid text,
    direction_ text, status_ text, recording_ boolean, most integer, until timestamptz)
RETURNS TABLE (at timestamptz, sid text, is_call boolean) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET jit = off SET work_mem = '64MB'
SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    before_all CONSTANT text := 'CA' || repeat('0', 32); -- of the same instant
    filtered   boolean := coalesce(direction_, status_, recording_::text) IS NOT NULL;
    chunk      integer := CASE WHEN filtered THEN 500 ELSE most END;
    one        integer;
    shelf      text;
    ats        timestamptz[];
    sids       text[];
    given      integer;
    near_ats   timestamptz[];
    near_sids  text[];
    dense      boolean;
BEGIN
    LOOP
        SELECT tapedeck_fortnight(s.created_at) INTO one FROM tapedeck_search s
         WHERE s.business_id = business AND (s.created_at, s.call_sid) < (before, before_sid)
           AND (s.created_at, s.call_sid) >= (filled, filled_sid)
         ORDER BY s.created_at DESC, s.call_sid DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        shelf := tapedeck_shelf(business, one);
        -- What is in most numbers, the newest ones fill a page with; older ones need not be fetched.
        dense := false;
        IF pieces IS NOT NULL AND NOT filtered AND near_ats IS NULL THEN
            SELECT array_agg(n.created_at), array_agg(n.call_sid) INTO near_ats, near_sids FROM (
                SELECT s.created_at, s.call_sid FROM (
                    SELECT * FROM tapedeck_search r
                     WHERE r.business_id = business
                       AND (r.created_at, r.call_sid) < (before, before_sid)
                     ORDER BY r.created_at DESC, r.call_sid DESC LIMIT 4 * chunk) s
                 WHERE s.fortnight = one AND strpos(s.numbers, sought) > 0
                 ORDER BY s.created_at DESC, s.call_sid DESC LIMIT chunk) n;
            near_ats := coalesce(near_ats, '{}');
            dense := cardinality(near_ats) = chunk;
        END IF;
        SELECT array_agg(f.created_at), array_agg(f.call_sid) INTO ats, sids FROM (
            SELECT s.created_at, s.call_sid FROM tapedeck_search s
             WHERE s.words @@ replace(wanted, chr(1), shelf)::tsquery
               AND s.business_id + 0 = business AND s.fortnight = one
               AND (s.created_at, s.call_sid) < (before, before_sid)
            UNION
            SELECT s.created_at, s.call_sid FROM tapedeck_search s
             WHERE tapedeck_pieces(s.business_id, s.fortnight, s.numbers)
                    @> ARRAY(SELECT shelf || p FROM unnest(pieces) p)
               AND pieces IS NOT NULL AND NOT dense AND strpos(s.numbers, sought) > 0
               AND s.business_id + 0 = business AND s.fortnight = one
               AND (s.created_at, s.call_sid) < (before, before_sid)
            UNION
            SELECT n.at, n.sid FROM unnest(near_ats, near_sids) n (at, sid) WHERE dense
            ORDER BY 1 DESC, 2 DESC LIMIT chunk) f;
        given := 0;
        IF ats IS NOT NULL THEN
            RETURN QUERY SELECT DISTINCT m.at, m.sid, true FROM unnest(ats, sids) m (at, sid)
                JOIN call_log l ON l.call_sid = m.sid AND l.business_id = business
                    AND l.created_at = m.at
                WHERE (m.at, m.sid) >= (filled, filled_sid)
                  AND (direction_ IS NULL OR l.direction = direction_
                       OR direction_ = 'outbound' AND l.direction LIKE 'outbound%')
                  AND (status_ IS NULL OR l.status = status_)
                  AND (recording_ IS NULL OR CASE WHEN l.recording_url <> '' THEN recording_
                       ELSE tapedeck_shows_another(business, l.call_sid, l.parent_call_sid)
                           = recording_ END)
                ORDER BY m.at DESC, m.sid DESC LIMIT most;
            GET DIAGNOSTICS given = ROW_COUNT;
        END IF;
        most := most - given;
        EXIT WHEN most <= 0;
        before := to_timestamp(one::bigint * 1209600);
        before_sid := before_all;
        IF cardinality(ats) = chunk THEN
            before := ats[chunk];
            before_sid := sids[chunk];
        END IF;
        IF clock_timestamp() > until THEN
            RETURN QUERY SELECT before, before_sid, false;
            EXIT;
        END IF;
    END LOOP;
END
$$;

-- The same, by reading call after call: `wanted` may be NULL, then texts are searched for the very
-- signs of `pattern`.
CREATE OR REPLACE FUNCTION tapedeck_search_calls(business bigint, wanted tsquery, in_number boolean,
    pattern text, before timestamptz, before_sid text, direction_ text, status_ text,
    recording_ boolean, most integer, until timestamptz)
RETURNS TABLE (at timestamptz, sid text, is_call boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT l.* FROM call_log l
        WHERE l.business_id = business AND (l.created_at, l.call_sid) < (before, before_sid)
        ORDER BY l.created_at DESC, l.call_sid DESC
    LOOP
        IF c.call_sid ~ '^CA[0-9a-fA-F]{32}$'
            AND (direction_ IS NULL OR c.direction = direction_
                 OR direction_ = 'outbound' AND c.direction LIKE 'outbound%')
            AND (status_ IS NULL OR c.status = status_)
            AND (recording_ IS NULL OR CASE WHEN c.recording_url <> '' THEN recording_
                 ELSE tapedeck_shows_another(business, c.call_sid, c.parent_call_sid)
                     = recording_ END)
            AND tapedeck_is_sought(business, c.from_number, c.to_number, c.final_transcript,
                    c.ai_summary, pattern, wanted, in_number)
        THEN
            RETURN QUERY SELECT c.created_at, c.call_sid::text, true;
            most := most - 1;
            EXIT WHEN most <= 0;
        END IF;
        IF clock_timestamp() > until AND c.call_sid ~ '^CA[0-9a-fA-F]{32}$' THEN
            RETURN QUERY SELECT c.created_at, c.call_sid::text, false;
            EXIT;
        END IF;
    END LOOP;
END
$$;

-- One page of a search, of both: first what the indexes have, then what they do not have: calls that
-- `tapedeck cleanup` has not filled in yet, and all of them for signs that are in no word ("%"). A word
-- of one or two letters is not looked for in numbers.
CREATE OR REPLACE FUNCTION tapedeck_search_page(business bigint, search text, pattern text,
    before timestamptz, before_sid text, direction_ text, status_ text, recording_ boolean,
    most integer, budget interval)
RETURNS TABLE (at timestamptz, sid text, is_call boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    until     timestamptz := clock_timestamp() + budget;
    wanted    text := tapedeck_wanted_anywhere(search);
    in_number boolean := wanted IS NULL OR length(search) > 2 OR search !~ '[^0-9+*#]';
    filled    tapedeck_search_fill;
BEGIN
    before := coalesce(before, 'infinity');
    before_sid := coalesce(before_sid, '');
    SELECT * INTO filled FROM tapedeck_search_fill f WHERE f.business_id = business;
    IF wanted IS NOT NULL THEN
        FOR at, sid, is_call IN SELECT s.* FROM tapedeck_search_shelves(business, wanted,
            CASE WHEN in_number THEN tapedeck_pieces_of(lower(search)) END, lower(search), before,
            before_sid, coalesce(filled.created_at, '-infinity'), coalesce(filled.call_sid, ''),
            direction_, status_, recording_, most, until) s
        LOOP
            RETURN NEXT;
            most := most - 1;
        END LOOP;
        IF NOT is_call OR most <= 0 OR filled.business_id IS NULL THEN
            RETURN;
        END IF;
        IF (filled.created_at, filled.call_sid) < (before, before_sid) THEN
            before := filled.created_at;
            before_sid := filled.call_sid;
        END IF;
    END IF;
    RETURN QUERY SELECT s.* FROM tapedeck_search_calls(business, tapedeck_wanted_of(business, search),
        in_number, pattern, before, before_sid, direction_, status_, recording_, most, until) s;
END
$$;
