"""/admin/audit: the audit trail, and why something was decided."""

from __future__ import annotations

from datetime import timedelta

import falcon
from pydantic import ValidationError

from control.errors import BadRequest
from control.resources.audit import AuditQuery, explanation_shape, page_of
from control.resources.pages.admin.desk import Desk
from control.services.audit import Audit
from control.services.explain import Explain
from control.services.library import Library
from control.storage.sql.audit import EVENTS

_FIELDS = ("event", "principal", "address", "media", "decision", "since", "until")
_PAGE = 50


class Trail:
    def __init__(self, desk: Desk, audit: Audit, explain: Explain, library: Library):
        self._desk, self._audit, self._explain, self._library = desk, audit, explain, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = _query(req)
        events, following = page_of(self._audit, query)
        asked = req.get_param("explain")
        older = {name: req.get_param(name) for name in _FIELDS if req.get_param(name)} | {"before": following}
        self._desk.page(
            req, resp, "audit", event_names=list(EVENTS), events=[self._named(e) for e in events],
            sought={name: req.get_param(name) or "" for name in _FIELDS},
            older=_query_string(older) if following else None,
            explanation=explanation_shape(self._explain(asked[:64].replace("\0", ""))) if asked else None,
        )  # fmt: skip

    def _named(self, event: dict) -> dict:
        media = self._library.find(event["media_id"]) if event["media_id"] else None
        return event | {"media_name": media and media.name}


def _query(req: falcon.Request) -> AuditQuery:
    """The filters of the form; `until` is a day, and that day counts. Raises BadRequest."""
    given = {name: req.get_param(name) for name in (*_FIELDS, "before") if req.get_param(name)}
    try:
        query = AuditQuery.model_validate(given | {"limit": _PAGE})
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        raise BadRequest(f"{problem['loc'][0]}: {problem['msg']}.") from None
    return query.model_copy(update={"until": query.until + timedelta(days=1)}) if query.until else query


def _query_string(values: dict) -> str:
    return "&".join(f"{name}={falcon.uri.encode_value(str(value))}" for name, value in values.items())
