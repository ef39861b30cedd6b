-- How each provider account does. A fault of the account (401, 403, 429, 5xx, a dead host) pauses
-- it, longer each time, and counts against no recording; one probe at a time finds out whether it
-- works again.
CREATE TABLE IF NOT EXISTS provider_accounts (
    account_sid  text        PRIMARY KEY,
    failures     integer     NOT NULL DEFAULT 0, -- pauses in a row
    paused_until timestamptz,
    probe_until  timestamptz,                    -- a probe is under way, at most until then
    error_code   text,
    error        text,
    worked_at    timestamptz                     -- the last success, to within ten seconds
);

-- When a run last met a fault of its account: if the account has worked since, the next such fault
-- is the recording's own.
ALTER TABLE recording_runs ADD COLUMN IF NOT EXISTS account_fault_at timestamptz;

-- How far `tapedeck reconcile` has read an account's list.
CREATE TABLE IF NOT EXISTS reconcile_progress (
    account_sid text PRIMARY KEY,
    next_page   text,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
