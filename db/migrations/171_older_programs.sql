-- While an upgrade goes on, programs of the release before recordings were things of their own run beside
-- the new ones. They take a name that is no call's for one that is gone: what they conclude from that does
-- not count here while the recording is there.

-- Their runners find no call for a step, and end it for good: a new one is to take it.
CREATE OR REPLACE FUNCTION tapedeck_step_of_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tapedeck_recordings r
                WHERE r.business_id = NEW.business_id AND r.recording_sid = NEW.call_sid) THEN
        NEW.status := 'queued';
        NEW.attempts := OLD.attempts;
        NEW.again := OLD.again;
        NEW.completed_at := NULL;
        NEW.not_before := now() + interval '15 seconds';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER tapedeck_step_of_recording BEFORE UPDATE OF status ON call_steps FOR EACH ROW
    WHEN (NEW.status = 'failed' AND NEW.error_code = 'no_call' AND NEW.call_sid LIKE 'RE%')
    EXECUTE FUNCTION tapedeck_step_of_recording();

-- Their `retain` marks objects that no call keeps, and then deletes them.
CREATE OR REPLACE FUNCTION tapedeck_object_of_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tapedeck_recordings r
                WHERE r.business_id = NEW.business_id AND r.recording_sid = NEW.call_sid
                  AND r.deleted_at IS NULL) THEN
        NEW.call_gone_at := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER tapedeck_object_of_recording
    BEFORE INSERT OR UPDATE OF call_gone_at ON recording_objects FOR EACH ROW
    WHEN (NEW.call_gone_at IS NOT NULL AND NEW.call_sid LIKE 'RE%')
    EXECUTE FUNCTION tapedeck_object_of_recording();
