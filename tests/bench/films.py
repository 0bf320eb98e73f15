"""Films: what the pipeline adds to the bare ffmpeg command, and how soon a film can be watched."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from control import settings as control_settings
from processor import ffmpeg
from processor.steps.ladder import choose_rungs
from processor.steps.probe import Probe, probe
from processor.steps.soundtracks import plan_sound
from tests.bench.cost import Cost, cost_of
from tests.bench.library import Library
from tests.stack import SETTINGS, running

# kind -> its encoder: one that is copied as it is and encoded, one that can only be encoded
KINDS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "28"],
    "mpeg4": ["-c:v", "mpeg4", "-q:v", "6"],
}
LONG = 20  # the long film is the short one so many times


def make_film(directory: Path, kind: str, seconds: int) -> Path:
    """1080p, moving, with the grain of a camera."""
    film = directory / f"{kind}.mp4"
    _ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=25:duration={seconds},noise=alls=6:allf=t",
        "-f", "lavfi", "-i", f"sine=duration={seconds}", *KINDS[kind], "-g", "50", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-ac", "2", film,
    )  # fmt: skip
    return film


def make_long(film: Path) -> Path:
    long = film.with_stem(f"{film.stem}-long")
    _ffmpeg("-stream_loop", str(LONG - 1), "-i", film, "-map", "0", "-c", "copy", long)
    return long


def _ffmpeg(*arguments) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)


# --- the processor's share ------------------------------------------------------------------------


def costs(film: Path, rounds: int) -> Iterator[tuple[Cost, Cost]]:
    """(the bare commands, the pipeline) in turns."""
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as bare, tempfile.TemporaryDirectory() as ours:
            yield (
                cost_of(lambda film=film, bare=bare: encode_bare(film, Path(bare))),
                cost_of(lambda film=film, ours=ours: Library(Path(ours)).take(film)),
            )


def encode_bare(film: Path, directory: Path) -> None:
    """The same rungs by the same commands, in no sandbox; their files are all that it makes."""
    settings = control_settings.load(directory)
    for command in _bare_commands(settings, film, probe(settings, film, film.name, directory), directory):
        subprocess.run(["nice", "-n", "10", *command], check=True, stdout=subprocess.DEVNULL)


def _bare_commands(settings: control_settings.Settings, film: Path, found: Probe, directory: Path) -> list[list[str]]:
    outputs = choose_rungs(settings.video.ladder, found.width, found.height)
    targets = [(output, _place(directory, output.rung.name)) for output in outputs]
    sound, seconds = plan_sound(settings, found.sounds), settings.hls.segment_seconds
    commands = [
        ffmpeg.ladder(
            settings.ffmpeg, settings.video, "none", str(film), found.picture, targets, sound.muxed, [], None, seconds
        )
    ]
    if found.copyable:
        target = _place(directory, "source")
        commands.append(ffmpeg.remux(settings.ffmpeg, str(film), target, sound.copied, [], seconds))
    return commands


def _place(directory: Path, name: str) -> str:
    (directory / name).mkdir()
    return str(directory / name)


# --- the first segment ----------------------------------------------------------------------------


class _Playable(Exception):
    pass


def seconds_to_playable(film: Path) -> float:
    """From a file at rest to the first rung in the library; the rest is not waited for."""

    def work() -> None:
        def playable():
            raise _Playable

        try:
            Library(Path(data), playable).take(film)
        except _Playable:
            return

    with tempfile.TemporaryDirectory() as data:
        return cost_of(work).wall


def seconds_to_playable_in_a_stack(film: Path) -> float:
    """From the end of a copy into imports/, with all that it takes to notice and queue it."""
    with running(SETTINGS) as stack:
        name = stack.drop(film)
        began = time.monotonic()
        while stack.query(f"SELECT state FROM media WHERE name = '{name}'") not in ("playable", "completed"):
            assert time.monotonic() - began < 120
            time.sleep(0.05)
        return time.monotonic() - began
