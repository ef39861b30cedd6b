-- What people add to a call, and take away from it, changes it, too. A conference's recording belongs to no
-- call alone: it is noted by its own name, like the runs of all that are not their call's first; whoever asks
-- finds the calls.
CREATE OR REPLACE FUNCTION tapedeck_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    named text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        NEW := OLD;
    END IF;
    named := NEW.call_sid;
    IF TG_NARGS > 0 THEN
        named := coalesce(named, NEW.recording_sid);
    END IF;
    IF NEW.business_id IS NOT NULL AND named IS NOT NULL THEN
        INSERT INTO tapedeck_changes (business_id, xid, call_sid)
        VALUES (NEW.business_id, txid_current(), named) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER FUNCTION tapedeck_note_change() SET search_path = %s, pg_temp',
                           relnamespace::regnamespace)
               FROM pg_class WHERE oid = 'tapedeck_changes'::regclass);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR UPDATE ON tapedeck_recordings
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change('or by its own name');
CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR DELETE ON tapedeck_stars
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();
CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR DELETE ON tapedeck_tags
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();
CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR DELETE ON tapedeck_notes
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();

-- A call's other legs, which show its recordings.
CREATE INDEX IF NOT EXISTS tapedeck_call_log_parent ON call_log (parent_call_sid)
    WHERE parent_call_sid IS NOT NULL;
