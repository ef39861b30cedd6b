-- What people add to calls, for all of a business (subject '') or for themselves: stars, tags, notes; who
-- has listened; and shares, the links by which somebody outside hears one recording. created_at is the
-- call's: the list is paged by it.
CREATE TABLE IF NOT EXISTS tapedeck_stars (
    business_id bigint      NOT NULL,
    subject     text        NOT NULL,
    call_sid    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, subject, call_sid)
);
CREATE INDEX IF NOT EXISTS tapedeck_stars_newest
    ON tapedeck_stars (business_id, subject, created_at DESC, call_sid DESC);
CREATE INDEX IF NOT EXISTS tapedeck_stars_of_call ON tapedeck_stars (call_sid, business_id);

CREATE TABLE IF NOT EXISTS tapedeck_tags (
    business_id bigint      NOT NULL,
    tag         text        NOT NULL,
    subject     text        NOT NULL,
    call_sid    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (business_id, tag, subject, call_sid)
);
CREATE INDEX IF NOT EXISTS tapedeck_tags_newest
    ON tapedeck_tags (business_id, tag, created_at DESC, call_sid DESC);
CREATE INDEX IF NOT EXISTS tapedeck_tags_of_call ON tapedeck_tags (call_sid, business_id);

CREATE TABLE IF NOT EXISTS tapedeck_notes (
    id          bigserial   PRIMARY KEY,
    business_id bigint      NOT NULL,
    call_sid    text        NOT NULL,
    subject     text        NOT NULL,            -- who sees it; '': all
    author      text        NOT NULL,            -- who wrote it, and may take it away
    name        text        NOT NULL DEFAULT '', -- of the recording; '': the call
    at_seconds  numeric,                         -- from the recording's beginning; NULL: no moment
    text        text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS tapedeck_notes_of_call ON tapedeck_notes (call_sid, business_id);

CREATE TABLE IF NOT EXISTS tapedeck_heard (
    business_id bigint      NOT NULL,
    subject     text        NOT NULL,
    call_sid    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (business_id, call_sid, subject)
);
CREATE INDEX IF NOT EXISTS tapedeck_heard_newest
    ON tapedeck_heard (business_id, subject, created_at DESC, call_sid DESC);
CREATE INDEX IF NOT EXISTS tapedeck_heard_first ON tapedeck_heard (first_at);

CREATE TABLE IF NOT EXISTS tapedeck_shares (
    id          text        PRIMARY KEY, -- random: the link's
    business_id bigint      NOT NULL,
    call_sid    text        NOT NULL,
    name        text        NOT NULL,    -- of the recording
    from_ms     bigint,                  -- the part; NULL: from its beginning, to its end
    to_ms       bigint,
    label       text        NOT NULL DEFAULT '',
    author      text        NOT NULL,    -- who shared it
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    listenings  integer,                 -- how many there may be; NULL: any number
    listened    integer     NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS tapedeck_shares_of_call ON tapedeck_shares (call_sid, business_id);
CREATE INDEX IF NOT EXISTS tapedeck_shares_expires ON tapedeck_shares (expires_at, id);

-- The listenings of a share that have begun: each counts once, however many requests it takes.
CREATE TABLE IF NOT EXISTS tapedeck_share_listenings (
    share     text        NOT NULL REFERENCES tapedeck_shares (id) ON DELETE CASCADE,
    listening text        NOT NULL, -- random: the page's that was opened
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (share, listening)
);

-- A call's marks go with its last row. What is for all moves with it to another business; what was one
-- person's own, and shares, do not: nobody there is that person. The list's order is the call's.
CREATE OR REPLACE FUNCTION tapedeck_marks_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    stays boolean;
    moves boolean := false;
BEGIN
    IF OLD.business_id IS NULL OR OLD.call_sid IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.business_id = OLD.business_id AND NEW.call_sid = OLD.call_sid THEN
            UPDATE tapedeck_stars SET created_at = NEW.created_at
             WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
            UPDATE tapedeck_tags SET created_at = NEW.created_at
             WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
            UPDATE tapedeck_heard SET created_at = NEW.created_at
             WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
            RETURN NULL;
        END IF;
        moves := NEW.call_sid = OLD.call_sid AND NEW.business_id IS NOT NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE business_id = $1 AND call_sid = $2)',
                   TG_RELID::regclass)
       INTO stays USING OLD.business_id, OLD.call_sid;
    IF stays THEN
        RETURN NULL;
    END IF;
    IF moves THEN
        UPDATE tapedeck_stars o SET business_id = NEW.business_id
         WHERE o.business_id = OLD.business_id AND o.call_sid = OLD.call_sid AND o.subject = ''
           AND NOT EXISTS (SELECT FROM tapedeck_stars x WHERE x.business_id = NEW.business_id
                AND x.subject = '' AND x.call_sid = o.call_sid);
        UPDATE tapedeck_tags o SET business_id = NEW.business_id
         WHERE o.business_id = OLD.business_id AND o.call_sid = OLD.call_sid AND o.subject = ''
           AND NOT EXISTS (SELECT FROM tapedeck_tags x WHERE x.business_id = NEW.business_id
                AND x.tag = o.tag AND x.subject = '' AND x.call_sid = o.call_sid);
        UPDATE tapedeck_notes SET business_id = NEW.business_id
         WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid AND subject = '';
    END IF;
    DELETE FROM tapedeck_stars WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    DELETE FROM tapedeck_tags WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    DELETE FROM tapedeck_notes WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    DELETE FROM tapedeck_heard WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    DELETE FROM tapedeck_shares WHERE business_id = OLD.business_id AND call_sid = OLD.call_sid;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER FUNCTION tapedeck_marks_follow() SET search_path = %s, pg_temp',
                           relnamespace::regnamespace)
               FROM pg_class WHERE oid = 'tapedeck_stars'::regclass);
END
$$;

CREATE OR REPLACE TRIGGER tapedeck_marks_deleted AFTER DELETE ON call_log FOR EACH ROW
    EXECUTE FUNCTION tapedeck_marks_follow();
CREATE OR REPLACE TRIGGER tapedeck_marks_moved
    AFTER UPDATE OF business_id, call_sid, created_at ON call_log FOR EACH ROW
    WHEN ((OLD.business_id, OLD.call_sid, OLD.created_at)
          IS DISTINCT FROM (NEW.business_id, NEW.call_sid, NEW.created_at))
    EXECUTE FUNCTION tapedeck_marks_follow();
