"""What the vault is kept in: named contents, in a directory or in an S3-compatible store (control/storage/objects)."""

from __future__ import annotations

import hashlib
from typing import Protocol

from nginx import contract


class Objects(Protocol):
    """Names are paths below the vault (`ab/abcdef01-…/720p/seg_00000.ts`), a prefix ends with a slash.

    Who reads what is not there hears FileNotFoundError; a store that is away raises StorageUnavailable, a disk OSError.
    """

    def put(self, name: str, content: bytes) -> None:
        """Whole or not at all, in the place of what was there."""

    def get(self, name: str) -> bytes: ...

    def names(self, prefix: str) -> dict[str, int]:
        """Everything below, as names below `prefix`, with sizes in bytes."""

    def settle(self, prefix: str) -> None:
        """What was put there lasts, whatever happens to the machine."""

    def remove(self, prefix: str) -> None:
        """Everything below; whoever is interrupted begins again."""

    def copy(self, prefix: str, to: str) -> None:
        """The same contents under other names as well, without room of their own where that can be. `to` is empty."""

    def replace(self, prefix: str, by: str) -> None:
        """What is below `by` takes the place of all below `prefix`, the manifest last, and is not below `by` any more.

        `by` is whole, or not there: whoever is interrupted does it again.
        """

    def signature(self, name: str) -> dict[str, str]:
        """Headers by which Nginx may read this one object, for some minutes; NotFound where it reads the disk."""


class Compartment:
    """What the vault holds of one media, by names below its directory."""

    def __init__(self, objects: Objects, directory: str):
        self.objects, self._prefix = objects, directory + "/"
        self.written: dict[str, dict] = {}  # name -> its line of the manifest, for what was put by this one

    @classmethod
    def of(cls, objects: Objects, media: str) -> Compartment:
        return cls(objects, contract.vault_directory(media))

    def put(self, name: str, content: bytes) -> None:
        self.objects.put(self._prefix + name, content)
        self.written[name] = described(content)

    def get(self, name: str) -> bytes:
        return self.objects.get(self._prefix + name)

    def names(self) -> dict[str, int]:
        return self.objects.names(self._prefix)

    def settle(self) -> None:
        self.objects.settle(self._prefix)

    def remove(self, below: str = "") -> None:
        """All of it, or what is below one name (a rung)."""
        self.objects.remove(self._prefix + (below and below + "/"))
        self.written = {name: line for name, line in self.written.items() if not name.startswith(below and below + "/")}

    def take_over(self, other: Compartment) -> None:
        """See :meth:`Objects.replace`."""
        self.objects.replace(self._prefix, other._prefix)

    def share(self, other: Compartment) -> None:
        """See :meth:`Objects.copy`: what `other` holds is here too."""
        self.objects.copy(other._prefix, self._prefix)


def described(content: bytes) -> dict:
    """A content's line of the manifest."""
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
