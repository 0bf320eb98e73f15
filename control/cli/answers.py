"""What may be answered to the questions of ``sluice setup``; a ValueError says what can be used instead."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from control.cli.checks.files import belong_together
from control.settings.sections import LOOPBACK, PRIVATE_NETWORKS
from nginx.contract import ORIGINALS_ROOT, UPLOADS_ROOT

ANYWHERE = ["0.0.0.0/0", "::/0"]
_WORDS = {"private": PRIVATE_NETWORKS, "anywhere": ANYWHERE}
TAKEN = {ORIGINALS_ROOT, UPLOADS_ROOT}  # names of no mount: what Sluice keeps itself
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


def port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError("a port is a number from 1 to 65535; 443 needs no number in the address, 1027 needs no root")
    return int(text)


def address(text: str, port: int) -> str:
    """The public URL of a host name, an IP address or a whole https address; empty for this machine alone."""
    if text in ("", "localhost"):
        return ""
    if not text.startswith("https://"):
        return https(host(text), port)
    parts = urlsplit(text)
    if parts.path.strip("/") or parts.query or parts.username or not parts.hostname:
        raise ValueError("only the name and perhaps the port: https://media.example.org:8443")
    return https(host(parts.hostname), parts.port or 443)


def https(host: str, port: int) -> str:
    return f"https://{host}" + ("" if port == 443 else f":{port}")


def host(text: str) -> str:
    """As it stands in an address: lower case, IPv6 in brackets, other alphabets by IDNA."""
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return _name(text)
    return f"[{found}]" if found.version == 6 else str(found)


def _name(text: str) -> str:
    try:
        name = text.lower() if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", name) or len(name) > 253:
        raise ValueError("a host name has letters, digits, dots and hyphens, such as media.example.org")
    return name


def networks(text: str) -> list[str]:
    """Of "private, 10.8.0.0/24": every network, this machine's own always among them."""
    found = list(LOOPBACK)
    for word in filter(None, re.split(r"[\s,]+", text)):
        found += _WORDS.get(word) or [_network(word)]
    if len(found) == len(LOOPBACK):
        raise ValueError("name at least one: private, anywhere, or a network such as 10.8.0.0/24")
    return list(dict.fromkeys(found))


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is no network: write private, anywhere, or one such as 10.8.0.0/24") from None
    raise ValueError(f"{text} is an address within a network: did you mean {meant}?")


def told(networks: list[str]) -> str:
    """The other way round: what the question shows as its default."""
    for word, known in _WORDS.items():
        if set(known) <= set(networks):
            rest = [one for one in networks if one not in known and one not in LOOPBACK]
            return ", ".join([word, *rest])
    return ", ".join(networks)


def certificate(text: str) -> Path:
    path = _file(text, "the certificate with its chain (fullchain.pem)")
    try:
        x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path} is no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from None
    return path


def certificate_key(text: str, certificate: Path) -> Path:
    path = _file(text, "the private key (privkey.pem)")
    if not belong_together(x509.load_pem_x509_certificate(certificate.read_bytes()), path.read_bytes()):
        raise ValueError(f"{path} is not the key of {certificate}, or it has a password: name the right one")
    return path


def _file(text: str, what: str) -> Path:
    """One that the programs' account may read: this command acts as that account."""
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError(f"name the whole path of {what}, from / on")
    try:
        path.open().close()
    except PermissionError:
        raise ValueError(f"Sluice's account may not read {path}: let it (setfacl), or copy the file") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; name {what}") from None
    return path


def libraries(text: str) -> list[Path]:
    """Directories, separated by commas."""
    return [_directory(word.strip()) for word in text.split(",") if word.strip()]


def _directory(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute() or re.search(r'["\\$\x00-\x1f]', text):
        raise ValueError(f"{text}: name the whole path, from / on, without quotes, backslashes and $")
    if not path.is_dir():
        raise ValueError(f"{path} is no directory: mount the drive first, or leave it out")
    return path


def mounts(directories: list[Path], taken: set[str]) -> list[dict[str, str]]:
    """As [[mounts]] has them, each named after its directory."""
    found: list[dict[str, str]] = []
    for directory in directories:
        name = _free(re.sub(r"[^a-z0-9]+", "-", directory.name.lower()).strip("-")[:24] or "media", taken)
        taken = taken | {name}
        found.append({"name": name, "path": str(directory)})
    return found


def _free(name: str, taken: set[str]) -> str:
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 1000))) if one not in taken)
