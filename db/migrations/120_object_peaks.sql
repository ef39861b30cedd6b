-- The waveform beside a recording in the object store, of that very recording: its bytes and what they
-- add up to. NULL: the store has none; 0: there is none to be had, the recording cannot be read.
ALTER TABLE recording_objects ADD COLUMN IF NOT EXISTS peaks_bytes bigint;
ALTER TABLE recording_objects ADD COLUMN IF NOT EXISTS peaks_sha256 text;
