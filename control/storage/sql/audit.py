"""The audit trail: append-only rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from control.storage.sql.pool import Database, rows_at_fault

# Every event there is, and what it means (GET /api/admin/audit?event=…).
EVENTS = {
    "sign_in": "somebody signed in",
    "sign_in_refused": "a sign-in was refused",
    "sign_out": "somebody signed out",
    "refresh_replayed": "a refresh token was used a second time; its session was ended",
    "device_changed": "a session was refreshed from another device; it was ended",
    "session_ended": "a device was ended",
    "password_changed": "a password was changed",
    "user_created": "a user was created",
    "user_disabled": "a user was switched off",
    "user_enabled": "a user was switched on",
    "user_deleted": "a user was deleted",
    "role_changed": "a user got another role",
    "user_changed": "a user got another name, e-mail, quota or limit",
    "stream_limit_changed": "a user may watch more or fewer streams at once",
    "token_minted": "a service token was made",
    "token_revoked": "a service token was revoked",
    "stream_opened": "a grant was opened",
    "stream_taken_over": "a stream was ended for another device of its user",
    "stream_ended": "a stream was ended",
    "key": "a content key was given out",
    "key_refused": "a content key was refused",
    "link_minted": "a signed link was made",
    "archive_made": "the address of a ZIP of several media was made",
    "share_made": "a share was made",
    "share_changed": "a share was changed",
    "share_revoked": "a share was revoked",
    "share_opened": "somebody opened a share",
    "share_password_wrong": "a wrong password was given for a share",
    "import_retried": "a failed import was taken up again",
    "import_cancelled": "an import was cancelled",
    "link_key_rotated": "signed links are made with a new key",
    "rotation_asked": "an administrator had a new key made",
    "keys_rotated": "media keys were wrapped by a new master key",
    "import_put_first": "an import was put before all others that wait",
    "media_reencrypted": "a media and its archive were written anew under a new key",
    "mount_loss_confirmed": "files that are missing on a mount are gone for good",
    "media_renamed": "a media got another name or other tags",
    "media_changed": "a media got another visibility or owner",
    "media_trashed": "a media was put into the trash",
    "media_restored": "a media came back from the trash",
    "media_deleted": "a media was deleted for good",
    "edge_verified": "Nginx was asked for what it must refuse",
    "refused": "a request was refused",
}


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    event: str  # one of EVENTS
    principal: str = ""
    user_id: str | None = None
    session_id: str | None = None
    media_id: str | None = None
    address: str = ""
    decision: str = ""
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    id: int = 0  # given by the database


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None matches everything. `before` is the id of the last entry of the page before."""

    event: str | None = None
    principal: str | None = None
    address: str | None = None
    media_id: str | None = None
    decision: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    after: int | None = None


_COLUMNS = """id, at, event, principal, user_id::text, session_id::text, media_id::text, address, decision, reason,
    details"""


class AuditStore:
    def __init__(self, database: Database):
        self._database = database

    def append(self, entries: Iterable[Entry]) -> None:
        """All of them, or none; raises Unwritable."""
        with rows_at_fault(), self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO audit (at, event, principal, user_id, session_id, media_id, address, decision, reason,
                                      details) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [
                    [e.at, e.event, e.principal, e.user_id, e.session_id, e.media_id, e.address, e.decision, e.reason,
                     Jsonb(e.details)]
                    for e in entries
                ],
            )  # fmt: skip

    def find(self, search: Search, limit: int) -> list[Entry]:
        """The matching entries, the newest first; with `after`, the oldest after that id first."""
        rows = self._database.all(
            f"""SELECT {_COLUMNS} FROM audit
                WHERE (%(event)s::text IS NULL OR event = %(event)s)
                  AND (%(principal)s::text IS NULL OR lower(principal) = lower(%(principal)s))
                  AND (%(address)s::text IS NULL OR address = %(address)s)
                  AND (%(media_id)s::uuid IS NULL OR media_id = %(media_id)s)
                  AND (%(decision)s::text IS NULL OR decision = %(decision)s)
                  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
                  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
                  AND (%(before)s::bigint IS NULL OR id < %(before)s)
                  AND (%(after)s::bigint IS NULL OR id > %(after)s)
                ORDER BY id {"ASC" if search.after is not None else "DESC"} LIMIT %(limit)s""",  # noqa: S608
            {name: getattr(search, name) for name in Search.__slots__} | {"limit": limit},
        )
        return [Entry(**row) for row in rows]

    def link_decisions(self, since: datetime, limit: int) -> list[Entry]:
        """Links that were made, and those that control refused, the newest first."""
        rows = self._database.all(
            f"""SELECT {_COLUMNS} FROM audit WHERE at >= %s
                AND (event = 'link_minted' OR event = 'refused' AND reason IN ('SEC_003', 'SEC_004', 'SEC_005'))
                ORDER BY id DESC LIMIT %s""",  # noqa: S608
            [since, limit],
        )
        return [Entry(**row) for row in rows]

    def forget_before(self, moment: datetime, batch: int = 5000) -> int:
        """Remove what is older than the setting keeps, a batch at a time; return how many.

        The trail refuses every other removal.
        """
        removed = 0
        while True:
            with self._database.transaction() as connection:
                connection.execute("SET LOCAL sluice.retention = 'on'")
                gone = connection.execute(
                    "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < %s ORDER BY at LIMIT %s)",
                    [moment, batch],
                ).rowcount
            removed += gone
            if gone < batch:
                return removed

    def ended_for_safety(self, user: str, since: datetime) -> list[Entry]:
        """Sessions of `user` that were ended because a token was used twice or elsewhere, the newest first."""
        rows = self._database.all(
            f"""SELECT {_COLUMNS} FROM audit WHERE user_id = %s AND at >= %s
                AND event IN ('refresh_replayed', 'device_changed') ORDER BY id DESC LIMIT 5""",  # noqa: S608
            [user, since],
        )
        return [Entry(**row) for row in rows]
