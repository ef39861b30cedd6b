-- Recordings that the object store has: put there by a runner, and seen to be there with all their
-- bytes. Without a row a recording is on a disk alone. Which disks have one, too, the disks say:
-- beside a row they are caches.
CREATE TABLE IF NOT EXISTS recording_objects (
    business_id bigint      NOT NULL,
    call_sid    text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('wav', 'mp3')),
    bytes       bigint      NOT NULL,
    sha256      text        NOT NULL,
    etag        text        NOT NULL, -- the store's
    modified_ns bigint      NOT NULL, -- the file's: our entity tag and the waveform go by it
    stored_at   timestamptz NOT NULL DEFAULT now(),
    lost_at     timestamptz,          -- the store was asked, and did not have it any more
    PRIMARY KEY (business_id, call_sid)
);

-- When what a run downloaded was in the store; when it was last seen not to be, and got no further:
-- until then other machines wait for it. And those downloads that are not there.
ALTER TABLE recording_runs ADD COLUMN IF NOT EXISTS object_at timestamptz;
ALTER TABLE recording_runs ADD COLUMN IF NOT EXISTS object_failed_at timestamptz;
CREATE INDEX IF NOT EXISTS recording_runs_not_stored ON recording_runs (completed_at, id)
    WHERE status = 'completed' AND object_at IS NULL;
