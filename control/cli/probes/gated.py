"""What a sign-in or the code of a share opens: pictures, originals, archives, uploads, events, pages, the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from control.bootstrap import Services
from control.cli.probes import GIVEN, Probe, Request
from control.cli.probes.canary import Canary
from control.cli.probes.signed import altered, wrong_tokens
from control.settings import Settings
from nginx import contract

_JSON = (("Content-Type", "application/json"),)


def probes(canary: Canary, services: Services) -> Iterator[Probe]:
    yield from _pictures(canary)
    yield from _files(canary)
    yield from _shares(canary)
    yield from _archives(canary)
    yield from _uploads(canary)
    yield from _pages_and_api(canary)
    yield from _protected(canary, services.settings)
    yield from _static()


def _pictures(canary: Canary) -> Iterator[Probe]:
    """Asked for by their owner first: then they lie in Nginx's cache, and must be nobody else's all the same."""
    for kind in contract.STILL_KINDS:
        request = Request(f"{contract.STILLS.path}{kind}/{canary.film.id}")
        yield Probe(f"picture: {kind}", "its owner", request.bearing(canary.owner.token), GIVEN, canary.text)
        for who, token in wrong_tokens(canary).items():
            for how, asked in _variants(request):
                yield Probe(f"picture: {kind}", f"{who}{how}", asked.bearing(token))


def _files(canary: Canary) -> Iterator[Probe]:
    film, photo = canary.film.id, canary.photo.id
    for of, target in (
        ("original", f"{contract.STILLS.path}{film}/original"),
        ("kept original", f"{contract.STILLS.path}{photo}/original"),
        ("encrypted picture", f"{contract.STILLS.path}stream/{photo}"),
    ):  # fmt: skip
        request = Request(target)
        yield Probe(of, "its owner", request.bearing(canary.owner.token), GIVEN, canary.text)
        for who, token in wrong_tokens(canary).items():
            for how, asked in _variants(request):
                yield Probe(of, f"{who}{how}", asked.bearing(token))


def _variants(request: Request) -> Iterator[tuple[str, Request]]:
    yield "", request
    yield ", HEAD", replace(request, method="HEAD")
    yield ", Range", replace(request, headers=(("Range", "bytes=0-9"),))
    yield ", a query", replace(request, target=request.target + "?v=1")


def _shares(canary: Canary) -> Iterator[Probe]:
    film, photo = canary.film.id, canary.photo.id
    code, locked, revoked = (canary.shares[kind].code for kind in ("open", "locked", "revoked"))

    def of(code: str, kind: str, media: str) -> Request:
        return Request(f"{contract.SHARES.path}{code}/{kind}/{media}")

    yield Probe("share", "its visitor", of(code, "still", film), GIVEN, canary.text)
    for who, request in (
        ("another code", of(altered(code), "still", film)),
        ("a code too short", of(code[:-1], "still", film)),
        ("no password", of(locked, "still", film)),
        ("a share that was revoked", of(revoked, "still", film)),
        ("a sibling's picture", of(code, "thumbnail", photo)),
        ("no right to download", of(code, "file", film)),
        ("no right to download the sibling", of(code, "file", photo)),
        ("no password, its film", of(locked, "stream", film)),
        ("no password, its file", of(locked, "file", film)),
        ("no password, its archive", Request(f"{contract.SHARES.path}{locked}/zip")),
        ("no right to an archive", Request(f"{contract.SHARES.path}{code}/zip")),
    ):
        for how, asked in _variants(request):
            yield Probe("share", f"{who}{how}", asked)
            yield Probe("share", f"{who}{how}, a stranger's sign-in", asked.bearing(canary.stranger.token))


def _archives(canary: Canary) -> Iterator[Probe]:
    url = urlsplit(canary.archive.url).path
    token = canary.archive.token
    yield Probe("archive", "the right token", Request(url), GIVEN, canary.text)
    for who, target in (
        ("another token", url.replace(token, altered(token))), ("a token too short", url[:-1]),
        ("no token", url[: -len(token)]),
    ):  # fmt: skip
        yield Probe("archive", who, Request(target))
    body = b'{"keys": ["%s"]}' % canary.film.key.encode()
    request = Request(contract.BATCH.path, "POST", _JSON, body=body)
    for who, credentials in wrong_tokens(canary).items():
        yield Probe("archive, a new one", who, request.bearing(credentials))


def _uploads(canary: Canary) -> Iterator[Probe]:
    """An upload's id is the right to go on with it, but for somebody who is known to be somebody else."""
    mine, unknown = canary.upload.id, "0" * 32
    part = f"{contract.PART.path}?part=1&upload_id="
    tus = (("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream"))
    creation = (("Tus-Resumable", "1.0.0"), ("Upload-Length", "1"))
    for who, token in wrong_tokens(canary).items():
        for of, request in (
            ("upload, a part", Request(part + unknown, "POST", body=b"x")),
            ("upload, its beginning", Request("/v1/files/init", "POST", _JSON, body=b'{"filename": "x", "size": 1}')),
            ("upload, its end", _end_of(unknown)),
            ("tus, its beginning", Request(contract.TUS.path, "POST", creation)),
            ("tus, a piece", Request(contract.TUS.path + unknown, "PATCH", tus, body=b"x")),
            ("tus, how far it is", Request(contract.TUS.path + unknown, headers=creation[:1])),
        ):  # fmt: skip
            if who != "somebody else" or "beginning" not in of:  # a stranger may upload files of his own
                yield Probe(of, who, request.bearing(token))
    for of, request in (
        ("upload, its end", _end_of(mine)),
        ("upload, a part", Request(part + mine, "POST", body=b"x")),
        ("tus, a piece", Request(contract.TUS.path + mine, "PATCH", tus, body=b"x")),
        ("tus, how far it is", Request(contract.TUS.path + mine, headers=creation[:1])),
    ):  # fmt: skip
        yield Probe(of, "somebody else, of another's", request.bearing(canary.stranger.token))


def _end_of(upload: str) -> Request:
    return Request(contract.COMPLETE.path, "POST", _JSON, body=b'{"upload_id": "%s"}' % upload.encode())


def _pages_and_api(canary: Canary) -> Iterator[Probe]:
    film = canary.film.id
    for of, target, everybody in (
        ("page", "/library", True), ("page", f"/watch/{film}", False), ("page", "/upload", True),
        ("page", "/shares", True), ("page", "/account", True), ("API", "/api/media/library", True),
        ("API", f"/api/media/{film}", False),
        ("API", f"/api/media/stream/{film}", False), ("API", f"/v1/files/metadata/{canary.film.key}", False),
        ("API", "/api/sessions", True), ("events", f"{contract.EVENTS.path}?topics=media", True),
    ):  # fmt: skip
        request = Request(target, endless=of == "events")
        yield Probe(of, "its owner", request.bearing(canary.owner.token), GIVEN)
        for who, token in wrong_tokens(canary).items():
            if who != "somebody else" or not everybody:
                yield Probe(of, who, request.bearing(token), to_sign_in=of == "page")
    for target in ("/admin", "/admin/users", "/api/admin/users", "/api/admin/audit", "/api/admin/queue"):
        for who, token in ({"a viewer": canary.owner.token} | wrong_tokens(canary)).items():
            yield Probe("administration", who, Request(target).bearing(token), to_sign_in=True)


def _protected(canary: Canary, settings: Settings) -> Iterator[Probe]:
    """Nobody knows what is in there, but nothing of it says so to a stranger."""
    for directory in settings.protected:
        for name in ("", "index.html", "edge-verify", "%2e/", "..%2f"):
            for who, token in wrong_tokens(canary).items():
                if who != "somebody else":
                    right = frozenset({401}) if not name.startswith("..") else frozenset({400, 401, 404})
                    request = Request(directory.url + name).bearing(token)
                    yield Probe(f"protected: {directory.name}", f"{who}, {name or 'the directory'}", request, right)


def _static() -> Iterator[Probe]:
    yield Probe("static", "everybody", Request(f"{contract.STATIC.path}app.css"), GIVEN)
    for target in (
        "../pages/login.html",
        "..%2fbase.html",
        "%2e%2e/base.html",
        "../vendor.sh",
        "..%2fpackage.json",
        ".",
    ):
        yield Probe("static", "what lies beside it", Request(contract.STATIC.path + target), to_sign_in=True)
