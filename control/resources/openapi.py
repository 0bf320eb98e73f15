"""The API's description (OpenAPI 3.1), made from the code: ``@describe`` on a responder checks and documents it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import falcon
from pydantic import BaseModel
from spectree import Response, SpecTree
from spectree.models import SecureType, SecurityScheme, SecuritySchemeData
from spectree.plugins.falcon_plugin import FalconPlugin

from control.domain.rights import Right
from control.errors import BadRequest
from control.resources.shapes import Problem

_MANY = 3  # mistakes that are named at once


class Backend(FalconPlugin):
    """Answers are held to the description by tests, not on every request."""

    def validate_response(self, *_) -> None:
        return None


def _refuse(req, resp, error, resource, adapter) -> None:
    """Name the fields that are wrong, and never what was in them (it may be a password)."""
    if error is not None:
        problems = error.errors(include_url=False, include_input=False, include_context=False)[:_MANY]
        raise BadRequest("; ".join(f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg']}" for p in problems) + ".")


_BEARER = SecurityScheme(name="bearer", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
_BASIC = SecurityScheme(name="basic", data=SecuritySchemeData(type=SecureType.HTTP, scheme="basic"))

SPEC = SpecTree(
    backend=Backend,
    before=_refuse,
    validation_error_status=400,
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda parent, child: child,
    mode="strict",
    annotations=False,
    title="Sluice",
    version="1",
    openapi_version="3.1.0",
    security_schemes=[_BEARER, _BASIC],
)


def describe(
    tag: str, answers: type[BaseModel] | None = None, *, status: int = 200, body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None, also: Mapping[int, type[BaseModel] | None] | None = None,
) -> Callable:  # fmt: skip
    """Check `body` (into req.context.json) and `query` (req.context.query), and document the responder's answers.

    Every operation may also answer a Problem, which needs not be named.
    """
    documented = {f"HTTP_{code}": model for code, model in {status: answers, **(also or {})}.items()}
    return SPEC.validate(json=body, query=query, resp=Response(**documented), tags=[tag])


def document(app: falcon.App, rights: Mapping[tuple[str, str], Right]) -> dict:
    """The whole description of the routes of `app`, with the right that each operation needs."""
    SPEC.app = app
    spec = SPEC.spec
    spec["paths"] = {path.replace("\\.", "."): found for path, found in spec["paths"].items()}  # spectree escapes dots
    for template, method in rights:
        operation = spec["paths"].get(_openapi_path(template), {}).get(method.lower())
        if operation is not None:
            _complete(operation, rights[template, method])
            _allow_no_body(operation, spec["components"]["schemas"])
    return spec


def _allow_no_body(operation: dict, schemas: dict) -> None:
    """Where every field may be left out, so may the body."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = schemas[content["schema"]["$ref"].rsplit("/", 1)[-1]]
        operation["requestBody"]["required"] = bool(schema.get("required") or schema.get("anyOf"))


def _complete(operation: dict, right: Right) -> None:
    operation["responses"].setdefault("default", _PROBLEM)
    needs = right.least_role
    scope = {None: "not for service tokens", "": "any service token"}.get(right.scope, f"scope {right.scope}")
    operation["x-needs"] = f"{needs} · {scope}" if needs else "nobody signed in"
    operation["security"] = [{"bearer": []}, {"basic": []}] if needs else []


_PROBLEM = {
    "description": "A refusal or failure; the README lists every code",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _openapi_path(template: str) -> str:
    """ "/a/{id:uuid}" -> "/a/{id}" """
    return "/".join(
        part.split(":")[0] + "}" if part.startswith("{") and ":" in part else part for part in template.split("/")
    )


class Description:
    """GET /openapi.json"""

    def __init__(self, spec: dict):
        self._spec = spec

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = self._spec
