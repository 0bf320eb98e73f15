"""What a signature opens: films, keys and links. Each with the right one, and with every wrong one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from control.bootstrap import Services
from control.cli.probes import GIVEN, Probe, Request
from control.cli.probes.canary import RUNG, Canary
from nginx import contract

_LATER, _BEFORE = 600, -600  # seconds
_STRANGE_GRANT = "0" * 32
_STRANGE_NETWORK = "192.0.2.0/24"


def probes(canary: Canary, services: Services) -> Iterator[Probe]:
    yield from _films(canary, services)
    yield from _keys(canary, services)
    yield from _downloads(canary, services)
    yield from _queries(canary, services)


def _films(canary: Canary, services: Services) -> Iterator[Probe]:
    """Nginx alone decides by the prefix: no cookie opens or closes anything here."""
    prefix = _opened(canary, services)
    files = {
        "master playlist": contract.MASTER_PLAYLIST,
        "playlist": f"{RUNG}/{contract.PLAYLIST}",
        "segment": f"{RUNG}/{contract.segment_name(0)}",
    }
    for of, name in files.items():
        yield Probe(of, "the right signature", Request(f"{prefix}/{name}"), GIVEN, canary.text)
        for who, wrong in _wrong_prefixes(canary, services, prefix):
            yield Probe(of, who, Request(f"{wrong}/{name}"))
            yield Probe(of, f"{who}, the owner's sign-in", Request(f"{wrong}/{name}").bearing(canary.owner.token))
        for who, target in (
            ("a query", f"{prefix}/{name}?x=1"), ("%0a", f"{prefix}/{name}%0a"),
            ("no signature", f"{contract.HLS.path}{name}"),
            ("up to a sibling", f"{prefix}/../{canary.photo.id}/{name}"),
            ("up to a sibling by %2f", f"{prefix}/..%2f{canary.photo.id}%2f{name}"),
        ):  # fmt: skip
            yield Probe(of, who, Request(target))
    for name in (
        contract.MANIFEST,
        contract.IMAGE,
        contract.still_name("thumbnail"),
        f"{RUNG}/",
        "",
        f"../{contract.IMAGE}",
    ):
        yield Probe("vault", f"a right signature for {name or 'the directory'}", Request(f"{prefix}/{name}"))


def _keys(canary: Canary, services: Services) -> Iterator[Probe]:
    prefix = _opened(canary, services)
    name = f"{RUNG}/key/0"
    request = Request(f"{prefix}/{name}")
    yield Probe("key", "its owner", request.bearing(canary.owner.token), GIVEN, canary.key)
    yield from _refused("key", request, canary)
    for who, wrong in _wrong_prefixes(canary, services, prefix):
        yield Probe("key", f"{who}, the owner's sign-in", Request(f"{wrong}/{name}").bearing(canary.owner.token))


def _opened(canary: Canary, services: Services) -> str:
    return services.grants.open(canary.owner.principal, canary.film, portable=False).prefix


def _wrong_prefixes(canary: Canary, services: Services, prefix: str) -> Iterator[tuple[str, str]]:
    """(what is wrong, a signed prefix for the film with that)"""
    _, _, kid, mac, expires, grant, media = prefix.split("/")
    secret, sibling = services.link_keys.keys[kid], canary.photo.id
    for who, parts in {
        "another signature": (kid, altered(mac), expires, grant, media),
        "a later expiry": (kid, mac, f"{int(expires) + 1:010d}", grant, media),
        "another grant": (kid, mac, expires, _STRANGE_GRANT, media),
        "a key that nobody has": ("zz", mac, expires, grant, media),
        "the signature of a sibling": (
            kid, contract.hls_prefix(kid, secret, int(expires), grant, sibling).split("/")[3], expires, grant, media,
        ),
        "an empty secret": (
            kid, contract.hls_prefix(kid, "", int(expires), grant, media).split("/")[3], expires, grant, media,
        ),
    }.items():  # fmt: skip
        yield who, contract.HLS.path + "/".join(parts)
    yield "an expired signature", contract.hls_prefix(kid, secret, now(_BEFORE), grant, media)


def _downloads(canary: Canary, services: Services) -> Iterator[Probe]:
    kid = services.link_keys.current
    secret = services.link_keys.keys[kid]
    for of, media in (("/d, an upload", canary.film), ("/d, an original", canary.photo)):
        root, path = contract.original_root(media.id, media.mount, media.path, media.stored)
        sibling = canary.photo if media is canary.film else canary.film
        other_root, other = contract.original_root(sibling.id, sibling.mount, sibling.path, sibling.stored)
        good = contract.download_url(kid, secret, now(_LATER), root, path)
        head, mac, tail = _split(good)
        stolen = _split(contract.download_url(kid, secret, now(_LATER), other_root, other))[1]
        yield Probe(of, "the right signature", Request(good), GIVEN, canary.text)
        for who, target in (
            ("another signature", f"{head}{altered(mac)}{tail}"),
            ("the signature of a sibling", f"{head}{stolen}{tail}"),
            ("an expired signature", contract.download_url(kid, secret, now(_BEFORE), root, path)),
            ("an empty secret", contract.download_url(kid, "", now(_LATER), root, path)),
            ("a key that nobody has", contract.download_url("zz", secret, now(_LATER), root, path)),
            ("a link of another network",
             contract.bound_download_url(kid, secret, now(_LATER), root, path, _STRANGE_NETWORK)),
            ("a query", good + "?x=1"),
            ("no signature", f"{contract.DOWNLOAD.path}{root}/{path}"),
            ("the directory", contract.download_url(kid, secret, now(_LATER), root, path.rpartition("/")[0] + "/")),
        ):  # fmt: skip
            yield Probe(of, who, Request(target))
            yield Probe(of, f"{who}, the owner's sign-in", Request(target).bearing(canary.owner.token))


def _queries(canary: Canary, services: Services) -> Iterator[Probe]:
    """/stream and /get: control verifies these."""
    for of, form, expiry in (
        ("/stream", "stream", contract.EXPIRES_PARAM), ("/get", "get", contract.GET_EXPIRES_PARAM),
    ):  # fmt: skip
        good, other, elsewhere = (
            _local(services.links.mint(media, form, _LATER, "admin", network).url)
            for media, network in ((canary.film, None), (canary.photo, None), (canary.film, "192.0.2.1"))
        )
        path, query = good.split("?")
        signature = _value(query, contract.SIGNATURE_PARAM.name)
        expires = _value(query, expiry.name)
        yield Probe(of, "the right signature", Request(good), GIVEN, canary.text)
        for who, target in (
            ("another signature", good.replace(signature, altered(signature))),
            ("the signature of a sibling", f"{path}?{other.split('?')[1]}"),
            ("a later expiry", good.replace(expires, str(int(expires) + 1))),
            ("an expired signature", good.replace(expires, str(now(_BEFORE)))),
            ("a link of another network", elsewhere),
            ("no signature", path),
            ("an empty signature", f"{path}?{expiry.name}={expires}&{contract.SIGNATURE_PARAM.name}="),
        ):
            yield Probe(of, who, Request(target))
            yield Probe(of, f"{who}, the owner's sign-in", Request(target).bearing(canary.owner.token))


def _refused(of: str, request: Request, canary: Canary) -> Iterator[Probe]:
    """Everybody but its owner."""
    for who, token in wrong_tokens(canary).items():
        yield Probe(of, who, request.bearing(token))


def wrong_tokens(canary: Canary) -> dict[str, str]:
    """Who asks -> with what."""
    owner = canary.owner
    return {
        "nobody": "", "a damaged sign-in": altered(owner.token), "an expired sign-in": owner.expired,
        "a sign-in that was ended": owner.ended, "somebody else": canary.stranger.token,
    }  # fmt: skip


def altered(text: str) -> str:
    """As long, with another first half: a last character may hold bits that nobody looks at."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


def now(later: int) -> int:
    return int(time.time()) + later


def _split(url: str) -> tuple[str, str, str]:
    """(before the signature, the signature, after it) of an unbound /d/ link."""
    _, place, kid, mac, rest = url.split("/", 4)
    return f"/{place}/{kid}/", mac, "/" + rest


def _local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _value(query: str, name: str) -> str:
    return dict(part.split("=", 1) for part in query.split("&"))[name]
