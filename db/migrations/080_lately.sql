-- What failed lately is asked for by `tapedeck status` and at each scrape of /metrics, however long
-- the history is.
CREATE INDEX IF NOT EXISTS recording_runs_failed
    ON recording_runs (completed_at) WHERE status = 'failed';
CREATE INDEX IF NOT EXISTS call_steps_ended
    ON call_steps (completed_at) WHERE status IN ('skipped', 'failed');
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_failed
    ON call_webhook_deliveries (completed_at) WHERE status = 'failed';
