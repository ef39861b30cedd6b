-- When the provider's copy was seen to be gone, after ours (RETENTION_AT_TWILIO).
ALTER TABLE call_log ADD COLUMN IF NOT EXISTS recording_provider_deleted_at timestamptz;

-- Deleted here, and perhaps not there.
CREATE INDEX IF NOT EXISTS call_log_left_at_provider ON call_log (created_at, call_sid)
    WHERE recording_url <> '' AND recording_deleted_at IS NOT NULL
        AND recording_provider_deleted_at IS NULL;
