-- How long rows are kept: shared/recordings/terms.h. Each night goes through a table where the last one
-- stopped.
CREATE TABLE IF NOT EXISTS tapedeck_terms (
    name   text        PRIMARY KEY, -- the table's
    after  text        NOT NULL,    -- the last row that was seen; '': the next night begins anew
    ran_at timestamptz NOT NULL DEFAULT now()
);
