"""What the templates need to know of this machine and these settings."""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import shutil
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from control.errors import ControlError, table
from control.settings import Settings
from nginx import contract

TEMPLATES = Path(__file__).with_name("templates")
PAGES = Path(__file__).resolve().parents[1] / "templates"

# Where distributions put dynamic modules; a build that has them compiled in needs no load_module.
_MODULE_DIRECTORIES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/opt/homebrew/lib/nginx/modules")
_MODULES = ("ngx_http_echo_module.so", "ngx_http_headers_more_filter_module.so")

# So long the main Nginx waits for the next bytes of a drive; then it counts as away.
DRIVE_SECONDS = 10

# Seconds that Nginx waits for the next word of control; whoever says nothing for longer hangs, and 503 says so.
CONTROL_SECONDS = {
    # The gate's yes or no, and keys. Control itself gives up on a silent Postgres after 6 (storage/sql/pool.py: 2 for a
    # connection, 4 for its answer) and says so with a better error than ours.
    "decision": 8,
    # Pages, and whatever else may be asked once more (GET, HEAD): two of the slowest statements that there can be (3.5
    # each), and time to draw them.
    "question": 10,
    # What may be done although nobody says so, and archives, which control reads off disks. Nobody is asked instead.
    "change": 30,
}
# Where nobody else can be asked, all are waited for: on a small or busy machine a restart of control takes seconds.
ALONE_SECONDS = dict.fromkeys(CONTROL_SECONDS, 30)

# Seconds that an edge waits for a control host: a little longer than its Nginx waits for control or a drive, so that
# the host's own answer comes first. A segment waits for a disk, or 5 for a store. Players ask for a key once more
# after 10 (templates/static/film.js).
HOST_SECONDS = {"segment": 6, "decision": 9, "question": 12, "change": 75}
# No other host is asked later than that; it is longer than one host's patience, so one more is asked after each.
ANOTHER_HOST_SECONDS = 15

# Seconds that Nginx waits for a client: for all of a request's header, for the next bytes of a body or of an upload's,
# and until the next bytes of an answer are taken.
WAITS = {"header": 15, "body": 20, "upload": 120, "answer": 60}
MOST_HEADERS = 200

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self' blob:; font-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

# Of the reader of documents: a sandbox without an origin, which may load the scripts and fonts beside it.
READER_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'self'; connect-src 'self'; img-src data: blob:; font-src 'self' data: blob:; "
    "form-action 'none'; base-uri 'none'"
)


# What an edge says of a segment in its own words, whatever the control host has said to the one who asked first.
REPLACED_HEADERS = (
    "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy",
    "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security", "Cache-Control", "Vary",
    "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
)  # fmt: skip

# What a store may say besides the content (and X-… of any kind, where Nginx can clear all of those).
STORE_HEADERS = (
    "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amz-Version-Id", "X-Amz-Server-Side-Encryption", "X-Amz-Storage-Class",
    "X-Amz-Expiration", "X-Amz-Replication-Status", "X-Amz-Restore", "X-Amz-Delete-Marker", "X-Amz-Tagging-Count",
    "Set-Cookie", "Strict-Transport-Security", "Content-Security-Policy", "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Vary",
    "Content-Disposition", "Content-Encoding", "Content-Language", "Content-MD5", "Cache-Control", "Expires", "Link",
)  # fmt: skip


class ErrorBodies:
    """The JSON bodies of Nginx's own refusals, from the one error table."""

    by_status = {
        400: "FILE_001", 401: "AUTH_005", 403: "SEC_003", 404: "FILE_002", 405: "FILE_003", 410: "SEC_004",
        413: "FILE_004", 414: "FILE_001", 416: "FILE_005", 429: "LIMIT_001", 494: "FILE_001", 500: "SYSTEM_003",
    }  # fmt: skip

    def body(self, code: str) -> str:
        """For an Nginx `return`: a single-quoted string that holds Nginx variables for time and decision."""
        error = _error(code)
        fields = {
            "code": error.code, "message": (error.__doc__ or "").strip(), "details": error.advice,
            "timestamp": "$time_iso8601", "decision": "$request_id",
        }  # fmt: skip
        return json.dumps({"error": fields}).replace("'", "’")

    def of_the_gate(self) -> list[tuple[str, int]]:
        """Whatever the gate of uploads may refuse by, with its status."""
        families = ("AUTH_", "FILE_", "LIMIT_")
        return [(one.code, one.status) for one in table() if one.code.startswith(families) and one.status < 500]

    def retry_after(self, code: str) -> int | None:
        """Seconds, for the header."""
        return _error(code).retry_after


def _error(code: str) -> type[ControlError]:
    return next(error for error in table() if error.code == code)


def context(settings: Settings) -> dict[str, Any]:
    """Every name that a template may use."""
    return {
        "contract": contract,
        "errors": ErrorBodies(),
        "page_policy": PAGE_POLICY,
        "reader_policy": READER_POLICY,
        "no_secret": secrets.token_hex(32),
        "modules": modules(),
        "headers_more": any("headers_more" in module.name for module in modules()),
        "assembles": len(modules()) == len(_MODULES),  # archives
        "paths": settings.paths,
        "pid": settings.paths.run / "nginx.pid",
        "listens": [str(settings.server.port), f"[::]:{settings.server.port}"],
        "server": settings.server,
        "metrics": settings.metrics,
        "certificate": settings.certificate,
        "certificate_key": settings.certificate_key,
        "link_keys": json.loads((settings.paths.keys / "links.json").read_text())["keys"],
        "edge": settings.edge,
        "door": door(settings),
        "replaced_headers": REPLACED_HEADERS,
        "mounts": settings.mounts,
        "uploads": settings.uploads,
        "drive_seconds": DRIVE_SECONDS,
        "control_seconds": CONTROL_SECONDS if settings.edge.door else ALONE_SECONDS,
        "host_seconds": HOST_SECONDS,
        "another_host_seconds": ANOTHER_HOST_SECONDS,
        "waits": WAITS,
        "store": store(settings),
        "store_headers": STORE_HEADERS,
        "objects_socket": contract.objects_socket(settings.paths.run),
        "connections": settings.server.connections_per_address,
        "counts_headers": counts_headers(),
        "most_headers": MOST_HEADERS,
        "protected": settings.protected,
        "frame_origins": " ".join(settings.shares.frame_origins),
        "templates": PAGES,
    }


def door(settings: Settings) -> dict[str, Any] | None:
    """Where edges ask, and the fingerprint (SHA-1, as Nginx tells it) -> name of each; None where there is no door."""
    if not settings.edge.door:
        return None
    known = sorted((settings.paths.keys / contract.EDGES).glob("*.pem"))
    return {
        "listens": [str(settings.edge.door), f"[::]:{settings.edge.door}"],
        "edges": {_fingerprint(certificate): certificate.stem for certificate in known},
    }


def store(settings: Settings) -> dict[str, Any] | None:
    """The S3-compatible store that the vault is in; None for a directory.

    A name that DNS knows is looked up again and again, because such names move; an address, and a name of /etc/hosts,
    is what it is, and connections to it are kept.
    """
    vault = settings.vault
    if vault.store != "s3":
        return None
    url = urlsplit(vault.endpoint)
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    address = url.hostname if _is_address(url.hostname) else in_hosts(url.hostname, Path("/etc/hosts"))
    return {
        "scheme": url.scheme, "name": url.hostname, "path": vault.path, "cache_bytes": vault.cache_bytes,
        "host": url.netloc.removesuffix({"http": ":80", "https": ":443"}[url.scheme]),  # as it is signed
        "trusted": vault.trusted, "address": f"{_in_url(address or url.hostname)}:{port}",
        "upstream": "store" if address else f"{url.hostname}:{port}",
        "resolver": "" if address else resolvers(Path("/etc/resolv.conf")),
    }  # fmt: skip


def in_hosts(name: str, file: Path) -> str | None:
    """The address of a name in hosts(5)."""
    lines = (line.partition("#")[0].split() for line in file.read_text().splitlines())
    return next((line[0] for line in lines if name in line[1:]), None)


def resolvers(file: Path) -> str:
    """The name servers of resolv.conf(5), as Nginx writes them; those of one link alone stay out."""
    lines = (line.split() for line in file.read_text().splitlines())
    found = [line[1] for line in lines if line[:1] == ["nameserver"] and len(line) > 1 and "%" not in line[1]]
    return " ".join(map(_in_url, found)) or "127.0.0.1"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _fingerprint(certificate: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return hashlib.sha1(der, usedforsecurity=False).hexdigest()


def modules() -> list[Path]:
    """Dynamic modules to load, by absolute path: a private instance has another prefix than the package's."""
    found = (Path(directory) / name for name in _MODULES for directory in _MODULE_DIRECTORIES)
    return [path for path in found if path.exists()]


@functools.cache
def counts_headers() -> bool:
    """Whether this Nginx knows `max_headers`; Debian's does since 1.22.1-9+deb12u10."""
    try:
        return b"max_headers\0" in Path(binary()).read_bytes()
    except OSError:
        return False


def binary() -> str:
    """The nginx program; Debian keeps it outside an ordinary account's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin") or "nginx"
