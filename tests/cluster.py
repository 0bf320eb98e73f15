"""One database for all stacks of a run of the suite: made and migrated once, then copied (tests/suite says where).

The first start of a bare directory is proven by e2e/test_running.py, whose directories are not prepared. What a crash of the
machine would do to the files is nobody's question here, so nothing waits for the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PLACE = "TESTS_CLUSTER"  # the environment variable that names a directory of the run

# As deploy/up does it, as the account that it would choose.
_MAKE = """
set -Eeuo pipefail
REPO=$1 DATA=$2 INSTALL=no
for part in say packages account python postgres; do source "$REPO/deploy/lib/$part.sh"; done
choose_account
[[ $EUID -ne 0 ]] || chown "$ACCOUNT:" "$DATA"
PG_BIN=$(postgres_bin)
ensure_cluster
as_account tee -a "$DATA/postgres/postgresql.conf" <<<"fsync = off" >/dev/null
serve() { as_account "$PG_BIN/pg_ctl" -D "$DATA/postgres" -w -s -l "$DATA/log" "$@"; }
serve start -o "-k $DATA -c listen_addresses="
trap 'serve stop -m fast' EXIT
as_account "$VENV/bin/python" -c 'import sys; from control.storage.sql import migrate; migrate.apply(sys.argv[1])' \\
    "postgresql:///sluice?host=$DATA"
"""


@functools.cache
def program(name: str) -> str:
    """One of Postgres' own: what Debian has in the PATH is a script of Perl, which costs seven times as much to start."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda found: int(found.parts[-3]))
    return str(versions[-1]) if versions else shutil.which(name)


def lay(data: Path) -> None:
    """Put a migrated, empty database into a data directory; nothing where no place is named: `deploy/up` makes one then."""
    place = os.environ.get(PLACE)
    if place is None:
        return
    with _locked(Path(place)):
        if not (Path(place) / "postgres").exists():
            _make(Path(place))
    subprocess.run(["cp", "-a", Path(place) / "postgres", data], check=True)


def _make(place: Path) -> None:
    """Whole or not at all."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="sluice-pg-") as made:  # short: a socket lies in it
        done = subprocess.run(["bash", "-c", _MAKE, "-", REPO, made], cwd=REPO, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the database could not be prepared: {done.stderr}")
        subprocess.run(["cp", "-a", Path(made) / "postgres", place / "making"], check=True)
    (place / "making").rename(place / "postgres")


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
