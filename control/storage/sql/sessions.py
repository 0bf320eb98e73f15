"""Device session rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from control.domain.sessions import Device, DeviceSession, Principal, Session
from control.storage.sql.pool import Database

Rotation = Literal["rotated", "superseded", "replayed"]


class SessionStore:
    def __init__(self, database: Database):
        self._database = database

    def create(self, session: str, user: str, device: Device, refresh_hash: bytes, expires_at: datetime) -> None:
        self._database.run(
            """INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, user_agent,
                                     refresh_hash, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [session, user, device.id, device.name, device.kind, device.address, device.user_agent, refresh_hash,
             expires_at],
        )  # fmt: skip

    def find(self, session: str) -> Session | None:
        """The session with its user; `ended` also when the user has been switched off."""
        row = self._database.one(
            """SELECT s.id::text, s.user_id::text, u.username, u.full_name, u.role, s.expires_at, s.last_activity_at,
                      (s.ended_at IS NOT NULL OR NOT u.active) AS ended
               FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = %s""",
            [session],
        )
        return row and _session(row)

    def live(self, user: str | None = None) -> list[DeviceSession]:
        """The live sessions of `user` (None: of everybody), the most recently active first."""
        rows = self._database.all(
            """SELECT s.id::text, s.user_id::text, u.username, s.device_name, s.device_type, host(s.address) AS address,
                      s.created_at, s.last_activity_at
               FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.ended_at IS NULL AND s.expires_at > now() AND (%(user)s::uuid IS NULL OR s.user_id = %(user)s)
               ORDER BY s.last_activity_at DESC, s.id""",
            {"user": user},
        )
        return [DeviceSession(**row) for row in rows]

    def rotate(
        self, session: str, presented: bytes, replacement: bytes, expires_at: datetime, grace_seconds: int
    ) -> Rotation:
        """Exchange the refresh token, in one statement.

        `superseded`: it was exchanged within the grace window (tabs refreshing together), so nothing is written.
        `replayed`: it is older than that, and the session must end.
        """
        row = self._database.one(
            """WITH rotated AS (
                   UPDATE sessions SET previous_refresh_hash = refresh_hash, refresh_hash = %(replacement)s,
                       refreshed_at = now(), expires_at = %(expires_at)s
                   WHERE id = %(session)s AND refresh_hash = %(presented)s AND ended_at IS NULL RETURNING 1)
               SELECT EXISTS (SELECT FROM rotated) AS rotated""",
            {"session": session, "presented": presented, "replacement": replacement, "expires_at": expires_at},
        )
        if row["rotated"]:
            return "rotated"
        # A statement of its own: a rival that held the row lock has committed by now, and this one sees it.
        superseded = self._database.one(
            """SELECT 1 FROM sessions WHERE id = %s AND previous_refresh_hash = %s AND ended_at IS NULL
               AND refreshed_at > now() - make_interval(secs => %s)""",
            [session, presented, grace_seconds],
        )
        return "superseded" if superseded else "replayed"

    def end(self, session: str, reason: str) -> bool:
        """True when it was alive until now."""
        return bool(
            self._database.run(
                "UPDATE sessions SET ended_at = now(), end_reason = %s WHERE id = %s AND ended_at IS NULL",
                [reason, session],
            )
        )

    def end_all(self, user: str, reason: str) -> list[str]:
        """End every live session of `user`; return their ids."""
        rows = self._database.all(
            """UPDATE sessions SET ended_at = now(), end_reason = %s WHERE user_id = %s AND ended_at IS NULL
               RETURNING id::text""",
            [reason, user],
        )
        return [row["id"] for row in rows]

    def touch(self, clocks: Mapping[str, datetime]) -> None:
        """Move the activity clocks forward, many sessions in one statement."""
        self._database.run(
            """UPDATE sessions s SET last_activity_at = c.at
               FROM unnest(%s::uuid[], %s::timestamptz[]) AS c(id, at)
               WHERE s.id = c.id AND s.last_activity_at < c.at""",
            [list(clocks), list(clocks.values())],
        )


def _session(row: dict) -> Session:
    who = Principal("session", row["user_id"], row["username"], row["full_name"], row["role"], row["id"])
    return Session(row["id"], who, row["expires_at"], row["last_activity_at"], row["ended"])
