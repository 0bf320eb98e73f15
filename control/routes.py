"""START HERE: every URL that control answers, one line each. What Nginx answers alone stands in nginx/contract.py."""

from __future__ import annotations

import falcon

from control.bootstrap import Services
from control.resources import access, auth, health, links, media, originals, sessions, stills, streams
from control.resources.pages import library as library_pages
from control.resources.pages import rendering, sign_in
from nginx import contract


def add(app: falcon.App, services: Services, render: rendering.Renderer) -> None:
    s, refresh_seconds = services, services.settings.session.refresh_days * 86400
    page_sessions = sign_in.PageSessions(s.sessions, refresh_seconds)
    still = stills.Still(s.library, s.sessions, s.media_keys, s.master, s.settings.paths.vault)

    # Pages
    app.add_route("/", sign_in.Home())
    app.add_route("/login", sign_in.Login(render, s.sessions, refresh_seconds))
    app.add_route("/logout", sign_in.Logout(s.sessions))
    app.add_route("/library", library_pages.Collection(render, page_sessions, s.library))
    app.add_route("/watch/{media_id:uuid}", library_pages.Watch(render, page_sessions, s.library))

    # API
    app.add_route("/api/auth/login", auth.Login(s.sessions, refresh_seconds))
    app.add_route("/api/auth/refresh", auth.Refresh(s.sessions, refresh_seconds))
    app.add_route("/api/auth/logout", auth.Logout(s.sessions))
    app.add_route("/api/auth/me", auth.Me(s.sessions))
    app.add_route("/api/sessions", sessions.Collection(s.sessions))
    app.add_route("/api/sessions/{session_id:uuid}", sessions.Item(s.sessions))
    app.add_route("/api/media/library", media.Collection(s.library, s.sessions))
    app.add_route("/api/media/{media_id:uuid}", media.Item(s.library, s.sessions))
    app.add_route("/api/media/{media_id:uuid}/original", originals.Original(s.library, s.sessions))
    app.add_route(
        "/api/media/stream/{media_id:uuid}",
        streams.Stream(s.library, s.sessions, s.grants, s.audit, s.settings.public_url),
    )
    for kind in contract.STILL_KINDS:
        app.add_route(f"{contract.STILLS.path}{kind}/{{media_id:uuid}}", still, suffix=kind)
    app.add_route("/api/links", links.Collection(s.library, s.sessions, s.links, s.audit))

    # Signed by HMAC, verified here
    app.add_route(contract.STREAM.path + "{stream_id}", streams.SignedStream(s.library, s.links))

    # Only for Nginx
    app.add_route(contract.AUTH.path, access.Access(s.library, s.sessions, s.settings.protected))
    app.add_route(
        contract.CONTENT_KEY.path + "{grant}/{media_id:uuid}/{rung}/{n:int}", access.ContentKey(s.grants, s.sessions)
    )

    # Health
    app.add_route("/healthz", health.Health(s.settings.paths.data))
    app.add_route("/readyz", health.Ready(s.database, s.redis))
