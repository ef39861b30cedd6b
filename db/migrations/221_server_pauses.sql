-- A server whose account has no credit, or whose key is refused, is left alone for a while: twice as
-- long each time, until it answers.
ALTER TABLE tapedeck_servers
  ADD COLUMN IF NOT EXISTS paused_ms bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS paused_until timestamptz;
