"""The real stack, started once for all tests of this directory, and media of the tests' own making.

Tests know only URLs, the data directory and the `sluice` command; everything goes through the real Nginx.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import browser as chrome
from tests.e2e import issuers
from tests.stack import SETTINGS, Stack, free_port, running


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One running Sluice with an empty library."""
    door = f"\n[edge]\ndoor = {free_port()}\n"
    with running(SETTINGS + issuers.settings() + door) as stack:
        yield stack


# --- media of the tests' own making ---------------------------------------------------------------

FILM_SECONDS, FILM_RATE = 16, 15  # pictures a second: as few as a player needs to be seen playing


def make(target: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(target)], check=True, stdin=subprocess.DEVNULL)
    return target


@pytest.fixture(scope="session")
def film_file(tmp_path_factory) -> Path:
    """H.264 and AAC, constant frame rate, one key frame a second, higher than two rungs of the ladder."""
    return make(
        tmp_path_factory.mktemp("media") / "film.mp4",
        "-f", "lavfi", "-i", f"testsrc2=size=960x540:rate={FILM_RATE}:duration={FILM_SECONDS}",
        "-f", "lavfi", "-i", f"sine=frequency=440:duration={FILM_SECONDS}",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", str(FILM_RATE), "-pix_fmt", "yuv420p", "-c:a", "aac",
        "-shortest", "-movflags", "+faststart",
    )  # fmt: skip


@pytest.fixture(scope="session")
def film(stack, film_file) -> dict:
    """The film in the library, all of its rungs made."""
    return stack.wait_for_media(stack.drop(film_file, "film.mp4"))


@pytest.fixture(scope="session")
def photo(stack, tmp_path_factory) -> dict:
    file = make(tmp_path_factory.mktemp("media") / "photo.jpg", "-f", "lavfi", "-i", "testsrc=size=1200x800",
                "-frames:v", "1")  # fmt: skip
    return stack.wait_for_media(stack.drop(file, "photo.jpg"))


CANARY = b"canary-5e1f0c9d"


@pytest.fixture(scope="session")
def shelved(stack) -> dict:
    """A mounted song (its bytes are what matters here), with a canary at both ends."""
    stack.place(CANARY + bytes(range(256)) * 400 + CANARY, stack.data / "shelf" / "song.mp3")
    return stack.wait_for_media("song.mp3")


# --- a person with a browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chrome.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(browser, stack):
    """Cookies of a session, for the tests that are not about signing in."""
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    chrome.sign_in(page, stack.admin_password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser, stack, signed_in):
    """A signed-in page whose test fails on any complaint."""
    context = chrome.context(browser, stack.url, storage_state=signed_in)
    page = context.new_page()
    page.ear = chrome.Ear(page)
    yield page
    complaints = page.ear.complaints()
    context.close()
    assert not complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failing test shows what the programs said."""
    report = yield
    if report.failed and "stack" in getattr(item, "funcargs", {}):
        report.sections.append(("logs of the stack", item.funcargs["stack"].logs()))
    return report
