"""A read-only FUSE file system that mirrors a directory and misbehaves on demand: a drive that hangs, fails or vanishes.

`python tests/fuse_stub.py SOURCE MOUNTPOINT CONTROL` (as root) speaks the protocol of the kernel on /dev/fuse itself.
The content of the file CONTROL is read before each answer:

* `ok`: as it should be.
* `hang`: nothing is answered; what waits is answered as soon as CONTROL says something else.
* `eio`: READ and READDIR fail with EIO.
* `eio-after N`: a READ that begins at byte N or later fails with EIO. The kernel asks for up to 128 KiB at once and
  keeps what it got until the next open, so bytes after N may still arrive with a request that began before it.
* `empty`: READDIR lists nothing, LOOKUP finds nothing.

SIGTERM unmounts lazily and leaves the bare directory below; after SIGKILL the mount stays and answers ENOTCONN.

Who waits for a hanging mount cannot be killed, not even with SIGKILL: look at it only from a process that is waited
for with a limit, and not with `subprocess.run(timeout=...)`, which waits for the killed process without one.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

DEVICE = "/dev/fuse"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
MODE = re.compile(r"ok|hang|eio|eio-after \d+|empty")

LOOKUP, FORGET, GETATTR, READLINK = 1, 2, 3, 5
OPEN, READ, STATFS, RELEASE = 14, 15, 17, 18
INIT, OPENDIR, READDIR, RELEASEDIR = 26, 27, 28, 29
ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 34, 36, 38, 42
UNANSWERED = (FORGET, INTERRUPT, BATCH_FORGET)

VERSION = (7, 31)
ASYNC_READ, AUTO_INVAL_DATA, PARALLEL_DIROPS = 1 << 0, 1 << 12, 1 << 18
# The kernel stops sending reads ahead when this many are unanswered: more than any test leaves hanging.
MAX_BACKGROUND = 1024
MAX_WRITE = 4096
REQUEST_BYTES = 1 << 16

IN_HEADER = struct.Struct("=IIQQIIIHH")
OUT_HEADER = struct.Struct("=IiQ")
INIT_IN = struct.Struct("=IIII")
INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
ATTR = struct.Struct("=3Q3q10I")
ATTR_OUT = struct.Struct("=QII")
ENTRY_OUT = struct.Struct("=QQQQII")
HANDLE = struct.Struct("=Q")
OPEN_IN = struct.Struct("=I")
OPEN_OUT = struct.Struct("=QII")
READ_IN = struct.Struct("=QQI")
STATFS_OUT = struct.Struct("=5Q4I24x")
DIRENT = struct.Struct("=QQII")

MS_RDONLY, MS_NOSUID, MS_NODEV, MNT_DETACH = 1, 2, 4, 2
libc = ctypes.CDLL(None, use_errno=True)


class Request(NamedTuple):
    """One question of the kernel."""

    opcode: int
    unique: int
    node: int
    body: bytes


def pack_attributes(found: os.stat_result) -> bytes:
    times = [divmod(ns, 10**9) for ns in (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)]
    return ATTR.pack(
        *(found.st_ino, found.st_size, found.st_blocks),
        *(seconds for seconds, _ in times),
        *(nanoseconds for _, nanoseconds in times),
        *(found.st_mode, found.st_nlink, found.st_uid, found.st_gid),
        *(0, found.st_blksize, 0),
    )


def pack_name(inode: int, kind: int, name: bytes, following: int) -> bytes:
    """One entry of a directory, padded to eight bytes; `following` is the offset of the next one."""
    packed = DIRENT.pack(inode, following, len(name), kind) + name
    return packed + bytes(-len(packed) % 8)


def pack_names(names: list[tuple[int, int, bytes]], offset: int, size: int) -> bytes:
    """As many entries from number `offset` on as `size` bytes hold."""
    packed = b""
    for following, name in enumerate(names[offset:], offset + 1):
        entry = pack_name(*name, following)
        if len(packed) + len(entry) > size:
            break
        packed += entry
    return packed


def list_names(path: bytes) -> list[tuple[int, int, bytes]]:
    """Inode number, type and name of what is in a directory."""
    names = [(entry.inode(), kind_of(entry), entry.name) for entry in os.scandir(path)]
    own = os.lstat(path).st_ino
    return [(own, stat.S_IFDIR >> 12, b"."), (own, stat.S_IFDIR >> 12, b".."), *sorted(names, key=lambda n: n[2])]


def kind_of(entry: os.DirEntry[bytes]) -> int:
    """The type of an entry; 0, which is "unknown", when it went away meanwhile."""
    with contextlib.suppress(OSError):
        return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) >> 12
    return 0


class Nodes:
    """The paths behind the node numbers that the kernel was told; none is ever taken back."""

    def __init__(self, root: bytes) -> None:
        self._lock = threading.Lock()
        self._paths = {1: root}
        # By inode too: a file that replaced another must not share its cached pages.
        self._numbers: dict[tuple[bytes, int], int] = {}

    def path(self, number: int) -> bytes:
        with self._lock:
            return self._paths[number]

    def number(self, path: bytes, inode: int) -> int:
        with self._lock:
            number = self._numbers.setdefault((path, inode), len(self._paths) + 1)
            self._paths[number] = path
            return number


class Mirror:
    """Answers requests out of the source directory."""

    def __init__(self, source: Path) -> None:
        self._nodes = Nodes(os.fsencode(source))
        self._handles = itertools.count(1)
        self._listings: dict[int, list[tuple[int, int, bytes]]] = {}
        self._answers: dict[int, Callable[[Request, str], bytes]] = {
            INIT: self._init, LOOKUP: self._lookup, GETATTR: self._getattr, READLINK: self._readlink,
            OPEN: self._open, READ: self._read, RELEASE: self._release, OPENDIR: self._opendir,
            READDIR: self._readdir, RELEASEDIR: self._releasedir, STATFS: self._statfs, ACCESS: self._access,
            DESTROY: lambda request, mode: b"",
        }  # fmt: skip

    def answer(self, request: Request, mode: str) -> bytes:
        """The body of the answer; an OSError is the failure to answer with."""
        if request.opcode not in self._answers:
            raise OSError(errno.ENOSYS, "not implemented")
        if mode == "eio" and request.opcode in (READ, READDIR):
            raise OSError(errno.EIO, mode)
        return self._answers[request.opcode](request, mode)

    def _init(self, request: Request, mode: str) -> bytes:
        _, _, readahead, offered = INIT_IN.unpack_from(request.body)
        flags = offered & (ASYNC_READ | AUTO_INVAL_DATA | PARALLEL_DIROPS)
        return INIT_OUT.pack(*VERSION, readahead, flags, MAX_BACKGROUND, MAX_BACKGROUND, MAX_WRITE, 1, 0, 0, 0)

    def _lookup(self, request: Request, mode: str) -> bytes:
        if mode == "empty":
            raise OSError(errno.ENOENT, mode)
        path = self._nodes.path(request.node) + b"/" + request.body.rstrip(b"\0")
        found = os.lstat(path)
        return ENTRY_OUT.pack(self._nodes.number(path, found.st_ino), 0, 0, 0, 0, 0) + pack_attributes(found)

    def _getattr(self, request: Request, mode: str) -> bytes:
        return ATTR_OUT.pack(0, 0, 0) + pack_attributes(os.lstat(self._nodes.path(request.node)))

    def _readlink(self, request: Request, mode: str) -> bytes:
        return os.readlink(self._nodes.path(request.node))

    def _access(self, request: Request, mode: str) -> bytes:
        if OPEN_IN.unpack_from(request.body)[0] & os.W_OK:
            raise OSError(errno.EROFS, "read-only")
        return b""

    def _open(self, request: Request, mode: str) -> bytes:
        if OPEN_IN.unpack_from(request.body)[0] & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, "read-only")
        return OPEN_OUT.pack(os.open(self._nodes.path(request.node), os.O_RDONLY), 0, 0)

    def _read(self, request: Request, mode: str) -> bytes:
        handle, offset, size = READ_IN.unpack_from(request.body)
        if mode.startswith("eio-after ") and offset >= int(mode.split()[1]):
            raise OSError(errno.EIO, mode)
        return os.pread(handle, size, offset)

    def _release(self, request: Request, mode: str) -> bytes:
        os.close(HANDLE.unpack_from(request.body)[0])
        return b""

    def _opendir(self, request: Request, mode: str) -> bytes:
        return OPEN_OUT.pack(next(self._handles), 0, 0)

    def _readdir(self, request: Request, mode: str) -> bytes:
        handle, offset, size = READ_IN.unpack_from(request.body)
        if mode == "empty":
            return b""
        # The listing of the first request serves the others too, or an offset would mean another name each time.
        if offset == 0 or handle not in self._listings:
            self._listings[handle] = list_names(self._nodes.path(request.node))
        return pack_names(self._listings[handle], offset, size)

    def _releasedir(self, request: Request, mode: str) -> bytes:
        self._listings.pop(HANDLE.unpack_from(request.body)[0], None)
        return b""

    def _statfs(self, request: Request, mode: str) -> bytes:
        found = os.statvfs(self._nodes.path(1))
        counts = (found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
        return STATFS_OUT.pack(*counts, found.f_bsize, found.f_namemax, found.f_frsize, 0)


class Server:
    """Takes requests off the device and answers each in a thread of its own, so that one may hang alone."""

    def __init__(self, device: int, mirror: Mirror, control: Path) -> None:
        self._device = device
        self._mirror = mirror
        self._control = control

    def run(self) -> None:
        """Until the file system is unmounted."""
        while (message := self._receive()) is not None:
            _, opcode, unique, node, *_ = IN_HEADER.unpack_from(message)
            request = Request(opcode, unique, node, message[IN_HEADER.size :])
            if opcode == INIT:
                self._send(unique, 0, self._mirror.answer(request, "ok"))
            elif opcode not in UNANSWERED:
                threading.Thread(target=self._serve, args=(request,), daemon=True).start()

    def _receive(self) -> bytes | None:
        while True:
            try:
                return os.read(self._device, REQUEST_BYTES)
            except OSError as problem:
                if problem.errno == errno.ENODEV:
                    return None
                # The one who asked gave up just now.
                if problem.errno not in (errno.ENOENT, errno.EAGAIN):
                    raise

    def _serve(self, request: Request) -> None:
        try:
            error, body = 0, self._mirror.answer(request, self._wait_for_mode())
        except OSError as problem:
            error, body = problem.errno or errno.EIO, b""
        except Exception:
            traceback.print_exc()
            error, body = errno.EIO, b""
        self._send(request.unique, error, body)

    def _send(self, unique: int, error: int, body: bytes) -> None:
        # Fails when nobody waits for the answer any more.
        with contextlib.suppress(OSError):
            os.write(self._device, OUT_HEADER.pack(OUT_HEADER.size + len(body), -error, unique) + body)

    def _wait_for_mode(self) -> str:
        # An empty file is one that is being written.
        while (mode := self._mode()) in ("", "hang"):
            time.sleep(POLL_SECONDS)
        return mode

    def _mode(self) -> str:
        try:
            return self._control.read_text().strip()
        except FileNotFoundError:
            return "ok"


def mount(device: int, mount_point: Path) -> None:
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    flags = ctypes.c_ulong(MS_RDONLY | MS_NOSUID | MS_NODEV)
    if libc.mount(b"fuse_stub", os.fsencode(mount_point), b"fuse", flags, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(mount_point))


def unmount(mount_point: Path) -> None:
    """Takes the mount out of the tree at once, whoever still uses it."""
    libc.umount2(os.fsencode(mount_point), MNT_DETACH)


def main(source: Path, mount_point: Path, control: Path) -> None:
    """Mounts, serves, and unmounts at SIGTERM."""
    # Blocked and waited for, as a handler could run late: the main thread might just have begun to wait for a request.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    device = os.open(DEVICE, os.O_RDWR)
    mount(device, mount_point)
    threading.Thread(target=serve, args=(Server(device, Mirror(source), control),), daemon=True).start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    unmount(mount_point)
    os._exit(0)


def serve(server: Server) -> None:
    """Ends the program with the mount, or at a failure, so that nobody waits for an answer that never comes."""
    code = 1
    try:
        server.run()
        code = 0
    except Exception:
        traceback.print_exc()
    os._exit(code)


@dataclass(frozen=True)
class Fuse:
    """A mounted mirror."""

    mount_point: Path
    control: Path
    process: subprocess.Popen[bytes]

    def set(self, mode: str) -> None:
        """How requests are answered from now on, those that wait included."""
        if not MODE.fullmatch(mode):
            raise ValueError(mode)
        following = self.control.with_suffix(".new")
        following.write_text(mode)
        following.replace(self.control)

    def kill(self) -> None:
        """The drive dies: every access fails with ENOTCONN."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def terminate(self) -> None:
        """The drive is taken out: the bare directory below is there again."""
        self.process.terminate()
        self.process.wait(STOP_SECONDS)


def usable() -> bool:
    """Whether this machine lets us mount."""
    return os.geteuid() == 0 and os.access(DEVICE, os.R_OK | os.W_OK)


@contextlib.contextmanager
def fuse(source: Path, mount_point: Path) -> Iterator[Fuse]:
    """Mirrors `source` at the existing directory `mount_point`, and leaves neither mount nor process behind."""
    source, mount_point = source.resolve(), mount_point.resolve()
    with tempfile.TemporaryDirectory(prefix="fuse-stub-") as directory:
        control = Path(directory, "control")
        control.write_text("ok")
        before = mounted_devices(mount_point)
        command = [sys.executable, __file__, source, mount_point, control]
        running = Fuse(mount_point, control, subprocess.Popen(command, stdin=subprocess.DEVNULL))
        minors: list[str] = []
        try:
            wait_until_mounted(running)
            minors = mounted_devices(mount_point)[len(before) :]
            yield running
        finally:
            clean_up(running, minors, len(before))


def wait_until_mounted(running: Fuse) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not os.path.ismount(running.mount_point):
        if running.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{running.mount_point} was not mounted")
        time.sleep(POLL_SECONDS)


def clean_up(running: Fuse, minors: list[str], below: int) -> None:
    """Ends the program and takes away every mount above the `below` ones that were there before."""
    running.set("ok")
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.terminate()
    for minor in minors:
        abort(minor)
    for _ in mounted_devices(running.mount_point)[below:]:
        unmount(running.mount_point)
    running.kill()


def abort(minor: str) -> None:
    """Fails whatever still waits for an answer, so that no process sleeps for ever; needs fusectl to be mounted."""
    # Gone already with the last user of the mount, as a rule.
    with contextlib.suppress(OSError), open(f"/sys/fs/fuse/connections/{minor}/abort", "r+") as switch:
        switch.write("1")


def mounted_devices(mount_point: Path) -> list[str]:
    """The minor device numbers of what is mounted there, lowest first; asks the kernel, never the mount."""
    rows = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [row[2].split(":")[1] for row in rows if unescape(row[4]) == str(mount_point)]


def unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
