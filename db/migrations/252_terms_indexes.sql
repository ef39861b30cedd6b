-- What is oldest, for those who ask for it: tapedeck retain, and tapedeck audit --business.
CREATE INDEX IF NOT EXISTS playback_audit_at ON playback_audit (at, id);
CREATE INDEX IF NOT EXISTS playback_audit_business ON playback_audit (business_id, at DESC);
CREATE INDEX IF NOT EXISTS recording_inbox_received ON recording_inbox (received_at, recording_sid);
CREATE INDEX IF NOT EXISTS call_webhook_deliveries_ended
    ON call_webhook_deliveries (completed_at) WHERE status <> 'waiting';
CREATE INDEX IF NOT EXISTS tapedeck_conference_calls_joined
    ON tapedeck_conference_calls (joined_at, conference_sid);
