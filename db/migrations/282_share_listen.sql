-- Counts a listening of a share once, and never beyond the number that it allows. Two requests of one
-- listening wait for each other at its row; two listenings at the share's.
CREATE OR REPLACE FUNCTION tapedeck_share_listen(one text, begins text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tapedeck_share_listenings WHERE share = one AND listening = begins) THEN
        RETURN true;
    END IF;
    PERFORM FROM tapedeck_shares WHERE id = one FOR UPDATE;
    IF EXISTS (SELECT FROM tapedeck_share_listenings WHERE share = one AND listening = begins) THEN
        RETURN true;
    END IF;
    UPDATE tapedeck_shares SET listened = listened + 1
     WHERE id = one AND revoked_at IS NULL AND expires_at > now()
       AND (listenings IS NULL OR listened < listenings);
    IF FOUND THEN
        INSERT INTO tapedeck_share_listenings (share, listening) VALUES (one, begins);
    END IF;
    RETURN FOUND;
END
$$;
