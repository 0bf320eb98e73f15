"""Signed links: minted and verified by one recipe, one canonical form (threats S07, S09)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.errors import BadRequest, LinkExpired, NoPlainFile, SignatureInvalid
from control.services.links import Links
from control.services.tokens import SigningKeys
from control.settings.sections import Links as Limits

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
SECRET = b"s" * 32


def media(**changes):
    base = {
        "id": MEDIA, "name": "song.mp3", "kind": "audio", "mime": "audio/mpeg", "size_bytes": 1, "source": "mount",
        "state": "completed", "created_at": datetime.now(UTC), "mount": "demo", "path": "a b/song.mp3",
        "original": "mount",
    }  # fmt: skip
    return Media(**{**base, **changes})


@pytest.fixture
def links():
    return Links("https://h:1", SigningKeys("k1", {"k1": "aa" * 32}), SECRET, Limits(max_seconds=1000))


def test_a_stream_link_is_the_recipe_of_the_users_own_generators(links):
    link = links.mint(media(), "stream", 60, "viewer")
    query = link.url.split("?")[1]
    expires = query.split("&")[0].removeprefix("expires=")
    by_hand = hmac.new(SECRET, f"{MEDIA}|{expires}".encode(), hashlib.sha256).hexdigest()
    assert link.url == f"https://h:1/stream/{MEDIA}?expires={expires}&sig={by_hand}"
    links.verify_stream(MEDIA, query)


def test_a_download_link_is_what_secure_link_computes(links):
    link = links.mint(media(), "d", 60, "viewer")
    _, _, _, _, kid, mac, expires, root, path = link.url.split("/", 8)
    text = f"d {expires}/demo/a b/song.mp3 {'aa' * 32}".encode()
    by_hand = base64.urlsafe_b64encode(hashlib.md5(text).digest()).rstrip(b"=").decode()  # noqa: S324
    assert (kid, mac, root, path) == ("k1", by_hand, "demo", "a%20b/song.mp3")


def test_S07_a_stream_link_has_exactly_one_form(links):
    query = links.mint(media(), "stream", 60, "viewer").url.split("?")[1]
    expires, sig = query.split("&")
    for changed in (
        f"{sig}&{expires}", query + "&x=1", query + "&", "&" + query, query.upper(), query.replace("sig=", "sig=%20"),
        f"{expires}&{sig}&{sig}", f"{expires}&{expires}&{sig}", query.replace("expires=", "expires=0"),
        query.replace("expires=", "expires=-"), query[:-1], query + "0", query + "\n", "", expires, sig,
    ):  # fmt: skip
        with pytest.raises(SignatureInvalid):
            links.verify_stream(MEDIA, changed)
    with pytest.raises(SignatureInvalid):
        links.verify_stream(MEDIA + "x", query)


def test_S09_expiry_is_honoured_to_the_second(links, monkeypatch):
    link = links.mint(media(), "stream", 60, "viewer")
    query, expires = link.url.split("?")[1], link.expires.timestamp()
    monkeypatch.setattr(time, "time", lambda: expires - 0.5)
    links.verify_stream(MEDIA, query)
    monkeypatch.setattr(time, "time", lambda: expires)
    with pytest.raises(LinkExpired):
        links.verify_stream(MEDIA, query)


@pytest.mark.parametrize("ttl", [0, -1, 1001])
def test_a_lifetime_has_bounds(links, ttl):
    with pytest.raises(BadRequest, match="understood"):
        links.mint(media(), "stream", ttl, "admin")


def test_what_is_kept_as_ciphertext_has_no_link(links):
    with pytest.raises(NoPlainFile):
        links.mint(media(kind="video", source="import", mount=None, path=None, original="archived"), "d", 60, "viewer")


def test_a_kept_original_is_named_by_its_id(links):
    link = links.mint(media(source="import", mount=None, path=None, original="kept"), "d", 60, "viewer")
    assert link.url.endswith(f"/originals/0f/{MEDIA}/original")


@pytest.mark.parametrize(("role", "longest"), [("guest", 500), ("viewer", 500), ("editor", 1000), ("admin", 1000)])
def test_how_long_a_link_may_live_is_the_roles_business(role, longest):
    limits = Limits(max_seconds=1000, viewer_max_seconds=500)
    links = Links("https://h:1", SigningKeys("k1", {"k1": "aa" * 32}), SECRET, limits)
    assert links.mint(media(), "d", longest, role)
    with pytest.raises(BadRequest) as refused:
        links.mint(media(), "d", longest + 1, role)
    assert f"{longest} seconds" in refused.value.details
