-- Who of ours took a call, who the other party is, and how much either spoke: of a call that a CRM tells of
-- (docs/crm.md), and of those that are transcribed from now on. NULL: not known.
ALTER TABLE call_log
    ADD COLUMN IF NOT EXISTS agent_id         text,
    ADD COLUMN IF NOT EXISTS agent_name       text,
    ADD COLUMN IF NOT EXISTS contact_name     text,
    ADD COLUMN IF NOT EXISTS talk_agent_ms    integer,
    ADD COLUMN IF NOT EXISTS talk_customer_ms integer,
    ADD COLUMN IF NOT EXISTS talk_silence_ms  integer;

-- A call's two numbers: the other party's, and ours. Indexes live on these two, which call nothing of ours:
-- a restored dump builds its indexes with an empty search_path.
CREATE OR REPLACE FUNCTION tapedeck_party(direction text, caller text, called text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(CASE WHEN direction LIKE 'outbound%' THEN called ELSE caller END, 128)
$$;
CREATE OR REPLACE FUNCTION tapedeck_line(direction text, caller text, called text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(CASE WHEN direction LIKE 'outbound%' THEN caller ELSE called END, 128)
$$;

-- How long each of two spoke, and how long nobody did, of so many seconds. Nothing where the two are not
-- told apart.
CREATE OR REPLACE FUNCTION tapedeck_talk(segments jsonb, seconds numeric,
    OUT agent_ms integer, OUT customer_ms integer, OUT silence_ms integer)
LANGUAGE sql IMMUTABLE AS $$
    WITH said AS (
        SELECT s->>'speaker' AS speaker, (s->>'start')::numeric AS began, (s->>'end')::numeric AS ended
          FROM jsonb_array_elements(CASE WHEN jsonb_typeof(segments) = 'array' THEN segments END) s
         WHERE jsonb_typeof(s->'start') = 'number' AND jsonb_typeof(s->'end') = 'number'
           AND (s->>'end')::numeric BETWEEN (s->>'start')::numeric AND 604800
    ), new AS (
        SELECT *, greatest(0, ended - greatest(began, coalesce(max(ended) OVER
                   (ORDER BY began, ended ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS more
          FROM said
    )
    SELECT (sum(ended - began) FILTER (WHERE speaker = 'agent') * 1000)::integer,
           (sum(ended - began) FILTER (WHERE speaker = 'customer') * 1000)::integer,
           (greatest(0, seconds - sum(more)) * 1000)::integer
      FROM new HAVING bool_and(speaker IN ('agent', 'customer'))
$$;

CREATE INDEX IF NOT EXISTS tapedeck_call_log_agent
    ON call_log (business_id, left(agent_id::text, 128), created_at DESC, call_sid DESC)
    WHERE agent_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS tapedeck_call_log_party
    ON call_log (business_id, tapedeck_party(direction, from_number, to_number), created_at DESC,
                 call_sid DESC);
CREATE INDEX IF NOT EXISTS tapedeck_call_log_line
    ON call_log (business_id, tapedeck_line(direction, from_number, to_number), created_at DESC,
                 call_sid DESC);
