"""Steps without a database: a job over a file, and a look at what it has put into the vault."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from control import vault
from control.storage.objects.posix import Posix
from control.vault.objects import Compartment
from nginx import contract
from processor.encoders import Encoders
from processor.room import Room
from processor.steps.job import Job
from processor.steps.ladder import Ladder
from processor.steps.probe import probe

KEY = bytes(range(16))


def job_of(settings, source: Path, scratch: Path, target: Path, key: bytes = KEY) -> Job:
    """`target` is its directory in the vault."""
    found, compartment = probe(settings, source, source.name, scratch), Compartment(Posix(target.parent), target.name)
    return Job(settings, source, found, key, compartment, scratch, Room([], 0, lambda sentence: None))


class Film:
    """A film that was made into a vault of its own."""

    def __init__(self, settings, source: Path, scratch: Path):
        self.target = scratch.parent / "vault"
        self.target.mkdir()
        self.job = job_of(settings, source, scratch, self.target)
        self.published = []
        self.ladder = Ladder(self.job, Encoders(settings), lambda *shown: self.published.append(shown), lambda _: None)

    def make(self) -> Film:
        self.ladder.copy()
        self.ladder.encode()
        return self

    @property
    def rungs(self) -> dict:
        return {rendition.rung: rendition for rendition in self.ladder.renditions}

    def decoded(self, rung: str, stream: str = "v:0") -> tuple[int, float, dict]:
        """(frames, seconds, the stream's description) of a rung, decrypted and decoded."""
        plain = reveal(self.target, rung)
        command = ["ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-count_frames", "-select_streams", stream,
                   "-show_entries", "stream=nb_read_frames,width,height,pix_fmt,channels,color_transfer,codec_name"
                   ":format=duration", "-of", "flat=s=_", plain / contract.PLAYLIST]  # fmt: skip
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        shown = {line.split("=")[0].rpartition("stream_0_")[2]: line.split("=", 1)[1].strip('"') for line in lines}
        return int(shown["nb_read_frames"]), float(shown["format_duration"]), shown


def reveal(target: Path, rung: str) -> Path:
    """A directory with the plaintext of a rung and its playlist."""
    plain = target.parent / f"plain-{rung}"
    plain.mkdir(exist_ok=True)
    text = (target / rung / contract.PLAYLIST).read_text()
    for period, iv, name in re.findall(r'URI="key/(\d+)",IV=0x(\w+)\n#EXTINF:[\d.]+,\n(\S+)', text):
        key = vault.content_key(KEY, rung, int(period))
        sealed = (target / rung / name).read_bytes()
        (plain / name).write_bytes(vault.decrypt(key, sealed, bytes.fromhex(iv)))
    (plain / contract.PLAYLIST).write_text(re.sub(r"#EXT-X-KEY.*\n", "", text))
    return plain
