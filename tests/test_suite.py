"""The runner of the suite: no test file is forgotten, no failure is lost, what failed once is tried once more."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.bench import __main__ as benches
from tests.suite import __main__ as suite
from tests.suite.parts import E2E, REPO, TESTS, part_of, parts
from tests.suite.parts import test_files as files


def test_every_test_file_is_in_exactly_one_part():
    tracked = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "tests"],
        cwd=REPO, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    named = [str(file.relative_to(REPO)) for part in parts(files()).values() for file in part]
    assert len(named) == len(set(named))
    assert set(named) >= {name for name in tracked if name.split("/")[-1].startswith("test_") and name.endswith(".py")}


@pytest.mark.parametrize(
    ("file", "part"),
    [
        (E2E / "test_new.py", "e2e"), (E2E / "new/test_new.py", "e2e"), (E2E / "strict/test_new.py", "e2e-strict"),
        (TESTS / "control/new/test_new.py", "control"), (TESTS / "test_new.py", "top"), (TESTS / "new/test_new.py", "new"),
    ],
)  # fmt: skip
def test_a_new_file_belongs_to_a_part_by_where_it_lies(file, part):
    assert part_of(file) == part


def test_the_parts_on_the_common_stack_are_of_about_the_same_size():
    sizes = [sum(file.stat().st_size for file in part) for name, part in parts(files()).items() if name[4:].isdigit()]
    assert len(sizes) == 3 and max(sizes) < 2 * min(sizes)


def test_the_benches_can_be_started_and_are_named_in_the_usage():
    named = re.search(r"bench \[(.*?)\]", (REPO / "deploy/test").read_text())[1]
    assert sorted(named.split("|")) == sorted(benches.OTHERS)


# --- what becomes of a part ------------------------------------------------------------------------

LUCK = """
from pathlib import Path
def test_second_luck():
    tried = Path({tried!r})
    if not tried.exists():
        tried.write_text("")
        raise AssertionError("too busy")
def test_good(): pass
"""


# Without the settings and the plugins of this repository: it is read faster.
ALONE = ["-c", "/dev/null", "-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:timeout", "-p", "no:anyio"]


@pytest.fixture
def part(tmp_path):
    """part(content of a test file) -> what became of it; `again` is what it does when it is run once more, alone."""

    def part(content: str, name: str = "some", tests: list[str] | None = None) -> suite.Part:
        file = tmp_path / "test_made.py"
        file.write_text(content)
        made = suite.Part(name, tests or [str(file), "--rootdir", str(tmp_path), *ALONE], tmp_path)
        made.run()
        return made

    return part


def test_what_passes_is_counted(part, capsys):
    passed = part("import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('x')\n")
    assert not passed.broken and suite.conclude([passed], None, 1) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_what_fails_twice_has_failed(part, capsys):
    failing = "def test_a(): assert 0\ndef test_b(): pass\n"
    first, alone = part(failing), part(failing, suite.ALONE)
    assert suite.conclude([first], alone, 1) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_what_passes_alone_counts_and_is_named(part, capsys, tmp_path):
    luck = LUCK.format(tried=str(tmp_path / "tried"))
    first, alone = part(luck), part(luck, suite.ALONE)
    assert len(first.failed) == 1 and suite.conclude([first], alone, 1) == 0
    said = capsys.readouterr().out
    assert f"failed beside others, passed alone: {first.failed[0]}" in said and said.endswith("\n2 passed, 0 failed\n")


def test_what_is_skipped_alone_has_not_passed(part):
    first = part("def test_a(): assert 0\n")
    alone = part("import pytest\ndef test_a(): pytest.skip('x')\n", suite.ALONE)
    assert suite.conclude([first], alone, 1) == 1


@pytest.mark.parametrize("when", ["yield 1\n    assert 0", "assert 0\n    yield 1"])
def test_a_fixture_that_fails_is_a_failure_of_its_test(part, when):
    fixed = part(f"import pytest\n@pytest.fixture\ndef f():\n    {when}\ndef test_a(f): pass\n")
    assert len(fixed.failed) == 1 and not fixed.broken and suite.conclude([fixed], None, 1) == 1


@pytest.mark.parametrize(
    "content",
    ["import no_such_module", "", "import os\ndef test_a(): os._exit(0)", "import os\ndef test_a(): os.abort()"],
    ids=["not collected", "nothing there", "ends early", "crashes"],
)
def test_a_part_without_a_result_is_a_failure(part, content, capsys):
    broken = part(content)
    assert broken.broken and suite.conclude([broken], None, 1) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_too_many_failures_are_not_tried_again(tmp_path, part):
    many = suite.Suite(tmp_path)
    many.parts = [part("import pytest\n@pytest.mark.parametrize('n', range(16))\ndef test_a(n): assert 0\n")]
    assert len(many.parts[0].failed) > suite.MOST_AGAIN and many.again() is None


def test_a_stack_that_did_not_start_is_one_failure_for_all_that_need_it(tmp_path, part):
    down = "import pytest\n@pytest.fixture(scope='session')\ndef stack(): raise RuntimeError('not ready')\n"
    some = part(down + "@pytest.mark.parametrize('n', range(16))\ndef test_a(stack, n): pass\n")
    assert len(some.failed) == 16 and len(set(some.causes.values())) == 1


def test_a_broken_part_ends_the_others(tmp_path, monkeypatch):
    file = tmp_path / "test_waits.py"
    file.write_text("import time\ndef test_a(): time.sleep(300)\n")
    broken = tmp_path / "test_broken.py"
    broken.write_text("import no_such_module\n")
    both = suite.Suite(tmp_path)
    both.parts = [suite.Part(f.stem, [str(f), "--rootdir", str(tmp_path), *ALONE], tmp_path) for f in (file, broken)]
    both.run()
    assert both.parts[0].broken and both.again() is None
