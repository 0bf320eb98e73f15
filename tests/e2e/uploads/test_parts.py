"""Plane one: init, parts in any order, complete. What is wrong costs the client an error and the disk nothing."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.uploads.clients import (
    Person,
    begin,
    code,
    complete,
    incoming,
    on_disk,
    original,
    progress,
    put,
    send,
    sha256,
    text,
    with_token,
)  # fmt: skip


def chunked(client, name: str, content: bytes, count: int, **facts) -> tuple[str, list[bytes]]:
    upload = begin(client, name, content, mode="chunked", **facts).json()["upload_id"]
    size = -(-len(content) // count)
    return upload, [content[at : at + size] for at in range(0, len(content), size)]


def test_a_file_in_one_piece(stack, viewer):
    content = text(50_000, 1)
    done = send(viewer, "one.txt", content, sha256=sha256(content), folder="Notes/2026")
    assert (done["sha256"], done["size"]) == (sha256(content), 50_000)
    assert original(viewer, done) == content
    known = viewer.get(f"/v1/files/metadata/{done['key']}").json()
    assert (known["filename"], known["folder"], known["visibility"]) == ("one.txt", "Notes/2026", "private")
    assert (stack.data / "files" / done["key"]).read_bytes() == content
    assert not (stack.data / "spool" / done["key"]).exists() and incoming(stack) == 0


def test_parts_in_parallel_in_any_order_and_twice(stack, viewer):
    content = text(3_000_000, 2)
    upload, parts = chunked(viewer, "many.txt", content, 20)
    numbered = list(enumerate(parts, 1)) * 2
    random.shuffle(numbered)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: put(viewer, upload, *one), numbered))
    assert {answer.status_code for answer in answers} == {200}
    assert progress(viewer, upload)["received"] == len(content)
    with ThreadPoolExecutor(3) as pool:  # asked three times at once, done once
        done = list(pool.map(lambda _: complete(viewer, upload, parts=list(range(1, 21))), range(3)))
    assert {answer.json()["sha256"] for answer in done} == {sha256(content)}
    assert original(viewer, done[0].json()) == content
    assert len({answer.json()["media_id"] for answer in done}) == 1
    assert progress(viewer, upload)["state"] == "completed" and not on_disk(stack, upload)


def test_a_part_is_held_to_its_checksum(stack, viewer):
    content = text(1000, 3)
    upload, (first, second) = chunked(viewer, "checked.txt", content, 2)
    wrong = put(viewer, upload, 1, first, headers={"X-Content-SHA256": sha256(b"another")})
    assert (wrong.status_code, code(wrong)) == (422, "FILE_008")
    assert not on_disk(stack, upload) and incoming(stack) == 0
    assert put(viewer, upload, 1, first, headers={"X-Content-SHA256": sha256(first)}).status_code == 200
    assert viewer.post(f"/v1/files/part?upload_id={upload}&part=2&sha256={sha256(second)}", data=second).ok
    assert complete(viewer, upload).status_code == 200


def test_a_wrong_sha256_leaves_nothing(stack, viewer):
    content = text(5000, 4)
    upload = begin(viewer, "wrong.txt", content, sha256="0" * 64).json()["upload_id"]
    put(viewer, upload, 1, content)
    reserved = viewer.get("/v1/files/quota").json()["reserved"]
    assert reserved >= 5000
    answer = complete(viewer, upload)
    assert (answer.status_code, code(answer)) == (422, "FILE_008")
    assert code(complete(viewer, upload)) == "FILE_008"  # and so it stays
    assert not on_disk(stack, upload) and stack.media("wrong.txt") is None
    assert viewer.get("/v1/files/quota").json()["reserved"] == reserved - 5000


def test_what_is_missing_or_too_much_is_said(stack, viewer):
    content = text(3000, 5)
    upload, parts = chunked(viewer, "gaps.txt", content, 3)
    put(viewer, upload, 1, parts[0])
    put(viewer, upload, 3, parts[2])
    for asked in ({}, {"parts": [1, 2, 3]}):
        answer = complete(viewer, upload, **asked)
        assert (answer.status_code, code(answer)) == (409, "FILE_007")
    assert code(put(viewer, upload, 2, content + b"more")) == "FILE_004"  # before it is stored
    assert code(put(viewer, upload, 2, parts[1] + b"x")) == "FILE_004"  # afterwards, by adding up
    assert code(put(viewer, upload, 2, b"")) == "FILE_001"
    assert put(viewer, upload, 2, parts[1]).status_code == 200
    done = complete(viewer, upload)
    assert done.status_code == 200 and original(viewer, done.json()) == content


@pytest.mark.parametrize(
    ("name", "content"),
    [("page.html", b"<!doctype html><script>alert(1)</script>"), ("image.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
     ("film.mp4", b"#!/bin/sh\nrm -rf /\n"), ("program.exe", b"MZ\x90\0" * 100), ("empty.zip", b"PK\x05\x06" + bytes(18))],
    ids=("html", "svg", "script", "exe", "zip"),
)  # fmt: skip
def test_what_is_of_no_allowed_kind_is_refused_by_its_content(stack, viewer, name, content):
    upload = begin(viewer, name, content).json()["upload_id"]
    put(viewer, upload, 1, content)
    answer = complete(viewer, upload)
    assert (answer.status_code, code(answer)) == (415, "MEDIA_004")
    assert not on_disk(stack, upload) and stack.media(name) is None


def test_giving_up_frees_the_room(stack, viewer):
    before = viewer.get("/v1/files/quota").json()["reserved"]
    upload = begin(viewer, "given-up.txt", 10_000, mode="chunked").json()["upload_id"]
    put(viewer, upload, 1, text(4000))
    assert viewer.get("/v1/files/quota").json()["reserved"] == before + 10_000
    assert upload in [one["upload_id"] for one in viewer.get("/v1/files/uploads").json()["uploads"]]
    assert viewer.delete(f"/v1/files/upload/{upload}").status_code == 204
    assert viewer.get("/v1/files/quota").json()["reserved"] == before
    assert not (stack.data / "spool" / upload).exists()
    assert code(put(viewer, upload, 1, text(4000))) == "FILE_006"


# --- the login and the upload ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def person(stack) -> Person:
    return Person(stack)


def begun(person: Person, seed: int):
    """Somebody who has sent half of a file: (client, upload, content)."""
    content, client = text(2000, seed), person.client()
    upload = begin(client, f"{person.name}.txt", content, mode="chunked").json()["upload_id"]
    assert put(client, upload, 1, content[:1000]).status_code == 200
    return client, upload, content


def goes_on(client, upload: str, content: bytes) -> bool:
    answer = put(client, upload, 2, content[1000:])
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200 and complete(client, upload).status_code == 200


def test_an_upload_goes_on_when_the_login_has_expired(stack, person):
    _, upload, content = begun(person, 10)
    expired = with_token(stack, person.expired_token())
    assert expired.get("/api/auth/me").status_code == 401
    assert goes_on(expired, upload, content)


def test_an_upload_goes_on_when_its_session_was_idle_for_too_long(stack, person):
    _, upload, content = begun(person, 11)
    idle = person.client()  # a session that no worker has seen yet
    newest = f"SELECT id FROM sessions WHERE user_id = '{person.id}' ORDER BY created_at DESC LIMIT 1"
    stack.query(f"UPDATE sessions SET last_activity_at = now() - interval '2 days' WHERE id = ({newest})")
    stack.query(f"UPDATE uploads SET session_id = ({newest}) WHERE id = '{upload}'")
    assert idle.get("/api/auth/me").status_code == 401
    assert goes_on(idle, upload, content)


def test_an_upload_goes_on_without_any_credential_and_after_signing_out(stack, person):
    client, upload, content = begun(person, 12)
    assert client.post("/api/auth/logout", json={}).status_code == 200
    assert goes_on(stack.session(None), upload, content)


def test_an_upload_ends_when_an_administrator_ends_the_session(stack, person):
    client, upload, content = begun(person, 13)
    mine = client.get("/api/sessions").json()["sessions"]
    current = next(one["id"] for one in mine if one["is_current"])
    assert stack.session().delete(f"/api/sessions/{current}").status_code == 200
    for asking in (client, stack.session(None)):
        answer = put(asking, upload, 2, content[1000:])
        assert (answer.status_code, code(answer)) == (401, "AUTH_004")
    assert code(complete(client, upload)) == "AUTH_004"


def test_another_user_cannot_go_on_with_it_and_a_forged_token_is_no_login(stack, viewer, person):
    _, upload, content = begun(person, 15)
    assert code(put(viewer, upload, 2, content[1000:])) == "FILE_006"
    assert viewer.get(f"/v1/files/upload/{upload}").status_code == 404
    forged = put(with_token(stack, "e30.e30.e30"), upload, 2, content[1000:])
    assert (forged.status_code, code(forged)) == (401, "AUTH_003")


def test_an_upload_ends_when_its_user_is_switched_off(stack):
    person = Person(stack)
    client, upload, content = begun(person, 14)
    stack.sluice("user", "disable", person.name)
    assert not goes_on(client, upload, content)
