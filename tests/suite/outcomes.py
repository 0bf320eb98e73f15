"""A pytest plugin that writes down what became of each test: `-p tests.suite.outcomes --outcomes FILE`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--outcomes", type=Path, help="write what became of each test into this file (JSON)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--outcomes"):
        config.pluginmanager.register(Outcomes(config.getoption("--outcomes")))


class Outcomes:
    """Node id -> passed, failed or skipped; and for each failure its cause, which is one for all that share a fixture."""

    def __init__(self, file: Path):
        self._file, self._found, self._causes = file, {}, {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test whose fixture fails, before it or after it, has failed."""
        if report.failed:
            self._found[report.nodeid] = "failed"
            self._causes[report.nodeid] = cause(report)
        elif report.skipped or report.when == "call":
            self._found.setdefault(report.nodeid, report.outcome)

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps({"outcomes": self._found, "causes": self._causes}))


def cause(report: pytest.TestReport) -> str:
    """A fixture of the whole session fails once, and all that need it with it."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash) if crash and report.when == "setup" else report.nodeid
