-- What somebody gives an end that is over, or is so within a day, goes at that end, not with the next
-- night's retain: play links that were given out before would go on for longer.
CREATE OR REPLACE FUNCTION tapedeck_expiry_set() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_ARGV[0] = 'call' THEN
        INSERT INTO tapedeck_revoked (business_id, name, revoked_at)
        VALUES (NEW.business_id, NEW.call_sid,
                greatest(clock_timestamp(), NEW.recording_expires_at));
    ELSE
        INSERT INTO tapedeck_revoked (business_id, name, revoked_at)
        VALUES (NEW.business_id, NEW.recording_sid, greatest(clock_timestamp(), NEW.expires_at));
    END IF;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER FUNCTION tapedeck_expiry_set() SET search_path = %s, pg_temp',
                           relnamespace::regnamespace)
               FROM pg_class WHERE oid = 'tapedeck_revoked'::regclass);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_call_expires
    AFTER UPDATE OF recording_expires_at ON call_log FOR EACH ROW
    WHEN (NEW.recording_expires_at IS DISTINCT FROM OLD.recording_expires_at
          AND NEW.recording_expires_at <= now() + interval '1 day' AND NEW.business_id IS NOT NULL)
    EXECUTE FUNCTION tapedeck_expiry_set('call');
CREATE OR REPLACE TRIGGER tapedeck_recording_expires
    AFTER UPDATE OF expires_at ON tapedeck_recordings FOR EACH ROW
    WHEN (NEW.expires_at IS DISTINCT FROM OLD.expires_at
          AND NEW.expires_at <= now() + interval '1 day')
    EXECUTE FUNCTION tapedeck_expiry_set('recording');
