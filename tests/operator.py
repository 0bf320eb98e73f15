"""`sluice` as an operator runs it, forked from a process that has made its imports, which take most of a second of CPU."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from control.cli import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.operator", *(f"control.cli.{noun}" for noun in main.NOUNS)])


def command(*arguments: str | Path, cwd: Path, given: str | None = None) -> subprocess.CompletedProcess:
    """A process of its own, with this environment, and with `given` on its standard input."""
    called = ["sluice", *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="sluice-command-") as place:
        (Path(place) / "0").write_text(given or "")
        process = _FORKS.Process(target=_run, args=(called, dict(os.environ), cwd, place))
        process.start()
        process.join()
        said = [(Path(place) / name).read_text() for name in "12"]
    return subprocess.CompletedProcess(called, process.exitcode, *said)


def _run(called: list[str], environment: dict[str, str], cwd: Path, place: str) -> None:
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(f"{place}/{number}", flags), number)
    sys.stdin = open(0)  # noqa: SIM115  # which a forked process has closed
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = called
    main.main()
