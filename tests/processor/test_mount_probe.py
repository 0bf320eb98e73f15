"""A mount that hangs, is gone, or is not mounted any more; "empty" is told from "gone" (threat U15)."""

from __future__ import annotations

import pytest

from processor.mount_probe import Look, MountProbe


def test_a_directory_is_here_empty_or_not(tmp_path):
    assert MountProbe(tmp_path, 60).look(False) == Look("", mount_point=False, empty=True)
    (tmp_path / "film.mp4").write_bytes(b"x")
    assert MountProbe(tmp_path, 60).look(False) == Look("", mount_point=False, empty=False)


def test_U15_what_was_a_mount_point_and_is_none_now_is_away(tmp_path):
    assert MountProbe(tmp_path, 60).look(True).reason == "The drive is not mounted."


@pytest.mark.parametrize("what", ["missing", "a file"])
def test_U15_a_root_that_is_gone_or_no_directory_is_away_with_its_reason(tmp_path, what):
    root = tmp_path / "root"
    if what == "a file":
        root.write_text("x")
    found = MountProbe(root, 60).look(False)
    assert found.away and "cannot be read" in found.reason


def test_U15_a_drive_that_hangs_is_away_in_time_and_asked_by_one_process_only(tmp_path):
    sleeping = MountProbe(tmp_path, deadline=0.3, look="import signal, time; signal.signal(15, 1); time.sleep(600)")
    assert "did not answer within 0.3 seconds" in sleeping.look(False).reason

    class Deaf:
        """A process in an uninterruptible sleep hears no kill."""

        def poll(self):
            return None

    sleeping._hanging = Deaf()
    assert sleeping.look(False).reason == "The drive does not answer."
