"""What ffprobe says of a damaged file can be anything: it becomes facts that can be kept, or a refusal."""

from __future__ import annotations

import copy
import json
from unittest.mock import Mock

import pytest

from processor import ffmpeg
from processor.sandbox import ChildFailed, ChildTimedOut, Limits, input_name, run
from processor.steps import probe as module
from processor.steps.probe import LARGEST_SIDE, probe
from processor.steps.refusal import Refused
from processor.steps.storyboard import plan_board
from tests.processor.alone import must_be_storable

# In place of any value that ffprobe prints; None: the key is not there.
ABSURD = [None, "", "N/A", "nan", "inf", "-1", -1, 0, 10**12, "1000000000000", "1/0", "0/0", "1000000000/1",
          "65535:1", "1:65535", "a\0b", "\ud800", [], {}, True]  # fmt: skip


@pytest.fixture(scope="module")
def said(settings, tmp_path_factory, film):
    """The answer of the real ffprobe about a real film."""
    scratch = tmp_path_factory.mktemp("scratch")
    answer = run(ffmpeg.probe(settings.ffmpeg, input_name(film)), scratch, Limits(30, 2 << 30), film)
    found = json.loads(answer)
    found["streams"].append(
        {"index": 2, "codec_type": "subtitle", "codec_name": "subrip", "disposition": {"forced": 1}}
    )
    found["chapters"] = [{"start_time": "0.0", "end_time": "1.0", "tags": {"title": "One"}}]
    found["streams"][0]["side_data_list"] = [{"rotation": 0}]
    return found


@pytest.fixture
def believe(settings, film, scratch, monkeypatch):
    """believe(found) -> what the probe makes of it, with packets up to `last` seconds."""

    def believe(found: dict, last: float = 5.0):
        packets = f"0,{last - 0.04},0.04\n".encode()
        monkeypatch.setattr(
            module,
            "run",
            lambda command, *rest: packets if "-read_intervals" in command else json.dumps(found).encode(),
        )
        return probe(settings, film, "film.mp4", scratch)

    return believe


def places(value, path=()):
    """The path of every value in nested lists and dictionaries."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places(part, (*path, key))


def changed(found: dict, path: tuple, value):
    """A copy in which the value at `path` is another one, or gone."""
    found = copy.deepcopy(found)
    *above, last = path
    place = found
    for key in above:
        place = place[key]
    place[last] = value
    if value is None:
        del place[last]
    return found


def test_any_value_may_be_absurd(said, believe):
    for path in places(said):
        for value in ABSURD:
            try:
                must_be_sound(believe(changed(said, path, value)))
            except Refused as refusal:
                must_be_storable(refusal.sentence)
            except Exception as error:
                raise AssertionError(f"{path} = {value!r}") from error


def must_be_sound(found) -> None:
    must_be_storable(found)
    assert found.duration > 0 and 0 <= found.frame_rate <= 1000 and found.bit_rate >= 0
    if found.kind == "video":
        assert 16 <= min(found.width, found.height) <= max(found.width, found.height) <= LARGEST_SIDE
        board = plan_board(found)
        assert board is None or board.columns * board.rows <= 210
    assert all(0 < sound.channels <= 64 for sound in found.sounds)


def test_a_thousand_streams_become_a_few(said, believe):
    many = copy.deepcopy(said)
    many["streams"] += [{**said["streams"][1], "index": index} for index in range(3, 1000)]
    many["streams"] += [{**said["streams"][2], "index": index} for index in range(1000, 2000)]
    many["chapters"] *= 5000
    found = believe(many)
    must_be_storable(found)
    assert len(found.sounds) <= 16 and len(found.texts) <= 16 and len(found.facts["codecs"]) <= 32


@pytest.mark.parametrize("claimed", ["1000000000", "N/A"])
def test_a_film_of_thirty_years_is_refused(said, believe, claimed):
    with pytest.raises(Refused, match="11574 days"):
        believe(changed(said, ("format", "duration"), claimed), last=10**9)


def test_P11_a_drive_that_fails_is_not_the_fault_of_the_file(settings, film, scratch, monkeypatch):
    for failure in (ChildTimedOut("no sign of life"), ChildFailed("film: Input/output error", 1),
                    ChildFailed("it ended with status 137", 137), ChildFailed("bwrap: Can't open film", 1)):  # fmt: skip
        monkeypatch.setattr(module, "run", Mock(side_effect=failure))
        with pytest.raises(ChildFailed):
            probe(settings, film, "film.mp4", scratch)
