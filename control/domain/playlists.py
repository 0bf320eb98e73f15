"""The master playlist (RFC 8216 4.3.4.2): one text for the file in the vault and for the answer of control."""

from __future__ import annotations

from collections.abc import Iterable

from control.domain.media import Rendition
from nginx import contract


def master_playlist(renditions: Iterable[Rendition], base: str = "") -> str:
    """List the rungs, best first. `base` stands before each ``{rung}/index.m3u8``: "" for a playlist on disk."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rendition in sorted(renditions, key=lambda r: r.bandwidth, reverse=True):
        lines += [f"#EXT-X-STREAM-INF:{_attributes(rendition)}", f"{base}{rendition.rung}/{contract.PLAYLIST}"]
    return "\n".join(lines) + "\n"


def _attributes(rendition: Rendition) -> str:
    attributes = [f"BANDWIDTH={rendition.bandwidth}"]
    if rendition.width and rendition.height:
        attributes.append(f"RESOLUTION={rendition.width}x{rendition.height}")
    if rendition.frame_rate:
        attributes.append(f"FRAME-RATE={rendition.frame_rate:.3f}")
    if rendition.codecs:
        attributes.append(f'CODECS="{rendition.codecs}"')
    return ",".join(attributes)
