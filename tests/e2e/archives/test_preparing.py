"""Checksums are read when somebody asks for the first time; then the archive is ready, for everybody who waits."""

from __future__ import annotations

import os
import zlib

from tests.e2e.archives.conftest import BATCH, NEWEST, ask, members, put
from tests.e2e.people import wait_until


def test_a_checksum_is_read_once_and_again_when_the_file_is_another(stack, client):
    for size in (4000, 5000):
        content = os.urandom(size)
        put(stack, "again.txt", content)
        wait_until(lambda size=size: (stack.media("again.txt") or {}).get("size_bytes") == size, 60)
        media = stack.media("again.txt")
        assert list(members(client.get(ask(client, media_ids=[media["id"]])["url"]).content).values()) == [content]
        known = stack.query(f"SELECT crc32 || ' ' || crc32_of FROM media WHERE id = '{media['id']}'")
        seen = (stack.data / "shelf/again.txt").stat()
        assert known == f"{zlib.crc32(content)} {seen.st_size}:{seen.st_mtime_ns}"


def test_one_that_nobody_prepares_any_more_is_taken_up_again(stack, client, mixed):
    made = ask(client, media_ids=mixed.ids[:3])
    stack.query(
        f"UPDATE archives SET state = 'preparing', updated_at = now() - interval '1 minute' WHERE id = {NEWEST}"
    )
    assert len(members(client.get(made["url"]).content)) == 3
    assert client.get(f"{made['url']}?status").json()["state"] == "ready"


def test_one_that_is_being_prepared_says_when_to_come_back(stack, client, mixed):
    made = ask(client, media_ids=mixed.ids[3:5])
    later = "updated_at = now() + interval '1 hour'"
    stack.query(f"UPDATE archives SET state = 'preparing', {later}, percent = 40 WHERE id = {NEWEST}")
    status = client.get(f"{made['url']}?status").json()
    assert (status["state"], status["percent"]) == ("preparing", 40)
    answer = client.get(made["url"])
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["Retry-After"]) == (503, "FILE_016", "5")
    stack.query(f"UPDATE archives SET state = 'failed', error = 'A file is gone: x.' WHERE id = {NEWEST}")
    answer = client.get(made["url"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "FILE_014") and "x." in answer.text
    assert client.get(f"{made['url']}?status").json()["error"] == "A file is gone: x."


def test_a_long_question_is_understood(client):
    """Tens of thousands of keys, more than other questions may be long."""
    keys = [f"media/{number:08x}-0000-4000-8000-000000000000" for number in range(50_000)]
    answer = client.post(BATCH, json={"keys": keys})
    assert answer.json()["error"]["code"] == "FILE_014" and "and 49995 more" in answer.text


def test_too_much_for_one_archive(client):
    keys = [f"media/{number:08x}-0000-4000-8000-000000000000" for number in range(100_001)]
    answer = client.post(BATCH, json={"keys": keys})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "FILE_015")
