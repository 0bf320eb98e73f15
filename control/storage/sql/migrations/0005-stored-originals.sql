-- Uploaded originals, plain under names of the server's own; the folder that people see.
-- depends: 0004-tracks-duplicates-scans

ALTER TABLE media
    -- Below DIR/files: users/{user id}/{yyyy}/{mm}/{dd}/{media id}. NULL for whatever was not uploaded.
    ADD COLUMN stored text,
    -- Where people keep it ("Trips/2026"), '' at the top: data, never a path of this machine.
    ADD COLUMN folder text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX media_stored ON media (stored) WHERE stored IS NOT NULL;
