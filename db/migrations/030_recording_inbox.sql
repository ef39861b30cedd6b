-- Every recording callback, before it is matched with its call; a callback that came before its
-- call waits here. Twilio may send the same event twice: once is enough.
CREATE TABLE IF NOT EXISTS recording_inbox (
    recording_sid text        NOT NULL,
    status        text        NOT NULL,
    account_sid   text        NOT NULL,
    call_sid      text        NOT NULL,
    recording_url text        NOT NULL,
    duration      integer,
    channels      integer,
    error_code    text,
    received_at   timestamptz NOT NULL DEFAULT now(),
    matched_at    timestamptz,
    PRIMARY KEY (recording_sid, status)
);
CREATE INDEX IF NOT EXISTS recording_inbox_waiting
    ON recording_inbox (call_sid) WHERE matched_at IS NULL;
