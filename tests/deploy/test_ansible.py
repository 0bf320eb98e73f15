"""The playbook: clean, and it installs whatever deploy/up would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from control.settings.paths import LONGEST_RUN_DIRECTORY

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = ROOT / "ansible"
TOOLS = Path(sys.prefix) / "linters/ansible-lint/bin"


def run(*command, **more) -> subprocess.CompletedProcess:
    environment = {
        "PATH": f"{TOOLS}:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(more.pop("home")),
        "ANSIBLE_ROLES_PATH": str(ANSIBLE / "roles"),
    }  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, env=environment, **more)


def test_ansible_lint_is_clean_by_its_production_profile(tmp_path):
    done = run(
        TOOLS / "ansible-lint",
        "--offline",
        "--profile=production",
        "--nocolor",
        ANSIBLE / "site.yml",
        cwd=ANSIBLE,
        home=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ansible_lint_would_notice(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("- name: Wrong\n  hosts: all\n  tasks:\n    - shell: ls\n")
    assert (
        run(TOOLS / "ansible-lint", "--offline", "--profile=production", wrong, cwd=tmp_path, home=tmp_path).returncode
        != 0
    )


def test_the_playbook_can_be_read_by_ansible(tmp_path):
    done = run(
        TOOLS / "ansible-playbook", "--syntax-check", "-i", ANSIBLE / "inventory.example.ini", ANSIBLE / "site.yml",
        cwd=ANSIBLE, home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_roles_install_whatever_deploy_up_does():
    table = re.search(r"RUNTIME_NEEDS='\n(.*?)'", (ROOT / "deploy/lib/packages.sh").read_text(), re.DOTALL)[1]
    wanted = {package for line in table.splitlines() for package in line.split("|")[2].split()}
    assert wanted <= installed(), wanted - installed()


def installed() -> set[str]:
    found: set[str] = set()
    for path in ANSIBLE.glob("roles/*/tasks/*.yml"):
        for task in flat(yaml.safe_load(path.read_text())):
            names = task.get("ansible.builtin.apt", {}).get("name", [])
            found |= set([names] if isinstance(names, str) else names)
    return found


def flat(tasks):
    for task in tasks:
        yield task
        yield from flat(task.get("block", []))


def test_every_default_is_explained():
    """What an operator may set follows a comment, in the same paragraph."""
    for path in (ANSIBLE / "group_vars/all.yml", *ANSIBLE.glob("roles/*/defaults/main.yml")):
        for paragraph in path.read_text().split("\n\n"):
            assert paragraph.lstrip().startswith("#"), f"{path}: {paragraph}"


def test_a_data_directory_that_the_playbook_takes_has_its_sockets_inside():
    defaults = yaml.safe_load((ANSIBLE / "roles/common/defaults/main.yml").read_text())
    assert defaults["common_longest_run_directory"] == LONGEST_RUN_DIRECTORY
