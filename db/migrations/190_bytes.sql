-- A run that failed for good: what the provider has is no recording (empty, deleted, of a format that
-- nothing decodes). A click does not ask again; `tapedeck retry --call` and another callback do.
ALTER TABLE recording_runs ADD COLUMN IF NOT EXISTS final boolean NOT NULL DEFAULT false;

-- More kinds of files. What is there fits, so nothing is looked through.
ALTER TABLE recording_objects DROP CONSTRAINT IF EXISTS recording_objects_kind_check;
ALTER TABLE recording_objects ADD CONSTRAINT recording_objects_kind_check
    CHECK (kind IN ('wav', 'mp3', 'flac', 'oga', 'w64')) NOT VALID;
