"""deploy/integrations/discuz: a forum's page with Sluice's files in it, by php-cli, against the real stack.

Discuz itself is a stand-in (tests/e2e/forum); everything between it and Sluice is real.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
import requests

from nginx import contract
from tests.e2e import browser
from tests.e2e.conftest import CANARY, make
from tests.e2e.people import add_user, wait_until
from tests.stack import REPO, free_port

INTEGRATIONS = REPO / "deploy/integrations"
LIBRARY, STAND_IN = INTEGRATIONS / "discuz", Path(__file__).parent / "forum"
MEMBER, READER, GUEST = "5.10", "6.11", "0.7"  # uid.group: may download, may see, may nothing
HOSTILE = 'a"\'><img src=x onerror="window.hit=1"> [b]:)  &lt;\u202ex.mp3'
BIG = 100 * 2**20


class Forum:
    """A PHP web server with a forum on it, and the files of its operator outside its web root."""

    def __init__(self, stack, place: Path, token: str):
        self.stack, self.token = stack, token
        self.secrets, self.root = place / "operator", place / "htdocs"
        self.secrets.mkdir()
        shutil.copytree(STAND_IN, self.root)
        shutil.copy(LIBRARY / "proxy.php", self.root / "sluice_proxy.php")
        for name, text in (("token", token), ("proxy", "a secret of the forum's own"), ("text", "the operator's text")):
            (self.secrets / name).write_text(text + "\n")
        self.url = f"http://127.0.0.1:{free_port()}"

    def settings(self, **changes) -> dict:
        keys = self.stack.data / "keys"
        return {
            "url": self.stack.url, "ca_file": str(self.stack.data / "tls/certificate.pem"), "timeout": 30,
            "token_file": str(self.secrets / "token"), "stream_key_file": str(keys / "stream.key"),
            "links_file": str(keys / "links.json"), "see_groups": [10, 11], "download_groups": [10],
            "cache_dir": str(self.secrets / "cache"), "cache_seconds": 0,
            "proxy_secret_file": str(self.secrets / "proxy"), **changes,
        }  # fmt: skip

    def configure(self, **changes) -> None:
        text = json.dumps(self.settings(**changes))
        library = LIBRARY / "lib/Sluice.php"
        config = f"<?php require_once '{library}'; return new Sluice(json_decode(<<<'X'\n{text}\nX, true));"
        (self.secrets / "new.php").write_text(config)
        os.replace(self.secrets / "new.php", self.secrets / "config.php")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        plugin = LIBRARY / "plugin/sluice"
        return {**kept, "FORUM_CONFIG": str(self.secrets / "config.php"), "FORUM_PLUGIN": str(plugin),
                "PHP_CLI_SERVER_WORKERS": "4"}  # fmt: skip

    def php(self, expression: str, *arguments: str, **changes):
        """What an expression over $sluice is; of a SluiceException [code, sentence, status]."""
        self.configure(**changes)
        script = f"""$sluice = null;
            try {{ $sluice = require getenv('FORUM_CONFIG'); $value = {expression}; }}
            catch (SluiceException $e) {{ $value = [$e->sluiceCode, $e->getMessage(), $e->status]; }}
            echo json_encode($value);"""
        run = ["php", "-d", "display_errors=stderr", "-d", "error_reporting=-1", "-r", script, "--", *arguments]
        done = subprocess.run(run, capture_output=True, text=True, env=self.environment, check=True)
        assert not done.stderr, done.stderr
        return json.loads(done.stdout)

    def get(self, path: str, member: str = MEMBER, method: str = "GET", **options) -> requests.Response:
        with requests.Session() as client:
            client.trust_env = False
            return client.request(method, self.url + path, cookies={"forum": member}, timeout=120, **options)

    def page(self, post: str, member: str = MEMBER, **query: str) -> str:
        answer = self.get(f"/?post={quote(post)}" + "".join(f"&{k}={quote(v)}" for k, v in query.items()), member)
        assert answer.status_code == 200
        return answer.text


@pytest.fixture(scope="module")
def forum(stack, tmp_path_factory):
    user = add_user(stack, "viewer")
    token = stack.sluice("token", "mint", "forum", "--user", user, "--scope", "library", "--scope", "links").strip()
    forum = Forum(stack, tmp_path_factory.mktemp("forum"), token)
    forum.configure()
    address = urlsplit(forum.url).netloc
    command = ["php", "-d", "memory_limit=32M", "-d", "error_reporting=-1", "-S", address, "-t", str(forum.root)]
    with (forum.secrets / "log").open("w") as log:
        server = subprocess.Popen(command, env=forum.environment, cwd=forum.root, stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(forum), 60, "the forum does not start")
        yield forum
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(autouse=True)
def _usual_settings(forum):
    forum.configure()


def _answers(forum: Forum) -> bool:
    try:
        return forum.get("/?post=").status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def tone(stack, tmp_path_factory) -> dict:
    """A real song on the mount, with a name that wants to be markup."""
    file = make(tmp_path_factory.mktemp("tone") / "tone.mp3", "-f", "lavfi", "-i", "sine=frequency=300:duration=20")
    stack.place(file.read_bytes(), stack.data / "shelf" / HOSTILE)
    return stack.wait_for_media(HOSTILE, seconds=60)


class Elements(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]


# --- links ----------------------------------------------------------------------------------------


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


# --- asking ---------------------------------------------------------------------------------------


def test_files_are_listed_page_by_page_and_searched(forum, shelved, tone):
    first = forum.php("$sluice->files('', 1, 1)")
    second = forum.php("$sluice->files('', 2, 1)")
    assert first["pagination"]["pages"] == first["pagination"]["total"] >= 2
    assert len(first["data"]) == 1 and first["data"][0]["id"] != second["data"][0]["id"]
    assert [item["name"] for item in forum.php("$sluice->files('song.mp')")["data"]] == ["song.mp3"]
    assert forum.php("count($sluice->files(str_repeat('日', 900))['data'])") == 0


def test_a_file_is_found_by_name_and_by_id(forum, shelved, tone):
    assert forum.php("$sluice->find('song.mp3')['id']") == shelved["id"]
    assert forum.php("$sluice->find($argv[1])['name']", shelved["id"]) == "song.mp3"
    assert forum.php("$sluice->find($argv[1])['id']", HOSTILE) == tone["id"]
    assert forum.php("$sluice->find('song')")[0] == "FORUM_004"


def test_errors_carry_sluices_own_code_and_sentence(forum):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert forum.php("$sluice->find($argv[1])", unknown) == ["MEDIA_001", "There is no such media.", 404]
    (forum.secrets / "wrong").write_text("slt_wrong")
    code, sentence, status = forum.php("$sluice->files()", token_file=str(forum.secrets / "wrong"))
    assert code.startswith("AUTH_") and sentence and status == 401
    assert forum.php("$sluice->files()", ask_url="https://127.0.0.1:9")[0] == "FORUM_002"


def test_a_server_that_cannot_be_verified_is_not_asked(forum):
    """Neither without its certificate, nor under another name, nor with another key."""
    pin = "sha256//" + "A" * 43 + "="
    for changes in ({"ca_file": ""}, {"pinned_key": pin}):
        assert forum.php("$sluice->files()", **changes)[0] == "FORUM_002", changes
    assert "VERIFYPEER => false" not in (LIBRARY / "lib/SluiceApi.php").read_text()


def test_answers_are_kept_for_a_short_while_in_files_of_their_own(forum, stack, shelved):
    cached = {"cache_seconds": 300, "cache_dir": str(forum.secrets / "kept")}
    assert forum.php("$sluice->find('song.mp3')['id']", **cached) == shelved["id"]
    away = {**cached, "ask_url": "https://127.0.0.1:9"}
    assert forum.php("$sluice->find('song.mp3')['id']", **away) == shelved["id"]
    assert forum.php("$sluice->find('other.mp3')", **away)[0] == "FORUM_002"
    assert forum.php("$sluice->find('song.mp3')", ask_url="https://127.0.0.1:9", cache_dir="")[0] == "FORUM_002"
    kept = list((forum.secrets / "kept").iterdir())
    assert kept and not any(forum.token in file.read_text() for file in kept)
    assert {file.stat().st_mode & 0o077 for file in [*kept, forum.secrets / "kept"]} == {0}


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"url": "ftp://x"},
        {"url": "http://x"},
        {"ttl": 0},
        {"token_file": "/nowhere"},
        {"token_file": ""},
    ],
    ids=str,
)
def test_a_bad_setting_names_itself(forum, changes):
    code, sentence, _ = forum.php("$sluice->files()", **changes)
    assert code == "FORUM_001" and next(iter(changes)) in sentence


def test_a_secret_inside_the_web_root_is_refused(forum, shelved):
    (forum.root / "token").write_text(forum.token)
    forum.configure(token_file=str(forum.root / "token"))
    page = forum.page("[sluice]song.mp3[/sluice]")
    (forum.root / "token").unlink()
    assert "FORUM&#95;001" in page and not Elements(page).of("audio")


# --- pages ----------------------------------------------------------------------------------------


def test_a_post_shows_a_player_and_a_download(forum, stack, shelved):
    text = forum.page("listen:\n[sluice] song.mp3 [/sluice] [sluiceaudio]song.mp3[/sluiceaudio]")
    page = Elements(text)
    assert [(p["preload"], p["title"], "controls" in p) for p in page.of("audio")] == [("none", "song.mp3", True)] * 2
    for address in (*[p["src"] for p in page.of("audio")], *[a["href"] for a in page.of("a")]):
        assert address.startswith(f"{stack.url}/stream/{shelved['id']}?expires=")
        assert stack.session(None).get(address).content.startswith(CANARY)
    secrets = [file.read_text().strip() for file in (forum.secrets / "token", stack.data / "keys/stream.key")]
    assert not any(secret in text for secret in secrets) and "[sluice" not in text


def test_a_list_names_what_was_searched_for(forum, shelved, tone, film):
    page = Elements(forum.page("[sluicelist]song.mp3[/sluicelist]"))
    assert len(page.of("li")) == len(page.of("a")) == 1
    assert "There&#32;is&#32;no&#32;such&#32;file" in forum.page("[sluicelist]no such thing[/sluicelist]")
    film_row = forum.page("[sluicelist]film.mp4[/sluicelist]")
    assert "film&#46;mp4" in film_row and not Elements(film_row).of("a")


def test_what_a_group_may_not_is_not_offered(forum, shelved):
    reader, guest = (forum.page("[sluice]song.mp3[/sluice]", who) for who in (READER, GUEST))
    assert Elements(reader).of("audio") and not Elements(reader).of("a")
    assert not Elements(guest).of("audio") and not Elements(guest).of("a") and "sig" not in guest
    refused = forum.php("$sluice->link(['id' => 'x'], ['id' => 6, 'group' => 11], true)")
    assert refused[0] == "FORUM_003"


def test_a_file_that_is_not_there_is_a_sentence(forum, shelved):
    page = forum.page("before [sluice]no such file[/sluice] after")
    assert "before" in page and "FORUM&#95;004" in page and "after" in page


def test_a_post_cannot_make_sluice_busy(forum, shelved):
    """Tags beyond the twentieth stay text, and a Sluice that does not answer is waited for once."""
    page = forum.page("[sluice]song.mp3[/sluice]" * 25)
    assert len(Elements(page).of("audio")) == 20 and page.count("[sluice]") == 5
    asked = "array_map(function ($n) use ($sluice) { try { $sluice->find($n); } catch (SluiceException $e) { return spl_object_id($e); } }, ['a', 'b', 'c'])"
    assert len(set(forum.php(asked, ask_url="https://127.0.0.1:9"))) == 1


def test_a_summary_leaves_the_tags_out(forum):
    assert forum.page("a [sluice]song.mp3[/sluice] b", caller="messagecutstr").endswith("a  b".replace("  ", "&nbsp; "))


def test_a_wrong_setting_leaves_the_posts_readable(forum):
    forum.configure(colour="red")
    assert "[sluice]x[/sluice] y" in forum.page("[sluice]x[/sluice] y")


@pytest.mark.parametrize("post", ["[sluice]{}[/sluice]", "[sluicelist]{}[/sluicelist]"])
def test_a_hostile_name_is_text(forum, tone, post):
    page = Elements(forum.page(post.format(HOSTILE)))
    assert not page.of("img") and not page.of("b")
    for tag, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on") or name in ('x.mp3"', "b]")], (tag, attributes)
    if post.startswith("[sluice]"):
        assert [player["title"] for player in page.of("audio")] == [HOSTILE.replace("\u202e", "")]


# --- the proxy ------------------------------------------------------------------------------------

PROXIED = {"proxy_url": "/sluice_proxy.php"}


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


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def visitor(forum):
    with browser.chromium() as chromium:
        context = browser.context(chromium, forum.url)
        context.add_cookies([{"name": "forum", "value": MEMBER, "url": forum.url}])
        yield context.new_page()


@pytest.mark.parametrize("settings", [{}, PROXIED], ids=["signed", "proxied"])
def test_a_song_plays_in_a_page_of_another_site(forum, tone, visitor, settings):
    """A hostile name as well: the player works and no script has run."""
    forum.configure(**settings)
    ear = browser.Ear(visitor)
    visitor.goto(f"/?post={quote(f'[sluice]{HOSTILE}[/sluice] [sluicelist]{HOSTILE}[/sluicelist]')}")
    visitor.evaluate("document.querySelector('audio').play().catch(() => 0) && 0")
    browser.until(visitor, "document.querySelector('audio').currentTime > 0.5", seconds=60)
    assert visitor.evaluate("window.hit") is None and visitor.locator("img, b").count() == 0
    assert visitor.locator("audio").get_attribute("title") == HOSTILE.replace("\u202e", "")
    assert not ear.complaints()


def test_only_signed_links_may_be_shown_by_other_sites(stack, shelved, film):
    client = stack.session()
    signed = [
        client.post("/api/links", json={"media_id": shelved["id"], "kind": kind}).json()["url"]
        for kind in ("d", "stream")
    ]
    assert [client.get(url).headers["Cross-Origin-Resource-Policy"] for url in signed] == ["cross-origin"] * 2
    for path in (f"/api/media/{shelved['id']}/original", f"/api/media/stream/{film['id']}", "/library", "/static/app.css",
                 f"/api/media/thumbnail/{film['id']}"):  # fmt: skip
        assert client.get(path).headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    for path in (
        "/stream/../api/media/{}/original",
        "/d/..%2fapi/media/{}/original",
        "/stream/%2e%2e/api/media/{}/original",
    ):
        raw = f"GET {path.format(shelved['id'])} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        assert b"cross-origin\r\n" not in stack.raw(raw.encode()).split(b"\r\n\r\n")[0].lower(), path
