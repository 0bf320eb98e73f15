"""A decoder sees one input and one scratch directory, no network, and ends at its deadline (threats P03, P07)."""

from __future__ import annotations

import os
import socket
import sys
import time

import pytest

from processor import sandbox
from processor.sandbox import Child, ChildFailed, ChildTimedOut, Limits, run

LIMITS = Limits(120, 1 << 30)
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable

enclosed = pytest.mark.skipif(not sandbox.available(), reason="this host forbids user namespaces")


def script(code: str) -> list[str]:
    return [PYTHON, "-c", code]


def test_a_child_reads_its_input_and_writes_its_scratch(tmp_path, scratch):
    source = tmp_path / "-i odd 'name'.bin"
    source.write_bytes(b"content")
    code = f"open({sandbox.scratch_name(scratch)!r} + '/out', 'wb').write(open({sandbox.input_name(source)!r}, 'rb').read())"
    run(script(code), scratch, LIMITS, source)
    assert (scratch / "out").read_bytes() == b"content"


@enclosed
def test_P03_a_child_cannot_write_its_input(tmp_path, scratch):
    source = tmp_path / "source"
    source.write_bytes(b"content")
    with pytest.raises(ChildFailed):
        run(script(f"open({sandbox.INPUT!r}, 'wb').write(b'x')"), scratch, LIMITS, source)
    assert source.read_bytes() == b"content"


@enclosed
def test_P03_a_child_sees_no_other_file_of_ours(tmp_path, scratch):
    secret = tmp_path / "master.key"
    secret.write_text("secret")
    source = tmp_path / "source"
    source.write_bytes(b"x")
    for path in (str(secret), "/etc/passwd", "/root", "/home", os.path.abspath(__file__)):
        with pytest.raises(ChildFailed):
            run(script(f"import os; os.stat({path!r})"), scratch, LIMITS, source)


@enclosed
def test_P03_a_child_has_no_network(scratch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        with pytest.raises(ChildFailed):
            run(script(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"), scratch, LIMITS)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_P07_ten_megabytes_of_complaints_block_nobody(scratch):
    run(script("import sys; sys.stderr.write('x' * 10_000_000); print('done')"), scratch, LIMITS)


def test_P07_a_child_that_hangs_is_killed_with_its_children_at_the_deadline(scratch):
    code = "import subprocess, time; subprocess.Popen(['sleep', '777.125']); time.sleep(600)"
    with pytest.raises(ChildTimedOut):
        run(script(code), scratch, Limits(1.5, 1 << 30))
    gone(b"sleep\x00777.125\x00")


def gone(command: bytes) -> None:
    """A process that was killed takes a moment to be gone; these would last longer than a minute by themselves."""
    deadline = time.monotonic() + 60
    while any(command in _command(pid) for pid in os.listdir("/proc") if pid.isdigit()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _command(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_P07_a_stopped_child_is_killed_at_the_deadline(scratch):
    code = "import os; os.execv('/bin/sh', ['sh', '-c', 'kill -STOP $$; sleep 777.25'])"
    with Child(script(code), scratch, Limits(1.5, 1 << 30)) as child, pytest.raises(ChildTimedOut):
        child.wait()
    gone(b"sleep 777.25")


def test_no_child_outlives_the_settings(settings):
    """However long a film says that it is."""
    longest = settings.processing.child_seconds
    assert Limits.within(settings.processing, 40e9).seconds == longest
    assert Limits.within(settings.processing, 5).seconds == 5


def test_a_child_that_wants_too_much_memory_fails_alone(scratch):
    with pytest.raises(ChildFailed):
        run(script("b = bytearray(700 << 20)"), scratch, Limits(120, 300 << 20))


def test_what_went_wrong_is_told_in_the_childs_own_words(scratch):
    with pytest.raises(ChildFailed, match="no such luck"):
        run(script("import sys; sys.exit('no such luck')"), scratch, LIMITS)
