-- The CRM's own tables, as far as Tapedeck uses them. On a CRM database they exist already, with
-- rows, perhaps with fewer columns: what is missing is added, nothing is changed or dropped.
-- No foreign keys on them: their owner may load and delete rows in the order it likes.

CREATE TABLE IF NOT EXISTS business (
    id   bigserial PRIMARY KEY,
    name text
);
ALTER TABLE business ADD COLUMN IF NOT EXISTS name text;

CREATE TABLE IF NOT EXISTS call_log (
    id          bigserial PRIMARY KEY,
    business_id bigint,
    call_sid    text
);
ALTER TABLE call_log
    ADD COLUMN IF NOT EXISTS business_id     bigint,
    ADD COLUMN IF NOT EXISTS call_sid        text,
    ADD COLUMN IF NOT EXISTS parent_call_sid text,
    ADD COLUMN IF NOT EXISTS account_sid     text,
    ADD COLUMN IF NOT EXISTS direction       text,
    ADD COLUMN IF NOT EXISTS from_number     text,
    ADD COLUMN IF NOT EXISTS to_number       text,
    ADD COLUMN IF NOT EXISTS status          text,
    ADD COLUMN IF NOT EXISTS duration        integer,
    ADD COLUMN IF NOT EXISTS created_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at      timestamptz;

-- A CRM's own created_at may be nullable and have no default; the list is paged by it.
ALTER TABLE call_log ALTER COLUMN created_at SET DEFAULT now();
UPDATE call_log SET created_at = now() WHERE created_at IS NULL;

-- Not unique: a CRM may hold a call twice, and that must not stop it from using us.
CREATE INDEX IF NOT EXISTS tapedeck_call_log_call_sid ON call_log (call_sid);
CREATE INDEX IF NOT EXISTS tapedeck_call_log_newest
    ON call_log (business_id, created_at DESC, call_sid DESC);

CREATE TABLE IF NOT EXISTS appointments (
    id          bigserial PRIMARY KEY,
    business_id bigint
);
ALTER TABLE appointments ADD COLUMN IF NOT EXISTS business_id bigint;
