"""JSON logs to standard output, one object a line, whoever writes them: Sluice, gunicorn or a library.

Every line has the id of the request that it belongs to, where there is one: Nginx's, which is the decision's too.
"""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.contextvars import STRUCTLOG_KEY_PREFIX, merge_contextvars

# Set for each request (a greenlet has a context of its own): one C call, because the gate is asked for every file.
REQUEST: ContextVar[str] = ContextVar(STRUCTLOG_KEY_PREFIX + "request")

HIDDEN = "-"
_SECRETS = "password|passwd|token|secret|authorization|cookie|sig|signature"
_SECRET_KEY = re.compile(rf"(?i)(?:^|[_-])(?:{_SECRETS})s?(?:$|[_-])")
# `sig=…` of an address, `"password": "…"` of a body, `Authorization: Bearer …` of a header, `/s/…` of a share.
_IN_TEXT = (
    (re.compile(rf"(?i)((?:{_SECRETS})[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"'&;,]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(/s/)[0-9A-Za-z]{22}"), rf"\1{HIDDEN}"),
)


def configure() -> None:
    """What a program does at its start."""
    structlog.configure(
        processors=[*_common(), structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()],
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(libraries())


def libraries() -> dict[str, Any]:
    """For logging.config: the same lines from everybody who uses Python's own logging."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_common(), structlog.stdlib.add_logger_name],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, redact,
            structlog.processors.JSONRenderer(),
        ],
    }  # fmt: skip
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        "root": {"level": "WARNING", "handlers": ["json"]},
        "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["json"], "propagate": False}},
    }


def _common() -> list[Any]:
    return [
        merge_contextvars, structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]  # fmt: skip


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nothing secret reaches a log (threat O03), whoever has put it there."""
    return {name: HIDDEN if _SECRET_KEY.search(name) and value else _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in _IN_TEXT:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return redact(None, "", {str(name): inner for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value
