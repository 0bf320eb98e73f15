"""Links that a forum's server signs or asks for, and that Sluice accepts."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import subprocess
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from nginx import contract
from tests.e2e.conftest import CANARY
from tests.e2e.forum.site import LIBRARY, Elements


@pytest.mark.parametrize("file", sorted(LIBRARY.rglob("*.php")), ids=lambda path: path.name)
def test_every_file_is_valid_php(file):
    subprocess.run(["php", "-l", file], check=True, capture_output=True)


def test_the_sample_names_every_setting_and_no_other(forum):
    named = set(re.findall(r"^    '(\w+)' =>", (LIBRARY / "config.sample.php").read_text(), re.MULTILINE))
    assert named == set(forum.php("array_keys(SluiceSettings::DEFAULTS)"))


def test_a_stream_link_is_signed_without_a_request_as_control_signs(forum, stack, shelved):
    """The HMAC is that of control.services.links, over the bytes of keys/stream.key."""
    link = urlsplit(forum.php("$sluice->streamLink($argv[1])", shelved["id"], ask_url="https://127.0.0.1:9"))
    query = parse_qs(link.query)
    secret = bytes.fromhex((stack.data / "keys/stream.key").read_text().strip())
    message = f"{shelved['id']}|{query['expires'][0]}".encode()
    assert query["sig"][0] == hmac.new(secret, message, hashlib.sha256).hexdigest()
    assert stack.session(None).get(f"{link.path}?{link.query}").content.startswith(CANARY)


def test_a_secret_of_the_operators_own_is_used_as_text(forum):
    own = {"stream_key_file": "", "stream_secret_file": str(forum.secrets / "text")}
    query = parse_qs(urlsplit(forum.php("$sluice->streamLink('track 1')", **own)).query)
    message = f"track%201|{query['expires'][0]}".encode()
    assert query["sig"][0] == hmac.new(b"the operator's text", message, hashlib.sha256).hexdigest()


def test_a_file_link_is_the_one_that_nginx_checks(forum, stack, shelved):
    link = urlsplit(forum.php("$sluice->fileLink('shelf', 'song.mp3')"))
    keys = json.loads((stack.data / "keys/links.json").read_text())
    expires = int(link.path.split("/")[4])
    expected = contract.download_url(keys["current"], keys["keys"][keys["current"]], expires, "shelf", "song.mp3")
    assert link.path == expected and stack.session(None).get(link.path).content.startswith(CANARY)


def test_without_a_secret_links_are_asked_for_with_the_token(forum, stack, shelved):
    asked = {"stream_key_file": "", "cache_seconds": 60}
    link = forum.php("$sluice->streamLink($argv[1])", shelved["id"], **asked)
    assert stack.session(None).get(link).content.startswith(CANARY)
    assert forum.php("$sluice->streamLink($argv[1])", shelved["id"], **asked) == link  # from the cache
    again = forum.php("$sluice->streamLink($argv[1])", shelved["id"], ttl=2 * 3600, **asked)
    assert again != link


def test_a_film_gets_an_address_that_plays_without_a_cookie(forum, stack, film):
    """What a service token may ask for: the portable address, all the way to a key."""
    (link,) = [a["href"] for a in Elements(forum.page("[sluice]film.mp4[/sluice]")).of("a")]
    stranger = stack.session(None)
    master = stranger.get(link)
    variant = urljoin(link, next(line for line in master.text.splitlines() if line.endswith(contract.PLAYLIST)))
    key = re.search(r'URI="(key/\d+)"', stranger.get(variant).text)[1]
    assert len(stranger.get(urljoin(variant, key)).content) == 16
