"""Live events: one subscription of this worker, handed on to the streams that pages hold."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import random

from control.domain.events import PERSONAL, TOPICS
from control.domain.media import Media
from control.domain.rights import BROWSE
from control.domain.sessions import Principal
from control.errors import BadRequest, ControlError, DatabaseUnavailable, TooManyStreams
from control.services.decisions import decide, may
from control.services.identity import Identity
from control.settings.sections import Limits

HEARTBEAT_SECONDS = 15.0  # then a silent stream says that it is there, and the session is looked at again
RECONNECT_MS = 2000
# Then the page is asked to connect anew: an Nginx that was reloaded waits for its old streams no longer than that.
LONGEST_SECONDS = 600.0
MOST_WAITING = 200  # events of a reader that is too slow; beyond that it is told to connect anew

END, POLL, LIVE = "end", "poll", "live"


def frame(event: str, data: str = "{}") -> str:
    """One event as text/event-stream has it; `data` is JSON without line breaks."""
    return f"event: {event}\ndata: {data}\n\n"


def topics_of(text: str) -> frozenset[str]:
    """The topics that `text` names; raises BadRequest for anything that is none."""
    names = frozenset(text.split(",")) if len(text) < 100 else frozenset()
    if not names or not names <= TOPICS.keys():
        raise BadRequest(f"Name topics, with commas between them: {', '.join(TOPICS)}.")
    return names


class EventStream:
    """What one page follows: frames wait here until the page has read those before."""

    def __init__(self, principal: Principal, topics: frozenset[str], gone: Callable[[], bool]):
        self.principal, self.topics, self.gone = principal, topics, gone
        self._waiting: dict[str, None] = {}
        self._ready = threading.Event()
        self.overrun = self.stopped = self.doubtful = self.missed = False

    def put(self, text: str) -> None:
        """The same frame once more, while the first one waits, is none."""
        self.overrun = self.overrun or len(self._waiting) >= MOST_WAITING
        if not self.overrun:
            self._waiting[text] = None
        self._ready.set()

    def miss(self) -> None:
        """Events may have been missed."""
        self.missed = True
        self._ready.set()

    def doubt(self) -> None:
        """Its session may have ended."""
        self.doubtful = True
        self._ready.set()

    def stop(self) -> None:
        """It ends now, and its page connects anew."""
        self.stopped = True
        self._ready.set()

    def take(self) -> tuple[str, bool]:
        """Wait for frames, or for a heartbeat's time; return them, and whether to look at the session again."""
        woken = self._ready.wait(HEARTBEAT_SECONDS)
        self._ready.clear()
        waiting, self._waiting = self._waiting, {}
        doubtful, self.doubtful = self.doubtful or not woken, False
        return "".join(waiting), doubtful


class EventHub:
    """The streams of this worker. `healthy()` says whether events reach it; `seen(id)` finds any media."""

    def __init__(
        self, identity: Identity, seen: Callable[[str], Media | None], healthy: Callable[[], bool], limits: Limits
    ):  # fmt: skip
        self._identity, self._seen, self._healthy = identity, seen, healthy
        self._per_session, self._per_worker = limits.event_streams, limits.event_streams_per_worker
        self._streams: dict[str, list[EventStream]] = {}  # by session or service token
        self._count = 0

    # --- streams ----------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many this worker holds."""
        return self._count

    def open(self, principal: Principal, topics: frozenset[str], gone: Callable[[], bool]) -> Iterator[str]:
        """A stream's text, which ends by itself; `gone()` says whether its client has left. Raises TooManyStreams."""
        holder = principal.session_id or principal.token_id
        mine = self._streams.get(holder, [])
        if len(mine) >= self._per_session:
            mine = [stream for stream in mine if not stream.gone()]
        if len(mine) >= self._per_session or self._count >= self._per_worker:
            raise TooManyStreams()
        return self._text(holder, EventStream(principal, topics, gone))

    def _text(self, holder: str, stream: EventStream) -> Iterator[str]:
        self._streams.setdefault(holder, []).append(stream)
        self._count += 1
        try:
            stream.miss()
            yield f"retry: {RECONNECT_MS}\n\n"
            yield from self._follow(stream)
        finally:
            self._forget(holder, stream)

    def _follow(self, stream: EventStream) -> Iterator[str]:
        over = time.monotonic() + LONGEST_SECONDS * (0.8 + 0.4 * random())  # noqa: S311 (not all at once)
        live = False
        while time.monotonic() < over:
            text, doubtful = stream.take()
            if doubtful and (ended := self._ended(stream)):
                yield ended
                return
            if stream.stopped or stream.overrun:
                return
            if stream.missed or live != self._healthy():
                stream.missed, live = False, self._healthy()
                text = frame(LIVE if live else POLL) + text
            yield text or ":\n\n"

    def _ended(self, stream: EventStream) -> str:
        """What to say to a stream whose session has ended, or may not follow this any more; "" if it may go on."""
        asked = stream.principal
        try:
            stream.principal = self._identity.still(asked.session_id, asked.token_id)
        except DatabaseUnavailable:
            return ""
        except ControlError as error:
            return frame(END, json.dumps({"code": error.code}))
        if all(may(stream.principal, TOPICS[topic], "").allowed for topic in stream.topics):
            return ""
        stream.stop()
        return ""

    def _forget(self, holder: str, stream: EventStream) -> None:
        self._count -= 1
        rest = [other for other in self._streams.get(holder, []) if other is not stream]
        if rest:
            self._streams[holder] = rest
        else:
            self._streams.pop(holder, None)

    def _all(self) -> list[EventStream]:
        return [stream for streams in self._streams.values() for stream in streams]

    # --- what happens -----------------------------------------------------------------------------

    def hear(self, topic: str, data: str) -> None:
        """An event has come."""
        following = [stream for stream in self._all() if topic in stream.topics]
        if following:
            hint, text = json.loads(data), frame(topic, data)
            media = self._media(hint) if topic == "media" else None
            for stream in following:
                if _concerns(stream.principal, topic, hint, media):
                    stream.put(text)

    def _media(self, hint: dict) -> Media | None:
        """The media as it would be if it were there: that it has gone is news for those who saw it."""
        try:
            media = self._seen(hint.get("id", ""))
        except ControlError:
            return None  # nobody is told what cannot be judged
        return media and replace(media, trashed_at=None)

    def lose(self) -> None:
        """Events may have been missed: pages look for themselves, now and for as long as none can come."""
        for stream in self._all():
            stream.miss()

    def drop(self, holder: str) -> None:
        """A session has changed."""
        for stream in self._streams.get(holder, []):
            stream.doubt()

    def drop_token(self, _: str) -> None:
        """A service token has changed: they are remembered by their hash, which is no holder's name."""
        for stream in self._all():
            if stream.principal.token_id:
                stream.doubt()

    def clear(self) -> None:
        """Any of them may have."""
        for stream in self._all():
            stream.doubt()

    def stop(self) -> None:
        """This worker ends: nobody waits for its streams."""
        self._per_worker = 0
        for stream in self._all():
            stream.stop()


def _concerns(principal: Principal, topic: str, hint: dict, media: Media | None) -> bool:
    if topic == "media":
        return media is not None and decide(principal, BROWSE, media, "").allowed
    if topic in PERSONAL:
        return principal.role == "admin" or hint.get("user") == principal.user_id
    return True
