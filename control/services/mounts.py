"""Mounts: nothing of one that is away is asked for, because opening a file there may hang for ever."""

from __future__ import annotations

from control.domain.media import Media
from control.domain.mounts import MountState
from control.domain.sessions import Principal
from control.domain.windows_paths import below
from control.errors import BadRequest, MountAway
from control.services.audit import Audit
from control.services.memory import Memory
from control.settings.sections import Mount


class Mounts:
    """`settings` are those of every mount; `mounted` knows the media on them."""

    def __init__(self, settings: list[Mount], mounts, mounted, memory: Memory[MountState], audit: Audit):
        self._settings, self._mounts, self._mounted = settings, mounts, mounted
        self._memory, self._audit = memory, audit

    def media_at(self, path: str) -> Media | None:
        """The media that a program means by a path of this machine or, where the mount has one, by a Windows path.

        Raises BadRequest where a Windows path fits two files, which differ by their case alone.
        """
        for mount in self._settings:
            for root in filter(None, (str(mount.path), mount.windows_path)):
                rest = below(root, path)
                found = rest and self._media_below(mount.name, rest, any_case=root == mount.windows_path)
                if found:
                    return found
        return None

    def media_for_stream(self, stem: str) -> Media | None:
        """The file called so, but for its ending, on a mount whose files /stream names. Raises BadRequest for two."""
        mounts = [mount.name for mount in self._settings if mount.stream]
        found = [media for mount in mounts for media in self._mounted.find_by_stem(mount, stem)]
        if len(found) > 1:
            raise BadRequest("Several files are called so: name one by its id.")
        return found[0] if found else None

    def _media_below(self, mount: str, rest: str, any_case: bool) -> Media | None:
        exact = self._mounted.find(mount, rest)
        if exact is not None or not any_case:
            return exact
        named = self._mounted.find_by_name(mount, rest.rpartition("/")[2])
        alike = [media for media in named if media.path.casefold() == rest.casefold()]
        if len(alike) > 1:
            raise BadRequest("Several files are called so but for upper and lower case: write it as it is.")
        return alike[0] if alike else None

    def must_be_here(self, media: Media) -> None:
        """Raises MountAway, saying why. A mount that nobody has looked at yet counts as here."""
        if media.mount is not None:
            self.must_be_there(media.mount)

    def must_be_there(self, name: str) -> None:
        """Raises MountAway like :meth:`must_be_here`; a name of no mount is there."""
        state = self._memory.get(name)
        if state is not None and state.away:
            raise MountAway(f"{state.reason} Nothing is lost; it comes back with the drive.")

    def confirm(self, name: str, by: Principal, **where: str) -> int:
        """The files that the scan misses are gone for good: drop them at the next scan. Returns how many they are.

        Raises BadRequest where nothing waits for that.
        """
        missing = self._mounts.confirm(name)
        if not missing:
            raise BadRequest(f"Nothing of the mount {name!r} waits for a yes.")
        self._audit.record("mount_loss_confirmed", by, reason=f"{missing} files", details={"mount": name}, **where)
        return missing

    def away(self) -> list[str]:
        """The mounts of the settings that are away."""
        known = {mount.name for mount in self._settings}
        return [state.name for state in self._mounts.all() if state.away and state.name in known]

    def all(self) -> list[tuple[MountState, int]]:
        """Every mount that was ever seen, with the number of its media."""
        return [(state, self._mounts.items(state.name)) for state in self._mounts.all()]
