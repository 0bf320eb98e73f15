"""Drop boxes: what visitors send through a share, and how much of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.people import PASSWORD, add_user
from tests.e2e.shares.conftest import SECRET, code_of


def send(client, shared, name: str, content: bytes):
    """Begin, send, complete; the answer that ends it."""
    begun = client.post(shared.at("upload"), json={"filename": name, "size": len(content)})
    if begun.status_code != 201:
        return begun
    upload = begun.json()["upload_id"]
    part = client.post(
        f"/v1/files/part?upload_id={upload}&part=1", data=content, headers={"Content-Type": "application/octet-stream"}
    )
    assert part.ok, part.text
    return client.post("/v1/files/complete", json={"upload_id": upload})


def test_what_a_visitor_sends_is_the_owners_alone(stack, owner, share):
    shared = share(rights=["upload"], name="For me", password=SECRET)
    client = stack.session(None)
    assert code_of(client.post(shared.at("upload"), json={"filename": "a.txt", "size": 1})) == "SHARE_002"
    client.post(shared.at(), data={"password": SECRET}).raise_for_status()
    done = send(client, shared, "letter.txt", b"Dear Sir or Madam,\n" * 20)
    assert done.ok, done.text
    media = done.json()["media_id"]
    facts = owner.get(f"/api/media/{media}").json()
    assert (facts["name"], facts["visibility"], facts["source"]) == ("letter.txt", "private", "upload")
    assert stack.query(f"SELECT folder FROM media WHERE id = '{media}'") == "For me"
    assert client.get(shared.at(f"file/{media}")).status_code == 403  # not even who has sent it
    assert "letter.txt" not in client.get(shared.at()).text
    assert stack.session(add_user(stack), PASSWORD).get(f"/api/media/{media}").status_code == 404


def test_caps_of_files_and_bytes_hold_for_many_at_once(stack, share):
    shared = share(rights=["upload"], upload_max_files=3, upload_max_bytes=1000)
    body = {"filename": "x.txt", "size": 100}
    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(lambda _: stack.session(None).post(shared.at("upload"), json=body), range(10)))
    assert sorted(answer.status_code for answer in asked) == [201] * 3 + [413] * 7
    assert {code_of(answer) for answer in asked if answer.status_code == 413} == {"SHARE_009"}
    heavy = share(rights=["upload"], upload_max_bytes=1000)
    sizes = [900, 101, 100, 1]
    statuses = [
        stack.session(None).post(heavy.at("upload"), json={"filename": "x.txt", "size": size}).status_code
        for size in sizes
    ]  # fmt: skip
    assert statuses == [201, 413, 201, 413]


def test_the_end_of_a_share_ends_what_is_being_sent(stack, owner, share):
    shared = share(rights=["upload"])
    client = stack.session(None)
    upload = client.post(shared.at("upload"), json={"filename": "x.txt", "size": 5}).json()["upload_id"]
    owner.delete(f"/api/shares/{shared.id}").raise_for_status()
    part = client.post(f"/v1/files/part?upload_id={upload}&part=1", data=b"12345")
    assert part.status_code in (404, 410) and not client.post("/v1/files/complete", json={"upload_id": upload}).ok


def test_a_share_without_the_right_takes_nothing(stack, share, shelved):
    answer = stack.session(None).post(share(shelved["id"]).at("upload"), json={"filename": "x.txt", "size": 5})
    assert (answer.status_code, code_of(answer)) == (403, "SHARE_005")
