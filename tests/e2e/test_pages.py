"""Every page and state of pages.py held to the same rules, in one walk with one browser.

axe (WCAG 2.2 AA and its best practices), html-validate, no complaint of the browser, no sideways scrolling on a phone, a focus
that is seen, targets that a finger meets, and a first load that is light. Wide and light or narrow and dark, by turns, and
every third page; the long form has every page in both sizes and both themes.
"""

from __future__ import annotations

import json
import secrets
import subprocess

import pytest

from tests.e2e import browser as chrome
from tests.e2e import pages
from tests.e2e.conftest import make
from tests.stack import REPO

NODE = REPO / "templates/node_modules"
LIGHT_BYTES = 150_000  # of the first load of the library, compressed, without pictures

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,  # it would put a <style> into the page, which our policy stops
}
# media-chrome names what these show in words: "current playback rate 1.5" for "1.5x", "2 minutes" for "2:00".
NOT_OURS = {"exclude": [["media-playback-rate-button"], ["media-time-display"]]}
TURNS = [(chrome.DESKTOP, "light"), (chrome.PHONE, "dark")]
LOOKS = [*TURNS, (chrome.DESKTOP, "dark"), (chrome.PHONE, "light")]
WALK = [
    pytest.param(look, name, marks=[] if number % 3 == 1 and look == TURNS[number // 3 % 2] else pytest.mark.soak,
                 id=f"{look[0]['width']}-{look[1]}-{name}")
    for look in LOOKS for number, name in enumerate(pages.PLACES)
]  # fmt: skip


@pytest.fixture(scope="module")
def world(stack, tmp_path_factory):
    """One of each kind, found by the first part of their names; one of the names is long."""
    stem, place = f"look{secrets.token_hex(4)}", tmp_path_factory.mktemp("look")
    film = make(place / f"{stem} film.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=12:duration=3",
                "-f", "lavfi", "-i", "sine=duration=3", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                "-c:a", "aac", "-shortest")  # fmt: skip
    photo = make(place / f"{stem} photo.jpg", "-f", "lavfi", "-i", "testsrc=size=320x200", "-frames:v", "1")
    song = make(place / f"{stem} song.mp3", "-f", "lavfi", "-i", "sine=duration=2", "-q:a", "9")
    text = place / f"{stem} a-name-without-a-blank-{'that-goes-on-' * 12}and-on.txt"
    text.write_text("words\n" * 50)
    thrown = place / f"{stem} thrown away.txt"
    thrown.write_text("old words\n")
    broken = place / f"{stem} broken.mp4"
    broken.write_text("this is no film")
    shelved = stack.data / "shelf" / stem / f"shelved {secrets.token_hex(4)}.txt"
    shelved.parent.mkdir()
    stack.place(b"words on a shelf\n", shelved)
    for file in (film, photo, song, text, thrown, broken):
        stack.drop(file)
    for file in (film, photo, song, text, thrown, shelved):
        stack.wait_for_media(file.name)
    stack.wait_for_media(broken.name, "failed")
    client = stack.session()
    one = f"/api/media/{stack.media(film.name)['id']}"
    client.patch(one, json={"tags": [stem]}).raise_for_status()
    client.put(f"{one}/position", json={"seconds": 1.5, "duration": 3}).raise_for_status()
    client.delete(f"/api/media/{stack.media(thrown.name)['id']}").raise_for_status()
    return pages.world(client, stem)


@pytest.fixture(scope="module")
def viewers(browser, stack, world):
    """(viewport, theme) -> who looks at pages like that, made once."""
    people, made = pages.people(world, stack.admin_password), {}

    def viewer(look) -> pages.Viewer:
        key = str(look)
        if key not in made:
            made[key] = pages.Viewer.of(browser, stack.url, people, *look)
            for page in made[key].tabs.values():
                page.context.add_init_script((NODE / "axe-core/axe.min.js").read_text())
                page.context.add_init_script(REPORT)
                page.ear = chrome.Ear(page)
        return made[key]

    yield viewer
    for one in made.values():
        one.close()


# What the content security policy stops is an error of the page, whether or not the browser says so by itself.
REPORT = """addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`));"""


@pytest.mark.parametrize(("look", "name"), WALK)
def test_a_page_keeps_the_rules(viewers, world, look, name):
    place, viewer = pages.PLACES[name], viewers(look)
    page = viewer.page(place)
    page.ear.heard.clear()
    refused = {place.status, *(status for status, _ in place.answers.values())} - {200}
    page.ear.expected = [said for status in refused for said in (f"{status} ", f"status of {status}")]
    assert pages.open_(page, place, pages.address(place, world)), "something to click on is missing"
    page.wait_for_timeout(200)  # what opens is open, what is loaded by scripts has come
    wrong = [f"axe: {found}" for found in page.evaluate(RUN_AXE, [NOT_OURS, AXE])]
    wrong += [f"the page is {width} px wide" for width in [page.evaluate(WIDTH)] if width > page.viewport_size["width"]]
    page.keyboard.press("Tab")  # from here on what has the focus is what a keyboard has reached
    wrong += [f"no focus is seen on {element}" for element in page.evaluate(UNSEEN_FOCUS)]
    assert not wrong + page.ear.complaints()


WIDTH = "document.documentElement.scrollWidth"

RUN_AXE = """async ([context, options]) => {
    const { violations } = await axe.run(context, options);
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) =>
        `${id} (${help}) at ${target}: ${failureSummary.split("\\n").slice(1).join(";")}`));
}"""

# An outline, a shadow, a border or a background that changes, on the element or on what stands for it.
UNSEEN_FOCUS = """async () => {
    const modal = document.querySelector("dialog[open]") ?? document;
    const all = [...modal.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
    const looks = (one) => {
        const style = getComputedStyle(one);
        const outline = style.outlineStyle === "none" ? "none" : style.outlineWidth + style.outlineColor;
        return [outline, style.boxShadow, style.borderColor, style.backgroundColor].join();
    };
    const around = (one) => [one, one.parentElement, one.nextElementSibling, one.closest("label, li, form")].filter(Boolean);
    const unseen = [];
    for (const one of all) {
        if (one.disabled || !one.checkVisibility({ visibilityProperty: true })) continue;
        document.activeElement?.blur();
        const before = around(one).map(looks).join("|");
        one.focus({ preventScroll: true, focusVisible: true });
        if (document.activeElement === one && around(one).map(looks).join("|") === before) unseen.push(one.outerHTML.slice(0, 120));
    }
    return unseen;
}"""


def test_the_html_of_every_page_is_valid(stack, world, tmp_path):
    """As it is served; what is off, and why, is said in htmlvalidate.cjs."""
    clients = {
        "admin": stack.session(), "stranger": stack.session(None),
        "newcomer": stack.session(world["username"], world["password"]),
    }  # fmt: skip
    for name, place in pages.PLACES.items():
        answer = clients[place.by].get(pages.address(place, world).partition("#")[0], headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (place.status, "text/html; charset=utf-8"), name
        (tmp_path / f"{name}.html").write_bytes(answer.content)
    command = [NODE / ".bin/html-validate", "-c", REPO / "tests/e2e/htmlvalidate.cjs", "-f", "json", tmp_path]
    with (tmp_path / "told.json").open("w+") as told:  # it ends before a pipe has taken all of it
        said = subprocess.run(command, stdout=told, stderr=subprocess.PIPE, text=True).stderr
    told = (tmp_path / "told.json").read_text()
    assert told, said
    wrong = {
        f"{message['ruleId']} {message['message']} at {message['selector']}": report["filePath"].rsplit("/", 1)[-1]
        for report in json.loads(told)
        for message in report["messages"]
    }
    assert not wrong


def test_the_first_load_of_the_library_is_light(browser, stack, signed_in, world):
    """Counted as it comes through Nginx, with an empty cache; pictures of media are the library's own, not the page's."""
    context = chrome.context(browser, stack.url, storage_state=signed_in)
    page, loaded = context.new_page(), []
    page.on("requestfinished", lambda request: loaded.append(request))
    page.goto("/library", wait_until="networkidle")
    sizes = {
        request.url: request.sizes()["responseBodySize"]
        for request in loaded
        if not request.url.startswith(f"{stack.url}/api/media/")
    }
    context.close()
    assert sum(sizes.values()) <= LIGHT_BYTES, sizes
