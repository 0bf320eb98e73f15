"""One at a time: threads and processes alike, and nobody is blocked by the dead."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time

from processor.scratch import Scratch
from processor.turns import locked, turn


def test_turns_follow_one_another(tmp_path):
    inside, most = [], []

    def work() -> None:
        for _ in range(3):
            with turn(tmp_path / "media.turn"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.01)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] * 12 and not os.listdir(tmp_path)


def test_a_killed_holder_gives_its_turn_away(tmp_path):
    path = tmp_path / "media.turn"
    holder = "import sys, pathlib, processor.turns as t; t.locked(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        assert locked(path) is None
        process.kill()
        process.wait()
    with turn(path):
        assert locked(path) is None


def test_two_scratches_leave_each_other_alone_and_remove_what_the_dead_left(settings, tmp_path):
    paths = settings.model_copy(update={"data": tmp_path}).paths
    one, other = Scratch(paths), Scratch(paths)
    left = paths.scratch / "processor-dead" / "job-1"
    left.mkdir(parents=True)
    (left / "plain.ts").write_bytes(b"plaintext")
    with one.directory() as work:
        other.tidy()
        assert work.exists() and one.parent.exists() and not left.parent.exists()
    for scratch in (one, other):
        os.close(scratch._lock)
    Scratch(paths)
    assert not one.parent.exists() and not other.parent.exists()
    shutil.rmtree(paths.scratch)
