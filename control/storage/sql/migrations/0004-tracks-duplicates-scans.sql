-- Sound and subtitle tracks, files with the same content, mounts with renditions, progress of a scan, new media keys.
-- depends: 0003-mounts

ALTER TABLE media
    ADD COLUMN tracks jsonb NOT NULL DEFAULT '[]',
    -- Where its file is now: plain among the kept ones, ciphertext in the archive, on its mount, or nowhere.
    ADD COLUMN original text NOT NULL DEFAULT '' CHECK (original IN ('', 'kept', 'archived', 'mount')),
    ADD COLUMN derived_at timestamptz,  -- when all of its renditions were made
    ADD COLUMN mtime_ns bigint;  -- of a mounted file, as the scan saw it last
UPDATE media SET original = CASE WHEN source = 'mount' THEN 'mount' WHEN kind IN ('audio', 'document') THEN 'kept'
    ELSE 'archived' END, derived_at = CASE WHEN source = 'mount' THEN NULL ELSE updated_at END WHERE state = 'completed';
-- Files of a mount by name, and by name without its ending (a range of names).
CREATE INDEX media_mounted_name ON media (mount, lower(name) COLLATE "C") WHERE mount IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX media_sha256 ON media (sha256) WHERE sha256 IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX media_size ON media (size_bytes) WHERE deleted_at IS NULL;

ALTER TABLE mounts
    ADD COLUMN scanned int NOT NULL DEFAULT 0,  -- files seen by the scan that runs, or by the last one
    ADD COLUMN scan_started_at timestamptz,
    ADD COLUMN scan_ended_at timestamptz;

-- A media key that takes over once the vault has been written again under it (`sluice key reencrypt`).
ALTER TABLE media_keys
    ADD COLUMN next_wrapped bytea,
    ADD COLUMN next_version int;
