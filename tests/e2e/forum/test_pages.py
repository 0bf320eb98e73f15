"""Posts of a forum with Sluice's files in them, read and in a browser."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.e2e import browser
from tests.e2e.conftest import CANARY
from tests.e2e.forum.site import GUEST, HOSTILE, MEMBER, PROXIED, READER, Elements


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
    found = forum.page("[sluicelist]song.mp3[/sluicelist]")
    page = Elements(found)
    assert len(page.of("li")) == len(page.of("a")) >= 1 and "song&#46;mp3" in found
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
