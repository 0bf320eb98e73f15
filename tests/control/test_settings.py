"""Settings: file, then environment, then secret files; a bad one names itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from control import settings
from control.settings.paths import Paths
from nginx.contract import LONGEST_MOUNT, drive_socket


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in ("SLUICE_DATA", "SLUICE_SERVER__PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(data, text):
    (data / "sluice.toml").write_text(text)


def test_defaults_are_the_ones_of_the_users_own_configuration(data):
    found = settings.load(data)
    assert found.server.port == 1027
    assert (found.session.access_minutes, found.session.refresh_days, found.session.idle_minutes) == (15, 7, 30)
    assert [rung.height for rung in found.video.ladder] == [720, 480, 360]
    assert found.hls.segment_seconds == 10 and found.images.quality == 85


def test_the_environment_wins_over_the_file(data, monkeypatch):
    write(data, "[server]\nport = 2000\n")
    assert settings.load(data).server.port == 2000
    monkeypatch.setenv("SLUICE_SERVER__PORT", "3000")
    assert settings.load(data).server.port == 3000


def test_a_directory_for_another_machine_is_read_without_our_variables(data, monkeypatch):
    """A control host that the playbook made has its door in a variable; the edge that it lets in has none."""
    monkeypatch.setenv("SLUICE_EDGE__DOOR", "8443")
    write(data, '[edge]\norigins = ["10.0.0.1:8443"]\n')
    with pytest.raises(settings.SettingsError, match="either door"):
        settings.load(data)
    assert settings.load(data, settings.Elsewhere).edge.origins == ["10.0.0.1:8443"]


def test_a_secret_file_wins_over_both(data, monkeypatch):
    secret = data / "url"
    secret.write_text("postgresql://db/sluice\n")
    monkeypatch.setenv("SLUICE_DATABASE__URL", "postgresql://other/x")
    monkeypatch.setenv("SLUICE_DATABASE__URL_FILE", str(secret))
    assert settings.load(data).database_url == "postgresql://db/sluice"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nporrt = 1\n", "server.porrt"),
        ("[server]\nport = 'x'\n", "server.port"),
        ("[server]\nallowed_networks = ['10.0.0.0/99']\n", "server.allowed_networks"),
        ("[server]\ncors_origins = ['*']\n", "server.cors_origins"),
        ("[server]\ncors_origins = ['https://a.example/']\n", "server.cors_origins"),
        ("[server]\ncors_origins = ['https://a\" on; x \"']\n", "server.cors_origins"),
        ("nonsense = 1\n", "nonsense"),
        ("[[mounts]]\nname = 'Bad Name'\npath = '/x'\n", "mounts.0.name"),
        ("[[mounts]]\nname = 'originals'\npath = '/x'\n", "mounts"),
        ("[[mounts]]\nname = 'a'\npath = '/x'\n[[mounts]]\nname = 'a'\npath = '/y'\n", "mounts"),
        ("this is not toml", "sluice.toml"),
    ],
)
def test_a_bad_setting_names_itself(data, text, named):
    write(data, text)
    with pytest.raises(settings.SettingsError, match=named):
        settings.load(data)


def test_sockets_leave_a_data_directory_whose_path_is_too_long():
    assert Paths(Path("/srv/d")).run == Path("/srv/d/run")
    for length in range(30, 120):
        run = Paths(Path("/" + "x" * length)).run
        sockets = (drive_socket(run, "m" * LONGEST_MOUNT), run / ".s.PGSQL.5432", run / "supervisor.sock")
        assert all(len(str(socket)) < 108 for socket in sockets), run
