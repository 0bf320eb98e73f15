-- Directories of imports/ are folders of the library, also for what has been imported before.
-- depends: 0019-library-tagged

DO $$
DECLARE
    import record;
BEGIN
    FOR import IN SELECT media_id, path FROM imports WHERE position('\x2f'::bytea IN path) > 0 LOOP
        BEGIN
            UPDATE media SET folder = regexp_replace(convert_from(import.path, 'UTF8'), '/[^/]*$', '')
            WHERE id = import.media_id AND source = 'import' AND folder = '';
        EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
            NULL; -- a name that is no text stays at the top
        END;
    END LOOP;
END $$;
