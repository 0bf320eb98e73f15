"""A player's half of HLS for the tests: read playlists, fetch keys, decrypt."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from urllib.parse import urljoin


@dataclass(frozen=True)
class Segment:
    url: str
    key_url: str
    iv: bytes
    seconds: float


def rungs(client, master_url: str, master: str) -> dict[str, str]:
    """Rung name -> URL of its playlist."""
    lines = [line for line in master.splitlines() if line and not line.startswith("#")]
    return {line.rstrip("/").split("/")[-2]: urljoin(master_url, line) for line in lines}


def segments(client, playlist_url: str) -> list[Segment]:
    answer = client.get(playlist_url)
    answer.raise_for_status()
    found, key, iv, seconds = [], "", b"", 0.0
    for line in answer.text.splitlines():
        if line.startswith("#EXT-X-KEY:"):
            key = urljoin(playlist_url, re.search(r'URI="([^"]+)"', line)[1])
            iv = bytes.fromhex(re.search(r"IV=0x([0-9a-f]{32})", line)[1])
        elif line.startswith("#EXTINF:"):
            seconds = float(line[8:].split(",")[0])
        elif line and not line.startswith("#"):
            found.append(Segment(urljoin(playlist_url, line), key, iv, seconds))
    return found


def decoded(url: str, certificate, stream: str = "v:0", header: str = "") -> tuple[int, float]:
    """(frames, seconds) that ffprobe decodes from `url`."""
    command = [
        "ffprobe", "-v", "error", *(["-headers", header + "\r\n"] if header else []), "-count_frames",
        "-select_streams", stream, "-show_entries", "stream=nb_read_frames:format=duration", "-of", "json", url,
    ]  # fmt: skip
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=500).stdout)
    return int(found["streams"][0]["nb_read_frames"]), float(found["format"].get("duration", 0))
