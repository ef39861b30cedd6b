-- Who listened to what: every play link given out, every file served by the responders.
CREATE TABLE IF NOT EXISTS playback_audit (
    id          text        PRIMARY KEY, -- made by the responder: a row is stored once
    at          timestamptz NOT NULL,
    business_id bigint      NOT NULL,
    call_sid    text        NOT NULL,
    action      text        NOT NULL, -- link, file, download, media
    subject     text,                 -- the token's sub; a play link has none
    address     text                  -- as the web server reports it
);
CREATE INDEX IF NOT EXISTS playback_audit_call ON playback_audit (call_sid, at DESC);
