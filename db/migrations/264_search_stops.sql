-- A search whose time is up within the fortnight that is being filled in goes on behind what is filled
-- in, not behind the whole fortnight: the calls between were on no page. Else as in 241.

-- One page of a search, of both: first what the indexes have, then what they do not have: calls that
-- `tapedeck cleanup` has not filled in yet, and all of them for signs that are in no word ("%"). A word
-- of one or two letters is not looked for in numbers.
CREATE OR REPLACE FUNCTION tapedeck_search_page(business bigint, search text, pattern text,
    before timestamptz, before_sid text, direction_ text, status_ text, recording_ boolean,
    most integer, budget interval)
RETURNS TABLE (at timestamptz, sid text, is_call boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    until     timestamptz := clock_timestamp() + budget;
    wanted    text := tapedeck_wanted_anywhere(search);
    in_number boolean := wanted IS NULL OR length(search) > 2 OR search !~ '[^0-9+*#]';
    filled    tapedeck_search_fill;
BEGIN
    before := coalesce(before, 'infinity');
    before_sid := coalesce(before_sid, '');
    SELECT * INTO filled FROM tapedeck_search_fill f WHERE f.business_id = business;
    IF wanted IS NOT NULL THEN
        FOR at, sid, is_call IN SELECT s.* FROM tapedeck_search_shelves(business, wanted,
            CASE WHEN in_number THEN tapedeck_pieces_of(lower(search)) END, lower(search), before,
            before_sid, coalesce(filled.created_at, '-infinity'), coalesce(filled.call_sid, ''),
            direction_, status_, recording_, most, until) s
        LOOP
            EXIT WHEN NOT is_call AND (at, sid) < (filled.created_at, filled.call_sid);
            RETURN NEXT;
            most := most - 1;
        END LOOP;
        IF most <= 0 OR filled.business_id IS NULL
            OR NOT is_call AND (at, sid) >= (filled.created_at, filled.call_sid)
        THEN
            RETURN;
        END IF;
        IF (filled.created_at, filled.call_sid) < (before, before_sid) THEN
            before := filled.created_at;
            before_sid := filled.call_sid;
        END IF;
    END IF;
    RETURN QUERY SELECT s.* FROM tapedeck_search_calls(business, tapedeck_wanted_of(business, search),
        in_number, pattern, before, before_sid, direction_, status_, recording_, most, until) s;
END
$$;
