"""Where a segment lies in its film, and under which key: as its playlist in the vault says."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from control.domain.watching import Piece
from nginx import contract

MANY = 2000  # playlists that are remembered


class Timelines:
    """`segment_seconds` and `period_seconds` are what is assumed where there is no playlist (any more)."""

    def __init__(self, vault: Path, segment_seconds: int, period_seconds: int):
        self._vault, self._length, self._period = vault, segment_seconds * 1000, period_seconds * 1000
        self._whole = lru_cache(MANY)(self._read)

    def piece(self, media: str, rung: str, number: int) -> Piece:
        pieces, done = self._whole(media, rung)
        if number >= len(pieces) and not done:  # it has grown since
            self._whole.cache_clear()
            pieces, done = self._whole(media, rung)
        if number < len(pieces):
            return pieces[number]
        start = number * self._length
        return Piece(start, self._length, start // self._period)

    def _read(self, media: str, rung: str) -> tuple[list[Piece], bool]:
        path = self._vault / contract.vault_directory(media) / rung / contract.PLAYLIST
        try:
            lines = path.read_text().splitlines()
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
