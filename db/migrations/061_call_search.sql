-- Words in what was said. Hebrew is written with or without niqqud: both sides lose it (U+0591 to
-- U+05C7; the maqaf, U+05BE, parts two words). A text is indexed up to 200,000 letters, so that none
-- is too long for PostgreSQL and a CRM's own writing to call_log never fails because of us.
CREATE OR REPLACE FUNCTION tapedeck_plain(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(regexp_replace(replace(words, chr(1470), ' '),
                                '[' || chr(1425) || '-' || chr(1479) || ']', '', 'g'))
$$;

-- An index lives on this one. It calls nothing of ours: a restored dump builds its indexes with an
-- empty search_path.
CREATE OR REPLACE FUNCTION tapedeck_words(transcript text, summary text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple'::regconfig, lower(regexp_replace(replace(
        left(coalesce(transcript, '') || ' ' || coalesce(summary, ''), 200000), chr(1470), ' '),
        '[' || chr(1425) || '-' || chr(1479) || ']', '', 'g')))
$$;

-- What is looked for: every word, each as the beginning of a word, numbers whole. Hebrew writes and, the, in, to,
-- from, that and as in one with the word that follows, up to two of them: a word is found behind
-- them, and one that begins with them also without. NULL when there is no word.
CREATE OR REPLACE FUNCTION tapedeck_wanted(search text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH words AS (
        SELECT lexeme AS word
          FROM unnest(to_tsvector('pg_catalog.simple'::regconfig, tapedeck_plain(search)))
    ), stems AS (
        SELECT word, word AS stem FROM words
        UNION
        SELECT word, regexp_replace(word, '^[הובלמשכ]{1,2}?(?=[א-ת]{3})', '') FROM words
        UNION
        SELECT word, regexp_replace(word, '^[הובלמשכ]{2}(?=[א-ת]{3})', '') FROM words
    ), prefixes AS (
        SELECT unnest(ARRAY['', 'ה', 'ו', 'ב', 'ל', 'מ', 'ש', 'כ', 'וה', 'וב', 'ול', 'ומ', 'וש',
                            'וכ', 'שה', 'שב', 'של', 'שמ', 'שכ', 'מה', 'כש', 'לכ', 'בה', 'לה'])
            AS prefix
    ), variants AS (
        SELECT word, '''' || replace(replace(prefix || stem, '\', '\\'), '''', '''''') || ''''
                  || CASE WHEN word ~ '^[0-9]+$' THEN '' ELSE ':*' END AS variant
          FROM stems, prefixes
         WHERE prefix = '' OR stem ~ '^[א-ת]{2}'
    ), wanted AS (
        SELECT '(' || string_agg(variant, ' | ') || ')' AS one FROM variants GROUP BY word
    )
    SELECT string_agg(one, ' & ')::tsquery FROM wanted
$$;

CREATE INDEX IF NOT EXISTS tapedeck_call_log_words
    ON call_log USING gin (tapedeck_words(final_transcript, ai_summary));
