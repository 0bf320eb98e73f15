"""GET /api/media/library: what one may see of the library, searched, filtered, sorted, page by page."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Literal

import falcon
from pydantic import ConfigDict, Field, ValidationError

from control.domain.sessions import Principal
from control.errors import BadRequest
from control.resources.credentials import principal_of
from control.resources.media import as_json
from control.resources.openapi import describe
from control.resources.shapes import MediaPage, Moment, Shape
from control.services.insight import Insight
from control.services.library import LARGEST_PAGE, Library, Page
from control.storage.sql.library import Position
from control.storage.sql.library_filters import ORDERS, Filters

DEFAULT_LIMIT = 40  # so that the page's first load stays below 150 KB
_LARGEST_SIZE = 1 << 60

Bytes = Annotated[int, Field(ge=0, le=_LARGEST_SIZE)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Words = Annotated[str, Field(max_length=200)]
Folder = Annotated[str, Field(max_length=4000)]


class LibraryQuery(Shape):
    """What the library page and its API understand; anything else in the query is ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    type: Literal["all", "video", "audio", "image", "document"] = "all"
    query: Words = Field("", description="Words of its name, folder, tags, title, artist, album; typos are forgiven")
    since: Moment | None = Field(None, alias="from", description="Came into the library then or later")
    until: Moment | None = Field(None, alias="to", description="Came before")
    min_size: Bytes | None = Field(None, description="Bytes")
    max_size: Bytes | None = Field(None, description="Bytes")
    min_duration: Seconds | None = Field(None, description="Seconds")
    max_duration: Seconds | None = Field(None, description="Seconds")
    uploader: Words = Field("", description='Whose it is: a user name, or "me"')
    tag: Words = ""
    source: Literal["", "import", "upload", "mount"] = ""
    folder: Folder = Field(
        "", description='With all below it; of a mount: "NAME/PATH"; "/" is the top. A byte that is no UTF-8 is \\xff,'
        " a backslash two.", examples=["Trips/2026"],
    )
    direct: bool = Field(False, description="What lies in the folder itself, and not below it")
    sort: Literal[("", *ORDERS)] = Field(
        "", description="Default: relevance where words are sought, name in a folder, else created_at"
    )
    order: Literal["asc", "desc"] | None = Field(None, description="Default: asc by name, else desc")
    finished: bool = Field(False, description="A page says so of a search that somebody has stopped typing")
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(max_length=2000)] = Field("", description="`next_cursor` of the page before")

    @property
    def words(self) -> str:
        return _text(self.query) or ""

    @property
    def sorted_by(self) -> str:
        if self.sort == "relevance" and not self.words:
            return "created_at"
        return self.sort or ("relevance" if self.words else "name" if self.folder else "created_at")

    @property
    def descending(self) -> bool:
        return (self.order or ("asc" if self.sorted_by == "name" else "desc")) == "desc"

    @property
    def place(self) -> str | None:
        """The folder, without its slashes: "" at the top; None: anywhere."""
        return self.folder.replace("\0", "").strip("/") if self.folder else None

    def filters(self, principal: Principal, directly: bool = False) -> Filters:
        return Filters(
            kind=None if self.type == "all" else self.type, query=self.words or None, sort=self.sorted_by,
            descending=self.descending, source=self.source or None, tag=_text(self.tag),
            uploader=principal.username if self.uploader == "me" else _text(self.uploader), since=self.since,
            until=self.until, min_size=self.min_size, max_size=self.max_size, min_duration=self.min_duration,
            max_duration=self.max_duration, folder=self.place, directly=self.direct or (directly and self.folder != ""),
        )  # fmt: skip

    @property
    def after(self) -> Position | None:
        """Where an earlier page ended; raises BadRequest for what is no cursor of this order."""
        return _position(self.cursor, self.sorted_by) if self.cursor else None

    @classmethod
    def of(cls, req: falcon.Request) -> LibraryQuery:
        """Of a page's address, where an empty field means none; raises BadRequest, naming the bad one."""
        return cls._of(req.params)

    @classmethod
    def of_text(cls, query: str) -> LibraryQuery:
        """The same of a query that is carried along in another address."""
        return cls._of(falcon.uri.parse_query_string(query))

    @classmethod
    def _of(cls, params: dict) -> LibraryQuery:
        try:
            return cls.model_validate({name: value for name, value in params.items() if value})
        except ValidationError as error:
            problem = error.errors(include_input=False)[0]
            raise BadRequest(f"{problem['loc'][0]}: {problem['msg']}.") from None


class Collection:
    def __init__(self, library: Library, insight: Insight):
        self._library, self._insight = library, insight

    @describe("Library", MediaPage, query=LibraryQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one may see of the library, page by page."""
        wanted, principal = req.context.query, principal_of(req)
        page = self._library.page(principal, wanted.filters(principal), wanted.page, wanted.limit, wanted.after)
        note_search(self._insight, req, wanted, page.total)
        resp.media = {
            "data": [as_json(media) for media in page.items],
            "pagination": pagination(page, wanted),
        }


def note_search(insight: Insight, req: falcon.Request, wanted: LibraryQuery, total: int) -> None:
    """A search that somebody has finished: what a page asks while they type (Fetch Metadata tells) is none yet."""
    finished = wanted.finished or req.env.get("HTTP_SEC_FETCH_MODE", "navigate") == "navigate"
    if wanted.words and wanted.page == 1 and not wanted.cursor and finished:
        insight.searched(wanted.words, total)


def pagination(page: Page, wanted: LibraryQuery) -> dict:
    return {
        "total": page.total, "total_is_capped": page.capped, "page": page.page, "limit": page.limit,
        "pages": page.pages, "next_cursor": page.end and _cursor(page.end, wanted.sorted_by),
    }  # fmt: skip


def _text(value: str) -> str | None:
    """Postgres has no NUL in a text; nothing that is sought does either."""
    return value.strip().replace("\0", "") or None


def _cursor(end: Position, sort: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *end]).encode()).decode()


def _position(cursor: str, sort: str) -> Position:
    """Raises BadRequest for what is no cursor of this order."""
    try:
        of, key, media_id = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError):
        raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None
    if of != sort or not isinstance(key, str) or not isinstance(media_id, str):
        raise BadRequest("cursor: it belongs to another order.")
    return key, media_id
