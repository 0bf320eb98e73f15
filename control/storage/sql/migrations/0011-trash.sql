-- The trash: what nobody sees any more, and what can still be brought back.
-- depends: 0010-library-search

ALTER TABLE media
    ADD COLUMN trashed_at timestamptz,
    ADD COLUMN trashed_by uuid;  -- NULL: the operator; it outlives the user
CREATE INDEX media_trashed ON media (trashed_at DESC, id DESC) WHERE trashed_at IS NOT NULL AND deleted_at IS NULL;
-- Gone for good, but for their files: the processor removes those, and then the row. Mounted ones are only away.
CREATE INDEX media_doomed ON media (deleted_at) WHERE deleted_at IS NOT NULL AND source <> 'mount';
