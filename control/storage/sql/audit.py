"""The audit trail: append-only rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from control.storage.sql.pool import Database


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    event: (
        str  # sign_in | sign_in_refused | sign_out | refresh_replayed | key | key_refused | link_minted | stream_opened
    )
    principal: str = ""
    user_id: str | None = None
    session_id: str | None = None
    media_id: str | None = None
    address: str = ""
    decision: str = ""
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class AuditStore:
    def __init__(self, database: Database):
        self._database = database

    def append(self, entries: Iterable[Entry]) -> None:
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO audit (at, event, principal, user_id, session_id, media_id, address, decision, reason,
                                      details) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [
                    [e.at, e.event, e.principal, e.user_id, e.session_id, e.media_id, e.address, e.decision, e.reason,
                     Jsonb(e.details)]
                    for e in entries
                ],
            )  # fmt: skip
