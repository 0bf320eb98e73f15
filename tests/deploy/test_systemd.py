"""The units are what systemd understands, leave little to be taken over (threat O05), and start what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from control.cli.main import NOUNS

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy/systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
MOST_EXPOSED = 2.0


def instance(name: str) -> str:
    return name.replace("@.", "@cloud.")


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Path:
    """A root with the units and with programs that can be started, for systemd to look at."""
    root = tmp_path_factory.mktemp("machine")
    units = root / "etc/systemd/system"
    shutil.copytree(UNITS, units)
    for text in UNITS.glob("*.service"):
        for program in re.findall(r"^Exec\w+=[-@:+!]*(/\S+)", text.read_text(), re.MULTILINE):
            place = root / program.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("#!/bin/sh\n")
            place.chmod(0o755)
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    return root


def analyze(*arguments, units: Path | None = None) -> str:
    environment = os.environ | ({"SYSTEMD_UNIT_PATH": f"{units}:"} if units else {})
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, env=environment
    )
    return (
        f"{done.stdout}{done.stderr}".strip()
        if done.returncode == 0
        else f"exit code {done.returncode}: {done.stdout}{done.stderr}"
    )


def test_systemd_accepts_every_unit(machine):
    names = [instance(path.name) for path in UNITS.iterdir() if path.is_file()]
    said = analyze("verify", "--man=no", f"--root={machine}", *names)
    assert not [line for line in said.splitlines() if "sluice" in line or "exit code" in line], said


def test_systemd_would_refuse_a_misspelt_directive(machine):
    units = machine / "etc/systemd/system"
    (units / "sluice-wrong.service").write_text("[Service]\nExecStart=/bin/kill 1\nProtectSytem=strict\n")
    assert "ProtectSytem" in analyze("verify", "--man=no", f"--root={machine}", "sluice-wrong.service")


@pytest.mark.parametrize("service", SERVICES)
def test_O05_a_taken_over_part_can_do_little(service, machine):
    said = analyze("security", "--offline=true", f"--root={machine}", instance(service))
    found = re.search(r"exposure level for \S+ ([\d.]+)", said) or re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_starts_commands_that_there_are(service):
    text = (UNITS / service).read_text()
    for noun in re.findall(r"^Exec\w+=[-@:+!]*/opt/sluice/\.venv/bin/sluice (\S+)", text, re.MULTILINE):
        assert noun in NOUNS, f"{service} calls sluice {noun}"


def test_every_hardening_directive_has_its_reason():
    """A directive follows a comment, or other directives that share one."""
    for path in UNITS.glob("*.d/*.conf"):
        told = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            told = line.startswith("#") or (told and bool(line.strip()))
            assert told or not re.match(r"^\w+=", line), f"{path.name}:{number} has no reason: {line}"
