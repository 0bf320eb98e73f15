"""How long a segment really is. ffmpeg's HLS muxer adds up nominal frame lengths, which is wrong for films that have an
irregular frame rate; the time stamps in the segment are right (ISO/IEC 13818-1 2.4.3.6)."""

from __future__ import annotations

from collections.abc import Iterator

_PACKET, _CLOCK = 188, 90_000
_BELIEVED = 0.1  # seconds
_PICTURES = range(0xE0, 0xF0)  # stream_id of video


def corrected(claimed: float, segment: bytes) -> float:
    """`claimed` seconds, unless the pictures in the segment say clearly something else."""
    measured = _picture_seconds(segment)
    return claimed if measured is None or abs(measured - claimed) < _BELIEVED else measured


def _picture_seconds(segment: bytes) -> float | None:
    """From the first to the last picture, and one mean distance more; None with fewer than two."""
    stamps = list(_stamps(segment))
    if len(stamps) < 2:
        return None
    span = (max(stamps) - min(stamps)) / _CLOCK
    return span * len(stamps) / (len(stamps) - 1)


def _stamps(segment: bytes) -> Iterator[int]:
    """The PTS of every picture of a transport stream."""
    for start in range(0, len(segment) - _PACKET + 1, _PACKET):
        begins_unit, has_payload = segment[start + 1] & 0x40, segment[start + 3] & 0x10
        if not (begins_unit and has_payload):
            continue
        unit = start + 4 + (1 + segment[start + 4] if segment[start + 3] & 0x20 else 0)
        if segment[unit : unit + 3] == b"\0\0\1" and segment[unit + 3] in _PICTURES and segment[unit + 7] & 0x80:
            yield _pts(segment[unit + 9 : unit + 14])


def _pts(field: bytes) -> int:
    """33 bits, with a marker bit after each of its three parts."""
    high, middle, low = field[0] >> 1 & 7, (field[1] << 8 | field[2]) >> 1, (field[3] << 8 | field[4]) >> 1
    return high << 30 | middle << 15 | low
