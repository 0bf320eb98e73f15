"""What a file claims to be by its first bytes: a small allow list. The proof is a successful decode, never this."""

from __future__ import annotations

from pathlib import Path

_HEIF = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}

# (offset, bytes, Pillow's name of the format, media type)
_IMAGES = (
    (0, b"\xff\xd8\xff", "JPEG", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG", "image/png"),
    (0, b"GIF87a", "GIF", "image/gif"),
    (0, b"GIF89a", "GIF", "image/gif"),
    (8, b"WEBP", "WEBP", "image/webp"),
    (0, b"II*\0", "TIFF", "image/tiff"),
    (0, b"MM\0*", "TIFF", "image/tiff"),
    (0, b"BM", "BMP", "image/bmp"),
)

# Films and songs: (offset, first bytes).
_STREAMS = (
    (0, b"\x1aE\xdf\xa3"),  # Matroska, WebM
    (8, b"AVI "), (8, b"WAVE"), (8, b"AIFF"), (8, b"AIFC"),
    (0, b"FLV\x01"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF: WMV, WMA
    (0, b"\0\0\x01\xba"), (0, b"\0\0\x01\xb3"),  # MPEG program and video streams
)  # fmt: skip
_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}  # MP4 and QuickTime
_PACKET = 188  # bytes, of an MPEG transport stream (m2ts: 4 more before each)

# Documents are kept as they came and only ever downloaded: name ending -> first bytes.
_DOCUMENTS = {
    ".pdf": b"%PDF-",
    ".epub": b"PK\x03\x04",
    ".docx": b"PK\x03\x04",
    ".doc": b"\xd0\xcf\x11\xe0",
    ".txt": b"",
}

_VIDEO = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".flv", ".wmv", ".3gp", ".ogv",
          ".mpg", ".mpeg")  # fmt: skip
_AUDIO = (".mp3", ".m4a", ".aac", ".flac", ".ogg", ".oga", ".opus", ".wav", ".wma", ".aif", ".aiff",
          ".mka")  # fmt: skip
_IMAGE = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif")


def kind_by_name(name: str) -> str:
    """What a name promises: only for the queue's lane and for a row that has not been probed yet."""
    ending = Path(name).suffix.lower()
    for kind, endings in (("video", _VIDEO), ("audio", _AUDIO), ("image", _IMAGE)):
        if ending in endings:
            return kind
    return "document"


def image_format(head: bytes) -> tuple[str, str] | None:
    """(Pillow format, media type) of a picture, or None."""
    for offset, magic, name, mime in _IMAGES:
        if head[offset : offset + len(magic)] == magic:
            return name, mime
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, min(len(head), 64), 4)}
        if head[8:12] in _AVIF or (head[8:12] in {b"mif1", b"msf1"} and brands & _AVIF):
            return "AVIF", "image/avif"
        if head[8:12] in _HEIF:
            return "HEIF", "image/heic"
    return None


def stream_container(head: bytes) -> bool:
    """Whether it begins as a film or a song does."""
    if any(head[offset : offset + len(magic)] == magic for offset, magic in _STREAMS) or head[4:8] in _BOXES:
        return True
    if head[:1] == b"\x47" and head[_PACKET : _PACKET + 1] in (b"\x47", b""):
        return True
    if head[4:5] == b"\x47" and head[_PACKET + 8 : _PACKET + 9] == b"\x47":
        return True
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # MPEG audio, ADTS


def kind_of(name: str, head: bytes) -> str | None:
    """The kind of an allowed file by its first bytes (4 KiB are plenty); None for any other."""
    if image_format(head):
        return "image"
    if is_document(name, head):
        return "document" if head else None
    if not stream_container(head):
        return None
    promised = kind_by_name(name)
    return promised if promised in ("video", "audio") else "video"


def is_document(name: str, head: bytes) -> bool:
    """Whether it may be an allowed document: its content fits its name. Its own step looks closer."""
    ending = Path(name).suffix.lower()
    magic = _DOCUMENTS.get(ending)
    return magic is not None and head.startswith(magic) and not (ending == ".txt" and looks_binary(head))


def looks_like_text(head: bytes) -> bool:
    return bool(head) and not looks_binary(head)


def looks_binary(head: bytes) -> bool:
    return any(byte < 9 or 13 < byte < 32 for byte in head)
