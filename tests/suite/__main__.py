"""The whole suite: its parts beside one another, and what failed there once more, alone.

`deploy/test` without arguments starts this. Each part (parts.py) is a pytest process with directories of its own. LANES
of them run at a time; whichever lane is free takes the next part, so no list of times has to be kept, and a new test
file belongs to a part by where it lies.

What goes into the normal run, which has fifteen minutes on two cores: every proof at least once, and of a family of like cases
(formats, damaged files, kills at random moments) those that go a way of their own. More of the same, whatever takes longer than
some seconds only to be surer, and the other sizes and themes of the pages are the long form, marked `soak`. What is dear to make
is made once: a stack for a part, a browser for a module, the database of all stacks for a run (tests/cluster.py).

While it runs, every line of progress is printed behind the name of its part; the report of a part follows when it ends.
When all parts have ended, the tests that failed are run once more, on the now quiet machine, and that result
counts: beside others a test may meet a machine too busy for a deadline that is somebody else's (a browser's, a
database's). Those that needed it are named at the end ("failed beside others, passed alone"): a name that is there often
is a defect. More than MOST_AGAIN failures are no accident and are not run again; a stack that did not start is one, however
many tests needed it. A part that crashes, collects nothing, or cannot be collected ends the run.

The last line is `N passed, N failed`; the exit code is 0 when nothing failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests import cluster
from tests.suite.parts import REPO, parts, test_files

LANES = max(4, (os.cpu_count() or 1) + 2)  # some of them always wait for something
MOST_AGAIN = 15
ENDED = (0, 1)  # of pytest: all passed, some failed; anything else is no result
ALONE = "alone"


@dataclass
class Part:
    """One pytest process and what became of it."""

    name: str
    what: list[str]
    place: Path
    code: int | None = None
    seconds: float = 0
    outcomes: dict[str, str] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)
    process: subprocess.Popen | None = None

    @property
    def broken(self) -> bool:
        """No result, or none that can be believed."""
        return self.code not in ENDED or not self.outcomes or (self.code == 1) != bool(self.failed)

    @property
    def failed(self) -> list[str]:
        return [test for test, outcome in self.outcomes.items() if outcome == "failed"]

    def run(self) -> None:
        place, begun = self.place / self.name, time.monotonic()
        place.mkdir()
        written = place / "outcomes.json"
        command = [
            sys.executable, "-m", "pytest", "-p", "tests.suite.outcomes", f"--outcomes={written}",
            f"--basetemp={place / 'tmp'}", "-o", f"cache_dir={place / 'cache'}", "--color=no", "--no-header", *self.what,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            errors="replace", process_group=0,  # Ctrl-C is for this process, which passes it on once
        )  # fmt: skip
        listening = threading.Thread(target=self._listen, daemon=True)
        listening.start()
        self.code, self.seconds = self.process.wait(), time.monotonic() - begun
        listening.join(10)  # not for ever: something that a test has left behind may hold the pipe
        with contextlib.suppress(FileNotFoundError):
            found = json.loads(written.read_text())
            self.outcomes, self.causes = found["outcomes"], found["causes"]

    def stop(self) -> None:
        """pytest takes down what its fixtures have started."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def _listen(self) -> None:
        """Progress is printed as it comes; what follows it is the report."""
        reporting = False
        for line in map(str.rstrip, self.process.stdout):
            if reporting:
                self.report.append(line)
            elif line:
                say(f"{self.name:14} {line}")
            reporting = reporting or line.endswith("[100%]")


class Suite:
    """The parts in lanes; the first that is broken ends all."""

    def __init__(self, place: Path):
        self._place, self._lock, self._stopped = place, threading.Lock(), False
        self.parts = [
            Part(name, [str(file.relative_to(REPO)) for file in files], place)
            for name, files in parts(test_files()).items()
        ]

    def run(self) -> None:
        with ThreadPoolExecutor(LANES) as lanes:
            running = [lanes.submit(self._one, part) for part in self.parts]
            try:
                for one in running:
                    one.result()
            except BaseException:
                self.stop()
                raise

    def _one(self, part: Part) -> None:
        if self._stopped:
            return
        part.run()
        say(f"{part.name:14} ended after {part.seconds:.0f} s")
        say("\n".join(part.report))
        if part.broken:
            self.stop()

    def stop(self) -> None:
        """No part begins any more, and those that run end."""
        with self._lock:
            self._stopped = True
            for part in self.parts:
                part.stop()

    def again(self) -> Part | None:
        """What failed beside others, alone; None when nothing did, or too much."""
        failed = [test for part in self.parts for test in part.failed]
        causes = {cause for part in self.parts for cause in part.causes.values()}
        if not failed or len(causes) > MOST_AGAIN or any(part.broken for part in self.parts):
            return None
        say(f"\n{len(failed)} failed beside others; once more, alone:")
        alone = Part(ALONE, failed, self._place)
        try:
            alone.run()
        except BaseException:
            alone.stop()
            raise
        say("\n".join(alone.report))
        return alone


def conclude(ran: list[Part], alone: Part | None, seconds: float) -> int:
    """Say what became of everything; the exit code."""
    found = {test: outcome for part in ran for test, outcome in part.outcomes.items()}
    needed = {test for test, outcome in found.items() if outcome == "failed"}
    # What is skipped alone has not passed.
    found |= {test: "passed" if became == "passed" else "failed" for test, became in alone.outcomes.items()} if alone else {}
    broken = [part for part in [*ran, *([alone] if alone else [])] if part.broken]
    count = Counter(found.values())

    say("\n" + " · ".join(f"{part.name} {part.seconds:.0f} s" for part in ran))
    for test in sorted(needed):
        say(f"{'failed' if found[test] == 'failed' else 'failed beside others, passed alone'}: {test}")
    for part in broken:
        say(f"broken: {part.name} (pytest ended with {part.code}, {len(part.outcomes)} tests)")
    told = [f"{count[word]} {word}" for word in ("failed", "passed", "skipped") if count[word]]
    told += [f"{len(broken)} broken"] if broken else []
    say(f" {', '.join(told)} in {seconds:.2f}s ".center(100, "="))
    say(f"{count['passed']} passed, {count['failed'] + len(broken)} failed")
    return 1 if broken or count["failed"] else 0


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell that starts it in the background has it ignored, and the parts with it, which are stopped by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluice-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)  # the account of the stacks reads there
        (Path(place) / "cluster").mkdir()
        os.environ[cluster.PLACE] = str(Path(place) / "cluster")
        suite = Suite(Path(place))
        suite.run()
        return conclude(suite.parts, suite.again(), time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
