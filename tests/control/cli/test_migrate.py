"""The first administrator: created once, with a password that somebody knows."""

import stat

import pytest

from control.cli import first_admin
from control.cli.outcome import CommandError
from control.errors import BadRequest
from control.services.passwords import Passwords, new_password
from control.settings.sections import Password


class FakeUsers:
    def __init__(self, refuses: bool = False):
        self.names, self.passwords, self._refuses = [], [], refuses

    def all(self):
        return self.passwords

    def create(self, username, password, role, full_name):
        if self._refuses:
            raise BadRequest("The password needs a digit.")
        self.names.append(username)
        self.passwords.append(password)

    def create_with_hash(self, username, stored, role, full_name):
        self.create(username, stored, role, full_name)


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv("SLUICE_ADMIN_PASSWORD", raising=False)


def test_without_a_choice_the_password_lies_in_a_private_file(tmp_path):
    users = FakeUsers()
    first_admin.create(users, tmp_path)
    assert [(tmp_path / "admin-password").read_text().strip()] == users.passwords
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600


def test_a_chosen_password_is_written_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_ADMIN_PASSWORD", "Chosen-One-1")
    users = FakeUsers()
    first_admin.create(users, tmp_path)
    assert users.passwords == ["Chosen-One-1"]
    assert list(tmp_path.iterdir()) == []


def test_a_password_left_by_a_crash_is_the_one_that_is_used(tmp_path):
    (tmp_path / "admin-password").write_text("Left-Behind-1\n")
    users = FakeUsers()
    first_admin.create(users, tmp_path)
    assert users.passwords == ["Left-Behind-1"]


def test_one_that_was_chosen_comes_with_its_hash_which_is_kept_no_longer(tmp_path):
    first_admin.choose(tmp_path, "ann", "$argon2id$of-hers")
    users = FakeUsers()
    assert first_admin.create(users, tmp_path) == "ann"
    assert (users.names, users.passwords) == (["ann"], ["$argon2id$of-hers"])
    assert (tmp_path / "first-admin.json").read_text() == '{"username": "ann"}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["first-admin.json"]


def test_a_chosen_name_without_a_password_gets_one_that_is_made(tmp_path):
    first_admin.choose(tmp_path, "ann", None)
    users = FakeUsers()
    first_admin.create(users, tmp_path)
    assert (users.names, users.passwords) == (["ann"], [(tmp_path / "admin-password").read_text().strip()])


def test_a_system_with_users_is_left_alone(tmp_path):
    users = FakeUsers()
    users.passwords.append("somebody's")
    first_admin.create(users, tmp_path)
    assert (users.passwords, list(tmp_path.iterdir())) == (["somebody's"], [])


def test_a_weak_choice_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_ADMIN_PASSWORD", "weak")
    with pytest.raises(CommandError, match="SLUICE_ADMIN_PASSWORD cannot be used. The password needs a digit."):
        first_admin.create(FakeUsers(refuses=True), tmp_path)


def test_made_passwords_satisfy_every_rule():
    rules = Passwords(Password(), lambda function, *arguments: function(*arguments))
    for _ in range(50):
        rules.check_rules(new_password())
