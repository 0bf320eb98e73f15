-- Users, device sessions, media with their keys and grants, the import ledger, the audit trail.
-- depends:

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    username text NOT NULL CHECK (length(username) BETWEEN 1 AND 50),
    email text,
    full_name text NOT NULL DEFAULT '',
    role text NOT NULL DEFAULT 'viewer' CHECK (role IN ('guest', 'viewer', 'editor', 'admin')),
    active boolean NOT NULL DEFAULT true,
    password_hash text NOT NULL,
    last_sign_in_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Sign-in is by either, whatever the case.
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device_id text NOT NULL,
    device_name text NOT NULL,
    device_type text NOT NULL,
    address inet NOT NULL,
    user_agent text NOT NULL DEFAULT '',
    -- SHA-256 of the refresh token's id. `previous` is honoured for the grace window (tabs refreshing together);
    -- anything older that still bears our signature is a replay and ends the session.
    refresh_hash bytea NOT NULL,
    previous_refresh_hash bytea,
    refreshed_at timestamptz NOT NULL DEFAULT now(),
    last_activity_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at) WHERE ended_at IS NULL;

CREATE TABLE media (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid REFERENCES users ON DELETE SET NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('video', 'audio', 'image', 'document')),
    mime text NOT NULL DEFAULT 'application/octet-stream',
    size_bytes bigint NOT NULL,
    sha256 bytea,
    source text NOT NULL CHECK (source IN ('import', 'upload', 'mount')),
    visibility text NOT NULL DEFAULT 'library' CHECK (visibility IN ('private', 'library', 'public')),
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'processing', 'playable', 'completed', 'failed')),
    progress real NOT NULL DEFAULT 0,
    error_code text,
    error text,
    width int,
    height int,
    duration double precision,
    renditions jsonb NOT NULL DEFAULT '[]',
    stills text[] NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    revision int NOT NULL DEFAULT 0,
    mount text,
    path bytea,  -- below the mount: names are bytes, not text
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX media_created ON media (created_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX media_name ON media (lower(name), id) WHERE deleted_at IS NULL;
CREATE INDEX media_state ON media (state) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX media_mounted ON media (mount, path) WHERE mount IS NOT NULL;

-- Wrapped by the master key of that version; content keys are derived from it and never stored.
CREATE TABLE media_keys (
    media_id uuid PRIMARY KEY REFERENCES media ON DELETE CASCADE,
    wrapped bytea NOT NULL,
    master_version int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE grants (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    media_id uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    portable boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_expiry ON grants (expires_at);

-- One row for every file ever seen in imports/: the same file at rest is taken up once.
CREATE TABLE imports (
    path bytea NOT NULL,
    inode bigint NOT NULL,
    size_bytes bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    media_id uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (path, inode, size_bytes, mtime_ns)
);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    event text NOT NULL,
    user_id uuid,
    principal text NOT NULL DEFAULT '',
    session_id uuid,
    media_id uuid,
    address text NOT NULL DEFAULT '',
    decision text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at DESC);
CREATE INDEX audit_user ON audit (user_id, at DESC);
CREATE INDEX audit_media ON audit (media_id, at DESC);

-- Append-only (W5): not even the application may rewrite what happened.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
