-- The steps that wait or run. By an index scan: that marks dead entries of the index, so that the next one
-- skips them, while a bitmap scan would read them all again until VACUUM has been there.
CREATE OR REPLACE FUNCTION tapedeck_waiting_steps() RETURNS SETOF call_steps LANGUAGE sql STABLE
    SET enable_bitmapscan = off SET enable_seqscan = off AS $$
    SELECT * FROM call_steps WHERE status IN ('queued', 'running')
$$;
