"""The only way to run a decoder: a child without network, keys or other people's media.

A decoder that takes over its process is treated as expected (facts.md 5): bubblewrap gives it new namespaces, a
read-only system, its one input under a fixed name and one scratch directory. Where the host forbids user namespaces the
limits, the session and the deadline remain, and the log says so once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from control.settings.sections import Processing

log = structlog.get_logger()

# What a child sees: no user text ever stands in an argument vector (threat P02).
INPUT = "/in/input"
SCRATCH = "/scratch"

# malloc(3) gives great blocks back to the system at once, which clears them anew for the next one: a twentieth of the
# time that a photo takes.
_REUSED_MEMORY = [f"MALLOC_MMAP_THRESHOLD_={1 << 30}", f"MALLOC_TRIM_THRESHOLD_={1 << 30}"]

_REAP_SECONDS = 5.0
_STDERR_KEPT = 4000  # characters of a child's last words
_LONGEST_STDERR = 64 << 20  # bytes; RLIMIT_FSIZE bounds it too


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: float  # of wall time, pauses apart; the whole process group is killed then
    memory_bytes: int
    file_bytes: int = 64 << 30

    @classmethod
    def within(cls, processing: Processing, seconds: float, file_bytes: int = 64 << 30) -> Limits:
        """What a step wants, but never more than the settings allow."""
        return cls(min(seconds, processing.child_seconds), processing.memory_bytes, file_bytes)


class ChildFailed(Exception):
    """The child ended badly; the text is the end of what it said. `status` as subprocess has it: -9 for a signal."""

    def __init__(self, text: str, status: int | None = None):
        super().__init__(text)
        self.status = status

    @property
    def blames_file(self) -> bool:
        """Whether another try would end the same: not where it was killed, did not start or could not read a drive."""
        started = not str(self).startswith("bwrap: ")
        return started and self.status == 1 and "Input/output error" not in str(self)


class ChildTimedOut(ChildFailed):
    """The child did not end by its deadline."""


class Child:
    """A running child. Its output goes to files in the scratch directory, never to a pipe that could fill (P07)."""

    def __init__(self, arguments: Sequence[str], scratch: Path, limits: Limits, source: Path | None = None,
                 readable: Sequence[Path] = (), devices: bool = False):  # fmt: skip
        """`devices`: it may use the graphics hardware, whose drivers want more address space than they use."""
        self.scratch, self._deadline = scratch, time.monotonic() + limits.seconds
        self.output = scratch / "stdout"
        self._stderr = scratch / "stderr"
        command = [*_limited(limits, devices), *_enclosed(arguments, scratch, source, readable, devices)]
        with self.output.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=scratch, start_new_session=True,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
            )  # fmt: skip

    def running(self) -> bool:
        """Whether it still runs; kills it and raises ChildTimedOut past its deadline."""
        if self._process.poll() is not None:
            return False
        if time.monotonic() > self._deadline or self._stderr.stat().st_size > _LONGEST_STDERR:
            self.kill()
            raise ChildTimedOut(self.last_words() or "no sign of life")
        return True

    def wait(self, halted: threading.Event | None = None) -> None:
        """Wait for its end; raises ChildFailed unless it ended well, or once nobody wants it any more."""
        end = os.pidfd_open(self._process.pid)  # subprocess's own waiting sleeps through the end
        try:
            while self.running():
                if halted is not None and halted.is_set():
                    raise ChildFailed("It is not wanted any more.")
                select.select([end], [], [], 0.2)
        finally:
            os.close(end)
        self.check()

    def check(self) -> None:
        status = self._process.returncode
        if status != 0:
            raise ChildFailed(self.last_words() or f"it ended with status {status}", status)

    def kill(self) -> None:
        """Kill the whole group and reap it; one that sleeps in a dead drive is left behind, not waited for (P11)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        try:
            self._process.wait(timeout=_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("child_hangs", pid=self._process.pid)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing of it runs meanwhile, and the time does not count."""
        began, stopped = time.monotonic(), _family(self._process.pid)
        for pid in stopped:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                _signal(pid, signal.SIGCONT)
            self._deadline += time.monotonic() - began

    def last_words(self) -> str:
        return self._stderr.read_bytes()[-_STDERR_KEPT:].decode(errors="replace").strip()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *failure) -> None:
        if self._process.poll() is None:
            self.kill()


def _family(pid: int) -> list[int]:
    """A process and all that came of it: bubblewrap's child has a session of its own, so no group holds them all."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def run(arguments: Sequence[str], scratch: Path, limits: Limits, source: Path | None = None,
        readable: Sequence[Path] = (), devices: bool = False) -> bytes:  # fmt: skip
    """Run a child to its end and return what it wrote to standard output. Raises ChildFailed or ChildTimedOut."""
    with Child(arguments, scratch, limits, source, readable, devices) as child:
        child.wait()
        return child.output.read_bytes()


def input_name(source: Path) -> str:
    """The name under which a child sees `source`."""
    return INPUT if available() else str(source.absolute())


def scratch_name(scratch: Path) -> str:
    return SCRATCH if available() else str(scratch.absolute())


def _limited(limits: Limits, devices: bool) -> list[str]:
    memory = [] if devices else [f"--as={limits.memory_bytes}"]
    return [
        "nice", "-n", "10", "prlimit", *memory, f"--fsize={limits.file_bytes}", "--core=0",
        "--nofile=256", "--",
    ]  # fmt: skip


def _enclosed(arguments: Sequence[str], scratch: Path, source: Path | None, readable: Sequence[Path],
              devices: bool) -> list[str]:  # fmt: skip
    if not available():
        return list(arguments)
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", *_system()]
    for path in readable:
        command += ["--ro-bind", str(path), str(path)]
    if devices:
        command += [part for path in _DEVICES for part in ("--dev-bind-try", path, path)] + [
            "--ro-bind",
            "/sys",
            "/sys",
        ]
    if source is not None:
        command += ["--ro-bind", str(source.absolute()), INPUT]
    return [*command, "--bind", str(scratch.absolute()), SCRATCH, "--chdir", SCRATCH, "--", *arguments]


def _system() -> list[str]:
    """The read-only system: /usr, the links beside it, and what the loader needs of /etc."""
    binds = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            binds += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            binds += ["--ro-bind", str(path), str(path)]
    for path in ("/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts"):
        binds += ["--ro-bind-try", path, path]
    return binds


_DEVICES = ("/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")


@functools.cache
def available() -> bool:
    """Whether bubblewrap works here (a container may forbid user namespaces)."""
    if shutil.which("bwrap") is None:
        log.warning("no_sandbox", reason="bubblewrap is not installed: apt-get install bubblewrap")
        return False
    probe = ["bwrap", "--unshare-all", *_system(), "--", "true"]
    outcome = subprocess.run(probe, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        log.warning("no_sandbox", reason=outcome.stderr.strip(), cure="allow unprivileged user namespaces")
    return outcome.returncode == 0


def python_command(module: Path) -> tuple[list[str], list[Path]]:
    """How to run one of our own files inside a sandbox, and what it must be able to read: the interpreter, the virtual
    environment's libraries and that one file, nothing else of ours."""
    readable = {Path(sys.prefix), Path(sys.base_prefix), module}
    outside = [path for path in sorted(readable) if not path.is_relative_to("/usr")]
    libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    # Without `site` it begins in half the time; it needs nothing of what that sets up.
    python = ["env", *_REUSED_MEMORY, f"PYTHONPATH={':'.join(libraries)}", sys.executable, "-P", "-s", "-S", "-B"]
    return [*python, str(module)], outside
