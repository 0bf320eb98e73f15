-- Search that forgives typing errors: over names, tags, folders and what files say of themselves.
-- depends: 0005-stored-originals

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- array_to_string is only STABLE, for types whose text depends on settings; text[] has no such type.
CREATE FUNCTION media_words(name text, folder text, tags text[], facts jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lower(concat_ws(' ', name, folder, array_to_string(tags, ' '),
        facts #>> '{tags,title}', facts #>> '{tags,artist}', facts #>> '{tags,album}', facts ->> 'title',
        facts ->> 'author'));

ALTER TABLE media ADD COLUMN words text GENERATED ALWAYS AS (media_words(name, folder, tags, facts)) STORED;
CREATE INDEX media_words ON media USING gin (words gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX media_tags ON media USING gin (tags) WHERE deleted_at IS NULL;
CREATE INDEX media_owner ON media (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
