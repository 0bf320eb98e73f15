"""Logs: one JSON object a line whatever a client sends (threat O01), and the request's id in all of them."""

from __future__ import annotations

import json
import secrets

from tests.e2e.people import wait_until


def lines(stack, name: str) -> list[str]:
    return (stack.data / "logs" / name).read_bytes().decode("utf-8", "replace").split("\n")[:-1]


def test_O01_what_a_client_sends_forges_no_line(stack):
    mark = f"o01-{secrets.token_hex(4)}"
    evil = f'{mark}","event":"forged\\'.encode() + b"\x1b[31m\xff\xfe\t"
    path = f"/{mark}%0d%0a%7b%22event%22:%22forged%22%7d%1b".encode() + b"\xff"
    head = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    stack.raw(head + b"User-Agent: " + evil + b"\r\nReferer: " + evil + b"\r\n\r\n")
    name = f'{mark}"\r\n{{"event":"forged"}}\x1b[31m'
    stack.session(None).post("/api/auth/login", json={"username": name, "password": "x"}, headers={"User-Agent": mark})
    wait_until(lambda: sum(mark in line for line in lines(stack, "access.log")) >= 2)
    entries = [json.loads(line) for line in lines(stack, "access.log")]
    assert not [entry for entry in entries if "event" in entry]
    (entry,) = (entry for entry in entries if mark in entry["uri"])
    assert entry["agent"].startswith(f'{mark}","event":"forged\\\x1b[31m') and "\x1b" not in entry["uri"]
    for log in ("control.log", "processor.log"):
        told = [json.loads(line) for line in lines(stack, log) if line.startswith("{") or mark in line]
        assert told and not [line for line in told if line["event"] == "forged"], log


def test_the_servers_own_lines_are_objects_too(stack, film):
    control = lines(stack, "control.log")
    assert any("Booting worker" in json.loads(line)["event"] for line in control if line.startswith("{"))
    assert not [line for line in control if "[INFO]" in line]
    assert not [line for line in control if "HTTP/1." in line]  # requests are in Nginx's log, without their signatures
    done = [json.loads(line) for line in lines(stack, "processor.log") if '"completed"' in line]
    assert any(line["media"] == film["id"] and line["job"] for line in done)
