"""Growth: any one of several instances may be killed, and a new version comes one host after the other."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
import requests

from control.storage.sql.migrate import MIGRATIONS
from nginx import contract
from tests.e2e.growth.conftest import watching
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until
from tests.stack import PATIENCE, REPO, Stack

pytestmark = pytest.mark.soak


@contextlib.contextmanager
def killed(stack: Stack, program: str) -> Iterator[None]:
    """By SIGKILL, and not there until this is over; then it is back. (Two that are away at once are another question.)"""
    pids = stack.pids(program)
    stack.supervisor("signal", "KILL", program)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stack.supervisor("stop", program)
    try:
        yield
    finally:
        stack.supervisor("start", program)
        wait_until(lambda: answers(stack), PATIENCE)


def answers(stack: Stack) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return stack.session(None).get("/healthz").status_code == 200
    return False


@pytest.mark.parametrize(
    ("of", "number", "program"),
    [("hosts", 0, "control"), ("hosts", 1, "control"), ("hosts", 0, "nginx"), ("hosts", 1, "nginx"),
     ("edges", 0, "nginx"), ("edges", 1, "nginx")],
)  # fmt: skip
def test_one_of_each_is_killed_and_a_viewer_goes_on(farm, film, of, number, program):
    """What is asked for is given at the first try, and nobody is given what is not theirs."""
    with watching(farm, film) as viewer:
        with killed(getattr(farm, of)[number], f"sluice:{program}"):
            viewer.goes_on()
        viewer.goes_on()
    assert set(viewer.answers) == {200}


@pytest.mark.parametrize(("number", "program"), [(0, "control"), (1, "control"), (0, "nginx"), (1, "nginx")])
def test_a_host_that_hangs_holds_a_viewer_up_for_a_moment(farm, film, number, program):
    """Whoever asks waits until the edge loses patience, and is given what the other host says: no 503."""
    with watching(farm, film) as viewer:
        with farm.hosts[number].paused(f"sluice:{program}", workers=True):
            stranger = farm.edges[0].session(None)
            pages = [farm.ask(stranger, path).status_code for path in ("/", "/login") * 2]
            viewer.goes_on()
        viewer.goes_on()
    assert (set(viewer.answers), set(pages)) == ({200}, {200, 401})


def test_without_any_control_host_a_film_goes_on_until_its_next_key(farm, film):
    """The ciphertext is at the edge; who asks for a key hears 503."""
    client = farm.viewer()
    url = f"{farm.edges[0].url}/api/media/stream/{film['id']}"
    found = segments(client, rungs(client, url, client.get(url).text)["360p"])
    for segment in found:
        assert client.get(segment.url).status_code == 200
    with killed(farm.hosts[0], "sluice:nginx"), killed(farm.hosts[1], "sluice:nginx"):
        answers = {client.get(segment.url).headers[contract.EDGE_CACHE.name] for segment in found}
        assert answers <= {"HIT", "STALE"}
        answer = client.get(found[0].key_url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SYSTEM_004")
        assert "Retry-After" in answer.headers
    wait_until(lambda: client.get(found[0].key_url).status_code == 200, PATIENCE)


def test_a_post_is_sent_to_one_control_host_alone(farm):
    """Also where that one says that its control is not there."""
    starts = [len(host.deliveries()) for host in farm.hosts]
    agents, statuses, client = [], set(), farm.edges[0].session(None)

    def both() -> bool:
        agents.append(f"post-{uuid.uuid4().hex}")
        statuses.add(client.post("/api/auth/refresh", json={}, headers={"User-Agent": agents[-1]}).status_code)
        return statuses == {401, 503}

    with killed(farm.hosts[0], "sluice:control"):
        wait_until(both, PATIENCE)
    assert statuses == {401, 503}
    lines = [line["agent"] for host, start in zip(farm.hosts, starts, strict=True)
             for line in host.wait_for_deliveries(start, lambda line: line["agent"] in agents)]  # fmt: skip
    assert sorted(lines) == sorted(agents)


def test_a_revoke_reaches_every_control_host(farm, film):
    client = farm.viewer()
    url = f"{farm.edges[0].url}/api/media/stream/{film['id']}"
    key = segments(client, rungs(client, url, client.get(url).text)["360p"])[0].key_url
    path, token = key.removeprefix(farm.edges[0].url), client.cookies[contract.ACCESS_COOKIE.name]
    asked = [(host.session(None), {"Authorization": f"Bearer {token}"}) for host in (*farm.hosts, *farm.edges)]

    def statuses() -> list[int]:
        return [other.get(path, headers=bearer).status_code for other, bearer in asked]

    assert statuses() == [200] * 4
    client.post("/api/auth/logout", json={})
    wait_until(lambda: statuses() == [401] * 4, PATIENCE)
    assert statuses() == [401] * 4


def test_a_processor_that_is_killed_leaves_its_work_to_the_other_one(farm, film_file):
    for number, host in enumerate(farm.hosts):
        name = farm.hosts[0].drop(film_file, f"killed-{number}.mp4")
        wait_until(lambda name=name: farm.hosts[0].media(name), PATIENCE)
        with killed(host, "sluice:processor"):
            farm.hosts[0].wait_for_media(name)


def test_edges_have_no_hole(farm):
    for edge in farm.edges:
        farm.hosts[0].sluice("edge", "verify", "--at", f"127.0.0.1:{edge.port}")


_MIGRATE = """
import sys, pathlib
from control import settings
from control.storage.sql import migrate
migrate.MIGRATIONS = pathlib.Path(sys.argv[2])
print(migrate.apply(settings.load(sys.argv[1]).database_url))
"""


def test_a_new_version_comes_one_host_after_the_other(farm, film, tmp_path):
    """Its tables first, while the older controls serve; then each host is restarted. A viewer hears nothing of it."""
    later = farm.hosts[0].data / "later-migrations"
    shutil.copytree(MIGRATIONS, later)
    (later / "9999-later.sql").write_text("-- depends: 0001-first-tables\nALTER TABLE media ADD COLUMN later text;\n")
    owner = farm.hosts[0].data.stat()
    command = [sys.executable, "-c", _MIGRATE, farm.hosts[0].data, later]
    with watching(farm, film) as viewer:
        done = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPO, user=owner.st_uid,
                                 group=owner.st_gid) for _ in farm.hosts]  # fmt: skip
        assert sorted(one.communicate()[0].strip() for one in done) == ["['9999-later']", "[]"]
        for host in farm.hosts:
            ready = host.session(None).get("/readyz")
            assert (ready.status_code, ready.json()["newer_tables"]) == (200, ["9999-later"])
            host.supervisor("restart", "sluice:control")
            wait_until(lambda host=host: host.session(None).get("/readyz").status_code == 200, PATIENCE)
            assert "other_tables" in (host.data / "logs/control.log").read_text()
            viewer.goes_on()
    assert set(viewer.answers) == {200}
    found = farm.hosts[1].sluice("doctor", "--all", check=False)
    assert "!!  tables: newer than this host: 9999-later" in found
