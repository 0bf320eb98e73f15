-- How many streams a user may watch at once, and why a grant was ended.
-- depends: 0010-library-search

-- NULL: as many as the settings say; 0: no limit.
ALTER TABLE users ADD COLUMN max_streams int CHECK (max_streams >= 0);

-- What its player is told; empty where nobody ended it on purpose.
ALTER TABLE grants ADD COLUMN end_reason text NOT NULL DEFAULT '';
