"""GET /api/media/{id}/neighbours: what comes before and after it, in a view of the library or where it is kept."""

from __future__ import annotations

from typing import Annotated

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.rights import DOWNLOAD
from control.domain.sessions import Principal
from control.errors import BadRequest
from control.resources.credentials import decision_id, principal_of
from control.resources.library import LibraryQuery
from control.resources.media import with_details
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import MediaNeighbours
from control.services.decisions import decide
from control.services.library import Library
from control.services.neighbours import Around, Neighbours

_OF_PAGES = {"page", "limit", "cursor"}  # they say where one looks, not at what


class NeighboursQuery(LibraryQuery):
    """A view of the library; without one, the media of the same kind on its album or in its folder."""

    limit: Annotated[int, Field(ge=1, le=100, description="Each way")] = 1


class Collection:
    def __init__(self, library: Library, neighbours: Neighbours):
        self._library, self._neighbours = library, neighbours

    @describe("Library", MediaNeighbours, query=NeighboursQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The viewable media before and after one, the nearest first, in the order of a view of the library."""
        principal, media, view = principal_of(req), self._library.find(str(media_id)), req.context.query
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        around = look_around(self._neighbours, principal, media, view, view.limit)
        resp.media = {
            "previous": [with_details(one, principal) for one in around.previous],
            "next": [with_details(one, principal) for one in around.next],
        }


def look_around(
    neighbours: Neighbours, principal: Principal, media: Media, view: LibraryQuery, limit: int
) -> Around:  # fmt: skip
    """Around `media` in this view, if it is one."""
    chosen = view.model_fields_set - _OF_PAGES
    return neighbours.around(principal, media, view.filters(principal), limit, beside=not chosen)


def view_of(media: Media, address: str) -> LibraryQuery:
    """The view that a page's address carries (`in=`, the library's own query): of this kind of media alone.

    What is no view of the library any more is none.
    """
    try:
        view = LibraryQuery.of_text(address)
    except BadRequest:
        return LibraryQuery()
    return view.model_copy(update={"type": media.kind}) if address else view
