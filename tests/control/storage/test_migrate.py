"""A database of an earlier version, with people in it, is brought up to date."""

from __future__ import annotations

import psycopg
import yoyo

from control.storage.sql import migrate

OLD_LIFE = """
INSERT INTO users (id, username, password_hash, role) VALUES ('00000000-0000-4000-8000-000000000001', 'ann', 'x', 'admin');
INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, refresh_hash, previous_refresh_hash, expires_at, created_at)
SELECT ('00000000-0000-4000-8000-00000000001' || n)::uuid, '00000000-0000-4000-8000-000000000001', 'same', 'Firefox', 'desktop',
       '127.0.0.1', '\\x01', '\\x02', now() + interval '1 day', now() - n * interval '1 hour' FROM generate_series(1, 3) n;
INSERT INTO media (id, name, kind, size_bytes, source) VALUES ('00000000-0000-4000-8000-000000000099', 'm', 'video', 1, 'import');
INSERT INTO grants (id, media_id, user_id, session_id, expires_at) VALUES
    ('00000000000000000000000000000000', '00000000-0000-4000-8000-000000000099', '00000000-0000-4000-8000-000000000001',
     '00000000-0000-4000-8000-000000000011', now() + interval '1 hour');
"""


def test_the_first_version_is_upgraded_with_its_sessions(database_url):
    url = database_url.replace("/sluice?", "/upgraded?")
    migrate.create_database(url)
    backend = yoyo.get_backend(migrate._yoyo_url(url))
    every = yoyo.read_migrations(str(migrate.MIGRATIONS))
    with backend.lock():
        backend.apply_migrations(every[:1])
    with psycopg.connect(url) as connection:
        connection.execute(OLD_LIFE)
    assert migrate.apply(url) == [migration.id for migration in every[1:]]
    with psycopg.connect(url) as connection:
        live = connection.execute("SELECT id::text FROM sessions WHERE ended_at IS NULL").fetchall()
        assert live == [("00000000-0000-4000-8000-000000000011",)]  # of one device the newest
        assert connection.execute("SELECT count(*) FROM grants").fetchone() == (1,)
