"""The composition root: the only place that builds pools, stores and services."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import redis
import structlog

from control import vault
from control.domain.events import AUDITED
from control.domain.sessions import Principal
from control.errors import ControlError
from control.services import metrics
from control.services.archive_checksums import Checksums
from control.services.archive_parts import ArchiveParts, FrozenMemory
from control.services.archives import Archives
from control.services.arrivals import Arrivals
from control.services.audit import Audit
from control.services.batches import Batches
from control.services.counts import Counts
from control.services.drop_boxes import DropBoxes
from control.services.edge_logs import EdgeLogs
from control.services.events import EventHub
from control.services.explain import Explain
from control.services.files import Files
from control.services.grants import Grants
from control.services.health import Health
from control.services.history import History
from control.services.identity import Identity
from control.services.insight import Insight
from control.services.issuers import Issuers
from control.services.keys import Keys
from control.services.leases import Leases
from control.services.library import Library
from control.services.limits import LocalLimiter, RequestLimits, ShareLimits, SignInLimits
from control.services.link_keys import LinkKeys
from control.services.links import Links
from control.services.memory import Memory
from control.services.metrics import Metrics
from control.services.mounts import Mounts
from control.services.neighbours import Neighbours
from control.services.passwords import Passwords
from control.services.positions import Positions
from control.services.quarantine import Quarantine
from control.services.queue import Queue
from control.services.receipts import Receipts
from control.services.service_tokens import ServiceTokens
from control.services.sessions import Sessions
from control.services.shares import Shares
from control.services.sign_ins import BasicSignIns, ForeignSignIns, SignIns
from control.services.tokens import FormTokens, SigningKeys, Tokens
from control.services.trash import Trash
from control.services.uploads import Uploads
from control.services.usage import Usage
from control.services.users import Users
from control.services.vault import Vault
from control.services.visits import Visits
from control.settings import Settings
from control.storage import access_log
from control.storage.objects import open_objects
from control.storage.originals import Originals
from control.storage.redis.changes import ChangePublisher, ChangeSubscription
from control.storage.redis.client import EVENTS_CHANNEL, alive, connect, version
from control.storage.redis.events import Events
from control.storage.redis.leases import Leases as LeaseStore
from control.storage.redis.leases import Wanted
from control.storage.redis.limits import RedisLimiter
from control.storage.redis.sessions import SessionCopies
from control.storage.spool import Spool
from control.storage.sql.archives import ArchiveStore, packed, unpacked
from control.storage.sql.audit import AuditStore, Entry, Search
from control.storage.sql.batches import BatchStore
from control.storage.sql.chores import ChoreStore
from control.storage.sql.folders import FolderStore
from control.storage.sql.grants import GrantStore
from control.storage.sql.health import HealthStore
from control.storage.sql.history import HistoryStore
from control.storage.sql.insight import InsightStore
from control.storage.sql.library import LibraryStore
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.metrics import MetricsStore
from control.storage.sql.mounted import MountedStore
from control.storage.sql.mounts import MountStore
from control.storage.sql.neighbours import NeighbourStore
from control.storage.sql.pool import Database
from control.storage.sql.positions import PositionStore
from control.storage.sql.quarantine import QuarantineStore
from control.storage.sql.queue import QueueStore
from control.storage.sql.receipts import ReceiptStore
from control.storage.sql.service_tokens import ServiceTokenStore
from control.storage.sql.sessions import SessionStore
from control.storage.sql.shares import ShareStore
from control.storage.sql.trash import TrashStore
from control.storage.sql.uploads import UploadStore
from control.storage.sql.users import UserStore
from control.storage.sql.visits import VisitStore
from control.vault.objects import Objects
from nginx.contract import OWN_ROOTS

log = structlog.get_logger()

LARGEST_EXPLANATION = 50  # entries of one decision
LINK_ROTATIONS = 5  # entries: two link keys live


def _inline(function: Callable, *arguments, beat: Callable = lambda: None):
    return function(*arguments)


def _inline_aside(place: str, function: Callable, *arguments):
    return function(*arguments)


@dataclass(frozen=True)
class Services:
    """Everything a resource or a command may ask."""

    settings: Settings
    database: Database
    redis: redis.Redis
    changes: ChangeSubscription
    publisher: ChangePublisher
    events: Events
    event_hub: EventHub
    event_subscription: ChangeSubscription
    counts: Counts
    metrics: Metrics
    audit: Audit
    explain: Explain
    identity: Identity
    sessions: Sessions
    sign_ins: SignIns
    service_tokens: ServiceTokens
    passwords: Passwords
    form_tokens: FormTokens
    request_limits: RequestLimits
    grants: Grants
    leases: Leases
    library: Library
    neighbours: Neighbours
    uploads: Uploads
    arrivals: Arrivals
    files: Files
    trash: Trash
    batches: Batches
    links: Links
    link_keys: LinkKeys
    shares: Shares
    visits: Visits
    drop_boxes: DropBoxes
    users: Users
    queue: Queue
    positions: Positions
    quarantine: Quarantine
    keys: Keys
    usage: Usage
    health: Health
    receipts: Receipts
    edge_logs: EdgeLogs
    insight: Insight
    history: History
    vault: Vault
    objects: Objects
    archives: Archives
    archive_parts: ArchiveParts
    mounts: Mounts
    media_keys: Memory[vault.WrappedKey]
    media_key_store: MediaKeyStore
    master: vault.MasterKeys

    def write_behind(self) -> None:
        """Write what was kept for later (changes, audit entries, clocks); what cannot be written waits on."""
        for write in (
            lambda: metrics.note(self.counts, self.database.use(), self.event_hub.count),
            self.publisher.flush, self.leases.flush, self.audit.flush, self.sessions.write_clocks,
            self.service_tokens.write_uses, self.visits.write_seen, self.insight.write_searches, self.positions.flush,
        ):  # fmt: skip
            try:
                write()
            except ControlError as error:
                log.warning("clocks_wait", error=error.code)
                return
            except Exception:  # whatever it is: the others are written, and this one is tried again
                log.exception("write_behind_failed")


class _Memories:
    """What this process remembers, by the kind of change that drops it."""

    def __init__(self, client: redis.Redis):
        self._by_kind: dict[str, list] = {}
        self.changes = ChangeSubscription(client, self.forget, self._forget_everything)

    def of(self, kind: str, load: Callable) -> Memory:
        return self.add(kind, Memory(load, lambda: self.changes.healthy))

    def add(self, kind: str, memory):
        """Anything with `drop(key)` and `clear()`; called in the order of adding."""
        self._by_kind.setdefault(kind, []).append(memory)
        return memory

    def forget(self, kind: str, key: str) -> None:
        for memory in self._by_kind.get(kind, []):
            memory.drop(key)

    def _forget_everything(self) -> None:
        for group in self._by_kind.values():
            for memory in group:
                memory.clear()


def services(
    settings: Settings, offload: Callable = _inline, work: Callable = _inline, aside: Callable = _inline_aside,
    spawn: Callable = _inline,
) -> Services:  # fmt: skip
    """Wire the services of `settings`. The database pool is still closed: ``services.database.open()``.

    `offload` runs a password hash in a thread, `work` the joining and hashing of an upload, `aside` the reading of
    files of a place, `spawn` starts what goes on beside everything else; the defaults suit programs without an event
    loop. Raises OSError or ValueError, naming the file, for keys that are missing or damaged.
    """
    database = Database(settings.database_url, settings.database.pool_max)
    client = connect(settings.redis_url)
    publisher, memories, events = ChangePublisher(client), _Memories(client), Events(client)
    changes = memories.changes

    def media_changed(media: str) -> None:
        memories.forget("media", media)  # who changed it and asks again may not meet what it was
        publisher.publish("media", media)
        events.publish("media", id=media)

    media_store, trash_store = MediaStore(database, media_changed), TrashStore(database, media_changed)
    session_store, grant_store = SessionStore(database), GrantStore(database)
    user_store, token_store, audit_store = UserStore(database), ServiceTokenStore(database), AuditStore(database)
    copies = SessionCopies(client, session_store.find, lambda: changes.healthy, lambda: changes.gap_at)
    memories.add("session", copies)
    media = memories.of("media", media_store.find)
    media_key_store, mount_store = MediaKeyStore(database), MountStore(database)
    media_keys = memories.of("media", media_key_store.get)

    keys = settings.paths.keys
    link_keys, token_keys = LinkKeys(keys / "links.json"), SigningKeys.from_file(keys / "tokens.json")
    tokens = Tokens(token_keys, settings.session.access_minutes * 60, settings.session.refresh_days * 86400)
    master, objects = vault.MasterKeys(keys), open_objects(settings)
    passwords = Passwords(settings.password, offload)
    counts = Counts()
    audit = Audit(audit_store, Entry, functools.partial(_announce, events, counts))
    library = Library(media_store, LibraryStore(database), FolderStore(database), media, audit)
    trash = Trash(trash_store, audit, settings.paths, settings.trash.days, work)
    sessions = Sessions(
        session_store, grant_store, memories.of("session", copies.find), tokens, audit, publisher.publish,
        settings.session.idle_minutes, settings.session.refresh_grace_seconds,
        lambda user: events.publish("sessions", user=user),
    )  # fmt: skip
    service_tokens = ServiceTokens(token_store, memories.of("token", token_store.find), audit, publisher.publish)
    sign_ins = SignIns(
        user_store, session_store, sessions, tokens, passwords,
        SignInLimits(RedisLimiter(client, LocalLimiter()), settings.limits), audit, settings.session.max_devices,
    )  # fmt: skip
    identity = Identity(
        sessions, service_tokens, BasicSignIns(sign_ins, sessions, audit),
        ForeignSignIns(Issuers(settings.issuers), user_store, sessions, audit),
    )  # fmt: skip
    hub = EventHub(identity, media_store.find_ever, lambda: subscription.healthy, settings.limits)
    subscription = ChangeSubscription(client, hub.hear, hub.lose, EVENTS_CHANNEL)
    memories.add("session", hub)
    memories.add("token", SimpleNamespace(drop=hub.drop_token, clear=hub.clear))
    jobs, upload_store, spool = QueueStore(database), UploadStore(database), Spool(settings.paths.spool)
    arrivals = Arrivals(upload_store, spool, settings.paths, settings.uploads, audit, work)
    uploads = Uploads(upload_store, spool, settings.uploads, arrivals, work)
    mounts = Mounts(settings.mounts, mount_store, MountedStore(database), memories.of("mount", mount_store.find), audit)
    originals, archive_store = _originals(settings), ArchiveStore(database)
    share_store, visit_store = ShareStore(database), VisitStore(database)
    known_shares = memories.of("share", share_store.find)
    drop_boxes = DropBoxes(share_store, uploads)
    shares = Shares(
        share_store, known_shares, media, media_store.in_folder, master, passwords, audit, publisher.publish,
        settings.shares, settings.public_url, drop_boxes.close, lambda user: events.publish("shares", user=user),
    )  # fmt: skip
    visits = Visits(
        share_store, visit_store, known_shares, memories.of("visit", visit_store.find), passwords,
        FormTokens(token_keys, "visit"), ShareLimits(RedisLimiter(client, LocalLimiter()), settings.shares), audit,
        publisher.publish, settings.hls.key_period_seconds,
    )  # fmt: skip
    files = Files(settings.paths, objects, media_store, library, trash, trash_store, work)
    quarantine = Quarantine(QuarantineStore(database), library, files, settings.paths, audit)
    receipts = Receipts(ReceiptStore(database), lambda: access_log.files(settings.paths.logs), access_log.line_at)
    health_store = HealthStore(database)
    elsewhere = frozenset({"vault"} if settings.vault.store == "s3" else ())
    usage = Usage(health_store, settings.paths, elsewhere)
    key_ages = Keys(
        master, media_key_store, link_keys, ChoreStore(database),
        lambda: audit_store.find(Search(event="link_key_rotated"), LINK_ROTATIONS), audit, settings.keys.rotation_days,
    )  # fmt: skip
    grants_known = memories.of("grant", grant_store.find)

    def grant_ended(grant: str) -> None:
        grants_known.drop(grant)
        publisher.publish("grant", grant)

    leases = Leases(
        LeaseStore(client, settings.hls.key_period_seconds), Wanted, grant_store, grant_ended,
        lambda holder: events.publish("streams", user=holder), audit, settings.limits.streams,
    )  # fmt: skip
    return Services(
        settings=settings,
        database=database,
        redis=client,
        changes=changes,
        publisher=publisher,
        events=events,
        event_hub=hub,
        event_subscription=subscription,
        counts=counts,
        metrics=Metrics(
            MetricsStore(database), lambda: alive(client), leases.count, receipts, usage,
            [mount.name for mount in settings.mounts], settings.certificate, work,
        ),
        audit=audit,
        explain=Explain(
            lambda decision: audit_store.find(Search(decision=decision), LARGEST_EXPLANATION)[::-1],
            lambda decision: access_log.find(settings.paths.logs / "access.log", decision),
            library, link_keys,
        ),
        identity=identity,
        sessions=sessions,
        sign_ins=sign_ins,
        service_tokens=service_tokens,
        passwords=passwords,
        form_tokens=FormTokens(token_keys),
        request_limits=RequestLimits(settings.limits),
        leases=leases,
        grants=Grants(
            grant_store, grants_known, media, media_keys, master, link_keys, identity, visits,
            leases, audit, settings.hls.grant_hours, settings.hls.portable_hours,
        ),
        library=library,
        neighbours=Neighbours(NeighbourStore(database)),
        uploads=uploads,
        arrivals=arrivals,
        files=files,
        trash=trash,
        batches=Batches(BatchStore(database, media_changed), library, trash, audit),
        link_keys=link_keys,
        links=Links(
            settings.public_url, link_keys, _link_secret(settings.links.stream_secret, keys / "stream.key"),
            _link_secret(settings.links.upload_secret, keys / "get.key"), settings.links,
        ),
        shares=shares,
        visits=visits,
        drop_boxes=drop_boxes,
        users=Users(
            user_store, passwords, sessions, service_tokens, shares, trash, audit, publisher.publish,
            lambda user: events.publish("users", id=user), settings.session.idle_minutes,
        ),
        mounts=mounts,
        archives=Archives(
            archive_store, library, mounts, originals, audit, settings.archives, settings.public_url, aside,
            Checksums(archive_store, originals, mounts, packed, aside, spawn), packed,
            FrozenMemory(archive_store.manifest, unpacked, aside),
        ),
        archive_parts=ArchiveParts(originals, aside),
        positions=Positions(PositionStore(database)),
        insight=Insight(InsightStore(database)),
        history=History(HistoryStore(database)),
        receipts=receipts,
        edge_logs=EdgeLogs(settings.paths.logs),
        quarantine=quarantine,
        keys=key_ages,
        usage=usage,
        health=Health(
            health_store, lambda: version(client), receipts, usage, mounts, quarantine, key_ages,
            settings.certificate, settings.server.workers, settings.processing.free_bytes,
        ),
        queue=Queue(jobs, media_store, audit, settings.paths),
        vault=Vault(settings.paths, objects, media_store, media_key_store, master, jobs, audit, publisher.publish),
        objects=objects,
        media_keys=media_keys,
        media_key_store=media_key_store,
        master=master,
    )  # fmt: skip


def _announce(events: Events, counts: Counts, entry: Entry, principal: Principal) -> None:
    """Tell the pages what the audit trail has just been told. Of a share's visit hears the share's owner."""
    counts.heard(entry.event, entry.reason)
    topic = AUDITED.get(entry.event)
    if topic:
        thing = entry.media_id or entry.details.get("share") or entry.details.get("user_id") or ""
        owner = principal.share.owner.user_id if principal.share else principal.user_id
        events.publish(topic, id=thing, user=owner)


def _link_secret(given: str, made: Path) -> bytes:
    """The operator's own, as the bytes of its text, or the one that `sluice init` has made."""
    return given.encode() if given else bytes.fromhex(made.read_text().strip())


def _originals(settings: Settings) -> Originals:
    files = settings.paths.files
    own = {root: files / root for root in OWN_ROOTS}
    return Originals(own | {mount.name: mount.path for mount in settings.mounts})
