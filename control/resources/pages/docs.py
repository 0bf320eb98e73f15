"""/docs: the API's description for people, rendered from the same document as /openapi.json."""

from __future__ import annotations

import json
import re
from typing import Any

import falcon

from control.resources.credentials import asker_or_stranger
from control.resources.pages.rendering import Renderer
from control.services.identity import Identity


class Docs:
    def __init__(self, render: Renderer, identity: Identity, document: dict, public_url: str):
        self._render, self._identity = render, identity
        self._context = {
            "title": document["info"]["title"],
            "version": document["info"]["version"],
            "groups": Reader(document, public_url).groups(),
        }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._render.page(req, resp, "docs", asker_or_stranger(req, self._identity), **self._context)


class Reader:
    """An OpenAPI document as groups of operations with examples."""

    def __init__(self, document: dict, public_url: str):
        self._document, self._public_url = document, public_url

    def groups(self) -> list[dict]:
        found: dict[str, list[dict]] = {}
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                tag = operation["tags"][0]
                found.setdefault(tag, []).append(self._operation(method.upper(), path, operation))
        return [{"name": name, "slug": _slug(name), "operations": found[name]} for name in sorted(found)]

    def _operation(self, method: str, path: str, operation: dict) -> dict:
        body = self._body(operation)
        return {
            "id": _slug(f"{method} {path}"), "method": method, "path": path, "summary": operation["summary"],
            "description": operation["description"], "needs": operation["x-needs"],
            "parameters": [self._parameter(one) for one in operation["parameters"]], "body": body,
            "answers": [self._answer(status, one) for status, one in sorted(operation["responses"].items())],
            "curl": self._curl(method, path, bool(operation["security"]), body),
        }  # fmt: skip

    def _parameter(self, parameter: dict) -> dict:
        schema = parameter.get("schema", {})
        return {
            "name": parameter["name"], "where": parameter["in"], "required": parameter.get("required", False),
            "type": self._type(schema), "says": parameter.get("description") or schema.get("description", ""),
        }  # fmt: skip

    def _body(self, operation: dict) -> dict | None:
        content = operation.get("requestBody", {}).get("content")
        if not content:
            return None
        media_type, found = next(iter(content.items()))
        schema = self._resolved(found["schema"])
        fields = [
            {
                "name": name, "type": self._type(one), "required": name in schema.get("required", []),
                "says": one.get("description", ""),
            }
            for name, one in schema.get("properties", {}).items()
        ]  # fmt: skip
        return {"type": media_type, "example": _pretty(self._example(schema)), "fields": fields}

    def _answer(self, status: str, response: dict) -> dict:
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        example = _pretty(self._example(schema)) if schema else None
        return {"status": status, "says": response.get("description", ""), "example": example}

    def _curl(self, method: str, path: str, signed_in: bool, body: dict | None) -> str:
        parts = ["curl" if method == "GET" else f"curl -X {method}"]
        parts += ['-H "Authorization: Bearer $TOKEN"'] if signed_in else []
        if body:
            compact = json.dumps(json.loads(body["example"]), ensure_ascii=False)
            parts += ["-H 'Content-Type: application/json'", f"-d '{compact}'"]
        return " \\\n  ".join([*parts, f"{self._public_url}{path}"])

    # --- schemas ---------------------------------------------------------------------------------

    def _resolved(self, schema: dict) -> dict:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def _type(self, schema: dict) -> str:
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return " or ".join(self._type(one) for one in schema["anyOf"])
        if "enum" in schema:
            return " | ".join(map(str, schema["enum"]))
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {}))}"
        return str(schema.get("const", schema.get("format") or schema.get("type", "anything")))

    def _example(self, schema: dict) -> Any:
        schema = self._resolved(schema)
        if examples := schema.get("examples"):
            return examples[0]
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "object":
            return {name: self._example(one) for name, one in schema.get("properties", {}).items()}
        if schema.get("type") == "array":
            return [self._example(schema.get("items", {}))]
        return _EXAMPLES.get(schema.get("format") or schema.get("type", ""))


_EXAMPLES = {
    "uuid": "4be0643f-1d98-573b-97cd-ca98a65347dd",
    "date-time": "2026-11-21T08:30:00+00:00",
    "string": "…",
    "integer": 1,
    "number": 1.0,
    "boolean": False,
}


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
