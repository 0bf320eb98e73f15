-- What people look at: sums that are written in the transaction of the receipts that they count, and one's own history.
-- depends: 0010-library-search

-- `grain` is 'h' or 'd', `at` the beginning of that hour or day in UTC. Hours are kept for some days only. No row of these
-- tables names anybody, but for insight_users and history.

CREATE TABLE insight_deliveries (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,  -- one of control.domain.insight.TRAFFIC
    deliveries bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (grain, at, kind)
);

CREATE TABLE insight_errors (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    status int NOT NULL,
    errors bigint NOT NULL,
    PRIMARY KEY (grain, at, kind, status)
);

CREATE TABLE insight_media (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    media_id uuid NOT NULL,
    viewers bigint NOT NULL,  -- different ones in this hour or day
    views bigint NOT NULL,
    portable bigint NOT NULL,  -- of these views: players without a cookie,
    shared bigint NOT NULL,  -- visitors of shares,
    linked bigint NOT NULL,  -- bearers of signed links
    watched_ms bigint NOT NULL,
    downloads bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (grain, at, media_id)
);
CREATE INDEX insight_media_of ON insight_media (media_id, grain, at);

CREATE TABLE insight_users (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    watched_ms bigint NOT NULL,
    sittings bigint NOT NULL,
    views bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (grain, at, user_id)
);
CREATE INDEX insight_users_of ON insight_users (user_id);

-- The same without names: it stays when somebody clears their history.
CREATE TABLE insight_watching (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    active bigint NOT NULL,  -- different users
    watched_ms bigint NOT NULL,
    sittings bigint NOT NULL,
    PRIMARY KEY (grain, at)
);

-- How long sittings were, by the class of their length (control.domain.insight.length_class), at their beginning.
CREATE TABLE insight_lengths (
    grain text NOT NULL,
    at timestamptz NOT NULL,
    length int NOT NULL,
    sittings bigint NOT NULL,
    PRIMARY KEY (grain, at, length)
);

-- 's': stretches of ten seconds of a film that were watched; 'b': hundredths of a file's bytes that were delivered.
CREATE TABLE insight_heat (
    media_id uuid NOT NULL,
    unit text NOT NULL,
    part int NOT NULL,
    times bigint NOT NULL,
    PRIMARY KEY (media_id, unit, part)
);

-- Of the library's search, without a user: nobody can tell who looked for what.
CREATE TABLE insight_searches (
    day timestamptz NOT NULL,
    term text NOT NULL,
    searches bigint NOT NULL,
    hits bigint NOT NULL,
    without bigint NOT NULL,  -- searches that found nothing
    PRIMARY KEY (day, term)
);

-- The library as it was at the last look of each day.
CREATE TABLE insight_storage (
    day timestamptz NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    items bigint NOT NULL,
    bytes bigint NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, kind, state)
);

-- Whose it is: of the last look alone.
CREATE TABLE insight_owners (
    owner_id uuid REFERENCES users ON DELETE CASCADE,  -- NULL: nobody's
    items bigint NOT NULL,
    bytes bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (owner_id)
);

CREATE TABLE history (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    media_id uuid NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    viewed_at bigint NOT NULL,  -- when it was watched last, not only downloaded (epoch seconds; 0: never)
    views bigint NOT NULL,
    watched_ms bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (user_id, media_id)
);
CREATE INDEX history_last ON history (user_id, last_at DESC, media_id DESC);

-- What has been cleared: receipts from before `at` are counted without a name, and those that there are lose theirs.
CREATE TABLE history_cleared (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL,
    media_id uuid,  -- NULL: everything
    at timestamptz NOT NULL DEFAULT now(),
    scrubbed_at timestamptz  -- receipts that were there then have lost the name
);
CREATE INDEX history_cleared_user ON history_cleared (user_id);

CREATE FUNCTION clear_history_of_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO history_cleared (user_id) VALUES (OLD.id); RETURN OLD; END $$;
CREATE TRIGGER users_cleared AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION clear_history_of_deleted();

-- A grant's way through its media (control.domain.watching): what has been delivered, and not counted yet.
CREATE TABLE viewings (
    id text PRIMARY KEY,  -- of the grant
    media_id uuid NOT NULL,
    user_id uuid REFERENCES users ON DELETE SET NULL,
    seen_at bigint NOT NULL,  -- epoch seconds
    clock bigint NOT NULL,  -- epoch milliseconds
    asked int NOT NULL,
    last int NOT NULL,
    sat int NOT NULL,
    sat_at bigint NOT NULL,
    counted_at bigint NOT NULL,
    pending int[] NOT NULL
);
CREATE INDEX viewings_of ON viewings (user_id, media_id) WHERE user_id IS NOT NULL;
CREATE INDEX viewings_seen ON viewings (seen_at);
