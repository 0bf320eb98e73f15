"""GET /api/media/{id}/storyboard: which part of a film's sheet of small frames belongs to which moment.

The form that players read (a WebVTT metadata track, with W3C media fragments 4.2.2): `sheet#xywh=x,y,w,h`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import falcon

from control.domain.media import Media
from control.domain.rights import DOWNLOAD
from control.errors import MediaNotFound
from control.resources.credentials import decision_id, principal_of
from control.resources.media import still_url
from control.resources.openapi import describe
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library


class Storyboard:
    def __init__(self, library: Library):
        self._library = library

    @describe("Playing")
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The times of the storyboard's frames, as WebVTT."""
        media = self._library.find(str(media_id))
        required(decide(principal_of(req), DOWNLOAD, media, decision_id(req)))
        if "storyboard" not in media.stills:
            raise MediaNotFound("It has no storyboard (yet).")
        answer_frames(resp, media, still_url(media, "storyboard"))


def answer_frames(resp: falcon.Response, media: Media, sheet: str) -> None:
    """The times of the frames on `sheet`, the address of the storyboard."""
    resp.content_type = "text/vtt; charset=utf-8"
    resp.text = "WEBVTT\n\n" + "\n".join(_cues(media, media.facts["storyboard"], sheet))


def _cues(media: Media, board: dict, sheet: str) -> Iterator[str]:
    step, width, height = board["seconds"], board["width"], board["height"]
    for number in range(min(math.ceil(media.duration / step), board["columns"] * board["rows"])):
        x, y = number % board["columns"] * width, number // board["columns"] * height
        begin, end = number * step, min((number + 1) * step, media.duration)
        yield f"{_stamp(begin)} --> {_stamp(end)}\n{sheet}#xywh={x},{y},{width},{height}\n"


def _stamp(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"
