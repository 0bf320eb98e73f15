-- Shares, who visits them, and what they are fetching; grants of visitors.
-- depends: 0007-receipts

CREATE TABLE shares (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- SHA-256 of the code; its 131 random bits need no slow hash.
    code_hash bytea NOT NULL UNIQUE,
    -- The code under the master key, so that its owner can copy the address again.
    code_sealed bytea NOT NULL,
    code_version int NOT NULL,
    name text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    media_ids uuid[] NOT NULL DEFAULT '{}',
    -- Of the owner's own media; NULL: only the media named above.
    folder text,
    rights text[] NOT NULL,
    password_hash text NOT NULL DEFAULT '',
    -- Grows with every change of the password: visits that were unlocked under an older one have ended.
    password_version int NOT NULL DEFAULT 1,
    max_uses int CHECK (max_uses > 0),
    upload_max_files int CHECK (upload_max_files > 0),
    upload_max_bytes bigint CHECK (upload_max_bytes > 0),
    -- Begun by visitors, whether or not they came to an end.
    uploaded_files int NOT NULL DEFAULT 0,
    uploaded_bytes bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_seen_at timestamptz
);
CREATE INDEX shares_owner ON shares (owner_id, created_at DESC);

-- A browser or program that has opened a share. Its id is the ticket of its deliveries (table coverage).
CREATE TABLE share_visits (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    share_id uuid NOT NULL REFERENCES shares ON DELETE CASCADE,
    visitor text NOT NULL,  -- of its cookie
    fingerprint bytea,  -- hash of address and program, of those that came without a cookie
    password_version int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,  -- a film or picture was watched; files count by their coverage
    UNIQUE (share_id, visitor)
);
CREATE INDEX share_visits_fingerprint ON share_visits (share_id, fingerprint) WHERE fingerprint IS NOT NULL;

-- What is being fetched of shares with a limit of uses.
CREATE TABLE share_deliveries (
    request text PRIMARY KEY,
    visit_id text NOT NULL REFERENCES share_visits ON DELETE CASCADE,
    media_id uuid NOT NULL,
    of_key boolean NOT NULL,  -- a content key, which has no receipt to wait for
    held_until timestamptz NOT NULL,  -- so long it counts as running, if no receipt says that it has ended
    asked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX share_deliveries_visit ON share_deliveries (visit_id, held_until);
CREATE INDEX share_deliveries_held ON share_deliveries (held_until);

-- A grant is held by a session, a service token or a visit; user_id is the share's owner then.
ALTER TABLE grants
    ADD COLUMN visit_id text REFERENCES share_visits ON DELETE CASCADE,
    DROP CONSTRAINT grants_one_holder,
    ADD CONSTRAINT grants_one_holder CHECK (num_nonnulls(session_id, token_id, visit_id) = 1);
CREATE INDEX grants_visit ON grants (visit_id) WHERE visit_id IS NOT NULL;
