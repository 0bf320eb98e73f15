"""`sluice doctor` names what is wrong, with its cure; every fault planted here is one that an operator may meet."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest

from control import settings
from control.cli import certificate as certificates
from control.cli.checks import files, programs
from control.cli.doctor import examine
from control.cli.init import ensure_settings_file, initialise


@pytest.fixture
def loaded(tmp_path):
    ensure_settings_file(tmp_path, None, demo=False)
    loaded = settings.load(tmp_path)
    initialise(loaded)
    return loaded


def failed(findings) -> dict[str, str]:
    found = [one for one in findings if one.state != "ok"]
    assert all(one.cure for one in found), "a finding without a cure"
    return {one.check: one.says for one in found}


def test_a_new_data_directory_is_well(loaded):
    for look in (files.directories, files.secrets, files.certificate):
        assert not failed(look(loaded))


def test_a_directory_that_is_missing_or_open_to_others(loaded):
    shutil.rmtree(loaded.paths.spool)
    loaded.paths.keys.chmod(0o755)
    assert failed(files.directories(loaded)).keys() == {"directory spool", "directory keys"}


def test_a_key_that_others_may_read_is_missing_or_damaged(loaded):
    (loaded.paths.keys / "master.key").chmod(0o644)
    (loaded.paths.keys / "stream.key").unlink()
    (loaded.paths.keys / "links.json").write_text("{}")
    found = failed(files.secrets(loaded))
    assert found == {"key master.key": "others may read it", "key stream.key": "missing", "key links.json": "damaged"}


def test_a_certificate_near_its_end_and_a_key_of_another_one(loaded, monkeypatch):
    monkeypatch.setattr(certificates, "LIFETIME", timedelta(days=2))
    certificates.ensure_certificate(loaded.certificate, loaded.certificate_key, force=True)
    key = loaded.certificate_key.read_bytes()
    assert "certificate" in failed(files.certificate(loaded))
    certificates.ensure_certificate(loaded.certificate, loaded.certificate_key, force=True)
    loaded.certificate_key.write_bytes(key)
    assert failed(files.certificate(loaded))["certificate-key"] == "it belongs to another certificate"


def test_a_disk_with_too_little_room(loaded):
    usage = shutil.disk_usage(loaded.data).free
    processing = loaded.processing.model_copy(update={"free_bytes": usage * 2})
    assert failed(files.room(loaded.model_copy(update={"processing": processing})))


def test_a_program_that_is_not_there_and_one_that_does_not_start(loaded, tmp_path):
    broken = tmp_path / "ffprobe"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    ffmpeg = loaded.ffmpeg.model_copy(update={"binary": "ffmpeg-of-nobody", "probe": str(broken)})
    found = failed(programs.programs(loaded.model_copy(update={"ffmpeg": ffmpeg})))
    assert found["ffmpeg"] == "ffmpeg-of-nobody is not there"
    assert found["ffprobe"] == "it does not start"


def test_O07_a_library_or_package_with_a_known_hole(loaded, monkeypatch):
    monkeypatch.setitem(programs.LIBRARIES, "pyjwt", ("99", "forged tokens"))
    monkeypatch.setitem(programs.PACKAGES, "nginx", "99:1")
    found = failed(programs.programs(loaded))
    assert "library pyjwt" in found
    assert "package nginx" in found


def test_what_is_installed_has_no_known_hole(loaded):
    assert not {name for name in failed(programs.programs(loaded)) if name.startswith(("library", "package"))}


def test_settings_that_cannot_be_read_are_one_finding(tmp_path):
    (tmp_path / "sluice.toml").write_text("[server]\nprot = 1\n")
    found = list(examine(tmp_path))
    assert [one.check for one in found] == ["settings"]
    assert "prot" in found[0].says


def test_what_is_not_running_is_said_part_by_part(loaded):
    if os.geteuid() == 0:
        pytest.skip("root is no account of a data directory")
    assert {"postgres", "redis", "control", "nginx"} <= failed(examine(loaded.data)).keys()
