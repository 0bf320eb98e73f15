-- A tag of one kind is walked to in an index alone: it has every media's tags, as numbers (names might not fit into it).
-- depends: 0018-library-tags

CREATE FUNCTION tag_codes(tags text[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT array_agg(hashtextextended(tag, 0)) FROM unnest(tags) tag);

-- NULL where there are no tags.
ALTER TABLE media ADD COLUMN tag_codes bigint[] GENERATED ALWAYS AS (tag_codes(tags)) STORED;
ALTER TABLE media ALTER COLUMN tag_codes SET STATISTICS 500;
ALTER TABLE media ALTER COLUMN tags SET STATISTICS -1;

DROP INDEX media_tags;
CREATE INDEX media_tags ON media USING gin (tag_codes, kind, owner_id) WHERE deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_tagged_kind ON media (kind, created_at, id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration, tag_codes)
    WHERE tag_codes IS NOT NULL AND deleted_at IS NULL AND trashed_at IS NULL;
DROP INDEX media_owner;
CREATE INDEX media_owner ON media (owner_id, kind, created_at, id)
    INCLUDE (visibility, source, state, size_bytes, duration, tag_codes)
    WHERE owner_id IS NOT NULL AND deleted_at IS NULL AND trashed_at IS NULL;
