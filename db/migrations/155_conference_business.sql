-- A conference's recording goes with the business of its calls, whatever is told last: a call that
-- joins late, that the CRM writes late, or that moves. Where its calls belong to several businesses it is
-- nobody's: its row goes, and with it its files, and its callback waits again until somebody says whose
-- it is.
CREATE OR REPLACE FUNCTION tapedeck_conference_settle(conference text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    owners bigint[] := ARRAY(
        SELECT DISTINCT c.business_id::bigint FROM tapedeck_conference_calls k
          JOIN call_log c USING (call_sid)
         WHERE k.conference_sid = conference AND c.business_id IS NOT NULL);
BEGIN
    IF cardinality(owners) = 1 THEN
        UPDATE tapedeck_recordings r SET business_id = owners[1]
         WHERE r.conference_sid = conference AND r.call_sid IS NULL AND r.business_id <> owners[1]
           AND NOT EXISTS (SELECT FROM tapedeck_recordings x
                WHERE x.business_id = owners[1] AND x.recording_sid = r.recording_sid);
    ELSIF cardinality(owners) > 1 THEN
        UPDATE recording_inbox SET matched_at = NULL WHERE recording_sid IN (
            SELECT recording_sid FROM tapedeck_recordings
             WHERE conference_sid = conference AND call_sid IS NULL);
        DELETE FROM tapedeck_recordings WHERE conference_sid = conference AND call_sid IS NULL;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION tapedeck_conference_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM tapedeck_conference_settle(
        CASE WHEN TG_OP = 'DELETE' THEN OLD.conference_sid ELSE NEW.conference_sid END);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION tapedeck_call_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM tapedeck_conference_settle(k.conference_sid) FROM tapedeck_conference_calls k
      WHERE k.call_sid = NEW.call_sid;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    ours text := (SELECT relnamespace::regnamespace FROM pg_class
                   WHERE oid = 'tapedeck_recordings'::regclass);
BEGIN
    EXECUTE format('ALTER FUNCTION tapedeck_conference_settle(text) SET search_path = %s, pg_temp', ours);
    EXECUTE format('ALTER FUNCTION tapedeck_conference_told() SET search_path = %s, pg_temp', ours);
    EXECUTE format('ALTER FUNCTION tapedeck_call_told() SET search_path = %s, pg_temp', ours);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_conference_call_told
    AFTER INSERT OR DELETE ON tapedeck_conference_calls FOR EACH ROW
    EXECUTE FUNCTION tapedeck_conference_told();
CREATE OR REPLACE TRIGGER tapedeck_call_written
    AFTER INSERT OR UPDATE OF business_id ON call_log FOR EACH ROW
    WHEN (NEW.business_id IS NOT NULL AND NEW.call_sid IS NOT NULL)
    EXECUTE FUNCTION tapedeck_call_told();
