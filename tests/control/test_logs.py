"""One JSON object a line, whatever is in it (threat O01), and nothing secret (O03)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from control import logs

EVIL = 'a"b\r\n{"event":"forged"}\x1b[31m\x00\u2028\udcff'


def said(code: str) -> list[str]:
    """What a program says that begins by configuring its log: a process of its own, because that is global."""
    start = "import logging, structlog\nfrom control import logs\nlogs.configure()\nlog = structlog.get_logger()\n"
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, check=True)
    return done.stdout.decode().split("\n")[:-1]


def test_O01_every_line_is_one_object_whoever_writes_it():
    code = (
        f"evil = {EVIL!r}\n"
        + """
logs.REQUEST.set("r" * 32)
log.warning("hello", name=evil, agent=[evil])
logging.getLogger("somebody").error("they say %s", evil)
try:
    raise ValueError(evil)
except ValueError:
    log.exception("failed")
    logging.getLogger("gunicorn.error").exception("Error handling request /x?sig=abc")
"""
    )
    lines = [json.loads(line) for line in said(code)]
    assert [line["event"] for line in lines][:1] + [lines[2]["event"]] == ["hello", "failed"]
    assert lines[0]["name"] == EVIL and lines[0]["agent"] == [EVIL] and EVIL in lines[1]["event"]
    assert len(lines) == 4 and all(line["request"] == "r" * 32 and line["level"] for line in lines)
    assert "ValueError" in lines[2]["exception"] and "abc" not in json.dumps(lines[3])
    assert all(character >= " " for line in said(code) for character in line)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"), ("new_password", "hunter2"), ("access_token", "hunter2"), ("Authorization", "hunter2"),
        ("cookie", "hunter2"), ("sig", "hunter2"), ("secrets", ["hunter2"]), ("headers", {"Cookie": "hunter2"}),
        ("error", "GET /stream/x?expires=1&sig=hunter2 failed"), ("body", '{"password": "hunter2", "a": 1}'),
        ("event", "Authorization: Bearer hunter2hunter2"), ("error", "postgresql://: password=hunter2 is wrong"),
        ("path", f"/s/{'hunter2' * 3}A/stream"), ("error", ["bearer hunter2-hunter2"]),
    ],
)  # fmt: skip
def test_O03_secrets_are_left_out(key, value):
    assert "hunter2" not in json.dumps(logs.redact(None, "", {key: value}))


def test_what_is_no_secret_stays():
    event = {
        "event": "link_key_rotated",
        "design": "x",
        "signal": 9,
        "media": "m",
        "at": "1",
        "version": 2,
        "token": "",
    }
    assert logs.redact(None, "", dict(event)) == event
