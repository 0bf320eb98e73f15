-- ZIP files of several media: what they will hold is frozen when they are asked for.
-- depends: 0005-stored-originals

ALTER TABLE media
    ADD COLUMN IF NOT EXISTS crc32 bigint,
    -- "size:mtime in ns" of the file that crc32 was read from; NULL: of the upload itself, which never changes.
    ADD COLUMN IF NOT EXISTS crc32_of text;

CREATE TABLE archives (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    token_hash bytea NOT NULL UNIQUE,  -- SHA-256
    user_id uuid REFERENCES users ON DELETE CASCADE,  -- NULL: made by a visitor of a share
    principal text NOT NULL,
    name text NOT NULL,
    ticket text NOT NULL DEFAULT '',
    files int NOT NULL,
    bytes bigint NOT NULL,  -- of the files
    manifest bytea NOT NULL,  -- see storage/sql/archives.py
    state text NOT NULL DEFAULT 'preparing' CHECK (state IN ('preparing', 'ready', 'failed')),
    percent real NOT NULL DEFAULT 0,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),  -- while it is prepared: a sign of life
    expires_at timestamptz NOT NULL
);
CREATE INDEX archives_expiry ON archives (expires_at);
