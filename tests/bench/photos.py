"""Photos: pictures a second of a bare Pillow loop, of the sandboxed step, and of all that is done for a photo."""

from __future__ import annotations

import itertools
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps

from control import settings as control_settings
from processor.steps.images import make_image
from tests.bench.cost import Cost, cost_of, memory
from tests.bench.library import Library
from tests.processor.vault import job_of
from tests.stack import SETTINGS, running

WIDTH, HEIGHT = 4000, 3000
_MARGIN = 1000  # every photo is another part of one great picture
_LAYERS = ((12, 1.0), (48, 0.5), (192, 0.35), (768, 0.25), (3000, 0.15))  # (cells, share): shapes of every size
_GRAIN = 0.08


def make_photos(directory: Path, count: int) -> list[Path]:
    """12-megapixel JPEGs of 3 to 4 MB, no two alike."""
    chance, scene = random.Random(12), _scene(WIDTH + _MARGIN, HEIGHT + _MARGIN)
    return [_photo(directory / f"photo-{number:04}.jpg", scene, chance) for number in range(count)]


def _scene(width: int, height: int) -> Image.Image:
    chance, scene = random.Random(24), Image.new("RGB", (width, height), "gray")
    for cells, share in _LAYERS:
        rough = Image.frombytes("RGB", (cells, cells), chance.randbytes(3 * cells * cells))
        scene = Image.blend(scene, rough.resize((width, height), Image.Resampling.BICUBIC), share)
    grain = Image.merge("RGB", [Image.effect_noise((width, height), 40) for _ in range(3)])
    return Image.blend(scene, grain, _GRAIN)


def _photo(path: Path, scene: Image.Image, chance: random.Random) -> Path:
    left, top = chance.randrange(_MARGIN), chance.randrange(_MARGIN)
    scene.crop((left, top, left + WIDTH, top + HEIGHT)).save(path, quality=90)
    return path


# --- rivals ---------------------------------------------------------------------------------------


def costs(photos: Sequence[Path], batch: int) -> Iterator[dict[str, Cost]]:
    """Rivals in turns, each batch by all of them."""
    for start in range(0, len(photos), batch):
        some = photos[start : start + batch]
        yield {
            "bare Pillow loop": cost_of(lambda some=some: _bare(some)),
            "sandboxed, 1 thread": cost_of(lambda some=some: _sandboxed(some, 1)),
            "sandboxed, 2 threads": cost_of(lambda some=some: _sandboxed(some, 2)),
            "whole pipeline, 1 thread": cost_of(lambda some=some: _piped(some)),
        }


def _bare(photos: Sequence[Path]) -> None:
    """The same pictures by the same settings, in one process, as short as it can be said."""
    os.nice(10)  # as the sandbox is
    with tempfile.TemporaryDirectory() as directory:
        wanted = control_settings.load(Path(directory)).images
        for photo in photos:
            picture = Image.open(photo)
            ImageOps.exif_transpose(picture, in_place=True)
            picture.thumbnail((wanted.max_width, wanted.max_height), Image.Resampling.LANCZOS)
            picture.save(f"{directory}/image.webp", quality=wanted.quality, method=4)
            for size in (480, wanted.thumbnail):
                picture.thumbnail((size, size), Image.Resampling.LANCZOS)
                picture.save(f"{directory}/{size}.webp", quality=80, method=4)


def _sandboxed(photos: Sequence[Path], threads: int) -> list[int]:
    """Returns this process's memory after each photo."""
    with tempfile.TemporaryDirectory() as data, ThreadPoolExecutor(threads) as pool:
        settings = control_settings.load(Path(data))
        return list(pool.map(lambda photo: _make(settings, photo), photos))


def _make(settings: control_settings.Settings, photo: Path) -> int:
    in_ram = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=in_ram) as scratch,
        tempfile.TemporaryDirectory(dir=settings.paths.data) as target,
    ):
        make_image(job_of(settings, photo, Path(scratch), Path(target)))
    return memory()


def _piped(photos: Sequence[Path]) -> None:
    """All but the database: probe, pictures, manifest, the archive of the original."""
    with tempfile.TemporaryDirectory() as data:
        library = Library(Path(data))
        for photo in photos:
            library.take(photo)


def long_run(photos: Sequence[Path]) -> tuple[Cost, dict[str, int]]:
    """All photos by two threads, as a processor does it; its memory on the way."""
    cost = cost_of(lambda: _sandboxed(photos, 2))
    marks = {f"{percent} %": cost.outcome[max(0, len(photos) * percent // 100 - 1)] for percent in (10, 50, 100)}
    return cost, marks


def per_second_in_a_stack(photos: Sequence[Path]) -> float:
    """From the first file in imports/ until all are completed, by two workers, with database and all."""
    with running(SETTINGS) as stack:
        began = time.monotonic()
        for photo in photos:
            stack.drop(photo)
        for _ in itertools.count():
            if stack.query("SELECT count(*) FROM media WHERE state = 'completed'") == str(len(photos)):
                return len(photos) / (time.monotonic() - began)
            assert time.monotonic() - began < 10 * len(photos) + 60
            time.sleep(0.2)
