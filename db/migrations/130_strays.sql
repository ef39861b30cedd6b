-- Objects that no call keeps any more, found by what makes them so: a row of call_log that goes,
-- moves, or says that its recording is deleted, marks its object, and `tapedeck retain` looks at
-- those that are marked. What comes about without a trigger (TRUNCATE, a restored dump of one table,
-- an upload that ends in the same moment) it finds on its tour, a piece a night.
ALTER TABLE recording_objects ADD COLUMN IF NOT EXISTS call_gone_at timestamptz;
CREATE INDEX IF NOT EXISTS recording_objects_call_gone ON recording_objects (business_id, call_sid)
    WHERE call_gone_at IS NOT NULL;

-- Where the tour goes on: after this object.
CREATE TABLE IF NOT EXISTS retain_tour (
    id          integer PRIMARY KEY CHECK (id = 1),
    business_id bigint  NOT NULL,
    call_sid    text    NOT NULL
);
INSERT INTO retain_tour VALUES (1, 0, '') ON CONFLICT DO NOTHING;

-- Before the triggers, which keep others from writing to call_log until all of this is committed.
UPDATE recording_objects o SET call_gone_at = now()
 WHERE o.call_gone_at IS NULL AND NOT EXISTS (SELECT FROM call_log c
        WHERE c.business_id = o.business_id AND c.call_sid = o.call_sid
          AND (c.recording_deleted_at IS NULL OR c.legal_hold));

-- As its owner, and with our own tables alone in sight: a CRM whose role may write to call_log and
-- nothing else goes on doing so.
CREATE OR REPLACE FUNCTION tapedeck_call_went() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE recording_objects SET call_gone_at = clock_timestamp()
     WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER FUNCTION tapedeck_call_went() SET search_path = %s, pg_temp',
                           relnamespace::regnamespace)
               FROM pg_class WHERE oid = 'recording_objects'::regclass);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_call_deleted AFTER DELETE ON call_log FOR EACH ROW
    EXECUTE FUNCTION tapedeck_call_went();
CREATE OR REPLACE TRIGGER tapedeck_call_changed
    AFTER UPDATE OF business_id, call_sid, recording_deleted_at, legal_hold ON call_log FOR EACH ROW
    WHEN (NEW.recording_deleted_at IS NOT NULL
          OR (OLD.business_id, OLD.call_sid) IS DISTINCT FROM (NEW.business_id, NEW.call_sid))
    EXECUTE FUNCTION tapedeck_call_went();
