-- How the provider encrypted a recording (its JSON), and whether it lies in a bucket of the account's own
-- (external storage) and not at the provider. NULL: it is not encrypted, nor there.
ALTER TABLE tapedeck_recordings ADD COLUMN IF NOT EXISTS encryption_details text;
ALTER TABLE tapedeck_recordings ADD COLUMN IF NOT EXISTS is_external        boolean;
ALTER TABLE recording_inbox     ADD COLUMN IF NOT EXISTS encryption_details text;
ALTER TABLE recording_inbox     ADD COLUMN IF NOT EXISTS is_external        boolean;
