"""ZIP files of several media through the real Nginx: whole, in ranges, resumed, and what ends them."""

from __future__ import annotations

import random
import subprocess

import pytest

from tests.control.domain.test_archive_names import check
from tests.control.domain.test_archives import every_program_reads
from tests.e2e.archives.conftest import BATCH, NEWEST, ask, members, path_of
from tests.e2e.people import add_user, bearer, sign_in, wait_until


def test_U05_everything_is_in_it_under_safe_names(mixed, made, whole, tmp_path):
    found = members(whole)
    check(list(found))
    assert sorted(found.values()) == sorted(mixed.contents.values())
    assert {"kept song.mp3", "zip/a b.txt", "zip/_CON.txt", "zip/Trips/2026/é ☃.txt"} <= set(found)
    assert (made["files"], made["bytes"]) == (len(found), sum(map(len, found.values())))
    every_program_reads(whole, tmp_path)


def test_its_headers(stack, made, whole):
    client = stack.session(None)
    first = client.get(made["url"], stream=True)
    head = client.head(made["url"])
    for answer in (first, head):
        assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(whole)
        assert answer.headers["Content-Type"] == "application/zip" and answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["ETag"].strip('"').isalnum() and "Transfer-Encoding" not in answer.headers
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="sluice-')
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Accept-Ranges"):
            assert len(answer.raw.headers.getlist(name)) == 1, name
    assert head.content == b"" and first.content == whole


def test_http2_brings_the_same_bytes(stack, made, whole, tmp_path):
    curl(stack, made, "--http2", "-o", tmp_path / "two.zip")
    assert (tmp_path / "two.zip").read_bytes() == whole
    headers = curl(stack, made, "--http2", "-I").decode().lower()
    assert headers.startswith("http/2 200") and f"content-length: {len(whole)}" in headers
    curl(stack, made, "--http2", "-r", "1000-2000", "-o", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == whole[1000:2001]


def curl(stack, made, *options) -> bytes:
    certificate = stack.data / "tls/certificate.pem"
    command = ["curl", "-sS", "--fail", "--cacert", certificate, *options, made["url"]]
    return subprocess.run(command, check=True, capture_output=True).stdout


def ranges(length: int, count: int) -> list[tuple[int, int]]:
    dice = random.Random(7)  # noqa: S311
    small = [
        (at, min(at + dice.randrange(1, 3000), length)) for at in (dice.randrange(length) for _ in range(count - 8))
    ]
    return [*small, (0, 1), (length - 1, length), (0, length), (length - 500, length), (0, length // 2), (1, length),
            (length // 3, length // 3 * 2), (length - 70_000, length - 10)]  # fmt: skip


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.soak)])
def test_every_range_is_a_part_of_the_whole(stack, made, whole, count):
    client = stack.session(None)
    for start, stop in ranges(len(whole), count):
        answer = client.get(made["url"], headers={"Range": f"bytes={start}-{stop - 1}"})
        assert answer.status_code == 206 and answer.content == whole[start:stop], (start, stop)
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


def test_conditions_and_other_ranges(stack, made, whole):
    client = stack.session(None)
    tag = client.head(made["url"]).headers["ETag"]
    for headers, status, size in (
        ({"Range": "bytes=-7"}, 206, 7), ({"Range": f"bytes={len(whole) - 5}-"}, 206, 5), ({"Range": "bytes=5-4"}, 200, None),
        ({"Range": "bytes=0-0,5-6"}, 200, None), ({"Range": "lines=1-2"}, 200, None), ({"If-None-Match": tag}, 304, 0),
        ({"If-None-Match": f'W/{tag}, "x"'}, 304, 0), ({"If-None-Match": '"x"'}, 200, None), ({"If-Match": '"x"'}, 412, 0),
        ({"Range": "bytes=0-9", "If-Range": tag}, 206, 10), ({"Range": "bytes=0-9", "If-Range": '"x"'}, 200, None),
        ({"Range": "bytes=0-9", "If-Range": f"W/{tag}"}, 200, None), ({"If-Match": tag, "Range": "bytes=1-2"}, 206, 2),
    ):  # fmt: skip
        answer = client.get(made["url"], headers=headers)
        assert (answer.status_code, len(answer.content)) == (status, len(whole) if size is None else size), headers
        assert answer.headers["ETag"] == tag
    beyond = client.get(made["url"], headers={"Range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (416, "FILE_005")
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_curl_resumes_after_a_kill(stack, made, whole, tmp_path):
    target = tmp_path / "resumed.zip"
    base = ["curl", "-sS", "--cacert", stack.data / "tls/certificate.pem", "-o", target, "-C", "-", made["url"]]
    subprocess.run([*base, "--limit-rate", "2M", "--max-time", "1"], check=False, capture_output=True)
    cut = target.stat().st_size
    assert 0 < cut < len(whole)
    with target.open("r+b") as file:
        file.truncate(cut // 2)
    subprocess.run(base, check=True, capture_output=True)
    assert target.read_bytes() == whole


# --- what may go in -----------------------------------------------------------------------------------


def refusal(answer) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"]


def test_keys_ids_folders_searches_and_tags(stack, client, mixed):
    kept = mixed.kept["id"]
    by_key = ask(client, keys=[f"media/{kept}", f"media/{kept}"], media_ids=[kept], name="my music")
    assert (
        by_key["files"] == 1 and 'filename="my music.zip"' in client.head(by_key["url"]).headers["Content-Disposition"]
    )
    folder = ask(client, folder="shelf/zip/Trips")
    assert sorted(members(client.get(folder["url"]).content)) == ["zip/Trips/2026/É.txt", "zip/Trips/2026/é ☃.txt"]
    stack.query(f"UPDATE media SET tags = '{{zipped}}' WHERE id = '{kept}'")
    assert ask(client, tag="zipped")["files"] == 1
    assert ask(client, query="kept song")["files"] == 1
    assert refusal(client.post(BATCH, json={"tag": "nowhere"}))[:2] == (409, "FILE_014")
    assert refusal(client.post(BATCH, json={}))[:2] == (400, "FILE_001")
    assert refusal(client.post(BATCH, json={"keys": ["../../etc/passwd", "\0"]}))[:2] == (409, "FILE_014")


def test_what_one_may_not_have_is_named_or_left_out(stack, client, mixed):
    kept, hidden, encrypted = mixed.kept["id"], mixed.ids[0], insert(stack, "ciphertext.mp4", original="archived")
    stack.query(f"UPDATE media SET visibility = 'private' WHERE id = '{hidden}'")
    try:
        viewer, guest = (stack.session(None) for _ in range(2))
        viewer.headers.update(bearer(sign_in(stack, add_user(stack, "viewer"))["access_token"]))
        guest.headers.update(bearer(sign_in(stack, add_user(stack, "guest"))["access_token"]))
        wanted = {"media_ids": [kept, hidden, encrypted]}
        status, code, details = refusal(viewer.post(BATCH, json=wanted))
        assert (status, code) == (409, "FILE_014") and "ciphertext.mp4" in details and "MEDIA_008" in details
        assert f"media/{hidden}: There is no such media. (MEDIA_001)" in details and "a b.txt" not in details
        made = ask(viewer, **wanted, skip_missing=True)
        assert [one["code"] for one in made["skipped"]] == ["MEDIA_001", "MEDIA_008"]
        assert list(members(viewer.get(made["url"]).content)) == ["kept song.mp3"]
        assert refusal(guest.post(BATCH, json=wanted | {"skip_missing": True}))[:2] == (409, "FILE_014")
        assert ask(client, media_ids=[kept, hidden])["files"] == 2
        assert stack.session(None).post(BATCH, json=wanted).status_code == 401
    finally:
        stack.query(f"UPDATE media SET visibility = 'library' WHERE id = '{hidden}'")
        stack.query(f"DELETE FROM media WHERE id = '{encrypted}'")


def insert(stack, name: str, **columns) -> str:
    values = {"name": name, "kind": "video", "source": "import", "size_bytes": 1, "state": "completed"} | columns
    names, texts = ", ".join(values), ", ".join(f"'{value}'" for value in values.values())
    return stack.query(f"INSERT INTO media ({names}) VALUES ({texts}) RETURNING id").split()[0]


def test_an_address_that_is_not_known_or_is_over(stack, client, mixed):
    made = ask(client, media_ids=[mixed.kept["id"]])
    stack.query(f"UPDATE archives SET expires_at = now() WHERE id = {NEWEST}")
    for token in (made["token"], "x" * 22):
        assert refusal(client.get(f"{BATCH}/{token}"))[:2] == (410, "FILE_017"), token
    assert client.get(f"{BATCH}/..%2f").status_code in (404, 405)
    assert client.get(f"{BATCH}/{made['token']}").status_code == 410


def test_the_token_is_kept_as_a_hash_and_not_logged(stack, client, mixed):
    start = len(stack.deliveries())
    made = ask(client, media_ids=[mixed.kept["id"]])
    client.get(made["url"])
    client.get(made["url"], headers={"Range": "bytes=0-9"})
    verdict = " zip " + stack.query(f"SELECT id FROM archives WHERE id = {NEWEST}")
    whole, part = stack.wait_for_deliveries(start, lambda line: line["verdict"].endswith(verdict), 2)
    assert whole["uri"] == part["uri"] == BATCH + "/-"
    assert whole["verdict"] == part["verdict"] and part["bytes"] == 10 and whole["complete"] == "OK"
    assert made["token"] not in (stack.data / "logs/access.log").read_text()
    assert made["token"] not in stack.query("SELECT string_agg(a::text, ' ') FROM archives a")
    wait_until(lambda: stack.query("SELECT count(*) FROM audit WHERE event = 'archive_made'") != "0", 60)


def test_an_archive_of_a_share_that_is_not_there_is_refused(stack, client, mixed):
    made = ask(client, media_ids=[mixed.kept["id"]])
    stack.query(f"UPDATE archives SET ticket = 'some-ticket' WHERE id = {NEWEST}")
    for headers in ({}, {"Range": "bytes=0-9"}):
        assert client.get(made["url"], headers=headers).status_code == 403


def test_nothing_inside_can_be_reached(stack, made):
    archive = stack.query("SELECT id FROM archives LIMIT 1")
    for target in (
        f"/_sluice/parts/{archive}",
        f"/_sluice/archive/{archive}/100/{'0' * 32}",
        "/_sluice/member/shelf/song.mp3",
    ):
        answer = stack.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 404"), target
    assert path_of(stack, made).startswith(BATCH + "/")
