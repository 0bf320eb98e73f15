"""Grant rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from control.domain.grants import Grant
from control.domain.leases import WatchedGrant
from control.domain.sessions import DeviceSession, Principal
from control.storage.sql.pool import Database

_COLUMNS = (
    "id, media_id::text, user_id::text, session_id::text, token_id::text, visit_id, portable, expires_at, "
    "revoked_at IS NOT NULL AS revoked, end_reason"
)


class GrantStore:
    def __init__(self, database: Database):
        self._database = database

    def find(self, grant: str) -> Grant | None:
        row = self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE id = %s", [grant])  # noqa: S608
        return row and Grant(**row)

    def reusable(self, principal: Principal, media: str, portable: bool, until: datetime) -> Grant | None:
        """A live grant of this holder for this media that lasts at least `until`: opening a page twice needs one."""
        row = self._database.one(
            f"""SELECT {_COLUMNS} FROM grants
                WHERE session_id IS NOT DISTINCT FROM %s AND token_id IS NOT DISTINCT FROM %s
                AND visit_id IS NOT DISTINCT FROM %s AND media_id = %s AND portable = %s AND revoked_at IS NULL
                AND expires_at >= %s ORDER BY expires_at DESC LIMIT 1""",  # noqa: S608
            [principal.session_id, principal.token_id, principal.visit_id, media, portable, until],
        )
        return row and Grant(**row)

    def create(self, grant: str, principal: Principal, media: str, portable: bool, expires_at: datetime) -> Grant:
        row = self._database.one(
            f"""INSERT INTO grants (id, media_id, user_id, session_id, token_id, visit_id, portable, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}""",  # noqa: S608
            [
                grant, media, principal.share.owner.user_id if principal.share else principal.user_id,
                principal.session_id, principal.token_id, principal.visit_id, portable, expires_at,
            ],  # fmt: skip
        )
        return Grant(**row)

    def portable(self, user: str | None = None) -> list[DeviceSession]:
        """The live portable grants of `user` (None: of everybody), as the devices that they stand for."""
        rows = self._database.all(
            """SELECT g.id::uuid::text AS id, g.user_id::text, u.username, 'Player: ' || m.name AS device_name,
                      'player' AS device_type, coalesce(host(s.address), '') AS address, g.created_at,
                      g.created_at AS last_activity_at, 'portable' AS kind
               FROM grants g JOIN users u ON u.id = g.user_id JOIN media m ON m.id = g.media_id
                   LEFT JOIN sessions s ON s.id = g.session_id
               WHERE g.portable AND g.revoked_at IS NULL AND g.expires_at > now() AND s.ended_at IS NULL
                   AND g.visit_id IS NULL
                   AND (%(user)s::uuid IS NULL OR g.user_id = %(user)s)
               ORDER BY g.created_at DESC, g.id""",
            {"user": user},
        )
        return [DeviceSession(**row) for row in rows]

    def watched(self, grants: Sequence[str]) -> list[WatchedGrant]:
        """Those of these grants that are alive, and so is what holds them, with the names of everything."""
        if not grants:
            return []
        rows = self._database.all(
            """SELECT g.id AS grant, g.user_id::text, u.username, m.id::text AS media_id, m.name AS media_name,
                      m.kind AS media_kind, g.session_id::text, g.portable, h.id::text AS share_id,
                      h.name AS share_name,
                      CASE WHEN h.id IS NOT NULL THEN 'Visitor of a share' WHEN g.portable THEN 'A player'
                           ELSE coalesce(s.device_name, t.name) END AS device,
                      CASE WHEN h.id IS NOT NULL THEN 'visitor' WHEN g.portable THEN 'player'
                           ELSE coalesce(s.device_type, 'script') END AS device_type
               FROM grants g JOIN users u ON u.id = g.user_id JOIN media m ON m.id = g.media_id
                   LEFT JOIN sessions s ON s.id = g.session_id LEFT JOIN service_tokens t ON t.id = g.token_id
                   LEFT JOIN share_visits v ON v.id = g.visit_id LEFT JOIN shares h ON h.id = v.share_id
               WHERE g.id = ANY(%s) AND g.revoked_at IS NULL AND g.expires_at > now() AND u.active
                   AND s.ended_at IS NULL AND t.revoked_at IS NULL AND h.revoked_at IS NULL""",
            [list(grants)],
        )
        return [WatchedGrant(**row) for row in rows]

    def revoke(self, grant: str, reason: str = "") -> bool:
        """`reason` is what its player is told. True when it was alive until now."""
        return bool(
            self._database.run(
                "UPDATE grants SET revoked_at = now(), end_reason = %s WHERE id = %s AND revoked_at IS NULL",
                [reason, grant],
            )
        )

    def forget_before(self, moment: datetime) -> int:
        """Remove grants that expired before; return how many."""
        return self._database.run("DELETE FROM grants WHERE expires_at < %s", [moment])
