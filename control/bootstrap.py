"""The composition root: the only place that builds pools, stores and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import redis
import structlog

from control import vault
from control.errors import ControlError
from control.services.audit import Audit
from control.services.grants import Grants
from control.services.library import Library
from control.services.links import Links
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.services.sessions import Sessions
from control.services.tokens import SigningKeys, Tokens
from control.services.users import Users
from control.settings import Settings
from control.storage.redis.changes import ChangePublisher, ChangeSubscription
from control.storage.redis.client import connect
from control.storage.sql.audit import AuditStore, Entry
from control.storage.sql.grants import GrantStore
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.pool import Database
from control.storage.sql.sessions import SessionStore
from control.storage.sql.users import UserStore

log = structlog.get_logger()


def _inline(function: Callable, *arguments):
    return function(*arguments)


@dataclass(frozen=True)
class Services:
    """Everything a resource or a command may ask."""

    settings: Settings
    database: Database
    redis: redis.Redis
    changes: ChangeSubscription
    audit: Audit
    sessions: Sessions
    grants: Grants
    library: Library
    links: Links
    users: Users
    media_keys: Memory[bytes]
    master: vault.MasterKey

    def write_behind(self) -> None:
        """Write what was kept for later (audit entries, activity clocks); what cannot be written waits on."""
        self.audit.flush()
        try:
            self.sessions.write_clocks()
        except ControlError as error:
            log.warning("clocks_wait", error=error.code)


def services(settings: Settings, offload: Callable = _inline) -> Services:
    """Wire the services of `settings`. The database pool is still closed: ``services.database.open()``.

    `offload` runs a password hash in a thread; the default suits programs without an event loop. Raises OSError or
    ValueError, naming the file, for keys that are missing or damaged.
    """
    database = Database(settings.database_url, settings.database.pool_max)
    client = connect(settings.redis_url)
    publisher = ChangePublisher(client)
    memories: dict[str, list[Memory]] = {}

    def forget(kind: str, key: str) -> None:
        for memory in memories.get(kind, []):
            memory.drop(key)

    def forget_everything() -> None:
        for group in memories.values():
            for memory in group:
                memory.clear()

    changes = ChangeSubscription(client, forget, forget_everything)

    def remembered(kind: str, load: Callable) -> Memory:
        memory = Memory(load, lambda: changes.healthy)
        memories.setdefault(kind, []).append(memory)
        return memory

    media_store = MediaStore(database, changed=lambda media: publisher.publish("media", media))
    session_store, grant_store = SessionStore(database), GrantStore(database)
    media = remembered("media", media_store.find)
    media_keys = remembered("media", MediaKeyStore(database).get)

    keys = settings.paths.keys
    link_keys = SigningKeys.from_file(keys / "links.json")
    tokens = Tokens(
        SigningKeys.from_file(keys / "tokens.json"),
        settings.session.access_minutes * 60,
        settings.session.refresh_days * 86400,
    )
    master = vault.MasterKey.from_file(keys / "master.key")
    passwords = Passwords(settings.password, offload)
    audit = Audit(AuditStore(database), Entry)
    sessions = Sessions(
        session_store, UserStore(database), remembered("session", session_store.find), tokens, passwords, audit,
        publisher.publish, settings.session.idle_minutes, settings.session.refresh_grace_seconds,
    )  # fmt: skip
    return Services(
        settings=settings,
        database=database,
        redis=client,
        changes=changes,
        audit=audit,
        sessions=sessions,
        grants=Grants(
            grant_store,
            remembered("grant", grant_store.find),
            media,
            media_keys,
            master,
            link_keys,
            sessions,
            audit,
            settings.hls.grant_hours,
            settings.hls.portable_hours,
        ),  # fmt: skip
        library=Library(media_store, media),
        links=Links(
            settings.public_url, link_keys, bytes.fromhex((keys / "stream.key").read_text().strip()), settings.links
        ),
        users=Users(UserStore(database), passwords, sessions),
        media_keys=media_keys,
        master=master,
    )
