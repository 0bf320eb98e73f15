"""ZIP files of a drive that hangs: they end, control goes on, and they are whole again with the drive (threat U15)."""

from __future__ import annotations

import requests

from tests.e2e.archives.conftest import ask, members
from tests.e2e.people import wait_until

HEADERS = ({}, {"Range": "bytes=1-"})  # assembled by Nginx, read by control


def test_U15_a_drive_that_hangs_ends_its_archives_and_nobody_else_waits(stack, cloud, source):
    client, library = stack.session(), cloud.library()
    made = ask(client, folder="cloud")
    running = [client.get(made["url"], headers=headers, stream=True) for headers in HEADERS]
    for answer in running:
        next(answer.iter_content(1 << 16))
    cloud.fuse.set("hang")
    for answer in running:
        assert ends_too_early(answer)
        assert client.get("/api/auth/me").status_code == 200
    cloud.wait("away")
    for headers in HEADERS:
        refused = client.get(made["url"], headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "MEDIA_006")
    cloud.fuse.set("ok")
    cloud.wait("here")
    wait_until(lambda: client.get(made["url"], headers={"Range": "bytes=0-0"}).status_code == 206, 60)
    found = members(client.get(made["url"]).content)
    assert found == {name: (source / name).read_bytes() for name in library}


def ends_too_early(answer) -> bool:
    try:
        for _ in answer.iter_content(1 << 16):
            pass
    except requests.exceptions.RequestException:
        return True
    return False
