-- How much was due on each night of `tapedeck retain`: a night that would delete far more than others
-- is not believed (RETENTION_MAX_SHARE).
CREATE TABLE IF NOT EXISTS tapedeck_retain_nights (
    id       bigserial   PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT now(),
    due      bigint      NOT NULL
);

-- Where its tour through the bucket goes on: after this key, escaped as in a query.
ALTER TABLE retain_tour ADD COLUMN IF NOT EXISTS bucket_after text NOT NULL DEFAULT '';
