"""Where a segment lies in its film, and under which key: as its playlist in the vault says."""

from __future__ import annotations

from functools import lru_cache

from control.domain.watching import Piece
from control.errors import StorageUnavailable
from control.vault.objects import Compartment, Objects
from nginx import contract

MANY = 2000  # playlists that are remembered


class Timelines:
    """`segment_seconds` and `period_seconds` are what is assumed where there is no playlist (any more)."""

    def __init__(self, objects: Objects, segment_seconds: int, period_seconds: int):
        self._objects, self._length, self._period = objects, segment_seconds * 1000, period_seconds * 1000
        self._whole = lru_cache(MANY)(self._read)

    def piece(self, media: str, rung: str, number: int) -> Piece:
        try:
            pieces = self._pieces(media, rung, number)
        except StorageUnavailable:  # the next one asks again
            pieces = []
        if number < len(pieces):
            return pieces[number]
        start = number * self._length
        return Piece(start, self._length, start // self._period)

    def _pieces(self, media: str, rung: str, number: int) -> list[Piece]:
        pieces, done = self._whole(media, rung)
        if number >= len(pieces) and not done:  # it has grown since
            self._whole.cache_clear()
            pieces, _ = self._whole(media, rung)
        return pieces

    def _read(self, media: str, rung: str) -> tuple[list[Piece], bool]:
        try:
            lines = Compartment.of(self._objects, media).get(f"{rung}/{contract.PLAYLIST}").decode().splitlines()
        except OSError:
            return [], True
        pieces, start, period = [], 0, 0
        for line in lines:
            if line.startswith("#EXT-X-KEY:"):
                period = int(line.partition('URI="key/')[2].partition('"')[0] or 0)
            elif line.startswith("#EXTINF:"):
                length = round(float(line[8:].partition(",")[0]) * 1000)
                pieces.append(Piece(start, length, period))
                start += length
        return pieces, "#EXT-X-ENDLIST" in lines
