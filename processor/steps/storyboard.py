"""The storyboard: one sheet of small frames, for the pictures over a player's time line."""

from __future__ import annotations

import math

from processor.ffmpeg import Board
from processor.steps.probe import Probe

_SHORTEST_STEP = 2.0  # seconds between two frames
_MOST, _COLUMNS = 200, 10
_LONG_SIDE = 160  # pixels


def plan_board(found: Probe) -> Board | None:
    """One frame every two seconds or more, so that a sheet holds the whole film; None for a film that needs none."""
    duration = found.duration or 0.0
    step = max(_SHORTEST_STEP, duration / _MOST)
    count = math.ceil(duration / step)
    if count < 2:
        return None
    scale = _LONG_SIDE / max(found.width, found.height)
    columns = min(_COLUMNS, count)
    size = [max(2, 2 * round(side * scale / 2)) for side in (found.width, found.height)]
    return Board(columns, math.ceil(count / columns), step, *size)


def board_facts(board: Board) -> dict:
    """What a player must know of the sheet."""
    return {"columns": board.columns, "rows": board.rows, "seconds": round(board.seconds, 3), "width": board.width,
            "height": board.height}  # fmt: skip
