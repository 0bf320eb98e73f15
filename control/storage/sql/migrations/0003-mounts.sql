-- Whether a mount is there: written by the processor's prober, read before anything of it is delivered.
-- depends: 0002-devices-tokens

CREATE TABLE mounts (
    name text PRIMARY KEY,
    away boolean NOT NULL,
    reason text NOT NULL DEFAULT '',
    -- Seen as a mount point once: then a plain empty directory in its place means that it is gone, not emptied.
    mount_point boolean NOT NULL DEFAULT false,
    -- Files that the last scan missed, too many to believe it: dropped once somebody has confirmed it.
    missing int NOT NULL DEFAULT 0,
    confirmed boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz NOT NULL DEFAULT now()
);
