-- A word that very many of a business's transcripts hold is found by reading the newest of these. The
-- condition is written in another way than tapedeck_call_log_said's: whoever asks for that one must
-- not be given all that was ever said by this one.
CREATE INDEX IF NOT EXISTS tapedeck_call_log_newest_said
    ON call_log (business_id, created_at DESC, call_sid DESC)
    WHERE final_transcript IS NOT NULL OR ai_summary IS NOT NULL;

-- Whether any call's number holds these signs (three or more): then words alone are not the answer.
-- Planned like tapedeck_found, and for the same reason.
CREATE OR REPLACE FUNCTION tapedeck_in_a_number(business bigint, search text, pattern text)
RETURNS boolean LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    pieces text[] := tapedeck_number_pieces(business, search, NULL);
BEGIN
    RETURN cardinality(pieces) > 0 AND EXISTS (SELECT FROM call_log c
        WHERE tapedeck_number_pieces(c.business_id, c.from_number, c.to_number) @> pieces
          AND c.business_id = business
          AND (c.from_number ILIKE pattern OR c.to_number ILIKE pattern));
END
$$;

-- 100's, but that of a number's last seven signs three pieces are looked up, which hold them all:
-- each has a long list of its own in a large business, and all five find hardly less.
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
            IF cardinality(pieces) = 5 THEN
                pieces := ARRAY[pieces[1], pieces[3], pieces[5]];
            END IF;
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
