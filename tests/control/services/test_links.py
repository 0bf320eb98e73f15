"""Signed links: minted and verified by one recipe, one canonical form (threats S07, S09)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.errors import BadRequest, LinkExpired, NoPlainFile, OtherNetwork, SignatureInvalid
from control.services.links import Links
from control.services.tokens import SigningKeys
from control.settings.sections import Links as Limits
from nginx import contract

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
SECRET, GET_SECRET = b"s" * 32, b"g" * 32
HERE, NEIGHBOUR, ELSEWHERE = "10.1.2.3", "10.1.2.250", "10.1.3.3"
STORED = f"users/0f0f0f0f-0000-4000-8000-00000000000a/2026/11/27/{MEDIA}"


def media(**changes):
    base = {
        "id": MEDIA, "name": "song.mp3", "kind": "audio", "mime": "audio/mpeg", "size_bytes": 1, "source": "mount",
        "state": "completed", "created_at": datetime.now(UTC), "mount": "demo", "path": "a b/song.mp3",
        "original": "mount",
    }  # fmt: skip
    return Media(**{**base, **changes})


@pytest.fixture
def links():
    return Links("https://h:1", SigningKeys("k1", {"k1": "aa" * 32}), SECRET, GET_SECRET, Limits(max_seconds=1000))


def test_a_stream_link_is_the_recipe_of_the_users_own_generators(links):
    link = links.mint(media(), "stream", 60, "viewer")
    query = link.url.split("?")[1]
    expires = query.split("&")[0].removeprefix("expires=")
    by_hand = hmac.new(SECRET, f"{MEDIA}|{expires}".encode(), hashlib.sha256).hexdigest()
    assert link.url == f"https://h:1/stream/{MEDIA}?expires={expires}&sig={by_hand}"
    links.verify_stream(MEDIA, query, HERE)


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
            links.verify_stream(MEDIA, changed, HERE)
    with pytest.raises(SignatureInvalid):
        links.verify_stream(MEDIA + "x", query, HERE)


def test_S09_expiry_is_honoured_to_the_second(links, monkeypatch):
    link = links.mint(media(), "stream", 60, "viewer")
    query, expires = link.url.split("?")[1], link.expires.timestamp()
    monkeypatch.setattr(time, "time", lambda: expires - 0.5)
    links.verify_stream(MEDIA, query, HERE)
    monkeypatch.setattr(time, "time", lambda: expires)
    with pytest.raises(LinkExpired):
        links.verify_stream(MEDIA, query, HERE)


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
    links = Links("https://h:1", SigningKeys("k1", {"k1": "aa" * 32}), SECRET, GET_SECRET, limits)
    assert links.mint(media(), "d", longest, role)
    with pytest.raises(BadRequest) as refused:
        links.mint(media(), "d", longest + 1, role)
    assert f"{longest} seconds" in refused.value.details


# --- the upload service's form --------------------------------------------------------------------


def get_parts(link) -> tuple[str, str]:
    """(encoded key, query)"""
    return tuple(link.url.removeprefix("https://h:1/get/").split("?"))


@pytest.mark.parametrize(
    ("changes", "key"),
    [({}, f"media/{MEDIA}"), ({"mount": None, "path": None, "original": "kept", "stored": STORED}, STORED)],
)
def test_a_get_link_names_a_key_and_signs_it(links, changes, key):
    link = links.mint(media(**changes), "get", 60, "viewer")
    encoded_key, query = get_parts(link)
    expires = query.split("&")[0].removeprefix("exp=")
    assert encoded_key == base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    by_hand = hmac.new(GET_SECRET, f"{key}|{expires}".encode(), hashlib.sha256).hexdigest()
    assert query == f"exp={expires}&sig={by_hand}"
    assert links.verify_get(encoded_key, query, HERE) == key


def test_S07_a_get_link_has_exactly_one_form(links):
    encoded_key, query = get_parts(links.mint(media(), "get", 60, "viewer"))
    expires, sig = query.split("&")
    for changed in (f"{sig}&{expires}", query + "&x=1", query + "&", query.upper(), query.replace("exp=", "expires="),
                    f"{expires}&{sig}&{sig}", query.replace("exp=", "exp=0"), query[:-1], "", expires):  # fmt: skip
        with pytest.raises(SignatureInvalid):
            links.verify_get(encoded_key, changed, HERE)
    other = base64.urlsafe_b64encode(f"media/{MEDIA[:-1]}2".encode()).decode().rstrip("=")
    looser = encoded_key[:-1] + chr(ord(encoded_key[-1]) + 1)  # the last digit's unused bits set
    for changed in (encoded_key + "=", encoded_key + "==", encoded_key[:-1], "." + encoded_key, encoded_key + "\n", other,
                    looser, "", "é", encoded_key.swapcase()):  # fmt: skip
        with pytest.raises(SignatureInvalid):
            links.verify_get(changed, query, HERE)


def test_S07_no_form_is_another(links):
    """Also where an operator gives two forms one secret."""
    links = Links("https://h:1", SigningKeys("k1", {"k1": "aa" * 32}), SECRET, SECRET, Limits())
    encoded_key, query = get_parts(links.mint(media(), "get", 60, "viewer"))
    with pytest.raises(SignatureInvalid):
        links.verify_stream(MEDIA, query.replace("exp=", "expires="), HERE)
    query = links.mint(media(), "stream", 60, "viewer").url.split("?")[1]
    with pytest.raises(SignatureInvalid):
        links.verify_get(encoded_key, query.replace("expires=", "exp="), HERE)


def test_S09_a_get_link_ends_to_the_second(links, monkeypatch):
    link = links.mint(media(), "get", 60, "viewer")
    monkeypatch.setattr(time, "time", lambda: link.expires.timestamp() - 0.5)
    links.verify_get(*get_parts(link), HERE)
    monkeypatch.setattr(time, "time", link.expires.timestamp)
    with pytest.raises(LinkExpired):
        links.verify_get(*get_parts(link), HERE)


# --- bound to a network ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound_to", "near", "far", "network"),
    [(HERE, NEIGHBOUR, ELSEWHERE, "10.1.2.0/24"), ("fd00::7", "fd00::1:2:3:4", "fd00:0:0:1::7", "fd00:0:0:0::/64"),
     ("::ffff:10.1.2.3", NEIGHBOUR, "::1", "10.1.2.0/24")],
)  # fmt: skip
def test_a_bound_link_opens_in_its_network_alone(links, bound_to, near, far, network):
    query = links.mint(media(), "stream", 60, "viewer", bound_to).url.split("?")[1]
    assert f"&net={network}&sig=" in query
    links.verify_stream(MEDIA, query, near)
    with pytest.raises(OtherNetwork):
        links.verify_stream(MEDIA, query, far)
    encoded_key, query = get_parts(links.mint(media(), "get", 60, "viewer", bound_to))
    assert links.verify_get(encoded_key, query, near)
    with pytest.raises(OtherNetwork):
        links.verify_get(encoded_key, query, far)


def test_S07_a_bound_link_cannot_be_unbound_or_bound_elsewhere(links):
    query = links.mint(media(), "stream", 60, "viewer", HERE).url.split("?")[1]
    expires, net, sig = query.split("&")
    for changed in (
        f"{expires}&{sig}", f"{expires}&net=10.1.3.0/24&{sig}", f"{net}&{expires}&{sig}", f"{expires}&{net}&{net}&{sig}",
        f"{expires}&net=10.1.2.0%2F24&{sig}", f"{expires}&net=&{sig}", f"{expires}&net=0.0.0.0/0&{sig}",
    ):  # fmt: skip
        with pytest.raises(SignatureInvalid):
            links.verify_stream(MEDIA, changed, ELSEWHERE)
    # Nor is the text under its MAC the text of an unbound link to another id.
    with pytest.raises(SignatureInvalid):
        links.verify_stream(f"{MEDIA}|{expires.removeprefix('expires=')}", f"expires={net[4:]}&{sig}", ELSEWHERE)


def test_S07_no_text_of_a_bound_download_is_one_of_an_unbound(links):
    """A query moves neither into the network nor out of it, and the two forms begin differently."""
    here = contract.bound_download_expression("9999999999", "demo", "a", "s", "110.1.2.0/24")
    for query in ("1", "1&", " ", "110.1.2.0/24 ", "n  "):
        assert contract.bound_download_expression("9999999999", "demo", "a", "s", "10.1.2.0/24", query) != here
        assert contract.download_expression("9999999999", "demo", "a", "s", query) != here


def test_a_bound_download_link_is_what_nginx_computes(links):
    link = links.mint(media(), "d", 60, "viewer", HERE)
    _, _, _, _, kid, marker, mac, expires, root, path = link.url.split("/", 9)
    text = f"n  10.1.2.0/24 {expires}/demo/a b/song.mp3 {'aa' * 32}".encode()
    by_hand = base64.urlsafe_b64encode(hashlib.md5(text).digest()).rstrip(b"=").decode()  # noqa: S324
    assert (kid, marker, mac, root, path) == ("k1", "net", by_hand, "demo", "a%20b/song.mp3")


def test_a_link_is_bound_to_an_address_and_nothing_else(links):
    with pytest.raises(BadRequest) as refused:
        links.mint(media(), "d", 60, "viewer", "here")
    assert "'here'" in refused.value.details
