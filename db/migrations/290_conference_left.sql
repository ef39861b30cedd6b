-- A conference's recording goes with the last of its calls, as a call's recordings go with it: when the CRM
-- deletes that, nobody may hear it any more, and nothing says any more who took part.
CREATE OR REPLACE FUNCTION tapedeck_conference_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    left_behind text[] := ARRAY(
        SELECT k.conference_sid FROM tapedeck_conference_calls k
         WHERE k.call_sid = OLD.call_sid
           AND NOT EXISTS (SELECT FROM tapedeck_conference_calls o JOIN call_log c USING (call_sid)
                WHERE o.conference_sid = k.conference_sid));
BEGIN
    IF cardinality(left_behind) > 0 THEN
        DELETE FROM tapedeck_recordings
         WHERE conference_sid = ANY (left_behind) AND call_sid IS NULL;
        DELETE FROM tapedeck_conference_calls WHERE conference_sid = ANY (left_behind);
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    ours text := (SELECT relnamespace::regnamespace FROM pg_class
                   WHERE oid = 'tapedeck_recordings'::regclass);
BEGIN
    EXECUTE format('ALTER FUNCTION tapedeck_conference_left() SET search_path = %s, pg_temp', ours);
END
$$;
CREATE OR REPLACE TRIGGER tapedeck_call_left AFTER DELETE ON call_log FOR EACH ROW
    WHEN (OLD.call_sid IS NOT NULL)
    EXECUTE FUNCTION tapedeck_conference_left();
