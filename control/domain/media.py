"""Media: one item of the library, as every layer knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["video", "audio", "image", "document"]
State = Literal["pending", "processing", "playable", "completed", "failed"]
Source = Literal["import", "upload", "mount"]
Visibility = Literal["private", "library", "public"]

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
    stills: tuple[str, ...] = ()  # which of contract.STILL_KINDS exist
    facts: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    revision: int = 0  # grows whenever what is published changes
    mount: str | None = None  # name of the mount that holds the original
    path: str | None = None  # below the mount; surrogateescape for bytes that are no UTF-8

    @property
    def viewable(self) -> bool:
        return self.state in VIEWABLE

    @property
    def delivery(self) -> Literal["hls", "image", "file"]:
        """How its bytes reach a screen: ciphertext playlist, ciphertext picture, or the original itself."""
        if self.mount is not None:
            return "file"
        return {"video": "hls", "image": "image"}.get(self.kind, "file")
