"""The command sees what the running programs see."""

import os

from control.cli.environment import recall


def test_remembered_variables_are_set_and_the_callers_own_win(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "environment").write_text("SLUICE_SERVER__PORT=1500\nSLUICE_LINKS__DEFAULT_SECONDS=60\n")
    monkeypatch.setattr(os, "environ", {"SLUICE_LINKS__DEFAULT_SECONDS": "90"})
    recall(tmp_path)
    assert os.environ == {"SLUICE_SERVER__PORT": "1500", "SLUICE_LINKS__DEFAULT_SECONDS": "90"}


def test_a_directory_that_does_not_run_remembers_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    recall(tmp_path)
    assert os.environ == {}
