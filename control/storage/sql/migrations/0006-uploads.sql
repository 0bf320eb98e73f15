-- Uploads under way, quotas, and the CRC-32 that a ZIP needs.
-- depends: 0005-stored-originals

ALTER TABLE users ADD COLUMN quota_bytes bigint CHECK (quota_bytes >= 0);  -- NULL: the setting; 0: no limit

ALTER TABLE media ADD COLUMN crc32 bigint CHECK (crc32 BETWEEN 0 AND 4294967295);  -- of the original; NULL: not known
CREATE INDEX media_uploaded ON media (owner_id) WHERE source = 'upload' AND deleted_at IS NULL;

CREATE TABLE uploads (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Whose sign-in began it: it goes on when that expires, and ends when somebody ends it.
    session_id uuid,
    token_id uuid,
    share_id uuid,
    plane text NOT NULL CHECK (plane IN ('parts', 'tus')),
    role text NOT NULL DEFAULT 'whole' CHECK (role IN ('whole', 'partial')),
    name text NOT NULL,
    folder text NOT NULL DEFAULT '',
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    part_bytes bigint NOT NULL,  -- the largest body that it takes at once
    sha256 bytea,
    vault boolean NOT NULL DEFAULT false,
    visibility text NOT NULL CHECK (visibility IN ('private', 'library', 'public')),
    state text NOT NULL DEFAULT 'receiving' CHECK (state IN ('receiving', 'finishing', 'completed', 'refused')),
    percent real NOT NULL DEFAULT 0,
    error_code text,
    error text,
    media_id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- One writer at a time; one that was killed stops counting after a moment.
    writer uuid,
    writing_until timestamptz
);
CREATE INDEX uploads_owner ON uploads (owner_id) WHERE state IN ('receiving', 'finishing');
CREATE INDEX uploads_expiry ON uploads (expires_at);
CREATE INDEX uploads_share ON uploads (share_id) WHERE share_id IS NOT NULL;
