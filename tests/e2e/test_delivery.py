"""Every plain original is delivered alike, wherever it lies and by whichever address: RFC 9110, and no surprise."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import pytest

from tests.e2e.originals import KINDS, put, ways

WHOLE = bytes(range(256)) * 400
WAYS = ("d", "stream", "get", "original", "download", "player")


@pytest.fixture(scope="module")
def client(stack):
    return stack.session()


@pytest.fixture(scope="module", params=KINDS)
def addresses(request, stack, client) -> dict[str, str]:
    return ways(client, put(stack, request.param, "song.mp3", WHOLE, "audio/mpeg").id)


@pytest.fixture(params=WAYS)
def way(request, addresses) -> str:
    return addresses[request.param]


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-0", slice(0, 1)), ("bytes=0-9", slice(0, 10)), ("bytes=1000-", slice(1000, None)),
     ("bytes=-15", slice(-15, None)), ("bytes=102300-999999", slice(102300, None))],
)  # fmt: skip
def test_a_range(client, way, asked, part):
    answer = client.get(way, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, WHOLE[part])
    start = range(len(WHOLE))[part].start
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(answer.content) - 1}/{len(WHOLE)}"
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_what_is_no_range_is_the_whole_file(client, way):
    for asked in ("bytes=0-1,5-6", "lines=0-1"):
        answer = client.get(way, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, WHOLE), asked
    beyond = client.get(way, headers={"Range": f"bytes={len(WHOLE)}-"})
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (416, "FILE_005")
    assert beyond.headers["Content-Range"] == f"bytes */{len(WHOLE)}"


def test_HEAD_says_what_GET_would(client, way):
    head, get = client.head(way), client.get(way)
    assert (head.status_code, head.content, get.content) == (200, b"", WHOLE)
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition"):
        assert head.headers.get(name) == get.headers.get(name), name
    assert head.headers["Content-Length"] == str(len(WHOLE)) and head.headers["Accept-Ranges"] == "bytes"
    assert parsedate_to_datetime(head.headers["Last-Modified"]) and re.fullmatch(r'"[^"]+"', head.headers["ETag"])
    part = client.head(way, headers={"Range": "bytes=0-1"})  # RFC 9110 14.2: for GET alone
    assert part.content == b"" and part.status_code in (200, 206)


def test_conditions(client, way):
    first = client.head(way).headers
    tag, date = first["ETag"], first["Last-Modified"]
    for headers, status in (
        ({"If-None-Match": tag}, 304), ({"If-None-Match": f'"other", {tag}'}, 304), ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "*"}, 304), ({"If-Modified-Since": date}, 304), ({"If-Match": tag}, 200),
        ({"If-Match": '"other"'}, 412), ({"If-Unmodified-Since": "Thu, 01 Jan 1998 00:00:00 GMT"}, 412),
        ({"Range": "bytes=0-1", "If-Range": tag}, 206), ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-1", "If-Range": date}, 206),
        ({"Range": "bytes=0-1", "If-Range": "Thu, 01 Jan 1998 00:00:00 GMT"}, 200),
    ):  # fmt: skip
        # (!) After a 412 of a file Nginx closes the connection without a word: each question has its own.
        answer = client.get(way, headers={"Connection": "close", **headers})
        assert answer.status_code == status, headers
        assert status != 304 or (answer.headers["ETag"] == tag and answer.content == b"")


def test_a_file_that_was_replaced_is_another_one(stack, client):
    """What a resumed download has of the old one is not mixed with the new one."""
    placed = put(stack, "stored", "notes.txt", b"old" * 100, "text/plain")
    address = ways(client, placed.id)["get"]
    tag = client.head(address).headers["ETag"]
    stack.place(b"newer" * 100, stack.data / "files" / placed.key)
    changed = None
    for _ in range(100):  # Nginx keeps a file open for a second
        changed = client.get(address, headers={"Range": "bytes=0-4", "If-Range": tag})
        if changed.headers["ETag"] != tag:
            break
    assert changed.status_code == 200 and changed.content == b"newer" * 100


# --- names (threat U04) ---------------------------------------------------------------------------

HOSTILE = {
    "line breaks": "a\r\nSet-Cookie: x=1\r\n\r\n<html>.txt", "a quote": 'a";filename="evil.exe.txt', "a path": "../../etc/passwd",
    "a path of Windows": "..\\..\\boot.ini", "right to left": "photo\u202egpj.exe", "composed": "e\u0301t\u00e9.txt",
    "255 bytes": "x" * 251 + ".txt", "emoji": "\U0001f3ac film.mp4", "an option": "-i.mp4", "a device": "CON", "a dot at its end": "a.txt.",
    "only dots": "..", "per cents": "100%41%0a.txt", "semicolons": "a;b=c,d.txt", "a tab": "a\tb.txt", "a backslash": 'a\\"b.txt',
    "an encoded word": "=?utf-8?q?evil?=.txt", "control characters": "a\x01\x1b[31mb.txt",
}  # fmt: skip


@pytest.fixture(scope="module")
def named(stack, client) -> dict[str, dict[str, str]]:
    """The addresses of one media by each name, in turn mounted, kept and stored."""
    return {
        title: ways(client, put(stack, KINDS[n % 3], name, b"x", "text/plain").id)
        for n, (title, name) in enumerate(HOSTILE.items())
    }


@pytest.mark.parametrize("title", HOSTILE)
def test_U04_a_name_is_data_in_the_header_that_carries_it(stack, client, named, title):
    """RFC 6266, as the bytes that a client gets: one line, a base name, nothing that turns text around."""
    for way, address in named[title].items():
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)
        head = stack.raw(
            f"GET {address} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode(),
            quiet_seconds=30,
        ).partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 200") and b"\nset-cookie:" not in head.lower(), (way, head)
        found = re.findall(rb"(?im)^content-disposition: (.*?)\r?$", head)
        if way == "d":  # Nginx alone: it knows no name but the one in the address
            assert found == []
            continue
        value = re.fullmatch(rb"(inline|attachment); filename=\"([ !#-\[\]-~]+)\"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)",
                             found[0], re.ASCII)  # fmt: skip
        assert len(found) == 1 and value, (way, found)
        name = unquote(value[3].decode())
        assert not set(name) & set("/\\\r\n\t\0\u202e\x1b") and name.strip(". ") == name != "", (way, name)
        assert name == unquote(value[3].decode(), errors="strict") and b"%" not in value[2]


def test_U04_a_plain_name_comes_back_as_it_is(client, named):
    assert "filename*=UTF-8''e%CC%81t%C3%A9.txt" in client.get(named["composed"]["get"]).headers["Content-Disposition"]
    assert 'filename="-i.mp4"' in client.get(named["an option"]["stream"]).headers["Content-Disposition"]
