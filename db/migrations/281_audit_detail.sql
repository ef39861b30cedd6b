-- What was done, where the action's word alone does not say it: the tag, the note or the share.
ALTER TABLE playback_audit ADD COLUMN IF NOT EXISTS detail text;
