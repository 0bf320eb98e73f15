"""Nobody who watches, sends or fetches notices a reload, a new certificate or a new key (`deploy/test --soak`)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until
from tests.e2e.vault.ongoing import Work, at_work, wrk
from tests.stack import REPO

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]

FILM_SECONDS = 240

# A stop for want of data: what a viewer would see as a turning circle.
WATCH = """(() => {
    const video = document.querySelector('video')
    window.starved = []
    video.addEventListener('waiting', () => {
        const ranges = [...Array(video.buffered.length).keys()]
        const ahead = Math.max(0, ...ranges.map(n => video.buffered.end(n) - video.currentTime))
        if (ahead < 0.5) starved.push(video.currentTime)
    })
    video.muted = true
    return video.play()
})()"""


@pytest.fixture
def long_film(stack, tmp_path) -> dict:
    file = make(
        tmp_path / "long.mp4", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=2:duration={FILM_SECONDS}", "-f", "lavfi",
        "-i", f"sine=duration={FILM_SECONDS}", "-c:v", "libx264", "-preset", "ultrafast", "-g", "2", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-shortest",
    )  # fmt: skip
    return stack.wait_for_media(stack.drop(file, f"long {secrets.token_hex(4)}.mp4"))


@pytest.fixture
def files(stack) -> list[str]:
    """Media of a mount, for links and an archive: 3 of 16 MB."""
    names = [f"interrupted {secrets.token_hex(4)}.mp3" for _ in range(3)]
    for name in names:
        stack.place(os.urandom(16 << 20), stack.data / "shelf" / name)
    return [stack.wait_for_media(name)["id"] for name in names]


# --- what happens meanwhile -----------------------------------------------------------------------


def reload_control(stack) -> None:
    """As systemd does it (ExecReload=); over once no old worker is left."""
    master, *workers = stack.pids("sluice:control")
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}").exists()], what="an old worker stays")
    stack.sluice("ready", "--wait", "120")


def reload_both(stack) -> None:
    """Nginx's new configuration is tried out while control's workers change."""
    changing = threading.Thread(target=reload_control, args=(stack,))
    changing.start()
    assert "reloaded" in stack.sluice("nginx", "reload")
    changing.join()


def by_the_admin_page(stack, page: str) -> None:
    """The processor does it, as a job of the queue."""
    admin = stack.session()
    admin.verify = False
    form = admin.get(f"/admin/{page}").text
    fields = dict(re.findall(r'name="(csrf|seen)" value="([^"]*)"', form))
    asked = admin.post(f"/admin/{page}/rotate", data=fields)
    assert asked.status_code == 200 and fields["seen"], asked.text
    event = {"keys": "keys_rotated", "links": "link_key_rotated"}[page]
    before = stack.query(f"SELECT count(*) FROM audit WHERE event = '{event}'")
    wait_until(
        lambda: stack.query(f"SELECT count(*) FROM audit WHERE event = '{event}'") != before
        or fields["seen"] not in admin.get(f"/admin/{page}").text.partition('name="seen"')[2][:80],
        what=f"{page} are not rotated",
    )  # fmt: skip


MEANWHILE = {
    "control is reloaded": reload_control,
    "the certificate is renewed": lambda stack: stack.sluice("cert", "renew", "--force"),
    "the master key is rotated": lambda stack: stack.sluice("key", "rotate"),
    "the master key is rotated by the processor": lambda stack: by_the_admin_page(stack, "keys"),
    # Once, by the processor, which calls `link rotate-key`: with a second new key the addresses of the first one end.
    "the key of links is rotated by the processor": lambda stack: by_the_admin_page(stack, "links"),
    "Nginx and control are reloaded": reload_both,
}


class LikeSystemd:
    """Holds control's socket, and starts control upon it as its unit does (LISTEN_FDS)."""

    def __init__(self, stack):
        master = stack.pids("sluice:control")[0]
        variables = Path(f"/proc/{master}/environ").read_text().rstrip("\0").split("\0")
        self._environment = dict(variable.split("=", 1) for variable in variables)
        stack.supervisor("stop", "sluice:control")
        self._owner, path = stack.data.stat(), stack.data / "run/control.sock"
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        os.chown(path, self._owner.st_uid, self._owner.st_gid)
        self._socket.listen(2048)
        self._process = self._started()

    def _started(self) -> subprocess.Popen:
        number = self._socket.fileno()
        command = "exec gunicorn -c control/gunicorn.conf.py control.wsgi:app"
        return subprocess.Popen(
            ["bash", "-c", f"exec 3<&{number}; LISTEN_PID=$$ LISTEN_FDS=1 {command}"], env=self._environment, cwd=REPO,
            pass_fds=[number], user=self._owner.st_uid, group=self._owner.st_gid, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def restart(self, stack) -> None:
        self.stop()
        self._process = self._started()
        stack.sluice("ready", "--wait", "120")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(120)

    def close(self, stack) -> None:
        self.stop()
        self._socket.close()
        stack.supervisor("start", "sluice:control")
        stack.sluice("ready", "--wait", "120")


# --- the tests ------------------------------------------------------------------------------------


@contextlib.contextmanager
def everybody(stack, browser, signed_in, film, files):
    """Watching, asking, sending and fetching, by every way; yields `do(what, how)`, and in the end nothing has failed."""
    work = Work(stack)
    client = work.client()
    master = f"{stack.url}/api/media/stream/{film['id']}"
    first = segments(client, next(iter(rungs(client, master, client.get(master).text).values())))[0]
    page, failures = watching(stack, browser, signed_in, film), {}

    def do(what: str, how) -> None:
        before = {person: len(person.failed) for person in people}
        how(stack)
        page.wait_for_timeout(3000)
        found = [text for person in people for text in person.failed[before[person] :]]
        failures.setdefault(what, []).extend(found)

    with (
        wrk(first.url, "-c4") as kept, wrk(first.url, "-c1", "-H", "Connection: close") as anew,
        at_work(
            asking=work.asking("/api/auth/me"), library=work.asking("/api/media/library?limit=5"),
            anew=work.coming_anew(f"/api/media/{film['id']}"), links=work.opening_links(files[0]),
            keys=work.asking(first.key_url.removeprefix(stack.url), client.get(first.key_url).content, client),
            tus=work.sending_by_tus(), parts=work.sending_by_parts(), archive=work.reading_a_zip(files),
        ) as people,
    ):  # fmt: skip
        yield do
    told = {what: found for what, found in failures.items() if found}
    told |= {"wrk": kept + anew, "browser": page.ear.complaints(), "starved": page.evaluate("starved")}
    at = page.evaluate("document.querySelector('video').currentTime")
    page.context.close()
    assert not any(told.values()), json.dumps(told, indent=1)
    assert all(person.rounds > 1 for person in people) and at > 10


def watching(stack, browser, signed_in, film):
    page = chrome.context(browser, stack.url, storage_state=signed_in).new_page()
    page.ear = chrome.Ear(page)
    page.on("requestfailed", lambda request: page.ear.heard.append(f"{request.failure} {request.url}"))
    page.goto(f"/watch/{film['id']}")
    chrome.until(page, "document.querySelector('video')?.readyState >= 2")
    page.evaluate(WATCH)
    return page


def test_no_request_fails_while_things_are_renewed(stack, browser, signed_in, long_film, files):
    with everybody(stack, browser, signed_in, long_film, files) as do:
        for what, how in MEANWHILE.items():
            do(what, how)


def test_no_request_fails_while_systemd_restarts_control(stack, browser, signed_in, long_film, files):
    systemd = LikeSystemd(stack)
    try:
        stack.sluice("ready", "--wait", "120")
        with everybody(stack, browser, signed_in, long_film, files) as do:
            for number in range(2):
                do(f"restart {number}", systemd.restart)
    finally:
        systemd.close(stack)
