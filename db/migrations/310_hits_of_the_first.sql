-- The first of the calls is always looked through, however late it is: else a busy machine gives the call
-- that was found without the sentence that was looked for. Else as in 272.
CREATE OR REPLACE FUNCTION tapedeck_hits(business bigint, calls text[], search text, most integer,
    budget interval)
RETURNS TABLE (sid text, name text, at_ms bigint, speaker text, said text, lowered text, words text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
    until    CONSTANT timestamptz := clock_timestamp() + budget;
    POINTS   CONSTANT text := '[' || chr(1425) || '-' || chr(1479) || ']';
    found    CONSTANT text[] := ARRAY(SELECT lexeme
        FROM unnest(to_tsvector('pg_catalog.simple'::regconfig, tapedeck_plain(search))));
    -- The shortest of what a word of the search may be found by: without what Hebrew writes in one with it.
    patterns CONSTANT text[] := ARRAY(SELECT '%' || replace(replace(replace(regexp_replace(w,
            '^[הובלמשכ]{1,2}(?=[א-ת]{3})', ''), '\', '\\'), '%', '\%'), '_', '\_') || '%'
        FROM unnest(found) w);
    parent   text;
    given    integer;
    more     integer;
    r        record;
BEGIN
    words := array_to_string(found, chr(1));
    FOREACH sid IN ARRAY CASE WHEN words <> '' THEN calls ELSE '{}' END LOOP
        IF sid <> calls[1] AND clock_timestamp() > until THEN
            name := NULL;
            said := NULL;
            RETURN NEXT;
            CONTINUE;
        END IF;
        given := 0;
        parent := (SELECT l.parent_call_sid FROM call_log l
                    WHERE l.business_id = business AND l.call_sid = sid LIMIT 1);
        FOR r IN
            (SELECT l.call_sid::text AS name, l.transcript_segments AS segments, l.final_transcript
               FROM call_log l WHERE l.business_id = business AND l.call_sid = sid
                AND l.transcript_segments IS NOT NULL LIMIT 1)
            UNION ALL
            SELECT n.name, n.transcript_segments, n.final_transcript
              FROM tapedeck_recordings_of(business, sid, parent) n
             WHERE n.name <> sid AND n.transcript_segments IS NOT NULL
        LOOP
            EXIT WHEN given >= most;
            RETURN QUERY
                SELECT sid, r.name, ((s.one->>'start')::numeric * 1000)::bigint, s.one->>'speaker', s.said,
                       CASE WHEN length(lower(s.said)) = length(s.said) THEN lower(s.said)
                            ELSE s.said END, words
                  FROM (SELECT e.one, left(e.one->>'text', 2000) AS said
                          FROM jsonb_array_elements(CASE WHEN jsonb_typeof(r.segments) = 'array'
                                 THEN r.segments END) WITH ORDINALITY e (one, place)
                         WHERE jsonb_typeof(e.one->'start') = 'number' AND e.place <= 5000) s
                 WHERE CASE WHEN coalesce(r.final_transcript ~ POINTS, true)
                            THEN tapedeck_plain(s.said) ELSE lower(s.said) END LIKE ANY (patterns)
                 LIMIT most - given;
            GET DIAGNOSTICS more = ROW_COUNT;
            given := given + more;
        END LOOP;
    END LOOP;
END
$$;
