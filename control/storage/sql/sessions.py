"""Device session rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from control.domain.sessions import Device, DeviceSession, Principal, Session, SessionKind
from control.storage.sql.pool import Database

Rotation = Literal["rotated", "superseded", "replayed"]

_LONGEST_HISTORY = 50  # exchanged refresh tokens that are honoured for the grace window, per session


class SessionStore:
    def __init__(self, database: Database):
        self._database = database

    def open(
        self, session: str, user: str, device: Device, kind: SessionKind, refresh_hash: bytes, expires_at: datetime,
        alive_since: datetime, end: Sequence[str] = (), limit: int | None = None,
    ) -> list[str] | None:  # fmt: skip
        """Open a session of `user` on `device`, in place of the one that the device had, and end those in `end`.

        Return the ids of the sessions that ended; None, with nothing changed, when `limit` others would stay that
        count and have been active since `alive_since`. The user's row is locked meanwhile: two sign-ins at once
        cannot both be the last one.
        """
        with self._database.transaction() as connection:
            connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user])
            rows = connection.execute(
                """UPDATE sessions SET ended_at = now(), end_reason = CASE WHEN device_id = %(device)s
                       THEN 'replaced by a new sign-in' ELSE 'ended for a new device' END
                   WHERE user_id = %(user)s AND ended_at IS NULL AND (device_id = %(device)s OR id = ANY(%(end)s))
                   RETURNING id::text""",
                {"user": user, "device": device.id, "end": list(end)},
            ).fetchall()
            if limit is not None and self._counting(connection, user, alive_since) >= limit:
                connection.rollback()
                return None
            connection.execute(
                """INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, user_agent, kind,
                                         refresh_hash, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                [session, user, device.id, device.name, device.kind, device.address, device.user_agent, kind,
                 refresh_hash, expires_at],
            )  # fmt: skip
        return [row["id"] for row in rows]

    def _counting(self, connection, user: str, alive_since: datetime) -> int:
        return connection.execute(
            """SELECT count(*) AS n FROM sessions WHERE user_id = %s AND kind = 'password' AND ended_at IS NULL
               AND expires_at > now() AND last_activity_at > %s""",
            [user, alive_since],
        ).fetchone()["n"]

    def knows_device(self, user: str | None, device: str) -> bool:
        """Whether `user` has signed in on that device before, by password."""
        return bool(
            self._database.one(
                "SELECT 1 FROM sessions WHERE user_id = %s AND device_id = %s AND kind = 'password' LIMIT 1",
                [user, device],
            )
        )

    def on_device(self, user: str, device: str) -> tuple[str, str | None] | None:
        """(id, reason of its end or None) of the newest session of `user` on that device."""
        row = self._database.one(
            """SELECT id::text, CASE WHEN ended_at IS NULL THEN NULL ELSE end_reason END AS reason FROM sessions
               WHERE user_id = %s AND device_id = %s ORDER BY ended_at DESC NULLS FIRST, created_at DESC LIMIT 1""",
            [user, device],
        )
        return row and (row["id"], row["reason"])

    def fingerprint(self, session: str) -> Device | None:
        """The device that a session was opened on."""
        row = self._database.one(
            """SELECT device_id AS id, device_name AS name, device_type AS kind, host(address) AS address, user_agent
               FROM sessions WHERE id = %s""",
            [session],
        )
        return row and Device(**row)

    def find(self, session: str) -> Session | None:
        """The session with its user; `ended` also when the user has been switched off."""
        row = self._database.one(
            """SELECT s.id::text, s.user_id::text, u.username, u.full_name, u.role, u.max_streams, s.expires_at,
                      s.last_activity_at, (s.ended_at IS NOT NULL OR NOT u.active) AS ended
               FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = %s""",
            [session],
        )
        return row and _session(row)

    def live(self, user: str | None = None) -> list[DeviceSession]:
        """The live sessions of `user` (None: of everybody), the most recently active first."""
        rows = self._database.all(
            """SELECT s.id::text, s.user_id::text, u.username, s.device_name, s.device_type, host(s.address) AS address,
                      s.created_at, s.last_activity_at, s.kind
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
            """WITH kept AS (
                   SELECT array_agg(hash ORDER BY at) AS hashes, array_agg(at ORDER BY at) AS times
                   FROM (SELECT u.hash, u.at
                         FROM sessions s, unnest(s.superseded_hashes, s.superseded_at) AS u(hash, at)
                         WHERE s.id = %(session)s AND u.at > now() - make_interval(secs => %(grace)s)
                         ORDER BY u.at DESC LIMIT %(longest)s) recent),
               rotated AS (
                   UPDATE sessions s SET refresh_hash = %(replacement)s, refreshed_at = now(),
                       expires_at = %(expires_at)s,
                       superseded_hashes = coalesce(kept.hashes, '{}') || s.refresh_hash,
                       superseded_at = coalesce(kept.times, '{}') || now()
                   FROM kept
                   WHERE s.id = %(session)s AND s.refresh_hash = %(presented)s AND s.ended_at IS NULL RETURNING 1)
               SELECT EXISTS (SELECT FROM rotated) AS rotated""",
            {
                "session": session, "presented": presented, "replacement": replacement, "expires_at": expires_at,
                "grace": grace_seconds, "longest": _LONGEST_HISTORY,
            },
        )  # fmt: skip
        if row["rotated"]:
            return "rotated"
        # A statement of its own: a rival that held the row lock has committed by now, and this one sees it.
        superseded = self._database.one(
            """SELECT 1 FROM sessions s, unnest(s.superseded_hashes, s.superseded_at) AS u(hash, at)
               WHERE s.id = %s AND s.ended_at IS NULL AND u.hash = %s AND u.at > now() - make_interval(secs => %s)""",
            [session, presented, grace_seconds],
        )
        return "superseded" if superseded else "replayed"

    def current_refresh_hash(self, session: str) -> bytes | None:
        row = self._database.one("SELECT refresh_hash FROM sessions WHERE id = %s", [session])
        return row and bytes(row["refresh_hash"])

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

    def forget_before(self, moment: datetime) -> int:
        """Remove sessions that ended before; return how many."""
        return self._database.run("DELETE FROM sessions WHERE coalesce(ended_at, expires_at) < %s", [moment])

    def touch(self, clocks: Mapping[str, datetime]) -> None:
        """Move the activity clocks forward, many sessions in one statement."""
        self._database.run(
            """UPDATE sessions s SET last_activity_at = c.at
               FROM unnest(%s::uuid[], %s::timestamptz[]) AS c(id, at)
               WHERE s.id = c.id AND s.last_activity_at < c.at""",
            [list(clocks), list(clocks.values())],
        )


def _session(row: dict) -> Session:
    who = Principal(
        "session", row["user_id"], row["username"], row["full_name"], row["role"], row["id"],
        max_streams=row["max_streams"],
    )  # fmt: skip
    return Session(row["id"], who, row["expires_at"], row["last_activity_at"], row["ended"])
