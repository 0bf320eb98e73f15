-- Devices counted and known again, service tokens, refresh tokens superseded within the grace, audit retention.
-- depends: 0001-first-tables

ALTER TABLE sessions
    ADD COLUMN kind text NOT NULL DEFAULT 'password' CHECK (kind IN ('password', 'basic', 'external')),
    -- Refresh tokens that were exchanged a moment ago, with the moment: honoured for the grace window.
    ADD COLUMN superseded_hashes bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN superseded_at timestamptz[] NOT NULL DEFAULT '{}',
    DROP COLUMN previous_refresh_hash;

-- One live session per user and device: signing in again replaces it.
UPDATE sessions s SET ended_at = now(), end_reason = 'replaced by a new sign-in'
    WHERE ended_at IS NULL AND EXISTS (
        SELECT FROM sessions n WHERE n.user_id = s.user_id AND n.device_id = s.device_id AND n.ended_at IS NULL
            AND (n.created_at, n.id) > (s.created_at, s.id));
CREATE UNIQUE INDEX sessions_device ON sessions (user_id, device_id) WHERE ended_at IS NULL;

CREATE TABLE service_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    scopes text[] NOT NULL,
    -- SHA-256 of the token; 32 random bytes need no slow hash.
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    last_address text NOT NULL DEFAULT '',
    revoked_at timestamptz
);
CREATE UNIQUE INDEX service_tokens_name ON service_tokens (user_id, name) WHERE revoked_at IS NULL;

-- A grant is held by a session or by a service token.
ALTER TABLE grants
    ALTER COLUMN session_id DROP NOT NULL,
    ADD COLUMN token_id uuid REFERENCES service_tokens ON DELETE CASCADE,
    ADD CONSTRAINT grants_one_holder CHECK (num_nonnulls(session_id, token_id) = 1);
CREATE INDEX grants_token ON grants (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX grants_user_portable ON grants (user_id) WHERE portable AND revoked_at IS NULL;

CREATE INDEX audit_decision ON audit (decision);
CREATE INDEX audit_event ON audit (event, at DESC);

-- Only what is older than [audit] keep_days goes, and only through the function that knows it.
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW
    WHEN (current_setting('sluice.retention', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
