"""Encrypt a rung as it appears: every finished segment becomes ciphertext in the vault, its plaintext goes at once.

The playlist on disk is ours, static, with relative URIs (`seg_00012.ts`, `key/2`): a signed prefix carries over to
all of them (RFC 8216 4.3.2.4: METHOD=AES-128, an explicit IV for each segment).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from control import vault
from control.vault.objects import Compartment
from nginx import contract
from processor.steps.timing import corrected


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    seconds: float
    period: int  # of the content key
    iv: bytes
    size_bytes: int  # of the plaintext

    @classmethod
    def sealed(cls, name: str, seconds: float, period: int, size_bytes: int) -> Segment:
        """A segment with an IV of its own."""
        return cls(name, seconds, period, os.urandom(vault.IV_BYTES), size_bytes)


def playlist(segments: Sequence[Segment], longest: int, done: bool) -> bytes:
    """A media playlist (RFC 8216 4.3.3): growing (EVENT) or closed (VOD)."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:4",
        f"#EXT-X-TARGETDURATION:{longest}",  # may not change while the playlist grows
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if done else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for segment in segments:
        key = f'#EXT-X-KEY:METHOD=AES-128,URI="key/{segment.period}",IV=0x{segment.iv.hex()}'
        lines += [key, f"#EXTINF:{segment.seconds:.6f},", segment.name]
    return ("\n".join(lines + ["#EXT-X-ENDLIST"] * done) + "\n").encode()


class Rung:
    """One rung on its way from ffmpeg's directory of plaintext, `source`, into its media's part of the vault."""

    def __init__(self, name: str, source: Path, target: Compartment, media_key: bytes, key_seconds: int, longest: int):
        self.name, self._source, self._target = name, source, target
        self._media_key, self._key_seconds, self.longest = media_key, key_seconds, longest
        self.segments: list[Segment] = []
        self.seconds, self._listed = 0.0, 0  # of the segments taken up
        source.mkdir(parents=True)

    @property
    def longest_segment(self) -> float:
        return max((segment.seconds for segment in self.segments), default=0.0)

    @property
    def peak_bandwidth(self) -> int:
        """Bits per second of the heaviest segment (RFC 8216 4.3.4.2 BANDWIDTH)."""
        return max((round(8 * s.size_bytes / s.seconds) for s in self.segments if s.seconds > 0), default=0)

    def waiting(self) -> list[tuple[str, float]]:
        """(name, seconds) of the finished segments that are not encrypted yet, as ffmpeg's own playlist lists them."""
        try:
            lines = (self._source / contract.PLAYLIST).read_text().splitlines()
        except FileNotFoundError:
            return []
        durations = [float(line[8:].split(",")[0]) for line in lines if line.startswith("#EXTINF:")]
        names = [line for line in lines if line and not line.startswith("#")]
        return list(zip(names, durations, strict=False))[len(self.segments) :]

    def take_up(self, most: int | None = None, has_room: Callable[[], bool] = lambda: True) -> bool:
        """Encrypt what is finished, at most so many segments and for as long as there is room, and list it; True when
        the playlist has grown.

        May be called again after it was interrupted (a full disk): nothing is lost, nothing is done twice.
        """
        for name, seconds in self.waiting()[:most]:
            if not has_room():
                break
            self._encrypt(self._source / name, seconds)
        if len(self.segments) == self._listed:
            return False
        self._write_playlist(done=False)
        self._listed = len(self.segments)
        return True

    def finish(self) -> None:
        """The encoder has ended: take up the rest and close the playlist."""
        self.take_up()
        self._write_playlist(done=True)

    def plaintext(self) -> Path | None:
        """A finished segment that is still plain, for a look at its codec parameters."""
        fresh = self.waiting()
        return self._source / fresh[0][0] if fresh else None

    def remove(self) -> None:
        """Take the rung back: nothing of it stays."""
        shutil.rmtree(self._source, ignore_errors=True)
        self._target.remove(self.name)

    def _encrypt(self, plain: Path, seconds: float) -> None:
        content, period = plain.read_bytes(), int(self.seconds // self._key_seconds)
        seconds = corrected(seconds, content)
        segment = Segment.sealed(contract.segment_name(len(self.segments)), seconds, period, len(content))
        key = vault.content_key(self._media_key, self.name, period)
        self._target.put(f"{self.name}/{segment.name}", vault.encrypt(key, content, segment.iv))
        plain.unlink()
        self.segments.append(segment)
        self.seconds += seconds

    def _write_playlist(self, done: bool) -> None:
        self._target.put(f"{self.name}/{contract.PLAYLIST}", playlist(self.segments, self.longest, done))
