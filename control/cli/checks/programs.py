"""The programs and libraries that Sluice stands on, and the versions below which they are known to be unsafe."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

from control.cli.checks import Finding, good, judged
from control.settings import Settings
from nginx.settings import binary, modules

_SECONDS = 10
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

# Debian package -> the oldest revision with the fixes that Sluice counts on. Later releases and Ubuntu's are newer.
PACKAGES = {
    "nginx": "1.22.1-9+deb12u10",  # rewrite, slice, mp4, dav and HTTP/2 of older ones
    "redis-server": "5:7.0.15-1~deb12u10",
}
# Python package -> the oldest safe version, and what an older one lets happen.
LIBRARIES = {
    "pyjwt": ("2.13.0", "forged tokens (CVE-2026-48526)"),
    "pillow": ("12.2", "pictures that take over their decoder (CVE-2026-40192)"),
    "pillow-heif": ("1.7.0", "HEIC pictures that take over their decoder"),
    "gunicorn": ("23", "smuggled requests"),
    "redis": ("8.0", "retries that hold up every request for seconds"),
    "watchdog": ("7.1", "lost file events that nobody hears of"),
    "psycopg-pool": ("3.3.3", "a pool that runs dry"),
}


def programs(settings: Settings) -> Iterator[Finding]:
    yield judged(
        "python", sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}", "Python 3.11 or newer is needed."
    )
    for check, command, package in (
        ("nginx", [binary(), "-v"], "nginx"),
        ("ffmpeg", [settings.ffmpeg.binary, "-hide_banner", "-version"], "ffmpeg"),
        ("ffprobe", [settings.ffmpeg.probe, "-hide_banner", "-version"], "ffmpeg"),
        ("bubblewrap", ["bwrap", "--version"], "bubblewrap"),
    ):
        yield _program(check, command, package)
    yield judged(
        "nginx-modules", len(modules()) == 2, f"{len(modules())} of 2: echo, headers-more",
        "Python sends the ZIP files: apt-get install libnginx-mod-http-echo libnginx-mod-http-headers-more-filter",
        "warning",
    )  # fmt: skip
    yield _encoder(settings)
    yield from filter(None, (_package(name, floor) for name, floor in PACKAGES.items()))
    yield from (_library(name, *floor) for name, floor in LIBRARIES.items())


def sandbox() -> Iterator[Finding]:
    """Whether decoders can be locked in."""
    said = _said(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "true"])
    yield judged(
        "sandbox", said is not None, "decoders are locked in" if said is not None else "bubblewrap cannot make one",
        "Allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), or "
        "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu). Until then limits alone hold a decoder.",
        "warning",
    )  # fmt: skip


def _program(check: str, command: list[str], package: str) -> Finding:
    if shutil.which(command[0], path=_SBIN) is None and shutil.which(command[0]) is None:
        return Finding(check, "failed", f"{command[0]} is not there", f"Install it: apt-get install {package}")
    said = _said(command)
    return judged(
        check, bool(said), said or "it does not start", f"Install it anew: apt-get install --reinstall {package}"
    )


def _encoder(settings: Settings) -> Finding:
    said = _said([settings.ffmpeg.binary, "-hide_banner", "-encoders"], whole=True) or ""
    missing = [name for name in ("libx264", "aac") if not re.search(rf"\s{name}\s", said)]
    return judged("encoders", not missing, f"missing: {', '.join(missing)}" if missing else "libx264, aac",
                  "This ffmpeg was built without them: apt-get install ffmpeg brings one that has them.")  # fmt: skip


def _package(name: str, floor: str) -> Finding | None:
    """None where the package system is another one or does not know the program."""
    found = _said(["dpkg-query", "--show", "--showformat", "${Version}", name])
    if not found:
        return None
    outcome = subprocess.run(["dpkg", "--compare-versions", found, "ge", floor], check=False)  # noqa: S603, S607
    return judged(f"package {name}", outcome.returncode == 0, found,
                  f"{floor} mends holes that this one has: apt-get update && apt-get install {name}")  # fmt: skip


def _library(name: str, floor: str, danger: str) -> Finding:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(f"library {name}", "failed", "not installed", "Fill .venv again: deploy/up, or the playbook.")
    if Version(found) >= Version(floor):
        return good(f"library {name}", found)
    return Finding(f"library {name}", "failed", found, f"{floor} or newer is needed, against {danger}: deploy/up.")


def _said(command: list[str], whole: bool = False) -> str | None:
    """The first line of what a program says of itself, "" for a silent one; None unless it ends well."""
    try:
        outcome = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL,
            env={"PATH": _SBIN, "LANG": "C.UTF-8"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = (outcome.stdout or outcome.stderr).strip()
    return None if outcome.returncode else said if whole else said.partition("\n")[0]
