"""Runs inside a converged tree: starts what its units say, in their order, as their users, without systemd.

What only systemd can do (the hardening of the units) is left out; commands, users, environment, directories, umask and
order are those of the unit files.

`units.py host` ends with exit code 0 once a film that was dropped into imports/ plays, and `sluice edge verify` finds nothing
wrong, neither here nor at an edge that it lets in (READY is there from then on) and waits for. `units.py edge` goes on until
OVER is there, and so does `units.py first`, whose film is played (READY) and whose stores other hosts may ask with STORES_PASSWORD;
`units.py second` is one of these: it ends once the same film plays there.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shlex
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

UNITS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"))
PLACES = {"RuntimeDirectory": Path("/run"), "StateDirectory": Path("/var/lib")}
PATIENCE = 180
EDGE, EDGE_PORT = Path("/var/lib/sluice/edge-one"), 3130
EDGE_PATIENCE = 1800  # it is made meanwhile
READY, OVER = Path("/root/ready"), Path("/root/over")
STORES_PASSWORD = Path("/root/stores-password")  # in a file of one line
ADMIN_PASSWORD = Path("/root/admin-password")  # of the first host, at the second
FILM = "testsrc2=size=640x360:rate=25:duration=6"


# --- one unit -------------------------------------------------------------------------------------


class Unit:
    """The [Service] lines of a unit and of the drop-ins that count for it; an empty value forgets those before it."""

    def __init__(self, name: str):
        stem, _, kind = name.rpartition(".")
        template, _, self.instance = stem.partition("@")
        file = f"{template}@.{kind}" if self.instance else name
        prefixes = [f"{part}-.{kind}.d" for part in [template.partition("-")[0]] if "-" in template]
        self.lines: dict[str, list[str]] = {}
        for path in self._files(file, prefixes):
            for key, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
                self.lines.setdefault(key, []).append(value)
                if not value:
                    self.lines[key] = []

    def _files(self, file: str, prefixes: list[str]):
        yield next(place / file for place in UNITS if (place / file).exists())
        for folder in (*prefixes, f"{file}.d"):
            yield from sorted((UNITS[0] / folder).glob("*.conf"))

    def get(self, key: str, default: str = "") -> str:
        return (self.lines.get(key) or [default])[-1]

    def environment(self) -> dict[str, str]:
        found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        for path in self.lines.get("EnvironmentFile", []):
            for word in shlex.split(Path(path).read_text(), comments=True):
                name, _, value = word.partition("=")
                found[name] = value
        return found

    def words(self, line: str) -> list[str]:
        line = line.replace("%i", self.instance).replace("%I", self.instance)
        known = self.environment()
        return [re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], word) for word in shlex.split(line)]


def start(name: str) -> None:
    """Run its ExecStartPre= and ExecStart= lines as systemd would, and wait for those that end by themselves."""
    print(f"starting {name}", flush=True)
    unit = Unit(name)
    user = unit.get("User", "root")
    account = pwd.getpwnam(user)
    make_directories(unit, account)
    how = {
        "cwd": unit.get("WorkingDirectory", "/"), "env": unit.environment() | {"HOME": account.pw_dir},
        "user": user, "group": unit.get("Group") or account.pw_gid,
        "extra_groups": os.getgrouplist(user, account.pw_gid), "umask": int(unit.get("UMask", "0022"), 8),
    }  # fmt: skip
    for line in unit.lines.get("ExecStartPre", []):
        run_to_its_end(unit, line, how)
    for line in unit.lines["ExecStart"]:
        if unit.get("Type") in ("oneshot", "forking"):
            run_to_its_end(unit, line, how)
        else:
            subprocess.Popen(unit.words(line), **how)


def run_to_its_end(unit: Unit, line: str, how: dict) -> None:
    may_fail = line.startswith("-")
    subprocess.run(unit.words(line.lstrip("-")), check=not may_fail, **how)


def make_directories(unit: Unit, account: pwd.struct_passwd) -> None:
    for key, root in PLACES.items():
        for name in unit.get(key).split():
            place = root / unit.words(name)[0]
            place.mkdir(parents=True, exist_ok=True)
            os.chown(place, account.pw_uid, grp.getgrnam(unit.get("Group") or account.pw_name).gr_gid)
            place.chmod(int(unit.get(f"{key}Mode", "0755"), 8))


# --- all of them ----------------------------------------------------------------------------------


def start_everything() -> None:
    for version in Path("/etc/postgresql").iterdir():
        start(f"postgresql@{version.name}-main.service")
    start("redis-server@sluice.service")
    make_database()
    for part in ("prepare", "control", "processor", "nginx"):
        start(f"sluice-{part}.service")


def make_database() -> None:
    """What the role postgres does where systemd runs, by its own commands."""
    [block] = [
        task["block"]
        for task in yaml.safe_load(Path("/opt/sluice/ansible/roles/postgres/tasks/main.yml").read_text())
        if "block" in task
    ]
    for task in block:
        command = task["ansible.builtin.command"]["cmd"].replace("{{ sluice_account }}", "sluice")
        done = subprocess.run(shlex.split(command), user="postgres", cwd="/", capture_output=True, text=True)
        if done.returncode and "already exists" not in done.stderr:
            raise SystemExit(f"{command}: {done.stderr}")


def until(what: str, question, patience: float = PATIENCE):
    deadline = time.monotonic() + patience
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {patience} s")
        time.sleep(0.5)
    print(what, flush=True)
    return answer


def doctor_is_content() -> bool:
    outcome = subprocess.run(["sluice", "doctor"], capture_output=True, text=True)
    doctor_is_content.said = outcome.stdout + outcome.stderr
    return outcome.returncode == 0


# --- a film ---------------------------------------------------------------------------------------


def play_a_film(password_file: Path) -> None:
    web, password = Web(settings_port()), password_file.read_text().strip()
    web.token = until("admin has signed in", lambda: sign_in(web, password))
    media = until("the film can be played", lambda: playable(web))
    master, address = web.get(f"/api/media/stream/{media}")
    variant, address = web.get(urllib.parse.urljoin(address, entries(master)[0]))
    segment, _ = web.get(urllib.parse.urljoin(address, entries(variant)[0]))
    uri, vector = re.search(rb'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)",IV=0x([0-9a-fA-F]+)', variant).groups()
    key, _ = web.get(urllib.parse.urljoin(address, uri.decode()))
    plain = subprocess.run(
        ["openssl", "enc", "-d", "-aes-128-cbc", "-K", key.hex(), "-iv", vector.decode()],
        input=segment, capture_output=True, check=True,
    ).stdout  # fmt: skip
    if len(key) != 16 or plain[:1] != b"G" or plain[188:189] != b"G":
        raise SystemExit("the segment is not what its key opens")
    print("its stream plays: playlists, key, segment", flush=True)


def verify(port: int) -> None:
    """`sluice edge verify` of the Nginx that listens there, and the certificate that it shows."""
    command = ["sluice", "edge", "verify", "--at", f"127.0.0.1:{port}"]
    outcome = subprocess.run(command, capture_output=True, text=True)
    print(outcome.stdout + outcome.stderr, flush=True)
    if outcome.returncode:
        raise SystemExit("the edge gives a wrong answer")
    shown = ssl.get_server_certificate(("localhost", port))
    print("certificate", ssl.PEM_cert_to_DER_cert(shown).hex(), flush=True)


def let_an_edge_in() -> None:
    door = json.loads(config())["edge"]["door"]
    command = ["sluice", "edge", "mint", EDGE.name, EDGE, "--port", str(EDGE_PORT), "--origin", f"127.0.0.1:{door}"]
    subprocess.run(command, check=True)
    READY.touch()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sign_in(web: Web, password: str) -> str | None:
    """None while the machine is too busy for another password (503)."""
    try:
        return web.json("/api/auth/login", {"username": "admin", "password": password})["access_token"]
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        print(error.read().decode(), file=sys.stderr)
        return None


def drop_film() -> None:
    command = f"ffmpeg -v error -y -f lavfi -i {FILM} -c:v libx264 -preset ultrafast -pix_fmt yuv420p /tmp/film.mp4"
    subprocess.run(shlex.split(command), check=True)
    subprocess.run(["install", "-o", "sluice", "-g", "sluice", "/tmp/film.mp4", data() / "imports/film.mp4"], check=True)


def entries(playlist: bytes) -> list[str]:
    return [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]


def playable(web: Web) -> str | None:
    items = web.json("/api/media/library")["data"]
    return next((item["id"] for item in items if item["state"] in ("playable", "completed")), None)


class Web:
    """A client that trusts this machine's own certificate."""

    def __init__(self, port: int):
        self.root, self.token = f"https://localhost:{port}", ""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def get(self, path: str, body: dict | None = None) -> tuple[bytes, str]:
        request = urllib.request.Request(urllib.parse.urljoin(self.root, path))
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        with self.opener.open(request, json.dumps(body).encode() if body else None, timeout=30) as answer:
            return answer.read(), answer.url

    def json(self, path: str, body: dict | None = None):
        return json.loads(self.get(path, body)[0])


def settings_port() -> int:
    return json.loads(config())["server"]["port"]


def config() -> str:
    return subprocess.run(["sluice", "config", "show", "--json"], capture_output=True, text=True, check=True).stdout


def ask_the_doctor() -> None:
    try:
        until("doctor is content", doctor_is_content)
    finally:
        print(doctor_is_content.said, file=sys.stderr)


def data() -> Path:
    return Path(Unit("sluice-control.service").environment()["SLUICE_DATA"])


def open_the_database() -> None:
    """Debian's own listens on the loopback, and asks whoever comes that way for a password."""
    password = STORES_PASSWORD.read_text().strip()
    command = ["psql", "--command", f"ALTER ROLE sluice PASSWORD '{password}'"]
    subprocess.run(command, check=True, user="postgres", cwd="/")


def be_the_first() -> None:
    start_everything()
    open_the_database()
    ask_the_doctor()
    drop_film()
    play_a_film(data() / "admin-password")
    READY.touch()
    until("it is over", OVER.exists, EDGE_PATIENCE)


def be_the_second() -> None:
    for part in ("prepare", "control", "processor", "nginx"):
        start(f"sluice-{part}.service")
    ask_the_doctor()
    play_a_film(ADMIN_PASSWORD)
    verify(settings_port())


def be_a_host() -> None:
    start_everything()
    ask_the_doctor()
    drop_film()
    play_a_film(data() / "admin-password")
    verify(settings_port())
    let_an_edge_in()
    until("the edge listens", lambda: listens(EDGE_PORT), EDGE_PATIENCE)
    verify(EDGE_PORT)


def be_an_edge() -> None:
    for part in ("nginx", "sync"):
        start(f"sluice-{part}.service")
    ask_the_doctor()
    until("it is over", OVER.exists, EDGE_PATIENCE)


if __name__ == "__main__":
    {"host": be_a_host, "edge": be_an_edge, "first": be_the_first, "second": be_the_second}[sys.argv[1]]()
