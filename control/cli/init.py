"""``sluice init``: everything a data directory holds before its first start. What is there already stays as it is."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

from control import settings
from control.cli.certificate import ensure_certificate
from control.cli.edge_certificates import ensure_door
from control.cli.outcome import CommandError
from control.cli.settings_file import demo_sections, settings_file
from control.files import write_secret, write_whole
from control.settings.paths import DIRECTORIES, Paths

FIRST_KEY_ID = "k1"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="HTTPS port to write into a new sluice.toml.")
@click.option("--demo", is_flag=True, help="Name the demo mount and the demo gate in a new sluice.toml.")
@click.pass_obj
def command(data: Path, port: int | None, demo: bool) -> None:
    """Make the data directory: folders, settings, keys and a certificate."""
    data.mkdir(parents=True, exist_ok=True)
    made = ensure_settings_file(data, port, demo)
    initialise(settings.load(data))
    click.echo(f"{'made' if made else 'kept'} {data / 'sluice.toml'}")


def initialise(loaded: settings.Settings) -> None:
    """Make the directories, keys and certificate that are missing."""
    ensure_directories(loaded.paths)
    if not loaded.edge.origins:  # an edge was given what it may know (`sluice edge mint`)
        ensure_keys(loaded.paths.keys)
    if loaded.edge.door:
        ensure_door(loaded.paths.keys)
    if loaded.server.certificate is None:
        ensure_certificate(loaded.certificate, loaded.certificate_key, host=loaded.public_host)


def ensure_settings_file(data: Path, port: int | None, demo: bool) -> bool:
    """Write sluice.toml at the first start only; return whether it was written."""
    path = data / "sluice.toml"
    if path.exists():
        return False
    write_whole(path, settings_file(port) + (demo_sections(data) if demo else ""), 0o640)
    if demo:
        for section in ("mount", "gate"):
            (data / "demo" / section).mkdir(parents=True, exist_ok=True)
    return True


def ensure_directories(paths: Paths) -> None:
    """Make what is missing, with the modes of DIRECTORIES."""
    for name, mode in DIRECTORIES.items():
        _make(paths.data / name, mode)
    _make(paths.data / "redis", 0o700)
    _make(paths.data / "run", 0o700)
    # These two may lie in a directory that everybody writes to.
    for private in (paths.run, paths.cache):
        _make(private, 0o700)
        _refuse_if_foreign(private)


def _make(directory: Path, mode: int) -> None:
    if not directory.is_dir():
        directory.mkdir(mode=mode, parents=True)
        directory.chmod(mode)  # whatever the umask


def _refuse_if_foreign(directory: Path) -> None:
    """In /tmp or /dev/shm somebody else may have been first."""
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise CommandError(f"{directory} is not ours alone (owner {found.st_uid}, mode {found.st_mode & 0o777:o}).")


def ensure_keys(directory: Path) -> None:
    """Make the secrets that are missing. An existing one is never replaced: media and links hang on it."""
    for name, content in (
        ("master.key", _secret),
        ("stream.key", _secret),
        ("get.key", _secret),
        ("tokens.json", _key_ring),
        ("links.json", _key_ring),
    ):
        if not (directory / name).exists():
            write_secret(directory / name, content() + "\n")


def _secret() -> str:
    return secrets.token_hex(32)


def _key_ring() -> str:
    return json.dumps({"current": FIRST_KEY_ID, "keys": {FIRST_KEY_ID: _secret()}})
