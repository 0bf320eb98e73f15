"""START HERE: every URL that control answers, one line each, with the right that it needs (domain/rights.py).

What Nginx answers alone stands in nginx/contract.py. A responder without a right stops the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import falcon

from control.bootstrap import Services
from control.domain.rights import (
    BROWSE,
    CHANGE_ACCOUNT,
    CHANGE_MEDIA,
    CONTINUE,
    DELETE_MEDIA,
    DOWNLOAD,
    END_ANY_SESSION,
    END_ANY_SHARE,
    INTERNAL,
    LINK,
    MANAGE_KEYS,
    MANAGE_MOUNTS,
    MANAGE_QUEUE,
    MANAGE_USERS,
    OPEN,
    SCRAPE,
    SEE_ACCOUNT,
    SEE_AUDIT,
    SEE_HEALTH,
    SEE_HEAT,
    SEE_HISTORY,
    SEE_INSIGHT,
    SHARE,
    SIGNED,
    UPLOAD,
    USE_TRASH,
    VIEW,
    VISIT,
    Right,
)  # fmt: skip
from control.resources import (
    access,
    archives,
    audit,
    auth,
    batches,
    edge_logs,
    events,
    files,
    health,
    history,
    insight,
    leases,
    library,
    links,
    media,
    metrics,
    neighbours,
    originals,
    positions,
    quarantine,
    queue,
    service_tokens,
    sessions,
    shares,
    stills,
    storyboards,
    streams,
    trash,
    tus,
    uploads,
    users,
    visits,
)  # fmt: skip
from control.resources.openapi import Description, document
from control.resources.pages import account, docs, own_shares, rendering, sign_in, upload
from control.resources.pages import history as history_pages
from control.resources.pages import insight as insight_pages
from control.resources.pages import library as library_pages
from control.resources.pages import shares as share_pages
from control.resources.pages import trash as trash_pages
from control.resources.pages.admin import audit as audit_page
from control.resources.pages.admin import keys as key_pages
from control.resources.pages.admin import mounts as mount_pages
from control.resources.pages.admin import overview, server
from control.resources.pages.admin import quarantine as quarantine_page
from control.resources.pages.admin import queue as queue_page
from control.resources.pages.admin import sessions as session_pages
from control.resources.pages.admin import shares as everybodys_shares
from control.resources.pages.admin import users as user_pages
from control.resources.pages.admin.desk import Desk
from nginx import contract


@dataclass(frozen=True)
class Route:
    path: str
    resource: Any
    rights: dict[str, Right]  # by method
    suffix: str | None = None
    page: bool = False  # a person's browser navigates here


def route(path: str, resource: Any, suffix: str | None = None, page: bool = False, **rights: Right) -> Route:
    return Route(path, resource, rights, suffix, page)


def all_routes(s: Services, render: rendering.Renderer) -> Iterator[Route]:
    refresh = s.settings.session.refresh_days * 86400
    own_password = auth.OwnPassword(s.users, s.sessions, refresh)
    devices = s.settings.session.max_devices
    still = stills.Still(s.library, s.media_keys, s.master, s.objects)
    mine = account.Account(render, s.users, s.sessions, s.service_tokens, s.passwords, s.audit, own_password, devices)

    # Pages
    yield route("/", sign_in.Home(), page=True, GET=OPEN)
    yield route("/login", sign_in.Login(render, s.sign_ins, s.identity, refresh), page=True, GET=OPEN, POST=OPEN)
    yield route("/logout", sign_in.Logout(s.sessions, s.identity), page=True, POST=OPEN)
    shelves = library_pages.Collection(render, s.library, s.positions, s.insight)
    yield route("/library", shelves, page=True, GET=BROWSE)
    watch = library_pages.Watch(render, s.library, s.neighbours, s.positions)
    yield route("/watch/{media_id:uuid}", watch, page=True, GET=DOWNLOAD)
    yield route("/upload", upload.Upload(render, s.uploads), page=True, GET=UPLOAD)
    yield route("/shares", own_shares.OwnShares(render, s.shares), page=True, GET=SHARE)
    yield route("/trash", trash_pages.Contents(render, s.trash), page=True, GET=USE_TRASH)
    yield route("/analytics", insight_pages.Overview(render, s.insight), page=True, GET=SEE_INSIGHT)
    one = insight_pages.Item(render, s.insight, s.library)
    yield route("/analytics/media/{media_id:uuid}", one, page=True, GET=SEE_HEAT)
    own = history_pages.OwnHistory(render, s.history)
    yield route("/history", own, page=True, GET=SEE_HISTORY)
    yield route("/history/clear", own, "clear", page=True, POST=SEE_HISTORY)
    yield route("/account", mine, page=True, GET=CHANGE_ACCOUNT)
    yield route("/account/password", mine, "password", page=True, POST=CHANGE_ACCOUNT)
    yield route("/account/devices/end", mine, "end", page=True, POST=CHANGE_ACCOUNT)
    yield route("/account/devices/end-others", mine, "end_others", page=True, POST=CHANGE_ACCOUNT)
    yield route("/account/tokens", mine, "tokens", page=True, POST=CHANGE_ACCOUNT)
    yield route("/account/tokens/revoke", mine, "revoke", page=True, POST=CHANGE_ACCOUNT)

    # Pages: administration
    yield from admin_pages(s, Desk(render, s.quarantine, s.mounts))

    # API: account
    yield route("/api/auth/login", auth.Login(s.sign_ins, refresh), POST=OPEN)
    yield route("/api/auth/refresh", auth.Refresh(s.sessions, refresh), POST=OPEN)
    yield route("/api/auth/logout", auth.Logout(s.sessions, s.identity), POST=OPEN)
    yield route("/api/auth/me", auth.Me(), GET=SEE_ACCOUNT)
    yield route("/api/auth/password", own_password, POST=CHANGE_ACCOUNT)
    yield route("/api/sessions", sessions.Collection(s.sessions, devices), GET=CHANGE_ACCOUNT, DELETE=CHANGE_ACCOUNT)
    yield route("/api/sessions/{session_id:uuid}", sessions.Item(s.sessions), DELETE=CHANGE_ACCOUNT)
    yield route("/api/tokens", service_tokens.Collection(s.service_tokens), GET=CHANGE_ACCOUNT, POST=CHANGE_ACCOUNT)
    yield route("/api/tokens/{token_id:uuid}", service_tokens.Item(s.service_tokens), DELETE=CHANGE_ACCOUNT)

    # API: live events
    yield route(contract.EVENTS.path, events.Stream(s.event_hub), GET=BROWSE)

    # API: who watches now
    watched = leases.Item(s.leases, s.sessions)
    yield route("/api/streams", leases.Collection(s.leases), GET=CHANGE_ACCOUNT)
    yield route("/api/streams/{stream_id:uuid}/end", watched, "end", POST=CHANGE_ACCOUNT)
    yield route("/api/streams/{stream_id:uuid}/take-over", watched, "take_over", POST=CHANGE_ACCOUNT)

    # API: media
    item = media.Item(s.library, s.users, s.trash)
    stream = streams.Stream(s.library, s.grants, s.mounts, s.audit, s.settings.public_url)
    yield route("/api/media/library", library.Collection(s.library, s.insight), GET=BROWSE)
    yield route("/api/media/at", media.AtPath(s.library, s.mounts), GET=DOWNLOAD)
    yield route("/api/media/{media_id:uuid}", item, GET=DOWNLOAD, PATCH=CHANGE_MEDIA, DELETE=DELETE_MEDIA)
    beside = neighbours.Collection(s.library, s.neighbours)
    yield route("/api/media/{media_id:uuid}/neighbours", beside, GET=DOWNLOAD)
    yield route("/api/media/{media_id:uuid}/original", originals.Original(s.library, s.mounts), GET=DOWNLOAD)
    yield route("/api/media/stream/{media_id:uuid}", stream, GET=VIEW)
    yield route("/api/media/{media_id:uuid}/storyboard", storyboards.Storyboard(s.library), GET=DOWNLOAD)
    place = positions.Item(s.library, s.positions)
    yield route("/api/media/{media_id:uuid}/position", place, GET=VIEW, PUT=VIEW, DELETE=VIEW)
    yield route("/api/media/continue", positions.Begun(s.positions), GET=BROWSE)
    for kind in contract.STILL_KINDS:
        yield route(f"{contract.STILLS.path}{kind}/{{media_id:uuid}}", still, kind, GET=DOWNLOAD)
    yield route("/api/media/batch", batches.Collection(s.batches), POST=DELETE_MEDIA)  # and each by its own right
    trashed = trash.Item(s.trash, s.library, still)
    yield route("/api/media/{media_id:uuid}/restore", trashed, "restore", POST=USE_TRASH)
    yield route("/api/trash", trash.Collection(s.trash), GET=USE_TRASH, DELETE=USE_TRASH)
    yield route("/api/trash/{media_id:uuid}", trashed, DELETE=USE_TRASH)
    yield route("/api/trash/{media_id:uuid}/picture", trashed, "picture", GET=USE_TRASH)
    link = links.Collection(s.library, s.links, s.audit)
    yield route("/api/links", link, POST=LINK)
    yield route("/v1/files/signed-url", link, "signed_url", GET=LINK)

    # ZIP files of several media
    yield route(contract.BATCH.path, archives.Collection(s.archives), POST=DOWNLOAD)
    yield route(contract.BATCH.path + "/{token}", archives.Item(s.archives, s.archive_parts, s.visits), GET=SIGNED)

    # API: shares
    qr = shares.Code(s.shares)
    yield route("/api/shares", shares.Collection(s.shares), GET=SHARE, POST=SHARE)
    yield route("/api/shares/{share_id:uuid}", shares.Item(s.shares), GET=SHARE, PATCH=SHARE, DELETE=SHARE)
    yield route("/api/shares/{share_id:uuid}/qr.svg", qr, "svg", GET=SHARE)
    yield route("/api/shares/{share_id:uuid}/qr.png", qr, "png", GET=SHARE)

    # Visitors of shares: the code in the path, and the cookie of the visit
    share, of_share = contract.SHARES.path + "{code}", "/{media_id:uuid}"
    door = visits.Door(s.visits, s.library, s.request_limits)
    shown, pictures = share_pages.Watch(render, door), visits.Pictures(door, still)
    yield route(share, share_pages.Landing(render, door, s.shares, s.visits), page=True, GET=VISIT, POST=VISIT)
    yield route(f"{share}/watch{of_share}", shown, page=True, GET=VISIT)
    yield route(f"{share}/embed{of_share}", shown, "embed", page=True, GET=VISIT)
    yield route(f"{share}/file{of_share}", visits.File(door, s.visits, s.mounts), GET=VISIT)
    yield route(f"{share}/stream{of_share}", visits.Stream(door, s.visits, s.grants, s.mounts, s.audit), GET=VISIT)
    yield route(f"{share}/zip", visits.Zip(door, s.shares, s.archives), GET=VISIT)
    yield route(f"{share}/upload", visits.Upload(door, s.drop_boxes, s.uploads.part_bytes), POST=VISIT)
    for kind in (*contract.STILL_KINDS, "frames"):
        yield route(f"{share}/{kind}{of_share}", pictures, kind, GET=VISIT)

    # API: uploads (Nginx spools the bodies, see nginx/templates/locations/uploads.conf.j2)
    yield route("/v1/files/init", uploads.Init(s.uploads), POST=UPLOAD)
    yield route(contract.PART.path, uploads.Part(s.uploads, s.identity), POST=CONTINUE)
    yield route(contract.COMPLETE.path, uploads.Complete(s.uploads, s.identity), POST=CONTINUE)
    sending = uploads.Item(s.uploads, s.identity)
    yield route("/v1/files/upload/{upload_id}", sending, GET=CONTINUE, DELETE=CONTINUE)
    yield route("/v1/files/uploads", uploads.Collection(s.uploads), GET=UPLOAD)
    yield route("/v1/files/quota", uploads.Quota(s.uploads), GET=UPLOAD)
    yield route("/v1/files/metadata/{key:path}", files.Metadata(s.files), GET=DOWNLOAD)
    yield route("/v1/files/{key:path}", files.Item(s.files), DELETE=DELETE_MEDIA)
    resumable = tus.Item(s.uploads, s.identity)
    yield route(contract.TUS.path, tus.Collection(s.uploads, s.identity), OPTIONS=OPEN, POST=UPLOAD)
    yield route(
        contract.TUS.path + "{upload_id}", resumable, OPTIONS=OPEN, GET=CONTINUE, PATCH=CONTINUE, DELETE=CONTINUE
    )  # fmt: skip

    # API: administration
    yield route("/api/admin/audit", audit.Collection(s.audit), GET=SEE_AUDIT)
    yield route("/api/admin/audit/{decision}", audit.Item(s.explain), GET=SEE_AUDIT)
    people, person = users.Collection(s.users), users.Item(s.users)
    yield route("/api/admin/users", people, GET=MANAGE_USERS, POST=MANAGE_USERS)
    one_user = "/api/admin/users/{user_id:uuid}"
    yield route(one_user, person, GET=MANAGE_USERS, PATCH=MANAGE_USERS, DELETE=MANAGE_USERS)
    yield route(f"{one_user}/password", person, "password", POST=MANAGE_USERS)
    everybodys = sessions.Everybodys(s.sessions)
    yield route("/api/admin/sessions", everybodys, GET=END_ANY_SESSION, DELETE=END_ANY_SESSION)
    yield route("/api/admin/sessions/{session_id:uuid}", sessions.Item(s.sessions), DELETE=END_ANY_SESSION)
    refused = quarantine.Original(s.quarantine)
    yield route("/api/admin/quarantine/{media_id:uuid}/original", refused, GET=MANAGE_QUEUE)
    watched_by_all = leases.Administration(s.leases)
    yield route("/api/admin/streams", watched_by_all, GET=SEE_AUDIT)
    yield route("/api/admin/streams/{stream_id:uuid}/end", watched_by_all, "end", POST=END_ANY_SESSION)
    jobs = queue.Item(s.queue)
    yield route("/api/admin/queue", queue.Collection(s.queue), GET=MANAGE_QUEUE)
    yield route("/api/admin/queue/{media_id:uuid}/retry", jobs, "retry", POST=MANAGE_QUEUE)
    yield route("/api/admin/queue/{media_id:uuid}/first", jobs, "first", POST=MANAGE_QUEUE)
    yield route("/api/admin/queue/{media_id:uuid}/cancel", jobs, "cancel", POST=MANAGE_QUEUE)

    # API: insight, and one's own history
    seen = insight.Analytics(s.insight, s.library)
    yield route("/api/analytics/popular", seen, "popular", GET=SEE_INSIGHT)
    yield route("/api/analytics/users/engagement", seen, "engagement", GET=SEE_INSIGHT)
    yield route("/api/analytics/heatmap", seen, "heatmap", GET=SEE_HEAT)
    yield route("/api/analytics/storage/summary", seen, "storage", GET=SEE_INSIGHT)
    yield route("/api/analytics/search-insights", seen, "searches", GET=SEE_INSIGHT)
    yield route("/api/analytics/deliveries", seen, "deliveries", GET=SEE_INSIGHT)
    yield route("/api/analytics/errors", seen, "errors", GET=SEE_INSIGHT)
    yield route("/api/history", history.Collection(s.history), GET=SEE_HISTORY, DELETE=SEE_HISTORY)
    yield route("/api/history/{media_id:uuid}", history.Item(s.history), DELETE=SEE_HISTORY)

    # Signed by HMAC, verified here
    yield route(contract.STREAM.path + "{stream_id}", streams.SignedStream(s.library, s.links, s.mounts), GET=SIGNED)
    yield route(contract.GET.path + "{encoded_key}", links.SignedFile(s.library, s.links, s.mounts), GET=SIGNED)

    # Only for Nginx
    gate = access.Access(s.library, s.identity, s.visits, s.audit, s.uploads, s.settings.protected, s.counts)
    keys = access.ContentKey(s.grants, s.identity, s.visits)
    yield route(contract.AUTH.path, gate, GET=INTERNAL)
    stored = access.StoredObject(s.objects)
    yield route(contract.OBJECT.path + "{media_id:uuid}/{name:path}", stored, GET=INTERNAL)
    yield route(contract.CONTENT_KEY.path + "{grant}/{media_id:uuid}/{rung}/{n:int}", keys, GET=INTERNAL)

    yield route(contract.PARTS.path + "{archive_id:uuid}", archives.Parts(s.archives, s.archive_parts), GET=INTERNAL)
    pieces = edge_logs.Piece(s.edge_logs)
    yield route(contract.EDGE_LOGS.path + "{edge}/{piece}", pieces, PUT=INTERNAL)

    # Health
    yield route("/healthz", health.Health(s.settings.paths.data), GET=OPEN)
    yield route("/readyz", health.Ready(s.database, s.redis, s.health), GET=OPEN)
    yield route(contract.METRICS.path, metrics.Exposition(s.metrics), GET=SCRAPE)


def admin_pages(s: Services, desk: Desk) -> Iterator[Route]:
    people = user_pages.People(desk, s.users, s.uploads, s.passwords)
    person = user_pages.Person(desk, s.users, s.sessions, s.uploads, s.passwords, s.settings.limits.streams)
    devices, jobs = session_pages.Devices(desk, s.sessions), queue_page.Jobs(desk, s.queue, s.health)
    refused = quarantine_page.Refusals(desk, s.quarantine, s.queue)
    places = mount_pages.Places(desk, s.mounts, s.settings.mounts)
    shared, masters = everybodys_shares.Everybodys(desk, s.shares), key_pages.MasterKeys(desk, s.keys)
    signing = key_pages.Links(desk, s.keys, s.audit, s.library)

    yield route("/admin", overview.Overview(desk, s.health, s.queue, s.usage, s.sessions), page=True, GET=SEE_HEALTH)
    yield route("/admin/users", people, page=True, GET=MANAGE_USERS, POST=MANAGE_USERS)
    yield route("/admin/users/{user_id:uuid}", person, page=True, GET=MANAGE_USERS)
    for act in user_pages.ACTS:
        yield route(f"/admin/users/{{user_id:uuid}}/{act}", person, act.replace("-", "_"), page=True, POST=MANAGE_USERS)
    yield route("/admin/sessions", devices, page=True, GET=END_ANY_SESSION)
    yield route("/admin/sessions/end", devices, "end", page=True, POST=END_ANY_SESSION)
    yield route("/admin/shares", shared, page=True, GET=END_ANY_SHARE)
    yield route("/admin/shares/revoke", shared, "revoke", page=True, POST=END_ANY_SHARE)
    yield route("/admin/queue", jobs, page=True, GET=MANAGE_QUEUE)
    for act in ("first", "retry", "cancel"):
        yield route(f"/admin/queue/{act}", jobs, act, page=True, POST=MANAGE_QUEUE)
    yield route("/admin/quarantine", refused, page=True, GET=MANAGE_QUEUE)
    yield route("/admin/quarantine/retry", refused, "retry", page=True, POST=MANAGE_QUEUE)
    yield route("/admin/quarantine/remove", refused, "remove", page=True, POST=MANAGE_QUEUE)
    yield route("/admin/mounts", places, page=True, GET=SEE_HEALTH)
    yield route("/admin/mounts/confirm", places, "confirm", page=True, POST=MANAGE_MOUNTS)
    yield route("/admin/links", signing, page=True, GET=MANAGE_KEYS)
    yield route("/admin/links/rotate", signing, "rotate", page=True, POST=MANAGE_KEYS)
    yield route("/admin/keys", masters, page=True, GET=MANAGE_KEYS)
    yield route("/admin/keys/rotate", masters, "rotate", page=True, POST=MANAGE_KEYS)
    yield route("/admin/audit", audit_page.Trail(desk, s.audit, s.explain, s.library), page=True, GET=SEE_AUDIT)
    room = server.Storage(desk, s.usage, s.settings.processing.free_bytes)
    yield route("/admin/storage", room, page=True, GET=SEE_HEALTH)
    yield route("/admin/health", server.Wellbeing(desk, s.health), page=True, GET=SEE_HEALTH)


def description_routes(s: Services, render: rendering.Renderer, described: dict) -> Iterator[Route]:
    """What shows all the others."""
    yield route("/openapi.json", Description(described), GET=OPEN)
    yield route("/docs", docs.Docs(render, s.identity, described, s.settings.public_url), page=True, GET=OPEN)


def add(app: falcon.App, services: Services, render: rendering.Renderer) -> list[Route]:
    """Add every route to `app` and return them. Raises ValueError for a responder without a right."""
    found = list(all_routes(services, render))
    _add(app, found)
    described = document(app, rights(found))
    more = list(description_routes(services, render, described))
    _add(app, more)
    return found + more


def rights(routes: list[Route]) -> dict[tuple[str, str], Right]:
    return {(one.path, method): right for one in routes for method, right in one.rights.items()}


def _add(app: falcon.App, routes: list[Route]) -> None:
    for one in routes:
        app.add_route(one.path, one.resource, suffix=one.suffix)
        responders = {method for method in falcon.HTTP_METHODS if _responder(one, method)}
        if responders != set(one.rights):
            raise ValueError(f"{one.path} answers {sorted(responders)} but has rights for {sorted(one.rights)}")


def _responder(one: Route, method: str) -> Any:
    return getattr(one.resource, "_".join(filter(None, ["on", method.lower(), one.suffix])), None)
