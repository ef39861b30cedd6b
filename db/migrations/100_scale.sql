-- What a large history needs. The words' index had all businesses' words in one: now each word is
-- indexed together with its business, so that a search meets no one else's calls, however common the
-- word. Numbers are indexed the same way, by all their pieces of three signs.

-- 32 bits of the business keep each word's entry short; two businesses that share them cost a look
-- at a row more, since whoever asks compares the business as well.
CREATE OR REPLACE FUNCTION tapedeck_tenant(business bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.to_hex(coalesce(business, 0) & 4294967295) || ':'
$$;

-- Indexes live on this one and the next. They call nothing of ours: a restored dump builds its
-- indexes with an empty search_path.
CREATE OR REPLACE FUNCTION tapedeck_said(business bigint, transcript text, summary text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT to_hex(coalesce(business, 0) & 4294967295) || ':' || lexeme
          FROM unnest(to_tsvector('pg_catalog.simple'::regconfig, lower(regexp_replace(replace(
                 left(coalesce(transcript, '') || ' ' || coalesce(summary, ''), 200000), chr(1470),
                 ' '), '[' || chr(1425) || '-' || chr(1479) || ']', '', 'g'))))
         WHERE octet_length(lexeme) < 256 LIMIT 50000))
$$;

CREATE OR REPLACE FUNCTION tapedeck_number_pieces(business bigint, caller text, called text)
RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    tenant text := to_hex(coalesce(business, 0) & 4294967295) || ':';
    number text;
    pieces text[] := '{}';
BEGIN
    FOREACH number IN ARRAY ARRAY[coalesce(lower(left(caller, 100)), ''),
                                  coalesce(lower(left(called, 100)), '')] LOOP
        FOR at IN 1 .. length(number) - 2 LOOP
            pieces := pieces || (tenant || substr(number, at, 3));
        END LOOP;
    END LOOP;
    RETURN pieces;
END
$$;

-- tapedeck_wanted, each word with its business.
CREATE OR REPLACE FUNCTION tapedeck_wanted_of(business bigint, search text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(tapedeck_wanted(search)::text, '''((?:[^'']|'''')*)''',
                          '''' || tapedeck_tenant(business) || '\1''', 'g')::tsquery
$$;

CREATE INDEX IF NOT EXISTS tapedeck_call_log_said
    ON call_log USING gin (tapedeck_said(business_id, final_transcript, ai_summary))
    WHERE coalesce(final_transcript, ai_summary) IS NOT NULL;
CREATE INDEX IF NOT EXISTS tapedeck_call_log_number_pieces
    ON call_log USING gin (tapedeck_number_pieces(business_id, from_number, to_number));
DROP INDEX IF EXISTS tapedeck_call_log_words;

-- Where the rows are that a search finds, perhaps among others: whoever asks compares the business.
-- The planner cannot guess how rare a word is in one business, and reads all of it when it guesses
-- wrong: here it may use nothing but the indexes above. For one or two digits, and for what holds no
-- word, the business's own calls are gone through; a word of one or two letters is not looked for in
-- numbers. Of a number the last seven signs are enough for the index: the first ones are everybody's.
-- One processor a search: to start others takes longer than most searches do.
CREATE OR REPLACE FUNCTION tapedeck_found(business bigint, search text, pattern text)
RETURNS SETOF tid LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    words  tsquery := tapedeck_wanted_of(business, search);
    pieces text[] := tapedeck_number_pieces(business, search, NULL);
BEGIN
    IF words IS NULL OR cardinality(pieces) = 0 AND search !~ '[^0-9+*#]' THEN
        RETURN QUERY SELECT c.ctid FROM call_log c WHERE c.business_id = business
            AND (c.from_number ILIKE pattern OR c.to_number ILIKE pattern
                OR words IS NULL AND (c.final_transcript ILIKE pattern OR c.ai_summary ILIKE pattern));
    ELSIF cardinality(pieces) > 0 THEN
        IF search !~ '[^0-9+*#]' THEN
            pieces := pieces[greatest(1, cardinality(pieces) - 4):];
        END IF;
        RETURN QUERY SELECT c.ctid FROM call_log c
            WHERE tapedeck_number_pieces(c.business_id, c.from_number, c.to_number) @> pieces
              AND (c.from_number ILIKE pattern OR c.to_number ILIKE pattern);
    END IF;
    IF words IS NOT NULL THEN
        RETURN QUERY SELECT c.ctid FROM call_log c
            WHERE tapedeck_said(c.business_id, c.final_transcript, c.ai_summary) @@ words
              AND coalesce(c.final_transcript, c.ai_summary) IS NOT NULL;
    END IF;
END
$$;

-- A status that few calls have is found without going through the others.
CREATE INDEX IF NOT EXISTS tapedeck_call_log_status
    ON call_log (business_id, status, created_at DESC, call_sid DESC);

-- Retention goes through what is over and nothing else: by age, a business at a time, and by a date
-- of its own (070's call_log_kept_until). The index over all businesses is for nothing now.
CREATE INDEX IF NOT EXISTS call_log_kept_by_age ON call_log (business_id, created_at, call_sid)
    WHERE recording_url <> '' AND recording_deleted_at IS NULL AND NOT legal_hold
        AND recording_expires_at IS NULL;
DROP INDEX IF EXISTS call_log_kept;

-- 071's, without those that a legal hold came too late for.
CREATE INDEX IF NOT EXISTS call_log_left ON call_log (created_at, call_sid)
    WHERE recording_url <> '' AND recording_deleted_at IS NOT NULL
        AND recording_provider_deleted_at IS NULL AND NOT legal_hold;
DROP INDEX IF EXISTS call_log_left_at_provider;

-- One business's hundred thousand runs that wait must not be read to find its latest, or the time of
-- the next retry.
CREATE INDEX IF NOT EXISTS recording_runs_active_latest
    ON recording_runs (business_id, id DESC) WHERE status IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS recording_runs_not_before
    ON recording_runs (not_before) WHERE status = 'queued' AND not_before IS NOT NULL;
