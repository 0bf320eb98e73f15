"""What all admin pages share: their frame with the side navigation, and forms that act and lead back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import falcon
from pydantic import BaseModel, ValidationError

from control.errors import BadRequest, ControlError
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.pages.rendering import Renderer, error_shown, raise_see_other
from control.services.mounts import Mounts
from control.services.quarantine import Quarantine
from nginx import contract

Model = TypeVar("Model", bound=BaseModel)


class Desk:
    def __init__(self, render: Renderer, quarantine: Quarantine, mounts: Mounts):
        self._render, self._quarantine, self._mounts = render, quarantine, mounts

    def page(
        self, req: falcon.Request, resp: falcon.Response, name: str, error: dict | None = None,
        done: str | None = None, **context,
    ) -> None:  # fmt: skip
        """Draw templates/admin_{name}.html; `done`, or the address, names what a form has just done."""
        self._render.page(
            req, resp, f"admin_{name}" if name else "admin", principal_of(req), error=error, calls=self._calls(),
            done=done or req.get_param("done") or "", **context,
        )  # fmt: skip

    def _calls(self) -> dict[str, int]:
        """Page -> how much on it calls for somebody."""
        lost = sum(1 for state, _ in self._mounts.all() if state.missing and not state.confirmed)
        return {"admin_quarantine": self._quarantine.count(), "admin_mounts": lost}

    def act(
        self, req: falcon.Request, resp: falcon.Response, do: Callable[[], object],
        then: str | Callable[[object], None], otherwise: Callable[[dict], None],
    ) -> None:  # fmt: skip
        """Do it, then go on to the address `then`, or hand it what came of it; `otherwise` shows what is refused."""
        try:
            outcome = do()
        except ControlError as error:
            if error.status >= 500:
                raise
            resp.status = error.status
            return otherwise(error_shown(error, decision_id(req)))
        raise_see_other(resp, then) if isinstance(then, str) else then(outcome)

    def steer(
        self, req: falcon.Request, resp: falcon.Response, do: Callable[..., object], then: str,
        otherwise: Callable[[dict], None],
    ) -> None:  # fmt: skip
        """:meth:`act` on the one that the form names: `do(id, by, address, decision)`."""
        asked = (id_field(req), principal_of(req), client_address(req), decision_id(req))
        self.act(req, resp, lambda: do(*asked), then, otherwise)


def form_of(req: falcon.Request) -> dict:
    form = req.get_media(default_when_empty={})
    return form if isinstance(form, dict) else {}


def field(req: falcon.Request, name: str) -> str:
    """A field that is there once; raises BadRequest."""
    value = form_of(req).get(name, "")
    if not isinstance(value, str):
        raise BadRequest(f"{name}: it was sent twice.")
    return value


def id_field(req: falcon.Request) -> str:
    """The field `id`; raises BadRequest for what is none."""
    value = field(req, "id")
    if not re.fullmatch(contract.UUID, value):
        raise BadRequest("id: it is not one of ours.")
    return value


def checked(model: type[Model], fields: dict) -> Model:
    """Raises BadRequest, naming the bad field and never what was in it."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False)[0]
        where = ".".join(map(str, problem["loc"])).replace("_", " ")
        raise BadRequest(f"{where}: {problem['msg']}.") from None


def where(req: falcon.Request) -> dict[str, str]:
    """From where, and by which decision: for the audit trail."""
    return {"address": client_address(req), "decision": decision_id(req)}


def page_number(req: falcon.Request) -> int:
    return req.get_param_as_int("page", min_value=1, max_value=100_000, default=1)
