"""What a Windows program calls a file of a mount: drives and shares, either slash, any case. Text only: no file is
looked at here, and nothing but a recorded path is ever looked up with the answer."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath


def below(root: str, path: str) -> str | None:
    """The part of `path` below `root`, with forward slashes; None where it lies elsewhere or is no plain path.

    `root` is a Windows path (C:\\Cloud, \\\\server\\share) or a POSIX one.
    """
    kind = PurePosixPath if root.startswith("/") else PureWindowsPath
    wanted = kind(path)
    if ".." in wanted.parts or "\0" in path:
        return None
    try:
        rest = wanted.relative_to(kind(root)).parts
    except ValueError:
        return None
    # A colon below the drive names an alternate data stream.
    plain = rest and (kind is PurePosixPath or not any(":" in part for part in rest))
    return "/".join(rest) if plain else None
