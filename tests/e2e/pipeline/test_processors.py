"""Two processors on one data directory; files that end their processor; photos that do not wait behind a film."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from control.settings.paths import Paths
from tests.e2e.hls import decoded
from tests.e2e.people import wait_until
from tests.e2e.pipeline.conftest import FRAMES
from tests.stack import REPO

FIRST, SECOND = "processor.log", "second.log"


@contextlib.contextmanager
def second_processor(stack):
    """Another one, with the account and the environment of the first."""
    environment = Path(f"/proc/{stack.pids('sluice:processor')[0]}/environ").read_text().split("\0")
    owner, log = stack.data.stat(), stack.data / "logs" / SECOND
    log.write_text("")
    with log.open("ab") as file:
        process = subprocess.Popen(
            [REPO / ".venv/bin/python", "-m", "processor"], cwd=REPO, stdout=file, stderr=file, user=owner.st_uid,
            group=owner.st_gid, extra_groups=[], umask=0o027, env=dict(line.split("=", 1) for line in environment if line),
        )  # fmt: skip
    try:
        wait_until(lambda: events(stack, SECOND, "ready"))
        yield process
    finally:
        process.kill()
        process.wait()


def events(stack, log: str, event: str) -> list[dict]:
    """The lines of a log that tell of `event`."""
    lines = (stack.data / "logs" / log).read_text().split("\n")
    return [line for text in lines if text.startswith("{") and (line := json.loads(text))["event"] == event]


def working_on(stack, log: str, media: str) -> bool:
    return media in {line["media"] for line in events(stack, log, "processing")}


def places(stack) -> set[Path]:
    """Where processors have their plaintext."""
    return {place for parent in Paths(stack.data).scratch_directories for place in parent.glob("processor-*")}


def playable(stack, name: str) -> dict:
    return stack.wait_for_media(name, "playable")


def frames_of(stack, media: dict) -> int:
    """How many pictures its only rung has, decrypted and decoded by ffmpeg."""
    token = stack.sluice("token", "mint", f"player-{time.monotonic_ns()}", "--user", "admin").strip()
    url = f"{stack.url}/api/media/stream/{media['id']}"
    return decoded(url, None, header=f"Authorization: Bearer {token}")[0]


def test_two_processors_make_everything_once(stack, photos, short_film):
    with second_processor(stack):
        names = [stack.drop(photo) for photo in photos]
        names += [stack.drop(short_film, f"twin-{number}.mp4") for number in range(2)]
        for name in names:
            stack.wait_for_media(name)
        while not all(events(stack, log, "completed") for log in (FIRST, SECOND)):  # one of them was slow to begin
            names.append(stack.drop(photos[0], f"one-more-{len(names)}.jpg"))
            assert len(names) < 60, "one of them has done nothing"
            stack.wait_for_media(names[-1])
        made = {stack.media(name)["id"] for name in names}
        logs = {log: Counter(line["media"] for line in events(stack, log, "completed")) for log in (FIRST, SECOND)}
    assert logs[FIRST] + logs[SECOND] >= Counter(made)
    assert {media: (logs[FIRST] + logs[SECOND])[media] for media in made} == dict.fromkeys(made, 1)


def test_a_start_removes_no_scratch_but_that_of_the_dead(stack, long_film):
    """The second works, the first starts beside it; the second is killed, and the first takes its film up."""
    with second_processor(stack) as second:
        with stack.stopped("sluice:processor"):
            stack.drop(long_film, "handed-over.mp4")
            media = playable(stack, "handed-over.mp4")["id"]
            works = next(place for place in places(stack) if any(place.glob("job-*")))
            before = places(stack)
        wait_until(lambda: places(stack) - before)
        assert any(works.glob("job-*/*")) and not (before - {works}) & places(stack)
        assert working_on(stack, SECOND, media) and not working_on(stack, FIRST, media)
        second.kill()
        whole = stack.wait_for_media("handed-over.mp4")
        assert working_on(stack, FIRST, media) and frames_of(stack, whole) == FRAMES
        wait_until(lambda: len(places(stack)) == 1, what="the plaintext of the killed one is still there")


def test_a_processor_that_was_asleep_spoils_nothing(stack, long_film):
    """Its job was taken for abandoned: a laptop that slept, a machine that was paused."""
    with second_processor(stack) as second:
        with stack.stopped("sluice:processor"):
            stack.drop(long_film, "slept.mp4")
            media = playable(stack, "slept.mp4")["id"]
        os.kill(second.pid, signal.SIGSTOP)
        wait_until(lambda: events(stack, FIRST, "job_taken_up_again"))
        time.sleep(3)
        os.kill(second.pid, signal.SIGCONT)
        whole = stack.wait_for_media("slept.mp4")
        time.sleep(5)
        completed = [
            line for log in (FIRST, SECOND) for line in events(stack, log, "completed") if line["media"] == media
        ]
        assert len(completed) == 1
        assert frames_of(stack, whole) == FRAMES


def test_P10_a_file_that_ends_its_processor_is_given_up_and_others_come_through(stack, long_film, photos):
    stack.drop(long_film, "poison.mp4")
    deaths, died = 0, 0
    while (media := stack.media("poison.mp4")) is None or media["state"] != "failed":
        begun = events(stack, FIRST, "processing")
        died = sum(line["name"] == "poison.mp4" for line in begun)
        if died > deaths:
            deaths = died
            assert deaths <= 3
            os.kill(stack.pids("sluice:processor")[0], signal.SIGKILL)
            if deaths == 1:
                stack.drop(photos[0], "bystander.jpg")
    assert deaths == 3 and media["error"] == "Processing it ended the worker 3 times."
    assert (stack.data / "quarantine" / media["id"] / "file").stat().st_size == long_film.stat().st_size
    assert stack.wait_for_media("bystander.jpg")["error"] is None


def test_a_photo_does_not_wait_behind_a_film(stack, long_film, photos):
    stack.drop(long_film, "slow.mp4")
    wait_until(lambda: "slow.mp4" in [line["name"] for line in events(stack, FIRST, "processing")])
    stack.drop(photos[1], "quick.jpg")
    photo, film = stack.wait_for_media("quick.jpg"), stack.wait_for_media("slow.mp4")
    completed = [line["media"] for line in events(stack, FIRST, "completed")]
    assert completed.index(photo["id"]) < completed.index(film["id"])
