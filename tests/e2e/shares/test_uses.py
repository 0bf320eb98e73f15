"""Limits of uses, counted from what Nginx really delivered (threat S11)."""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import CANARY
from tests.e2e.people import wait_until
from tests.e2e.shares.conftest import BIG, code_of, use_of

SIZE = BIG + 2 * len(CANARY)
BOTS = ("TelegramBot (like TwitterBot)", "WhatsApp/2.23.20.0", "Slackbot-LinkExpanding 1.0")


def break_off(stack, path: str, *headers: str, agent: str = "curl/8") -> bytes:
    """Ask, read a little of the answer, and hang up."""
    context = ssl.create_default_context(cafile=stack.data / "tls" / "certificate.pem")
    lines = ["Host: localhost", f"User-Agent: {agent}", *headers]
    request = f"GET {path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    with (
        socket.create_connection(("localhost", stack.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(request.encode())
        return secure.recv(4096)


def spent(answer) -> bool:
    return answer.status_code == 410 and code_of(answer) == "SHARE_008"


def stranger(stack):
    client = stack.session(None)
    client.headers["User-Agent"] = f"stranger {secrets.token_hex(4)}"
    return client


def download(stack, path: str, client=None):
    """The whole file, as soon as nobody else holds it."""
    client, found = client or stranger(stack), []

    def got() -> bool:
        found[:] = [client.get(path)]
        return found[0].status_code != 409

    wait_until(got, 60, "somebody holds it for ever")
    return found[0]


def test_S11_a_one_time_link_survives_previews_and_is_gone_after_one_download(stack, owner, share, big):
    shared = share(big["id"], max_uses=1)
    page, file = shared.at(), shared.at(f"file/{big['id']}")
    assert stack.session(None).head(page).status_code == 200
    head = stack.session(None).head(file)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(SIZE)
    for bot in BOTS:
        assert stack.session(None).get(page, headers={"User-Agent": bot}).status_code == 200
    assert b" 206 " in break_off(stack, file, "Range: bytes=0-", agent=BOTS[0])
    assert use_of(owner, shared)["uses"] == 0
    answer = download(stack, file)
    assert answer.status_code == 200 and len(answer.content) == SIZE and answer.content.endswith(CANARY)
    wait_until(lambda: use_of(owner, shared)["uses"] == 1, 60)
    assert spent(stranger(stack).get(file))
    assert stranger(stack).head(file).status_code == 410
    assert spent(stranger(stack).get(file, headers={"Range": "bytes=0-9"}))
    use = use_of(owner, shared)
    assert (use["uses"], use["downloads"]) == (1, 1) and use["last_seen"]


@pytest.mark.parametrize("limit", [1, 3])
def test_S11_a_hundred_parallel_openers_get_the_allowed_number(stack, owner, share, big, limit):
    shared = share(big["id"], max_uses=limit)
    file = shared.at(f"file/{big['id']}")

    def open_it(number: int):
        client = stranger(stack)
        if number % 2:
            client.get(shared.at())  # half of them with a cookie
        return client.get(file)

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(open_it, range(100)))
    whole = [answer for answer in answers if answer.status_code == 200]
    assert len(whole) == limit and all(len(answer.content) == SIZE for answer in whole)
    for answer in answers:
        assert answer.status_code in (200, 409, 410), answer.text
        assert answer.status_code != 409 or int(answer.headers["Retry-After"]) > 0
    wait_until(lambda: use_of(owner, shared)["uses"] == limit, 60)
    assert spent(stranger(stack).get(file))


def test_S11_a_hundred_of_one_program_without_cookies_are_one(stack, owner, share, big):
    shared = share(big["id"], max_uses=1)
    file = shared.at(f"file/{big['id']}")
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: stack.session(None).get(file, headers={"User-Agent": "curl/8"}), range(100)))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {answer.status_code for answer in answers} <= {200, 409, 410}


def test_S11_a_broken_download_is_resumed_by_the_same_program_and_counts_once(stack, owner, share, big):
    shared = share(big["id"], max_uses=1)
    file, agent = shared.at(f"file/{big['id']}"), {"User-Agent": "Wget/1.21"}
    begun = stack.session(None).get(file, headers={**agent, "Range": f"bytes=0-{SIZE // 2}"})
    assert begun.status_code == 206
    rest = stack.session(None).get(file, headers={**agent, "Range": f"bytes={SIZE // 2 + 1}-"})
    assert rest.status_code == 206 and (begun.content + rest.content).endswith(CANARY)
    wait_until(lambda: use_of(owner, shared)["uses"] == 1, 60)
    again = stack.session(None).get(file, headers={**agent, "Range": "bytes=1000-2000"})
    assert again.status_code == 206  # a player or downloader that asks for a part again
    assert spent(stack.session(None).get(file, headers=agent)) and spent(stranger(stack).get(file))


def test_S11_a_whole_download_once_more_is_another_use(stack, owner, share, shelved):
    shared = share(shelved["id"], max_uses=2)
    file, client = shared.at(f"file/{shelved['id']}"), stranger(stack)
    for use in (1, 2):
        assert download(stack, file, client).status_code == 200
        wait_until(lambda use=use: use_of(owner, shared)["uses"] == use, 60)
    assert spent(client.get(file))


def test_S11_a_visitor_may_fetch_everything_of_a_one_time_share(stack, owner, share, shelved, big):
    shared = share(shelved["id"], big["id"], max_uses=1)
    client = stranger(stack)
    for media in (shelved, big):
        assert client.get(shared.at(f"file/{media['id']}")).status_code == 200
        wait_until(lambda: use_of(owner, shared)["uses"] == 1, 60)
    assert spent(stranger(stack).get(shared.at(f"file/{big['id']}")))


def test_S11_a_film_counts_with_its_only_key(stack, owner, share, film):
    shared = share(film["id"], max_uses=1, rights=["view"])
    client, other = stack.session(None), stranger(stack)
    for one in (client, other):
        one.get(shared.at(f"watch/{film['id']}")).raise_for_status()
        one.get(shared.at()).raise_for_status()
    prefix = prefix_of(client, shared, film)
    late = prefix_of(other, shared, film)  # opened in time, but others were quicker
    assert use_of(owner, shared)["uses"] == 0
    assert len(client.get(f"{prefix}/360p/key/0").content) == 16
    assert use_of(owner, shared)["uses"] == 1
    assert client.get(f"{prefix}/480p/key/0").status_code == 200
    assert spent(other.get(f"{late}/360p/key/0")) and spent(stranger(stack).get(shared.at(f"stream/{film['id']}")))


def prefix_of(client, shared, film) -> str:
    playlist = client.get(shared.at(f"stream/{film['id']}")).text
    return next(line for line in playlist.splitlines() if line.startswith("/hls/")).rsplit("/", 2)[0]


def test_S11_what_has_begun_before_the_end_is_sent_to_its_end(stack, owner, share, big):
    """The policy: a delivery under way goes on, a resumed one is refused."""
    shared = share(big["id"])
    file = shared.at(f"file/{big['id']}")
    answer = stack.session(None).get(file, stream=True)
    first = next(answer.iter_content(1024))
    owner.delete(f"/api/shares/{shared.id}").raise_for_status()
    wait_until(lambda: stack.session(None).head(file).status_code == 410, 60)
    rest = b"".join(answer.iter_content(1 << 16))
    assert len(first + rest) == SIZE and rest.endswith(CANARY)
    gone = stack.session(None).get(file, headers={"Range": "bytes=1000-"})
    assert (gone.status_code, code_of(gone)) == (410, "SHARE_003")


def test_opens_and_downloads_are_told_to_the_owner(stack, owner, share, shelved):
    shared = share(shelved["id"])
    for _ in range(2):
        client = stranger(stack)
        for _ in range(2):
            client.get(shared.at(f"file/{shelved['id']}")).raise_for_status()
    with contextlib.suppress(OSError):
        break_off(stack, shared.at(f"file/{shelved['id']}"), "Range: bytes=0-99", agent="another")
    wait_until(lambda: use_of(owner, shared)["downloads"] == 2, 60)
    use = use_of(owner, shared)
    assert (use["opens"], use["max_uses"], use["has_password"], use["revoked"]) == (3, None, False, False)
