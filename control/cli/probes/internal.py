"""Every internal location, asked for from outside in every spelling: none of them is there."""

from __future__ import annotations

from collections.abc import Iterator

from control.cli.probes import ABSENT, Probe, Request
from control.cli.probes.canary import RUNG, Canary
from control.settings import Settings
from nginx import contract

_HOSTS = ("control", "drive", "127.0.0.1", "_", "localhost.", "unix")
# What only Nginx and control say to each other, said by a client.
_FORGED = (contract.INTERNAL_HOP.name, "X-Accel-Redirect", "X-Original-URI", "X-Rewrite-URL")


def targets(canary: Canary, settings: Settings) -> dict[str, str]:
    """Class of objects -> the address of one, below contract.INTERNAL, of everything that Nginx serves from there."""
    film, photo = canary.film, canary.photo
    original = f"{contract.ORIGINALS_ROOT}/{contract.vault_directory(photo.id)}/{contract.ORIGINAL}"
    found = {location.path: location.path for location in contract.LOCATIONS if location.internal}
    found |= {
        "vault": contract.accel_vault(photo.id, contract.IMAGE),
        "kept original": contract.accel_original(photo.id),
        "upload": contract.accel_stored(film.stored),
        "refused file": contract.accel_quarantine(photo.id),
        "linked upload": contract.LINKED.path + film.stored,
        "linked original": contract.LINKED.path + original,
        "member, an upload": contract.MEMBER.path + film.stored,
        "member, an original": contract.MEMBER.path + original,
        "content key": f"{contract.CONTENT_KEY.path}{'0' * 32}/{film.id}/{RUNG}/0",
        "signature of an object": f"{contract.OBJECT.path}{photo.id}/{contract.IMAGE}",
        "archive": contract.accel_archive(canary.archive.archive.id, canary.archive.archive.bytes, "0" * 32),
        "archive parts": contract.PARTS.path + canary.archive.archive.id,
        "upload under way": contract.TUS_ASK.path + canary.upload.id,
        "upload, appended to": contract.TUS_APPEND.path + canary.upload.id,
    }
    for mount in settings.mounts:
        found |= {
            f"mount {mount.name}": f"{contract.MOUNTS.path}{mount.name}/",
            f"mount {mount.name}, linked": f"{contract.LINKED.path}{mount.name}/",
            f"mount {mount.name}, member": f"{contract.MEMBER.path}{mount.name}?{contract.PATH_PARAM.name}=x",
        }
    return found


def probes(canary: Canary, settings: Settings) -> Iterator[Probe]:
    for of, target in targets(canary, settings).items():
        for how, request in spellings(target):
            yield Probe(f"internal: {of}", how, request.bearing(canary.owner.token), ABSENT)
    yield from _malformed(canary)
    yield from _handed_over(canary)


def spellings(target: str) -> Iterator[tuple[str, Request]]:
    """The same address as clients may write it (RFC 9112 3.2, RFC 3986 6.2.2)."""
    bare, inner = target.removeprefix("/"), contract.INTERNAL.strip("/")
    static, rest = contract.STATIC.path, target.removeprefix(contract.INTERNAL)
    for how, written in (
        ("as it is", target), ("two slashes", "/" + target), ("slashes inside", f"/{inner}//{rest}"),
        ("a dot", "/." + target), ("up from another one", f"{static}..{target}"), ("%2f", f"{static}..%2f{bare}"),
        ("%2e%2e", f"{static}%2e%2e{target}"), ("%2e%2e%2f", f"{static}%2e%2e%2f{bare}"), ("%5f", f"/%5f{bare[1:]}"),
        ("%2f inside", f"/{inner}%2f{rest}"), ("a semicolon", target + ";x"),
        ("%0a", target + "%0a"), ("a query", target + "?x=1" if "?" not in target else target),
        ("absolute", f"https://localhost{target}"), ("absolute, of elsewhere", f"http://control{target}"),
    ):  # fmt: skip
        yield how, Request(written)
    for method in ("HEAD", "POST"):
        yield method, Request(target, method)
    for host in _HOSTS:
        yield f"as host {host}", Request(target, host=host)
    yield "as Nginx would ask", Request(target, headers=tuple((name, "1") for name in _FORGED))


def _malformed(canary: Canary) -> Iterator[Probe]:
    """Nginx ends the connection after these, whatever they are about: one of each will do."""
    target = contract.accel_original(canary.photo.id)
    for how, written in (("above the root", f"/..{target}"), ("%00", target + "%00"), ("no slash", target[1:])):
        yield Probe("internal: kept original", how, Request(written), ABSENT)


def _handed_over(canary: Canary) -> Iterator[Probe]:
    """A client's own X-Accel-Redirect hands over nothing."""
    target = contract.accel_original(canary.photo.id)
    for header in ("X-Accel-Redirect", contract.AUTH_URI.name, "X-Original-URI"):
        request = Request(f"{contract.STREAM.path}{canary.photo.id}", headers=((header, target),))
        yield Probe("internal: handed over", header, request)
