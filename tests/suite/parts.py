"""The parts of the suite: what is run by one pytest process, since it shares what is dear to make (a running Sluice)."""

from __future__ import annotations

from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TESTS = REPO / "tests"
E2E = TESTS / "e2e"

# The tests on the common stack are too many for one process: each part of them starts a common stack of its own.
COMMON_PARTS = 3


def test_files() -> list[Path]:
    """Every file that pytest would collect."""
    return sorted(TESTS.rglob("test_*.py"))


def parts(files: list[Path]) -> dict[str, list[Path]]:
    """Name -> files, each file in exactly one; what takes longest comes first, so that the lanes end together."""
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(part_of(file), []).append(file)
    common = split(found.pop("e2e", []))
    return common | dict(sorted(found.items(), key=lambda part: -size(part[1])))


def part_of(file: Path) -> str:
    """A directory with a stack of its own below tests/e2e; all others there; a directory of tests/; what lies in tests/."""
    if E2E not in file.parents:
        return file.relative_to(TESTS).parts[0] if file.parent != TESTS else "top"
    for directory in file.parents:
        if directory == E2E:
            return "e2e"
        if has_a_stack(directory):
            return "e2e-" + "-".join(directory.relative_to(E2E).parts)
    raise AssertionError(file)


def has_a_stack(directory: Path) -> bool:
    conftest = directory / "conftest.py"
    return conftest.exists() and "def stack(" in conftest.read_text()


def split(files: list[Path]) -> dict[str, list[Path]]:
    """The tests on the common stack in parts of about the same size; a directory stays together."""
    groups: dict[Path, list[Path]] = {}
    for file in files:
        groups.setdefault(E2E / file.relative_to(E2E).parts[0], []).append(file)
    bins: list[list[Path]] = [[] for _ in range(COMMON_PARTS)]
    for group in sorted(groups.values(), key=size, reverse=True):
        min(bins, key=size).extend(group)
    return {f"e2e-{number}": part for number, part in enumerate(bins, 1) if part}


def size(files: list[Path]) -> int:
    """A guess of how long they take: so many bytes; what asks a running Sluice counts for more, and what breaks one of its
    own (drives that hang, disks that are full) for most."""
    return sum(file.stat().st_size * weight(file) for file in files)


def weight(file: Path) -> int:
    if E2E not in file.parents:
        return 1
    return 4 if part_of(file) == "e2e" else 12
