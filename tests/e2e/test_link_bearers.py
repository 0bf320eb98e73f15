"""Who has a link has that file, and nothing else: every route, asked with every part of a link of each form (S05)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.e2e.conftest import CANARY
from tests.e2e.originals import links
from tests.e2e.test_rights import MATRIX, ask, outcome

FORMS = ("d", "stream", "get")


@pytest.fixture(scope="module")
def held(stack, shelved) -> dict[str, str]:
    return links(stack.session(), shelved["id"])


def bearer(stack, link: str):
    """A stranger who shows the link's signature wherever one could be looked for."""
    client, parts = stack.session(None), urlsplit(link)
    client.params = parse_qsl(parts.query)
    signature = parts.query.rpartition("sig=")[2] or parts.path.split("/")[3]
    client.headers["Cookie"] = f"__Host-sluice={signature}; sluice-link={signature}"
    return client, signature


@pytest.mark.parametrize("form", FORMS)
def test_a_links_bearer_gets_no_further_than_a_stranger_anywhere(stack, shelved, film, held, form):
    """MATRIX is test_rights': its first column is the stranger's."""
    client, signature = bearer(stack, held[form])
    for row, columns in MATRIX.items():
        for media in (shelved["id"], film["id"]):
            if held[form].startswith(row.split(" ")[1].split("{")[0]) and media == shelved["id"] and form == "stream":
                continue  # the link itself
            wanted = {columns[0], "401"}  # a signature is no session
            if "{code}" in row or "{share_id" in row:
                wanted |= {"403", "404"}  # and no share
            for headers in ({}, {"Authorization": f"Bearer {signature}"}):
                client.headers.update(headers)
                answer = ask(client, row, media, {"id": media, "code": signature[:22]})
                assert outcome(answer) in wanted and CANARY not in answer.content, (row, media)
                client.headers.pop("Authorization", None)


@pytest.mark.parametrize("form", FORMS)
def test_a_links_bearer_gets_no_other_address_of_the_same_file(stack, shelved, held, form):
    """Its facts, pictures, playlist and player are not what was handed out."""
    client, _ = bearer(stack, held[form])
    assert stack.session(None).get(held[form]).content.startswith(CANARY)
    for path in (
        f"/watch/{shelved['id']}", f"/api/media/{shelved['id']}", f"/api/media/{shelved['id']}/original",
        f"/api/media/stream/{shelved['id']}", f"/api/media/thumbnail/{shelved['id']}", "/library", "/gate/",
        held[form].split("?")[0].rpartition("/")[0] + "/", "/d/", "/stream/", "/get/",
    ):  # fmt: skip
        answer = client.get(path, headers={"Accept": "application/json"}, allow_redirects=False)
        assert answer.status_code in (303, 401, 403, 404) and CANARY not in answer.content, path
