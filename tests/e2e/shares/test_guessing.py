"""Guessing the password of a share (threat L06)."""

from __future__ import annotations

import pytest

from tests.e2e.people import basic
from tests.e2e.shares.conftest import SECRET

WAYS = {
    "form": lambda client, shared, media, guess: client.post(shared.at(), data={"password": guess}),
    "json": lambda client, shared, media, guess: client.post(shared.at(), json={"password": guess}),
    "query": lambda client, shared, media, guess: client.get(shared.at(f"file/{media}?password={guess}")),
    "thumbnail": lambda client, shared, media, guess: client.get(
        shared.at(f"thumbnail/{media}"), headers=basic("share", guess)
    ),
    "stream": lambda client, shared, media, guess: client.post(
        shared.at(f"stream/{media}"), data={"password": guess}
    ),
}  # fmt: skip


@pytest.mark.parametrize("guesses", [60, pytest.param(1000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("way", WAYS)
def test_L06_passwords_are_not_guessed_by_any_way(stack, share, shelved, way, guesses):
    """Only the form takes one, ten at once from one address; nothing else looks at it, right or wrong."""
    shared = share(shelved["id"], password=SECRET)
    client, statuses = stack.session(None), []
    for number in range(guesses):
        statuses.append(WAYS[way](client, shared, shelved["id"], f"guess-{number}").status_code)
    if way in ("form", "json"):
        assert statuses[:10] == [403] * 10 and set(statuses[10:]) <= {403, 429} and statuses.count(429) > guesses * 0.6
        assert WAYS[way](client, shared, shelved["id"], SECRET).status_code == 429
    else:
        assert set(statuses) <= {401, 403, 404, 405}
        assert WAYS[way](client, shared, shelved["id"], SECRET).status_code in (401, 403, 404, 405)
    assert stack.session(None).get(shared.at(f"file/{shelved['id']}")).status_code == 401


def test_L06_guesses_of_one_network_do_not_lock_out_another(stack, share, shelved):
    shared = share(shelved["id"], password=SECRET)
    guesser, friend = stack.session(None, address="127.9.9.1"), stack.session(None, address="127.9.9.2")
    tries = [guesser.post(shared.at(), data={"password": "no"}) for _ in range(15)]
    assert tries[-1].status_code == 429 and int(tries[-1].headers["Retry-After"]) > 0
    assert "Too many tries" in tries[-1].text
    assert friend.post(shared.at(), data={"password": SECRET}, allow_redirects=False).status_code == 303
    assert friend.get(shared.at(f"file/{shelved['id']}")).status_code == 200
