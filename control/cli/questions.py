"""The questions of ``sluice setup``, in their order, each with its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from control.cli import answers, first_admin, ports
from control.cli.talk import Talk
from control.errors import BadRequest
from control.services.passwords import Passwords
from control.services.users import check_name
from control.settings.sections import Password, Server

From = Literal["self-signed", "given", "acme"]
SOURCES: tuple[From, ...] = ("self-signed", "given", "acme")
EXAMPLE = ("/etc/ssl/sluice.pem", "/etc/ssl/private/sluice.key")


@dataclass(frozen=True, slots=True)
class Wishes:
    """`settings` by their names in the file ({"server.port": 8443}), None for the default."""

    settings: dict[str, Any]
    mounts: list[dict[str, str]]
    certificate_from: From


@dataclass(frozen=True, slots=True)
class Admin:
    username: str
    password_hash: str | None


def acme_files(data: Path) -> tuple[Path, Path]:
    """Where deploy/certbot-hook puts what certbot has brought."""
    return data / "tls" / "acme-certificate.pem", data / "tls" / "acme-key.pem"


def ask(talk: Talk, data: Path, known: Mapping[str, Any], running: bool) -> Wishes:
    """`known` is what the file says now; what is `running` has its port."""
    server = Server.model_construct(**known.get("server", {}))
    port = talk.answer(
        "port", "HTTPS port", "Browsers reach Sluice on this port. 443 is the one that needs no number in the address.",
        str(server.port), lambda text: _free(answers.port(text), server.port if running else None),
    )  # fmt: skip
    url = talk.answer(
        "host", "Host name", "Links that are sent to other people begin with this name (or address) of the machine.",
        _host(server), lambda text: text if text == server.public_url else answers.address(text, port),
    )  # fmt: skip
    networks = talk.answer(
        "networks", "Networks",
        "Who may connect at all: `private` (home and office networks), `anywhere`, or networks such as 10.8.0.0/24,\n"
        "separated by commas. Everybody else is refused before a password is looked at.",
        _told(server), lambda text: server.allowed_networks if text == _told(server) else answers.networks(text),
    )  # fmt: skip
    source, certificate, key = _certificate(talk, data, server, url)
    wanted = {
        "server.port": port, "server.public_url": url, "server.allowed_networks": networks,
        "server.certificate": certificate, "server.certificate_key": key,
    }  # fmt: skip
    now = {name: getattr(server, name.partition(".")[2]) for name in wanted}
    return Wishes({name: value for name, value in wanted.items() if value != now[name]}, _mounts(talk, known), source)


def ask_for_admin(talk: Talk, data: Path, rules: Password) -> Admin:
    """The password is only ever kept as its hash."""
    passwords = Passwords(rules, lambda function, *arguments: function(*arguments))
    username = talk.answer(
        "admin", "Administrator", "The first user, who may do everything and makes the others.", first_admin.name(data),
        lambda text: _checked(check_name, text),
    )  # fmt: skip
    password = talk.password(
        f"Their password: {', '.join(passwords.rules())}.\n"
        f"Left empty, one is made at the first start and kept in {data / 'admin-password'}.",
        lambda text: _checked(passwords.check_rules, text),
    )  # fmt: skip
    return Admin(username, password and passwords.hash(password))


def _free(port: int, ours: int | None) -> int:
    problem = None if port == ours else ports.problem(port)
    if problem:
        raise ValueError(f"port {port} {problem}; choose another one")
    return port


def _host(server: Server) -> str:
    """What makes the public URL of today."""
    name = urlsplit(server.public_url).hostname or "localhost"
    same = server.public_url.rstrip("/") in ("", answers.https(name, server.port))
    return name if same else server.public_url


def _told(server: Server) -> str:
    return answers.told(server.allowed_networks)


def _certificate(talk: Talk, data: Path, server: Server, url: str) -> tuple[From, str | None, str | None]:
    acme = tuple(map(str, acme_files(data)))
    before = (server.certificate, server.certificate_key)
    source = talk.answer(
        "certificate", f"Certificate ({', '.join(SOURCES)})",
        "`self-signed` is made here: browsers warn once. `given` is one that you have. `acme` comes from Let's\n"
        "Encrypt by certbot, for a public host name.",
        "self-signed" if not server.certificate else "acme" if before == acme else "given",
        lambda text: _source(text, url),
    )  # fmt: skip
    if source != "given":
        return source, *(acme if source == "acme" else (None, None))
    shown = EXAMPLE if before == acme or not server.certificate else before
    certificate = talk.answer("certificate-file", "Certificate file", "A PEM file with the certificate and its chain.",
                              shown[0], answers.certificate)  # fmt: skip
    key = talk.answer("certificate-key", "Key file", "The PEM file with its private key, without a password.",
                      shown[1], lambda text: answers.certificate_key(text, certificate))  # fmt: skip
    return source, str(certificate), str(key)


def _source(text: str, url: str) -> From:
    if text not in SOURCES:
        raise ValueError(f"write one of {', '.join(SOURCES)}")
    name = urlsplit(url).hostname or ""
    if text == "acme" and ("." not in name or name.replace(".", "").isdecimal() or ":" in name):
        raise ValueError(f"Let's Encrypt takes no {name or 'localhost'}, only public names: choose another one")
    return text


def _mounts(talk: Talk, known: Mapping[str, Any]) -> list[dict[str, str]]:
    there = {mount.get("name", ""): mount.get("path", "") for mount in known.get("mounts", [])}
    already = f" There already: {', '.join(there)}." if there else ""
    directories = talk.answer(
        "libraries", "Directories",
        "Media that stay where they are (a NAS, a drive) and are played from there, never changed: their directories,\n"
        f"separated by commas. Left empty: none, everything is uploaded or put into imports/.{already}",
        "", answers.libraries,
    )  # fmt: skip
    new = [one for one in directories if str(one) not in there.values()]
    return answers.mounts(new, set(there) | answers.TAKEN)


def _checked(check, text: str) -> str:
    """What the services refuse with an answer for the API is a ValueError here."""
    try:
        check(text)
    except BadRequest as error:
        raise ValueError(error.details.rstrip(".")) from None
    return text
