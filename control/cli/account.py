"""Acting as the owner of a data directory, so that no command of root's leaves a file that the programs cannot use."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from control.cli.outcome import CommandError

ACCOUNT = "sluice"  # what deploy/up makes when root starts it


def act_as_owner(data: Path) -> None:
    """Become the owner of `data` for the rest of this process; only root can and has to.

    A missing directory is made and handed to the account `sluice`. Raises CommandError where there is no account to
    act as.
    """
    if os.geteuid() != 0:
        return
    if not data.exists():
        _make_for(ACCOUNT, data)
    _become(data.stat().st_uid, data)


def _make_for(name: str, data: Path) -> None:
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise CommandError(f"there is no {data} and no account {name} to own it. deploy/up makes both.") from None
    data.mkdir(parents=True)
    os.chown(data, account.pw_uid, account.pw_gid)


def _become(uid: int, data: Path) -> None:
    if uid == 0:
        raise CommandError(
            f"{data} belongs to root, and Sluice never runs as root. Give it away: chown {ACCOUNT}: {data}"
        )
    account = pwd.getpwuid(uid)
    os.setgid(account.pw_gid)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setuid(uid)
    os.environ["HOME"] = account.pw_dir
    if not os.access(".", os.X_OK):
        os.chdir(data)
