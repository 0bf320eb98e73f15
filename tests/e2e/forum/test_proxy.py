"""The forum's own proxy: ranges, and nothing but what a page has offered to this very user."""

from __future__ import annotations

import os
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from tests.e2e.conftest import CANARY
from tests.e2e.forum.site import GUEST, MEMBER, PROXIED, READER, Elements
from tests.e2e.people import wait_until

BIG = 100 * 2**20


@pytest.fixture
def proxied(forum, shelved):
    """The addresses that a member's page has: (player, download)."""
    forum.configure(**PROXIED)
    page = Elements(forum.page("[sluice]song.mp3[/sluice]"))
    return page.of("audio")[0]["src"], page.of("a")[0]["href"]


def test_the_proxy_sends_a_file_on_range_by_range(forum, proxied):
    player, download = proxied
    whole = forum.get(player)
    assert whole.status_code == 200 and whole.content.startswith(CANARY) and whole.content.endswith(CANARY)
    assert whole.headers["Content-Type"] == "audio/mpeg" and whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Length"] == str(len(whole.content))
    part = forum.get(player, headers={"Range": "bytes=10-4009", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, whole.content[10:4010])
    assert part.headers["Content-Range"] == f"bytes 10-4009/{len(whole.content)}"
    other = forum.get(player, headers={"Range": "bytes=10-19", "If-Range": '"other"'})
    assert other.status_code == 200 and other.content == whole.content
    assert forum.get(player, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert forum.get(player, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    head = forum.get(player, method="HEAD")
    assert head.status_code == 200 and not head.content and head.headers["Content-Length"] == str(len(whole.content))
    assert forum.get(download).headers["Content-Disposition"].startswith("attachment;")


def test_the_proxy_passes_on_only_the_headers_that_it_knows(forum, proxied):
    answer = forum.get(proxied[0], headers={"X-Sluice-Internal": "1", "Cookie": "__Host-sluice=x; forum=" + MEMBER})
    assert answer.status_code == 200
    told = {name.lower() for name in answer.headers}
    assert told <= {
        "host", "date", "connection", "content-type", "content-length", "content-disposition", "accept-ranges", "etag",
        "last-modified", "content-security-policy", "x-content-type-options", "cache-control", "cross-origin-resource-policy",
    }  # fmt: skip
    assert "sandbox" in answer.headers["Content-Security-Policy"] and forum.token not in str(answer.headers)


def changed(address: str, **values: str) -> str:
    path, query = address.split("?")
    pairs = {**dict(pair.split("=") for pair in query.split("&")), **{k: quote(v, safe="") for k, v in values.items()}}
    return path + "?" + "&".join(f"{name}={value}" for name, value in pairs.items())


def test_the_proxy_opens_nothing_but_what_a_page_offered(forum, proxied, tone, stack):
    player, download = proxied
    for name, address in {
        "another media": changed(player, m=tone["id"]), "later": changed(player, e="9999999999"),
        "another form": changed(player, f="download"), "another user": changed(player, u="6"),
        "traversal": changed(player, m="../../library"), "encoded": changed(player, m="..%2f..%2flibrary"),
        "absolute": changed(player, m=f"{stack.url}/api/auth/me"), "file": changed(player, m="file:///etc/passwd"),
        "newline": player + "%0a", "unsigned": changed(player, s=""), "padded": player + "0", "nothing": "/sluice_proxy.php",
        "arrays": player.replace("m=", "m[]="), "upper case": changed(player, m="A" * 36),
    }.items():  # fmt: skip
        answer = forum.get(address)
        assert answer.status_code == 403 and CANARY not in answer.content, name
    for who in ("6.10", READER, GUEST, "5.7"):  # passed on, and a member who has lost the group
        assert forum.get(player, who).status_code == 403, who
    assert forum.get(download, "5.11").status_code == 403  # may see, may not download
    assert forum.get(player, method="POST").status_code == 405


def test_a_forged_path_is_refused_even_under_a_good_signature(forum, shelved):
    forum.configure(**PROXIED)
    for media in ("../../library", "https://example.org/x", f"{shelved['id']}/../{shelved['id']}"):
        link = forum.php("$sluice->proxy()->link($argv[1], ['id' => 5, 'group' => 10], false)", media, **PROXIED)
        assert forum.get(link).status_code == 403, media


def test_an_expired_proxy_link_is_refused(forum, shelved):
    link = forum.php(
        "$sluice->proxy()->link($argv[1], ['id' => 5, 'group' => 10], false)", shelved["id"], ttl=1, **PROXIED
    )
    expires = int(parse_qs(urlsplit(link).query)["e"][0])
    wait_until(lambda: time.time() > expires + 0.1)
    answer = forum.get(link)
    assert answer.status_code == 403 and b"expired" in answer.content


def test_the_proxy_says_when_sluice_is_away_and_when_a_file_has_gone(forum, proxied):
    unknown = "00000000-0000-4000-8000-000000000000"
    link = forum.php("$sluice->proxy()->link($argv[1], ['id' => 5, 'group' => 10], false)", unknown, **PROXIED)
    assert forum.get(link).status_code == 404
    forum.configure(ask_url="https://127.0.0.1:9", **PROXIED)
    assert forum.get(proxied[0]).status_code == 503
    (forum.secrets / "wrong").write_text("slt_wrong")
    forum.configure(token_file=str(forum.secrets / "wrong"), **PROXIED)
    answer = forum.get(proxied[0])
    assert answer.status_code == 502 and b"AUTH_" not in answer.content  # nothing of ours is a visitor's business


def test_a_large_file_passes_through_little_memory(forum, stack, tmp_path):
    """100 MB through a PHP of 32 MB."""
    stack.place(CANARY, stack.data / "large.mp3")
    os.truncate(stack.data / "large.mp3", BIG)
    os.rename(stack.data / "large.mp3", stack.data / "shelf/large.mp3")
    stack.wait_for_media("large.mp3", seconds=60)
    forum.configure(**PROXIED)
    link = Elements(forum.page("[sluice]large.mp3[/sluice]")).of("audio")[0]["src"]
    with requests.Session() as client:
        client.trust_env = False
        answer = client.get(forum.url + link, cookies={"forum": MEMBER}, stream=True, timeout=120)
        received = [len(chunk) for chunk in answer.iter_content(2**20)]
    assert answer.headers["Content-Length"] == str(BIG) and sum(received) == BIG
