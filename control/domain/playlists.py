"""The master playlist (RFC 8216 4.3.4): one text for the file in the vault and for the answer of control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from control.domain.media import Rendition, Track
from nginx import contract

AAC = "mp4a.40.2"  # RFC 6381: AAC-LC, which is all the sound there is
_GROUPS = {"audio": "sound", "subtitles": "text"}


def master_playlist(renditions: Iterable[Rendition], tracks: Sequence[Track] = (), base: str = "") -> str:
    """List the rungs, best first, and the tracks beside them. `base` stands before each address: "" on disk."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [f"#EXT-X-MEDIA:{_track(track, base)}" for track in tracks]
    for rendition in sorted(renditions, key=lambda r: r.bandwidth, reverse=True):
        attributes = _attributes(rendition, tracks)
        lines += [f"#EXT-X-STREAM-INF:{attributes}", f"{base}{rendition.rung}/{contract.PLAYLIST}"]
    return "\n".join(lines) + "\n"


def _track(track: Track, base: str) -> str:
    attributes = [f"TYPE={track.kind.upper()}", f'GROUP-ID="{_GROUPS[track.kind]}"', f"NAME={_quoted(track.name)}"]
    if track.language:
        attributes.append(f"LANGUAGE={_quoted(track.language)}")
    attributes += [f"DEFAULT={_yes(track.default)}", f"AUTOSELECT={_yes(track.default or not track.forced)}"]
    if track.kind == "subtitles":
        attributes.append(f"FORCED={_yes(track.forced)}")
    if track.channels:
        attributes.append(f'CHANNELS="{track.channels}"')
    return ",".join([*attributes, f'URI="{base}{track.rung}/{contract.PLAYLIST}"'])


def _attributes(rendition: Rendition, tracks: Sequence[Track]) -> str:
    sounds = [track for track in tracks if track.kind == "audio"]
    attributes = [f"BANDWIDTH={rendition.bandwidth + max((track.bandwidth for track in sounds), default=0)}"]
    if rendition.width and rendition.height:
        attributes.append(f"RESOLUTION={rendition.width}x{rendition.height}")
    if rendition.frame_rate:
        attributes.append(f"FRAME-RATE={rendition.frame_rate:.3f}")
    if rendition.codecs:
        attributes.append(f'CODECS="{rendition.codecs}{"," + AAC if sounds else ""}"')
    groups = {track.kind: _GROUPS[track.kind] for track in tracks}
    return ",".join(attributes + [f'{kind.upper()}="{group}"' for kind, group in groups.items()])


def _quoted(text: str) -> str:
    """A quoted-string holds neither quotes nor line breaks (RFC 8216 4.2)."""
    return '"' + "".join(character for character in text if character.isprintable()).replace('"', "'") + '"'


def _yes(value: bool) -> str:
    return "YES" if value else "NO"
