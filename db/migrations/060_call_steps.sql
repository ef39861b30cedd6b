-- What is done with a call once its recording is here, a row a call and step. A step that fails is
-- tried again by itself: no download, no slot. recording_runs ends when the file is stored.
CREATE TABLE IF NOT EXISTS call_steps (
    id           bigserial   PRIMARY KEY,
    business_id  bigint      NOT NULL,
    call_sid     text        NOT NULL,
    step         text        NOT NULL CHECK (step IN ('transcribe', 'summarise', 'notify')),
    status       text        NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'done', 'skipped', 'failed')),
    again        boolean     NOT NULL DEFAULT false, -- asked for, although it was done before
    attempts     integer     NOT NULL DEFAULT 0,     -- failed ones
    not_before   timestamptz NOT NULL DEFAULT now(),
    lease_token  text,                               -- whoever holds it may write this row
    heartbeat_at timestamptz,
    error_code   text,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    completed_at timestamptz,
    UNIQUE (business_id, call_sid, step)
);
CREATE INDEX IF NOT EXISTS call_steps_work
    ON call_steps (not_before) WHERE status IN ('queued', 'running');

ALTER TABLE call_log
    ADD COLUMN IF NOT EXISTS transcript_segments jsonb, -- [{speaker, start, end, text}], seconds
    ADD COLUMN IF NOT EXISTS transcript_source   text,  -- the model that heard it
    ADD COLUMN IF NOT EXISTS summary_status      text;  -- done, fixed, skipped or failed

-- Who is told when a call is complete. The secret signs what is sent.
CREATE TABLE IF NOT EXISTS call_webhooks (
    id          bigserial   PRIMARY KEY,
    business_id bigint      NOT NULL,
    url         text        NOT NULL,
    secret      text        NOT NULL,
    active      boolean     NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (business_id, url)
);
CREATE TABLE IF NOT EXISTS call_webhook_deliveries (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    webhook_id   bigint      NOT NULL REFERENCES call_webhooks (id) ON DELETE CASCADE,
    business_id  bigint      NOT NULL,
    call_sid     text        NOT NULL,
    event        text        NOT NULL,
    payload      text        NOT NULL, -- sent as it is, byte for byte, each time
    status       text        NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts     integer     NOT NULL DEFAULT 0,     -- begun ones
    not_before   timestamptz NOT NULL DEFAULT now(), -- also the lease of whoever sends it now
    last_status  integer,                            -- what the receiver answered
    error_code   text,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_work
    ON call_webhook_deliveries (not_before) WHERE status = 'waiting';
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_call
    ON call_webhook_deliveries (business_id, call_sid);
