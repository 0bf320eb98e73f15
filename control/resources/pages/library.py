"""/library and /watch/{id}."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import falcon

from control.domain.folders import trail
from control.domain.media import Media
from control.domain.rights import CHANGE_MEDIA, DELETE_MEDIA, DOWNLOAD, SEE_HEAT
from control.domain.sessions import Principal
from control.resources import cookies
from control.resources.credentials import decision_id, principal_of
from control.resources.library import LibraryQuery, note_search, pagination
from control.resources.media import as_json, with_details
from control.resources.neighbours import look_around, view_of
from control.resources.outcome import required
from control.resources.pages.periods import period
from control.resources.pages.rendering import Renderer
from control.resources.positions import begun_json
from control.services.decisions import decide
from control.services.insight import Insight
from control.services.library import FURTHEST, Library, Page
from control.services.neighbours import Around, Neighbours
from control.services.positions import Positions
from control.storage.sql.library_filters import Filters

_BEGUN, _FOLLOWING = 12, 12  # of "Continue watching", of "Up next"
_NARROWING = ("from", "to", "min_size", "max_size", "min_duration", "max_duration", "tag", "source", "uploader")
VIEWS = ("grid", "list")


class Collection:
    """`part=results` answers what changes while somebody types or scrolls, without the page around it, and 304 to
    whoever shows its `data-stamp` (If-None-Match, RFC 9110 13.1.2) and would get the same again."""

    def __init__(self, render: Renderer, library: Library, positions: Positions, insight: Insight):
        self._render, self._library, self._positions, self._insight = render, library, positions, insight

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = principal_of(req), LibraryQuery.of(req)
        shown = _shown(req, wanted) | {"view": _view(req, resp)}
        shown["browse"] = "tags" if req.get_param("browse") == "tags" else ""
        context = self._results(principal, wanted, shown)
        note_search(self._insight, req, wanted, context["pagination"]["total"])
        if req.get_param("part") == "results":
            if req.get_header("If-None-Match") == f'"{context["stamp"]}"':
                resp.status = falcon.HTTP_304
                return
            self._render.page(req, resp, "partials/results", principal, **context)
            return
        tags, _ = self._library.tags(principal, Filters())
        start = context["first"] and not context["narrowed"] and not (wanted.folder or shown["browse"])
        begun = self._positions.begun(principal, Filters(), _BEGUN) if start else []
        known = {"known_tags": [tag for tag, _ in tags], "uploaders": self._library.uploaders(principal)}
        self._render.page(req, resp, "library", principal, begun=begun_json(begun), **context, **known)

    def _results(self, principal: Principal, wanted: LibraryQuery, shown: dict[str, str]) -> dict:
        narrowed = any(shown[name] for name in ("query", *_NARROWING)) or wanted.type != "all"
        filters = wanted.filters(principal, directly=not narrowed)
        page = self._library.page(principal, filters, wanted.page, wanted.limit, wanted.after)
        first = wanted.page == 1 and not wanted.cursor
        tags, at_least = self._library.tags(principal, filters) if shown["browse"] or wanted.tag else ([], False)
        context = {
            "items": self._items(principal, page, _divided(wanted, shown)),
            "pagination": pagination(page, wanted), "filters": shown, "first": first,
            "by_cursor": bool(wanted.cursor) or wanted.page * wanted.limit >= FURTHEST, "narrowed": narrowed,
            "tags": tags, "tags_at_least": at_least, "trail": trail(wanted.place or ""),
            "folders": self._library.folders(principal, filters) if filters.directly and first else [],
        }  # fmt: skip
        return context | {"stamp": _stamp(context)}

    def _items(self, principal: Principal, page: Page, divided: str) -> list[dict]:
        """As the API has them, with whose they are, what they stand under and how far one is with them."""
        now = datetime.now().astimezone()
        names = self._library.names_of(principal, page.items)
        watched = self._positions.of(principal, [media.id for media in page.items])
        return [
            as_json(media) | {
                "owner": names.get(media.owner_id, ""), "position": watched.get(media.id),
                "period": period(media.created_at, now, divided == "day") if divided else "",
            }
            for media in page.items
        ]  # fmt: skip


def _stamp(context: dict) -> str:
    """Of what the results are made of."""
    return hashlib.sha256(json.dumps(context, default=str).encode()).hexdigest()[:22]


def _divided(wanted: LibraryQuery, shown: dict[str, str]) -> str:
    """By what a list is divided: photos by day, whatever else is in the order of time by ever longer spans."""
    if wanted.sorted_by != "created_at" or shown["view"] == "list":
        return ""
    return "day" if wanted.type == "image" else "span"


def _shown(req: falcon.Request, wanted: LibraryQuery) -> dict[str, str]:
    """What the address says, as its form shows it."""
    return {name: req.get_param(name) or "" for name in _NARROWING} | {
        "type": wanted.type, "query": wanted.words, "sort": wanted.sorted_by, "folder": wanted.folder,
        "order": "desc" if wanted.descending else "asc",
    }  # fmt: skip


def _view(req: falcon.Request, resp: falcon.Response) -> str:
    """As the address says, else as it was chosen in this browser."""
    wanted = req.get_param("view")
    if wanted in VIEWS:
        cookies.set_view(resp, wanted)
        return wanted
    return "list" if cookies.view(req) == "list" else "grid"


class Watch:
    def __init__(self, render: Renderer, library: Library, neighbours: Neighbours, positions: Positions):
        self._render, self._library, self._neighbours, self._positions = render, library, neighbours, positions

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        carried = req.get_param("in") or ""  # the library's query, where somebody came from there
        around = self._around(principal, media, carried)
        change = decide(principal, CHANGE_MEDIA, media, decision_id(req))
        delete = decide(principal, DELETE_MEDIA, media, decision_id(req))
        heat = decide(principal, SEE_HEAT, media, decision_id(req))
        self._render.page(
            req, resp, "watch", principal, media=with_details(media, principal),
            previous_media=_first(around.previous), next_media=_first(around.next), carried=carried,
            up_next=[as_json(one) for one in around.next], may_change=change.allowed,
            may_see_heat=heat.allowed,
            may_delete=delete.allowed and media.mount is None,
            position=self._positions.of(principal, [media.id]).get(media.id),
        )  # fmt: skip

    def _around(self, principal: Principal, media: Media, carried: str) -> Around:
        """A film is followed by what lies in its folder, anything else by what stands in the view it was found in."""
        if media.kind == "video":
            return self._neighbours.around(principal, media, Filters(), _FOLLOWING, beside=True)
        return look_around(self._neighbours, principal, media, view_of(media, carried), 1)


def _first(found: list[Media]) -> dict | None:
    return as_json(found[0]) if found else None
