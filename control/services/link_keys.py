"""The secrets of signed prefixes and /d/ links: one that signs, one before it that is still accepted, by key id."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path

from control.files import write_secret
from control.services.tokens import SigningKeys

LOOK_SECONDS = 1.0
SECRET_BYTES = 32


class LinkKeys:
    """Reads its file again when that has changed: a rotation needs no restart."""

    def __init__(self, path: Path):
        self._path = path
        self._read()

    @property
    def current(self) -> str:
        """The key id that signs."""
        return self._live().current

    @property
    def keys(self) -> dict[str, str]:
        """Key id -> secret of every link that is accepted."""
        return self._live().keys

    def _live(self) -> SigningKeys:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            if self._path.stat().st_mtime_ns != self._written_at:
                self._read()
        return self._known

    def _read(self) -> None:
        """Raises ValueError, naming the file, when it is damaged."""
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._written_at = self._path.stat().st_mtime_ns
        self._known = SigningKeys.from_file(self._path)

    # --- rotation, in the order in which nothing breaks ------------------------------------------

    def add(self) -> str:
        """Make a key that signs nothing yet, and forget all but the current one; return its id.

        Nginx must know it before :meth:`use`.
        """
        current = self.current
        number = max((int(kid[1:]) for kid in self.keys if kid[1:].isdigit()), default=0) + 1
        kid = f"k{number}"
        self._write(current, {current: self.keys[current], kid: secrets.token_hex(SECRET_BYTES)})
        return kid

    def use(self, kid: str) -> None:
        """Sign by this key from now on; links of the one before go on."""
        self._write(kid, self.keys)

    def _write(self, current: str, keys: dict[str, str]) -> None:
        write_secret(self._path, json.dumps({"current": current, "keys": keys}))
        self._read()
