-- Signed callbacks that could not be used wait here with the reason, until `tapedeck inbox --again` takes
-- them up. Their forms have phone numbers in them: `tapedeck cleanup` deletes them after INBOX_KEEP, after
-- the retention time of their business if that is shorter, and with the call that they tell of.
CREATE TABLE IF NOT EXISTS tapedeck_unused_callbacks (
    id            bigserial   PRIMARY KEY,
    received_at   timestamptz NOT NULL DEFAULT now(),
    kind          text        NOT NULL, -- recording, call, conference
    account_sid   text        NOT NULL, -- whose token signed it
    business_said text,                 -- business_id of the signed address, as it came
    call_sid      text,                 -- where it names one
    recording_sid text,
    reason        text        NOT NULL, -- the field because of which; or business, database, account
    form          text        NOT NULL, -- urlencoded, in printable ASCII
    digest        text        NOT NULL  -- of all that it says: the same one twice is kept once
);
CREATE UNIQUE INDEX IF NOT EXISTS tapedeck_unused_callbacks_once
    ON tapedeck_unused_callbacks (account_sid, digest);
CREATE INDEX IF NOT EXISTS tapedeck_unused_callbacks_of_account
    ON tapedeck_unused_callbacks (account_sid, received_at);
CREATE INDEX IF NOT EXISTS tapedeck_unused_callbacks_received
    ON tapedeck_unused_callbacks (received_at);
CREATE INDEX IF NOT EXISTS tapedeck_unused_callbacks_of_call
    ON tapedeck_unused_callbacks (call_sid) WHERE call_sid IS NOT NULL;
