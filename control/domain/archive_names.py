"""Names of archive members that are safe to extract anywhere, and unique (threat U05). Names are data, never paths.

What an archive may not hold: absolute paths, `..`, drive letters, backslashes, control and bidi characters, what
Windows forbids or reserves, segments of more than 255 bytes, two names that some file system takes for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST_SEGMENT, LONGEST_FOLDER, LONGEST_ENDING = 255, 1000, 20  # bytes of UTF-8

_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE)
_HARMLESS = re.compile(r"[A-Za-z0-9_()\[\]+,=@~-][A-Za-z0-9 ._()\[\]+,=@~-]{0,100}[A-Za-z0-9_()\[\]+,=@~-]")
_DROPPED, _REPLACED = {"Cf"}, {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe_names(files: Iterable[tuple[str, str]]) -> list[str]:
    """Return the member name of each (folder, file name), in order; a name that is taken becomes "name (2).ext"."""
    paths = [(safe_folder(folder), safe_segment(name) or "file") for folder, name in files]
    taken = {_alike(prefix) for folder in {folder for folder, _ in paths} for prefix in _prefixes(folder)}
    numbers: dict[str, int] = {}
    return [_unique(folder, name, taken, numbers) for folder, name in paths]


def safe_folder(folder: str) -> str:
    """ "Trips/2026" without what makes a path leave its place; "" for none."""
    segments = [safe_segment(part) for part in re.split(r"[\\/]", folder) if part not in (".", "..")]
    kept, length = [], 0
    for segment in filter(None, segments):
        length += len(segment.encode()) + 1
        if length > LONGEST_FOLDER:
            break
        kept.append(segment)
    return "/".join(kept)


def safe_segment(text: str) -> str:
    """One file or folder name in NFC; "" where nothing is left."""
    if _HARMLESS.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    drawn = "".join(map(_drawn, unicodedata.normalize("NFC", text)))
    segment = _shortened(_FORBIDDEN.sub("_", drawn).strip(" ").rstrip(". "))
    return _shortened("_" + segment) if _RESERVED.fullmatch(segment) else segment


def _drawn(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _DROPPED else "_" if category in _REPLACED else character


def _shortened(segment: str, suffix: str = "") -> str:
    """At most 255 bytes with `suffix` before the ending, which stays if it is a short one."""
    stem, dot, ending = segment.rpartition(".")
    if not stem or not dot or len(ending.encode()) > LONGEST_ENDING:
        stem, dot, ending = segment, "", ""
    room = LONGEST_SEGMENT - len((suffix + dot + ending).encode())
    kept = stem.encode()[:room].decode(errors="ignore")
    return (kept.rstrip(". ") if kept != stem else stem) + suffix + dot + ending


def _unique(folder: str, name: str, taken: set[str], numbers: dict[str, int]) -> str:
    path = plain = f"{folder}/{name}" if folder else name
    while (alike := _alike(path)) in taken:
        number = numbers[_alike(plain)] = numbers.get(_alike(plain), 1) + 1
        numbered = _shortened(name, f" ({number})")
        path = f"{folder}/{numbered}" if folder else numbered
    taken.add(alike)
    return path


def _alike(path: str) -> str:
    """What file systems that ignore case or normalisation make of it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _prefixes(folder: str) -> list[str]:
    segments = folder.split("/") if folder else []
    return ["/".join(segments[: end + 1]) for end in range(len(segments))]
