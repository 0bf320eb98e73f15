-- The library at a million media: every order by an index that answers its filters too, folders, a dictionary for typos.
-- depends: 0011-trash

-- Where it lies, as bytes that end with "/" ('' at the top): a folder and all below it are one range of an index.
-- The escape format is ASCII without a "/" of its own, so that the name can be cut off a path that is no text.
CREATE FUNCTION media_shelf(mount text, path bytea, folder text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
        WHEN mount IS NOT NULL THEN decode(regexp_replace(
            encode(convert_to(mount || '/', 'UTF8') || coalesce(path, ''), 'escape'), '[^/]*$', ''), 'escape')
        WHEN folder = '' THEN ''::bytea
        ELSE convert_to(folder || '/', 'UTF8') END;
ALTER TABLE media ADD COLUMN shelf bytea GENERATED ALWAYS AS (media_shelf(mount, path, folder)) STORED;

-- A list is made of scans of one kind each, shared or private, in the order that is asked for: what is rare in one of
-- them is found without passing over the others. INCLUDE lets a scan decide about a row without fetching it.
CREATE INDEX media_shared_created ON media (kind, created_at, id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_created ON media (kind, created_at, id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_shared_name ON media (kind, lower(name), id)
    INCLUDE (name, visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_name ON media (kind, lower(name), id)
    INCLUDE (name, visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_shared_size ON media (kind, size_bytes, id)
    INCLUDE (visibility, source, state, owner_id, duration, created_at)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_size ON media (kind, size_bytes, id)
    INCLUDE (visibility, source, state, owner_id, duration, created_at)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
-- What has no duration comes last in both directions.
CREATE INDEX media_shared_longest ON media (kind, (coalesce(duration, '-Infinity')), id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_longest ON media (kind, (coalesce(duration, '-Infinity')), id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_shared_shortest ON media (kind, (coalesce(duration, 'Infinity')), id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_shortest ON media (kind, (coalesce(duration, 'Infinity')), id)
    INCLUDE (visibility, source, state, owner_id, size_bytes, duration, created_at)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;

-- What few media have is found from this side, whatever the order.
DROP INDEX media_owner;
CREATE INDEX media_owner ON media (owner_id, kind, created_at, id)
    INCLUDE (visibility, source, state, size_bytes, duration)
    WHERE owner_id IS NOT NULL AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_source ON media (source, kind, created_at, id) INCLUDE (visibility, owner_id)
    WHERE deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_unready ON media (state, kind, created_at, id) INCLUDE (visibility, owner_id)
    WHERE state <> 'completed' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_public_created ON media (kind, created_at, id)
    WHERE visibility = 'public' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_tagged ON media (created_at, id) INCLUDE (visibility, owner_id)
    WHERE tags <> '{}' AND deleted_at IS NULL AND trashed_at IS NULL;

-- Folders, by name within them.
CREATE INDEX media_shared_shelf ON media (shelf, lower(name), id)
    INCLUDE (kind, visibility, owner_id, created_at, size_bytes)
    WHERE visibility <> 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_private_shelf ON media (shelf, lower(name), id)
    INCLUDE (kind, visibility, owner_id, created_at, size_bytes)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;
CREATE INDEX media_own_shelf ON media (owner_id, shelf)
    WHERE visibility = 'private' AND deleted_at IS NULL AND trashed_at IS NULL;

DROP INDEX media_name;

-- Frequent or rare decides which way a word is sought: the planner must know it well.
ALTER TABLE media ALTER COLUMN words SET STATISTICS 1000;
ALTER TABLE media ALTER COLUMN tags SET STATISTICS 500;
ALTER TABLE media ALTER COLUMN shelf SET STATISTICS 1000;

-- Every word that a name, tag or folder has ever had: misspelt words are looked up here, not in a million names.
CREATE TABLE spellings (word text PRIMARY KEY);
CREATE INDEX spellings_word ON spellings USING gin (word gin_trgm_ops);

CREATE FUNCTION learn_spellings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- In order: statements that learn the same words at the same moment must not wait for each other in a circle.
    INSERT INTO spellings
        SELECT DISTINCT word FROM fresh, regexp_split_to_table(words, '[^[:alpha:]]+') word
        WHERE length(word) BETWEEN 4 AND 40 ORDER BY word
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION learn_new_spellings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO spellings
        SELECT DISTINCT word FROM fresh JOIN stale USING (id), regexp_split_to_table(fresh.words, '[^[:alpha:]]+') word
        WHERE fresh.words <> stale.words AND length(word) BETWEEN 4 AND 40 ORDER BY word
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER media_spellings_new AFTER INSERT ON media REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION learn_spellings();
CREATE TRIGGER media_spellings_changed AFTER UPDATE ON media REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION learn_new_spellings();
INSERT INTO spellings
    SELECT DISTINCT word FROM media, regexp_split_to_table(words, '[^[:alpha:]]+') word
    WHERE length(word) BETWEEN 4 AND 40;
