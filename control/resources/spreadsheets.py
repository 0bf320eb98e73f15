"""Tables as CSV (RFC 4180), for programs that take a cell for a formula and guess a file's encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import falcon

CSV = "text/csv; charset=utf-8; header=present"
_BOM = "\ufeff"  # else spreadsheets read it in an encoding of their own
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer_csv(resp: falcon.Response, name: str, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Answer with `columns` of `rows` as a file that is called `name`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(row[column]) for column in columns] for row in rows)
    resp.content_type = CSV
    resp.set_header("Content-Disposition", f'attachment; filename="{name}.csv"')
    resp.set_header("Cache-Control", "private, no-store")
    resp.data = (_BOM + text.getvalue()).encode("utf-8", "replace")


def cell(value: Any) -> Any:
    """A text that a spreadsheet would run gets an apostrophe before it (OWASP: CSV injection); numbers stay numbers."""
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    return value
