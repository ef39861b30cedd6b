-- How long recordings are kept: a business's own days, else RETENTION_DAYS; 0 keeps them for ever.
-- call_log.recording_expires_at, where somebody has set it, goes before both; a legal hold before
-- all.
CREATE TABLE IF NOT EXISTS business_retention (
    business_id bigint  PRIMARY KEY,
    days        integer NOT NULL CHECK (days >= 0)
);
ALTER TABLE call_log ADD COLUMN IF NOT EXISTS legal_hold boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION recording_expiry(
    called_at timestamptz, own timestamptz, hold boolean, days integer
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN hold THEN NULL
        ELSE coalesce(own, CASE WHEN days > 0 THEN called_at + make_interval(days => days) END) END
$$;

-- What is kept, oldest first: a recording that was deleted leaves these.
CREATE INDEX IF NOT EXISTS call_log_kept ON call_log (created_at, call_sid)
    WHERE recording_url <> '' AND recording_deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS call_log_kept_until ON call_log (recording_expires_at)
    WHERE recording_url <> '' AND recording_deleted_at IS NULL
        AND recording_expires_at IS NOT NULL;
