-- A row says of one stretch of listening or reading until when it went on, and how many requests it took.
-- What was noted before is one request. Rows of lists and searches are of no one call: call_sid is ''.
ALTER TABLE playback_audit ADD COLUMN IF NOT EXISTS until timestamptz; -- the last request; NULL: the first
ALTER TABLE playback_audit ADD COLUMN IF NOT EXISTS times integer NOT NULL DEFAULT 1;
