-- What a search reads: a row for each call, its words computed once, when they are stored. Words and
-- pieces of numbers are indexed together with their business and fortnight, so that a search goes
-- through a business's fortnights, newest first, and meets in each what that one holds and no more:
-- however much was ever said, and however common the word.
--
-- 100's indexes and functions stay for programs of older releases that run beside the new ones.

CREATE TABLE IF NOT EXISTS tapedeck_search (
    business_id bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    call_sid    text        NOT NULL,
    fortnight   integer     NOT NULL,
    numbers     text        NOT NULL, -- both, lower case, a line each
    words       tsvector,             -- NULL: nothing was said
    PRIMARY KEY (business_id, created_at, call_sid)
);
-- Vectors lie beside the rows: a search reads rows, and of vectors only their index.
ALTER TABLE tapedeck_search SET (toast_tuple_target = 128);

-- Up to where calls have no row yet, by business: `tapedeck cleanup` goes on from there to older ones.
CREATE TABLE IF NOT EXISTS tapedeck_search_fill (
    business_id bigint      PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    call_sid    text        NOT NULL
);

CREATE OR REPLACE FUNCTION tapedeck_fortnight(at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT floor(extract(epoch FROM at) / 1209600)::integer
$$;

-- What stands before each word and piece. Two businesses that share these 32 bits cost a look at a row
-- more, since whoever asks compares the business as well.
CREATE OR REPLACE FUNCTION tapedeck_shelf(business bigint, fortnight integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.to_hex(business & 4294967295) || '.' || pg_catalog.to_hex(fortnight) || ':'
$$;

-- The words of a call, on this shelf. Hebrew writes up to two short words in one with the word that
-- follows (061): such a word stands there without them as well, behind a '~'. Never too much for a
-- tsvector, which holds a megabyte.
CREATE OR REPLACE FUNCTION tapedeck_shelved(shelf text, transcript text, summary text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY(
        SELECT word FROM (
            SELECT shelf || form AS word,
                   sum(octet_length(shelf || form)) OVER
                       (ORDER BY left(form, 1) = '~' ROWS UNBOUNDED PRECEDING) AS bytes
              FROM unnest(to_tsvector('pg_catalog.simple'::regconfig, lower(regexp_replace(replace(
                   left(coalesce(transcript, '') || ' ' || coalesce(summary, ''), 200000), chr(1470),
                   ' '), '[' || chr(1425) || '-' || chr(1479) || ']', '', 'g')))) l,
                   LATERAL (SELECT l.lexeme UNION ALL
                       SELECT '~' || substr(l.lexeme, 2)
                        WHERE l.lexeme ~ '^[הובלמשכ][א-ת]{2}' UNION ALL
                       SELECT '~' || substr(l.lexeme, 3)
                        WHERE l.lexeme ~ '^(ו[הבלמשכ]|ש[הבלמכ]|[בלמ]ה|כש|לכ)[א-ת]{2}') f (form)
             WHERE octet_length(l.lexeme) < 256) every
         WHERE bytes < 1000000))
     WHERE coalesce(transcript, summary) IS NOT NULL
$$;

-- All pieces of one, two and three signs of each line. An index lives on this one, which calls nothing
-- of ours: a restored dump builds its indexes with an empty search_path.
CREATE OR REPLACE FUNCTION tapedeck_pieces(business bigint, fortnight integer, numbers text)
RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    shelf text := to_hex(business & 4294967295) || '.' || to_hex(fortnight) || ':';
    number text;
    pieces text[] := '{}';
BEGIN
    FOREACH number IN ARRAY string_to_array(numbers, chr(10)) LOOP
        FOR at IN 1 .. length(number) LOOP
            pieces := pieces || ARRAY[shelf || substr(number, at, 1), shelf || substr(number, at, 2),
                                      shelf || substr(number, at, 3)];
        END LOOP;
    END LOOP;
    RETURN pieces;
END
$$;

-- Without a list of what came last: it would be read by every search, from one end to the other.
CREATE INDEX IF NOT EXISTS tapedeck_search_words ON tapedeck_search USING gin (words)
    WITH (fastupdate = off);
CREATE INDEX IF NOT EXISTS tapedeck_search_pieces ON tapedeck_search
    USING gin (tapedeck_pieces(business_id, fortnight, numbers)) WITH (fastupdate = off);

-- The row of a call, or none where it can be on no list.
CREATE OR REPLACE FUNCTION tapedeck_searched(business bigint, at timestamptz, sid text, caller text,
    called text, transcript text, summary text)
RETURNS SETOF tapedeck_search LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    one integer;
BEGIN
    IF business IS NOT NULL AND isfinite(at) AND sid ~ '^CA[0-9a-fA-F]{32}$' THEN
        one := tapedeck_fortnight(at);
        RETURN QUERY SELECT business, at, sid, one, coalesce(lower(left(caller, 100)), '')
            || chr(10) || coalesce(lower(left(called, 100)), ''),
            tapedeck_shelved(tapedeck_shelf(business, one), transcript, summary);
    END IF;
END
$$;

-- It names no column in its definition, so that a CRM may go on altering its own. As its owner, and
-- with our own tables alone in sight: a CRM whose role may write to call_log and nothing else goes on
-- doing so.
CREATE OR REPLACE FUNCTION tapedeck_search_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.business_id, OLD.created_at, OLD.call_sid, OLD.from_number, OLD.to_number,
            OLD.final_transcript, OLD.ai_summary) IS NOT DISTINCT FROM
           (NEW.business_id, NEW.created_at, NEW.call_sid, NEW.from_number, NEW.to_number,
            NEW.final_transcript, NEW.ai_summary) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM tapedeck_search WHERE business_id = OLD.business_id
            AND created_at = OLD.created_at::timestamptz AND call_sid = OLD.call_sid;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tapedeck_search
        SELECT * FROM tapedeck_searched(NEW.business_id::bigint, NEW.created_at::timestamptz,
            NEW.call_sid::text, NEW.from_number::text, NEW.to_number::text,
            NEW.final_transcript::text, NEW.ai_summary::text)
            ON CONFLICT (business_id, created_at, call_sid) DO UPDATE
            SET numbers = EXCLUDED.numbers, words = EXCLUDED.words;
    END IF;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER FUNCTION tapedeck_search_follow() SET search_path = %s, pg_temp',
                           relnamespace::regnamespace)
               FROM pg_class WHERE oid = 'tapedeck_search'::regclass);
END
$$;

-- The next older calls get their rows: up to `most` of one business, and about half a megabyte of
-- what was said. False: all have theirs, or somebody else is at it.
CREATE OR REPLACE FUNCTION tapedeck_search_fill_some(most integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    place tapedeck_search_fill;
    oldest record;
BEGIN
    SELECT * INTO place FROM tapedeck_search_fill ORDER BY business_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    WITH next AS MATERIALIZED (
        SELECT c.*, sum(coalesce(octet_length(c.final_transcript), 0)) OVER
                   (ORDER BY c.created_at DESC, c.call_sid DESC) AS bytes
          FROM (SELECT business_id, created_at, call_sid, from_number, to_number, final_transcript,
                       ai_summary FROM call_log
                 WHERE business_id = place.business_id
                   AND (created_at, call_sid) < (place.created_at, place.call_sid)
                 ORDER BY created_at DESC, call_sid DESC LIMIT most) c
    ), some_of_them AS MATERIALIZED (
        SELECT * FROM next WHERE bytes - coalesce(octet_length(final_transcript), 0) < 500000
    ), filled AS (
        INSERT INTO tapedeck_search
        SELECT s.* FROM some_of_them c, tapedeck_searched(c.business_id::bigint,
                c.created_at::timestamptz, c.call_sid::text, c.from_number::text, c.to_number::text,
                c.final_transcript::text, c.ai_summary::text) s
            ON CONFLICT DO NOTHING
    )
    SELECT o.created_at, o.call_sid INTO oldest FROM some_of_them o
     ORDER BY o.created_at, o.call_sid LIMIT 1;
    IF FOUND THEN
        UPDATE tapedeck_search_fill
           SET created_at = oldest.created_at, call_sid = coalesce(oldest.call_sid, '')
         WHERE business_id = place.business_id;
    ELSE
        DELETE FROM tapedeck_search_fill WHERE business_id = place.business_id;
    END IF;
    RETURN true;
END
$$;

-- Last, as it keeps others from writing to call_log until all of this is committed: what is written
-- afterwards has its row at once, what was there before is to be filled in.
CREATE OR REPLACE TRIGGER tapedeck_search_follow AFTER INSERT OR UPDATE OR DELETE ON call_log
    FOR EACH ROW EXECUTE FUNCTION tapedeck_search_follow();
WITH RECURSIVE every AS (
    (SELECT business_id FROM call_log WHERE business_id IS NOT NULL ORDER BY business_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.business_id FROM call_log c WHERE c.business_id > e.business_id
             ORDER BY c.business_id LIMIT 1) FROM every e WHERE e.business_id IS NOT NULL
)
INSERT INTO tapedeck_search_fill SELECT business_id, 'infinity', '' FROM every
 WHERE business_id IS NOT NULL ON CONFLICT DO NOTHING;
