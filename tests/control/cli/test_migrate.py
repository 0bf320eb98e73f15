"""The first admin: created once, with a password that somebody knows."""

import stat

import pytest

from control.cli.migrate import create_first_admin
from control.cli.outcome import CommandError
from control.errors import BadRequest
from control.services.passwords import Passwords, new_password
from control.settings.sections import Password


class FakeUsers:
    def __init__(self, refuses: bool = False):
        self.passwords, self._refuses = [], refuses

    def all(self):
        return self.passwords

    def create_first_admin(self, password):
        if self._refuses:
            raise BadRequest("The password needs a digit.")
        self.passwords.append(password)


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv("SLUICE_ADMIN_PASSWORD", raising=False)


def test_without_a_choice_the_password_lies_in_a_private_file(tmp_path):
    users = FakeUsers()
    create_first_admin(users, tmp_path / "admin-password")
    assert [(tmp_path / "admin-password").read_text().strip()] == users.passwords
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600


def test_a_chosen_password_is_written_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_ADMIN_PASSWORD", "Chosen-One-1")
    users = FakeUsers()
    create_first_admin(users, tmp_path / "admin-password")
    assert users.passwords == ["Chosen-One-1"]
    assert list(tmp_path.iterdir()) == []


def test_a_password_left_by_a_crash_is_the_one_that_is_used(tmp_path):
    (tmp_path / "admin-password").write_text("Left-Behind-1\n")
    users = FakeUsers()
    create_first_admin(users, tmp_path / "admin-password")
    assert users.passwords == ["Left-Behind-1"]


def test_a_system_with_users_is_left_alone(tmp_path):
    users = FakeUsers()
    users.passwords.append("somebody's")
    create_first_admin(users, tmp_path / "admin-password")
    assert (users.passwords, list(tmp_path.iterdir())) == (["somebody's"], [])


def test_a_weak_choice_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_ADMIN_PASSWORD", "weak")
    with pytest.raises(CommandError, match="SLUICE_ADMIN_PASSWORD cannot be used. The password needs a digit."):
        create_first_admin(FakeUsers(refuses=True), tmp_path / "admin-password")


def test_made_passwords_satisfy_every_rule():
    rules = Passwords(Password(), lambda function, *arguments: function(*arguments))
    for _ in range(50):
        rules.check_rules(new_password())
