"""What every step of one media works on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from control import vault
from control.settings import Settings
from control.vault.objects import Compartment
from nginx import contract
from processor.room import Room
from processor.sandbox import Child, Limits, input_name, scratch_name
from processor.steps.probe import Probe

_LARGEST_FILE = 512 << 20  # bytes of a picture or a text; it is read whole, and scratch may be RAM


@dataclass(frozen=True)
class Job:
    settings: Settings
    source: Path
    found: Probe
    media_key: bytes
    target: Compartment  # its part of the vault
    scratch: Path  # plaintext may lie here for a moment
    room: Room
    halted: threading.Event = field(default_factory=threading.Event)  # set: what runs beside is not wanted any more

    @property
    def read(self) -> str:
        """The source, as a child sees it."""
        return input_name(self.source)

    @property
    def write(self) -> str:
        """The scratch directory, as a child sees it."""
        return scratch_name(self.scratch)

    def beside(self, name: str) -> Job:
        """The same job with a scratch directory of its own: children that run at once must not share one."""
        scratch = self.scratch / name
        scratch.mkdir(exist_ok=True)
        return replace(self, scratch=scratch)

    def run(self, command: Sequence[str], seconds: float, readable: Sequence[Path] = ()) -> bytes:
        """What a child says about the source; it may write small files. Raises ChildFailed."""
        limits = Limits.within(self.settings.processing, seconds, _LARGEST_FILE)
        with Child(command, self.scratch, limits, self.source, readable) as child:
            child.wait(self.halted)
            return child.output.read_bytes()

    def child(self, command: Sequence[str], seconds: float, devices: bool = False) -> Child:
        limits = Limits.within(self.settings.processing, seconds)
        return Child(command, self.scratch, limits, self.source, devices=devices)

    def seal(self, content: bytes, kind: str) -> None:
        """Keep one of contract.STILL_KINDS as ciphertext."""
        sealed = vault.seal(vault.content_key(self.media_key, kind), content)
        self.target.put(contract.still_name(kind), sealed)
