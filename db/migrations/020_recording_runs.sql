-- One unit of work on one call. The history is also the circuit breaker.
CREATE TABLE IF NOT EXISTS recording_runs (
    id               bigserial PRIMARY KEY,
    business_id      bigint      NOT NULL,
    call_sid         text        NOT NULL,
    job_type         text        NOT NULL CHECK (job_type IN ('download', 'full')),
    lane             text        NOT NULL DEFAULT 'click' CHECK (lane IN ('click', 'later')),
    status           text        NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    cancel_requested boolean     NOT NULL DEFAULT false,
    attempts         integer     NOT NULL DEFAULT 0, -- failed ones
    recoveries       integer     NOT NULL DEFAULT 0, -- times it was taken from a lapsed lease
    recovered_at     timestamptz,
    not_before       timestamptz,                    -- queued, but not due yet
    lease_token      text,                           -- whoever holds it may write this row
    error_code       text,
    error            text,
    format           text,
    bytes_received   bigint,
    bytes_total      bigint,
    created_at       timestamptz NOT NULL DEFAULT now(),
    queued_at        timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    heartbeat_at     timestamptz,
    completed_at     timestamptz
);

-- Two clicks make one run.
CREATE UNIQUE INDEX IF NOT EXISTS recording_runs_active
    ON recording_runs (business_id, call_sid) WHERE status IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS recording_runs_call ON recording_runs (business_id, call_sid, id DESC);
CREATE INDEX IF NOT EXISTS recording_runs_work
    ON recording_runs (status, id) WHERE status IN ('queued', 'running');
