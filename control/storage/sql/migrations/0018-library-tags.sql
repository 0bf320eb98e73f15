-- A tag of one kind or one user: found together, not each by itself and then compared row by row.
-- depends: 0012-library-views

CREATE EXTENSION IF NOT EXISTS btree_gin;
DROP INDEX media_tags;
CREATE INDEX media_tags ON media USING gin (tags, kind, owner_id) WHERE deleted_at IS NULL AND trashed_at IS NULL;

-- What has failed or waits is in media_unready; what is complete was never sought by its state.
DROP INDEX media_state;
