"""Media: one item of the library, as every layer knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["video", "audio", "image", "document"]
State = Literal["pending", "processing", "playable", "completed", "failed"]
Source = Literal["import", "upload", "mount"]
Original = Literal["", "kept", "archived", "mount"]
Visibility = Literal["private", "library", "public"]

# Sound that every browser plays as it is, without gaps; anything else is heard from its renditions.
PLAYED_DIRECTLY = frozenset({
    "audio/mpeg", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg", "audio/wav", "audio/webm",
})  # fmt: skip

SIDECARS = (".srt", ".vtt")  # text files: subtitles of the film beside which they lie, no media of their own

VIEWABLE: frozenset[State] = frozenset({"playable", "completed"})


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rung of a film: what the master playlist says about it (RFC 8216 4.3.4.2)."""

    rung: str
    width: int
    height: int
    bandwidth: int  # peak, bits/s
    codecs: str = ""  # RFC 6381; empty where unknown
    frame_rate: float = 0


@dataclass(frozen=True, slots=True)
class Track:
    """A sound or subtitle track beside the pictures (RFC 8216 4.3.4.1 EXT-X-MEDIA)."""

    rung: str  # its directory in the vault: audio0, text0
    kind: Literal["audio", "subtitles"]
    name: str  # for people; unique among the tracks of its kind
    language: str = ""  # RFC 5646
    channels: int = 0  # of sound
    bandwidth: int = 0  # peak, bits/s
    default: bool = False
    forced: bool = False  # subtitles of what is foreign in the film itself


@dataclass(frozen=True, slots=True)
class Media:
    id: str
    name: str
    kind: Kind
    mime: str
    size_bytes: int
    source: Source
    state: State
    created_at: datetime
    owner_id: str | None = None
    visibility: Visibility = "library"
    progress: float = 0  # 0..100
    error_code: str | None = None
    error: str | None = None  # the person's sentence of why it failed
    width: int | None = None
    height: int | None = None
    duration: float | None = None  # seconds
    renditions: tuple[Rendition, ...] = ()
    tracks: tuple[Track, ...] = ()  # sound (where it is not in the rungs themselves) and subtitles
    stills: tuple[str, ...] = ()  # which of contract.STILL_KINDS exist
    facts: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    original: Original = ""  # where its file is: plain and kept, ciphertext in the archive, on its mount, or nowhere
    revision: int = 0  # grows whenever what is published changes
    mount: str | None = None  # name of the mount that holds the original
    path: str | None = None  # below the mount; surrogateescape for bytes that are no UTF-8
    stored: str | None = None  # below DIR/files, of an uploaded original
    folder: str = ""  # where people keep it ("Trips/2026"); of no meaning to any disk
    trashed_at: datetime | None = None  # since then it is in the trash, and nowhere else

    @property
    def viewable(self) -> bool:
        return self.state in VIEWABLE

    @property
    def delivery(self) -> Literal["hls", "image", "file"]:
        """How its bytes reach a screen: ciphertext playlist, ciphertext picture, or the original itself."""
        if self.kind == "image":
            return "image" if self.mount is None or self.stills else "file"
        if self.kind == "audio":
            direct = self.has_plain_file and self.mime in PLAYED_DIRECTLY
            return "file" if direct or not self.renditions else "hls"
        return "hls" if self.kind == "video" and (self.mount is None or self.renditions) else "file"

    @property
    def key(self) -> str:
        """How the upload service's clients name its file: where an upload is stored, else by its id."""
        return self.stored or f"media/{self.id}"

    @property
    def has_plain_file(self) -> bool:
        """Whether its original can be delivered: mounted and kept ones are, archived ones are ciphertext, those in the
        trash are put aside."""
        return self.original in ("kept", "mount") and self.trashed_at is None
