-- What is known of a call's recording. recording_url is the only source of where one lives.
ALTER TABLE call_log
    ADD COLUMN IF NOT EXISTS recording_url          text,
    ADD COLUMN IF NOT EXISTS recording_sid          text,
    ADD COLUMN IF NOT EXISTS channels               integer,
    ADD COLUMN IF NOT EXISTS recording_duration     integer,
    ADD COLUMN IF NOT EXISTS recording_status       text,        -- the provider's word
    ADD COLUMN IF NOT EXISTS recording_reason       text,        -- why absent or failed
    ADD COLUMN IF NOT EXISTS recording_announced_at timestamptz, -- its completed callback
    ADD COLUMN IF NOT EXISTS recording_expires_at   timestamptz,
    ADD COLUMN IF NOT EXISTS recording_deleted_at   timestamptz, -- ours, and expired
    ADD COLUMN IF NOT EXISTS final_transcript       text,
    ADD COLUMN IF NOT EXISTS ai_summary             text;

-- Which business a call belongs to, when neither the call nor the callback's URL says so.
CREATE TABLE IF NOT EXISTS business_twilio_accounts (
    account_sid text NOT NULL,
    business_id bigint NOT NULL,
    PRIMARY KEY (account_sid, business_id)
);
CREATE TABLE IF NOT EXISTS business_phone_numbers (
    number      text PRIMARY KEY, -- E.164
    business_id bigint NOT NULL
);
