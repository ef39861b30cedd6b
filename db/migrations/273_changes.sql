-- Which calls changed lately, for pages that show what happens by itself: a row for each call that a
-- transaction changed, or whose recording it did. Added and never updated, so that nobody waits here for
-- anybody; `tapedeck cleanup` forgets them after an hour.
CREATE TABLE IF NOT EXISTS tapedeck_changes (
    business_id bigint      NOT NULL,
    xid         bigint      NOT NULL, -- the transaction's: whoever knows which had ended asks from there on
    call_sid    text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, xid, call_sid)
);
CREATE INDEX IF NOT EXISTS tapedeck_changes_at ON tapedeck_changes (at);

-- As its owner, and with our own tables alone in sight (240).
CREATE OR REPLACE FUNCTION tapedeck_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NEW.business_id IS NOT NULL AND NEW.call_sid IS NOT NULL THEN
        INSERT INTO tapedeck_changes (business_id, xid, call_sid)
        VALUES (NEW.business_id, txid_current(), NEW.call_sid) ON CONFLICT DO NOTHING;
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

CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR UPDATE ON call_log
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();
CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR UPDATE OF status ON recording_runs
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();
CREATE OR REPLACE TRIGGER tapedeck_note_change AFTER INSERT OR UPDATE ON tapedeck_recordings
    FOR EACH ROW EXECUTE FUNCTION tapedeck_note_change();
