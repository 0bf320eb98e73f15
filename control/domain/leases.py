"""Key leases: who is watching what now. A lease is named after its grant and lives from one content key to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """What the key requests of one grant have said."""

    grant: str
    since: float  # seconds since the epoch
    rung: str  # of the newest key of a picture; of sound where there is no picture


@dataclass(frozen=True, slots=True)
class WatchedGrant:
    """A live grant, in the words of people."""

    grant: str
    user_id: str  # of a share's visitor: the share's owner
    username: str
    media_id: str
    media_name: str
    media_kind: str
    session_id: str | None
    device: str
    device_type: str  # desktop | phone | tablet | tv | script | player | visitor
    portable: bool
    share_id: str | None
    share_name: str | None


@dataclass(frozen=True, slots=True)
class Watching:
    """One stream of this moment."""

    grant: WatchedGrant
    since: datetime
    rung: str
