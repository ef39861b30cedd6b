-- Recordings are things of their own: a call may have several, and a conference's belong to each call
-- that took part.
--
-- A recording has a *name*, which its file, play links, runs, steps and objects bear: the CallSid where
-- it is its call's first one, else its own RecordingSid. So all that is there keeps its name. Of a
-- call's first recording call_log's recording_… columns go on saying what became of it, as a CRM may
-- write them alone; of all others, and of conferences', the rows here do.
CREATE TABLE IF NOT EXISTS tapedeck_recordings (
    business_id         bigint      NOT NULL,
    recording_sid       text        NOT NULL, -- RE…, the provider's
    name                text        NOT NULL,
    call_sid            text,                 -- NULL: a conference's
    parent_call_sid     text,                 -- that its call had then: legs show each other's
    conference_sid      text,
    account_sid         text,
    source              text,                 -- the provider's word: DialVerb, Conference, …
    track               text,                 -- both, inbound, outbound
    started_at          timestamptz NOT NULL DEFAULT now(), -- or when we first heard of it
    recording_url       text,
    recording_status    text,                 -- the provider's word
    recording_reason    text,                 -- why absent or failed
    recording_duration  integer,
    channels            integer,
    announced_at        timestamptz,          -- its completed callback
    expires_at          timestamptz,          -- goes before the days of its business
    deleted_at          timestamptz,          -- ours, and expired
    provider_deleted_at timestamptz,
    final_transcript    text,
    transcript_segments jsonb,
    transcript_source   text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recording_sid, business_id)
);
CREATE INDEX IF NOT EXISTS tapedeck_recordings_of_call ON tapedeck_recordings (call_sid)
    WHERE call_sid IS NOT NULL;
CREATE INDEX IF NOT EXISTS tapedeck_recordings_of_parent ON tapedeck_recordings (parent_call_sid)
    WHERE parent_call_sid IS NOT NULL;
CREATE INDEX IF NOT EXISTS tapedeck_recordings_of_conference ON tapedeck_recordings (conference_sid)
    WHERE conference_sid IS NOT NULL;

-- Who took part in a conference. The provider's events fill it; a CRM that knows may do so, too.
CREATE TABLE IF NOT EXISTS tapedeck_conference_calls (
    conference_sid text        NOT NULL,
    call_sid       text        NOT NULL,
    joined_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conference_sid, call_sid)
);
CREATE INDEX IF NOT EXISTS tapedeck_conference_calls_of_call
    ON tapedeck_conference_calls (call_sid);

-- A conference's callback has no call. Both versions of the programs read and write it.
ALTER TABLE recording_inbox ALTER COLUMN call_sid DROP NOT NULL;
ALTER TABLE recording_inbox ADD COLUMN IF NOT EXISTS conference_sid text;
ALTER TABLE recording_inbox ADD COLUMN IF NOT EXISTS source         text;
ALTER TABLE recording_inbox ADD COLUMN IF NOT EXISTS track          text;
ALTER TABLE recording_inbox ADD COLUMN IF NOT EXISTS started_at     timestamptz;
CREATE INDEX IF NOT EXISTS recording_inbox_conference
    ON recording_inbox (conference_sid) WHERE matched_at IS NULL;

-- All rows that a call shows: its own, those of its other legs, and those of its conferences.
CREATE OR REPLACE FUNCTION tapedeck_recordings_of(business bigint, call text, parent text)
RETURNS SETOF tapedeck_recordings LANGUAGE sql STABLE ROWS 2 AS $$
    SELECT n.* FROM (
        SELECT recording_sid FROM tapedeck_recordings WHERE call_sid = call
        UNION SELECT recording_sid FROM tapedeck_recordings WHERE call_sid = parent
        UNION SELECT recording_sid FROM tapedeck_recordings WHERE parent_call_sid = call
        UNION SELECT r.recording_sid FROM tapedeck_conference_calls k
                JOIN tapedeck_recordings r USING (conference_sid) WHERE k.call_sid = call) u
      JOIN tapedeck_recordings n ON n.business_id = business AND n.recording_sid = u.recording_sid
$$;

-- The names of a call's recordings, its first one's among them whether it is there or not.
CREATE OR REPLACE FUNCTION tapedeck_names_of(business bigint, call text) RETURNS SETOF text
LANGUAGE sql STABLE ROWS 2 AS $$
    SELECT call
    UNION SELECT r.name FROM tapedeck_recordings r
           WHERE r.business_id = business AND r.call_sid = call
    UNION SELECT r.name FROM tapedeck_conference_calls k
            JOIN tapedeck_recordings r USING (conference_sid)
           WHERE k.call_sid = call AND r.business_id = business
$$;

-- The calls that a recording belongs to, by its name.
CREATE OR REPLACE FUNCTION tapedeck_calls_of(business bigint, called text) RETURNS SETOF text
LANGUAGE sql STABLE ROWS 2 AS $$
    SELECT called WHERE called LIKE 'CA%'
    UNION SELECT r.call_sid FROM tapedeck_recordings r
           WHERE r.business_id = business AND r.recording_sid = called AND r.call_sid IS NOT NULL
    UNION SELECT k.call_sid FROM tapedeck_recordings r
            JOIN tapedeck_conference_calls k USING (conference_sid)
           WHERE r.business_id = business AND r.recording_sid = called
             AND EXISTS (SELECT FROM call_log c
                          WHERE c.call_sid = k.call_sid AND c.business_id = business)
$$;

-- What somebody may not hear any more, by name: its call went or moved, or it was marked as deleted.
-- `tapedeck cleanup` takes its files away at once, on each host; retain is not waited for.
CREATE TABLE IF NOT EXISTS tapedeck_revoked (
    id          bigserial   PRIMARY KEY,
    business_id bigint      NOT NULL,
    name        text        NOT NULL,
    revoked_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS tapedeck_revoked_at ON tapedeck_revoked (revoked_at);

-- 130's, and more: a call's other recordings go with its last row, or move with it.
CREATE OR REPLACE FUNCTION tapedeck_call_went() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    stays boolean;
BEGIN
    IF OLD.business_id IS NULL OR OLD.call_sid IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE recording_objects SET call_gone_at = clock_timestamp()
     WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    INSERT INTO tapedeck_revoked (business_id, name) VALUES (OLD.business_id, OLD.call_sid);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE business_id = $1 AND call_sid = $2)',
                   TG_RELID::regclass)
       INTO stays USING OLD.business_id, OLD.call_sid;
    IF stays THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.call_sid = OLD.call_sid AND NEW.business_id IS NOT NULL THEN
            UPDATE tapedeck_recordings r SET business_id = NEW.business_id
             WHERE r.business_id = OLD.business_id AND r.call_sid = OLD.call_sid
               AND NOT EXISTS (SELECT FROM tapedeck_recordings x
                    WHERE x.business_id = NEW.business_id AND x.recording_sid = r.recording_sid);
            RETURN NULL;
        END IF;
    END IF;
    DELETE FROM tapedeck_recordings
     WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION tapedeck_recording_went() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE recording_objects SET call_gone_at = clock_timestamp()
     WHERE business_id = OLD.business_id AND call_sid = OLD.recording_sid;
    INSERT INTO tapedeck_revoked (business_id, name) VALUES (OLD.business_id, OLD.recording_sid);
    RETURN NULL;
END
$$;
DO $$
DECLARE
    ours text := (SELECT relnamespace::regnamespace FROM pg_class
                   WHERE oid = 'recording_objects'::regclass);
BEGIN
    EXECUTE format('ALTER FUNCTION tapedeck_call_went() SET search_path = %s, pg_temp', ours);
    EXECUTE format('ALTER FUNCTION tapedeck_recording_went() SET search_path = %s, pg_temp', ours);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_recording_deleted AFTER DELETE ON tapedeck_recordings
    FOR EACH ROW EXECUTE FUNCTION tapedeck_recording_went();
CREATE OR REPLACE TRIGGER tapedeck_recording_changed
    AFTER UPDATE OF business_id, deleted_at ON tapedeck_recordings FOR EACH ROW
    WHEN (NEW.deleted_at IS NOT NULL OR OLD.business_id <> NEW.business_id)
    EXECUTE FUNCTION tapedeck_recording_went();
