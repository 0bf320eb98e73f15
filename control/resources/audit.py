"""GET /api/admin/audit: who did what, from where; GET /api/admin/audit/{decision}: why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.resources.openapi import describe
from control.resources.shapes import Moment, Shape
from control.services.audit import Audit
from control.services.explain import Explain
from control.storage.sql.audit import EVENTS, Entry, Search

LARGEST_PAGE = 500


class AuditQuery(Shape):
    event: Literal[tuple(EVENTS)] | None = None
    principal: Annotated[str, Field(max_length=320)] | None = None
    address: Annotated[str, Field(max_length=45)] | None = None
    media: UUID | None = None
    decision: Annotated[str, Field(max_length=64)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    before: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(None, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 100

    def search(self) -> Search:
        return Search(
            self.event, _text(self.principal), _text(self.address), self.media and str(self.media),
            _text(self.decision), self.since, self.until, self.before,
        )  # fmt: skip


def _text(value: str | None) -> str | None:
    """Postgres has no NUL in a text; nothing that is sought does either."""
    return value.replace("\0", "\ufffd") if value else None


class EntryShape(Shape):
    id: int
    at: datetime
    event: str
    principal: str
    user_id: UUID | None
    session_id: UUID | None
    media_id: UUID | None
    address: str
    decision: str
    reason: str
    details: dict[str, Any]


class AuditPage(Shape):
    data: list[EntryShape]
    next: int | None = Field(description="Send it as `before` for the page after this one; null on the last")


class Fact(Shape):
    label: str
    value: str


class ExplanationShape(Shape):
    decision: str
    outcome: Literal["allowed", "refused", "unknown"]
    sentence: str
    facts: list[Fact]


def entry_shape(entry: Entry) -> dict:
    return {name: getattr(entry, name) for name in EntryShape.model_fields} | {"at": entry.at.isoformat()}


def page_of(audit: Audit, query: AuditQuery) -> tuple[list[dict], int | None]:
    """One page of entries, and where the next one begins."""
    found = audit.find(query.search(), query.limit + 1)
    entries = [entry_shape(entry) for entry in found[: query.limit]]
    return entries, entries[-1]["id"] if len(found) > query.limit else None


class Collection:
    def __init__(self, audit: Audit):
        self._audit = audit

    @describe("Administration", AuditPage, query=AuditQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The audit trail, the newest first."""
        entries, following = page_of(self._audit, req.context.query)
        resp.media = {"data": entries, "next": following}


class Item:
    def __init__(self, explain: Explain):
        self._explain = explain

    @describe("Administration", ExplanationShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, decision: str) -> None:
        """Why something was decided, by the decision id of its answer."""
        explanation = self._explain(decision[:64].replace("\0", ""))
        resp.media = explanation_shape(explanation)


def explanation_shape(explanation) -> dict:
    return {
        "decision": explanation.decision,
        "outcome": explanation.outcome,
        "sentence": explanation.sentence,
        "facts": [{"label": label, "value": value} for label, value in explanation.facts],
    }
