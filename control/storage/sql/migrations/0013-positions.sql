-- How far everybody has watched what, and names as people count: "film 2" before "film 10".
-- depends: 0010-library-search

CREATE TABLE positions (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    media_id uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    seconds double precision NOT NULL,
    duration double precision NOT NULL,
    finished boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, media_id)
) WITH (fillfactor = 80);  -- a row is written every ten seconds of play
CREATE INDEX positions_media ON positions (media_id);
-- "Continue watching" is a range of this one, the newest first (domain.positions.BEGUN_SECONDS).
CREATE INDEX positions_begun ON positions (user_id, updated_at DESC) WHERE NOT finished AND seconds >= 5;

CREATE COLLATION natural_order (provider = icu, locale = 'und-u-kn-true');
-- What lies in one folder, in that order.
CREATE INDEX media_beside ON media (kind, folder, (lower(name) COLLATE natural_order), id)
    WHERE mount IS NULL AND deleted_at IS NULL;
