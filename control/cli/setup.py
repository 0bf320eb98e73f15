"""``sluice setup``: the settings that everybody has to think about, asked for one after the other."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from control import settings
from control.cli import first_admin
from control.cli.account import act_as_owner
from control.cli.certificate import ensure_certificate
from control.cli.checks.parts import closed_door
from control.cli.doctor import examine, line, summary
from control.cli.environment import recall
from control.cli.init import initialise
from control.cli.instance import quiet
from control.cli.outcome import CommandError, as_json, show
from control.cli.questions import Wishes, acme_files, ask, ask_for_admin
from control.cli.settings_change import changed, difference
from control.cli.settings_file import settings_file
from control.cli.talk import Talk, say, terminal
from control.files import write_whole
from control.settings.paths import Paths

HOOK = Path(__file__).resolve().parents[2] / "deploy" / "certbot-hook"


@click.command()
@click.option("--port", help="HTTPS port.")
@click.option("--host", help="Host name, or https address, in links that are sent to others.")
@click.option("--networks", help="Who may connect: private, anywhere, networks; separated by commas.")
@click.option("--certificate", help="self-signed, given or acme.")
@click.option("--certificate-file", help="Of a given one: a PEM file.")
@click.option("--certificate-key", help="Of a given one: the PEM file with its key.")
@click.option("--libraries", help="Directories of media that stay where they are, separated by commas.")
@click.option("--admin", help="Name of the first administrator.")
@click.option("--password-stdin", is_flag=True, help="Read the administrator's first password from standard input.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no flag says stays as it is, or is the default.")
@click.option("--doctor/--no-doctor", default=None, help="Look at everything in the end; without either it is asked.")
@as_json
@click.pass_context
def command(context: click.Context, yes: bool, doctor: bool | None, as_json: bool, password_stdin: bool, **flags):
    """Ask for port, name, networks, certificate, directories and administrator, and write them into sluice.toml.

    What else stands in the file stays, and it is written only after a yes. The password is kept as a hash alone, until
    the first start. Exit code 1: it is written, and the doctor has found something broken.
    """
    if not yes and not terminal():
        raise CommandError("there is nobody to ask here: give --yes, and flags for what is not to be the default.")
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    if password_stdin:
        given["password"] = sys.stdin.readline().rstrip("\r\n")
    talk = Talk(asking=not yes, given=given)
    data = _directory(context, talk)
    act_as_owner(data)
    recall(data)
    quiet()
    found = set_up(data, talk)
    if found["written"] and _wanted(talk, doctor):
        found["doctor"] = [asdict(one) for one in _look(data)]
    _tell(found, as_json)
    sys.exit(any(one["state"] == "failed" for one in found.get("doctor", ())))


def set_up(data: Path, talk: Talk) -> dict[str, Any]:
    """Ask, show, write: {"settings": path, "written", "changed": names, "admin", "next": commands}."""
    path = data / "sluice.toml"
    before = path.read_text() if path.exists() else None
    wishes = ask(talk, data, _read(path, before), _runs(data))
    after = changed(before or settings_file(), wishes.settings, wishes.mounts)
    loaded = _must_load(after, data)
    admin = ask_for_admin(talk, data, loaded.password) if _asks_for_admin(talk, loaded) else None
    _show(path, before, after)
    found = {"settings": str(path), "written": False, "changed": _names(wishes), "admin": None, "next": []}
    if before != after and not talk.agrees(f"Write {path}?"):
        return found
    data.mkdir(parents=True, exist_ok=True)
    if before != after:
        write_whole(path, after, 0o640)
    if admin:
        first_admin.choose(data, admin.username, admin.password_hash)
    initialise(loaded)
    if wishes.certificate_from == "acme":
        ensure_certificate(*acme_files(data), host=loaded.public_host)  # to start with, until certbot has brought one
    return found | {"written": True, "admin": admin and admin.username, "next": list(_next(loaded, wishes))}


# --- before it is written -------------------------------------------------------------------------


def _directory(context: click.Context, talk: Talk) -> Path:
    """The one that --data or SLUICE_DATA names, or that is asked for."""
    group = context.parent
    said = group and group.get_parameter_source("data") is not click.core.ParameterSource.DEFAULT
    if said or not talk.asking:
        return context.obj
    return talk.answer(
        "data", "Data directory", "All of this Sluice lies below one directory: settings, keys, database, media.",
        str(context.obj), lambda text: Path(text).expanduser().resolve(),
    )  # fmt: skip


def _read(path: Path, text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path} cannot be read: {error}. Mend it, or move it away and begin anew.") from None


def _must_load(text: str, data: Path) -> settings.Settings:
    """As the programs will: raises SettingsError for what they would not take."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "sluice.toml").write_text(text)
        try:
            return settings.load(place).model_copy(update={"data": data})
        except settings.SettingsError as error:
            raise settings.SettingsError(str(error).replace(place, str(data))) from None


def _asks_for_admin(talk: Talk, loaded: settings.Settings) -> bool:
    return (talk.asking or talk.says("admin", "password")) and first_admin.is_to_come(loaded)


def _show(path: Path, before: str | None, after: str) -> None:
    """Of a new file what differs from the defaults, of an old one what changes in it."""
    lines = difference(before or settings_file(), after, path.name)
    say(f"\n{path} {'is new' if before is None else 'changes' if lines else 'stays as it is'}"
        f"{':' if lines else ', with the defaults.' if before is None else '.'}")  # fmt: skip
    for text in lines:
        click.secho(text, fg={"+": "green", "-": "red"}.get(text[:1]), err=True)


def _names(wishes: Wishes) -> list[str]:
    return [*wishes.settings, *(f"mounts.{mount['name']}" for mount in wishes.mounts)]


# --- afterwards -----------------------------------------------------------------------------------


def _wanted(talk: Talk, doctor: bool | None) -> bool:
    if doctor is None:
        return talk.asking and talk.agrees("\nLook whether all is well now (sluice doctor)?")
    return doctor


def _look(data: Path):
    """What is not started yet is no fault."""
    found = list(examine(data, running=_runs(data)))
    for one in found:
        if one.state != "ok":
            say(line(one))
    say(summary(found))
    return found


def _runs(data: Path) -> bool:
    return not closed_door(str(Paths(data).run / "control.sock"))


def _next(loaded: settings.Settings, wishes: Wishes) -> Iterator[str]:
    """What a person does now, as commands."""
    data = shlex.quote(str(loaded.data))
    if Path("/etc/systemd/system/sluice.target").exists():
        yield "systemctl restart sluice-prepare sluice-control sluice-processor && systemctl reload sluice-nginx"
        for mount in wishes.mounts:
            yield f"systemctl enable --now sluice-drive@{mount['name']}"
    elif _runs(loaded.data):
        yield f"deploy/down --data {data} && deploy/up --data {data} --detach"
    else:
        yield f"deploy/up --data {data}"
    if wishes.certificate_from == "acme":
        name, hook = loaded.public_host, shlex.quote(f"{shlex.quote(str(HOOK))} {data}")
        yield f"certbot certonly --standalone -d {name} --deploy-hook {hook}"


def _tell(found: dict[str, Any], as_json: bool) -> None:
    overruled = [name for name in found["changed"] if _variable(name) in os.environ]
    for name in overruled if found["written"] else ():
        say(f"! {_variable(name)} is set where this runs, and wins over {name} of the file.")
    if as_json:
        show(found, as_json)
    elif found["written"]:
        click.echo("Next: " + "\n      ".join(found["next"]))
    else:
        click.echo("Nothing was written.")


def _variable(name: str) -> str:
    return "SLUICE_" + name.upper().replace(".", "__")
