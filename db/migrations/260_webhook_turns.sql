-- How often in a row a webhook's receiver failed, and until when it rests for that. Until when a delivery
-- is under way in some runner: of one webhook, and of one business, only so many are at once.
ALTER TABLE call_webhooks
    ADD COLUMN IF NOT EXISTS failures    integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS error_code  text,
    ADD COLUMN IF NOT EXISTS rests_until timestamptz;
ALTER TABLE call_webhook_deliveries ADD COLUMN IF NOT EXISTS sending_until timestamptz;
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_turn
    ON call_webhook_deliveries (webhook_id, not_before) WHERE status = 'waiting';
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_sending
    ON call_webhook_deliveries (sending_until) WHERE sending_until IS NOT NULL;
