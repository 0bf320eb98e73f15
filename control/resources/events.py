"""GET /api/events: hints that something has changed, for as long as a page is open (text/event-stream)."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator

import falcon
from pydantic import Field

from control.domain.events import TOPICS
from control.resources.credentials import decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.services.decisions import may
from control.services.events import EventHub, topics_of


class EventsQuery(Shape):
    topics: str = Field("", description=f"With commas between them: {', '.join(TOPICS)}")


class Stream:
    def __init__(self, hub: EventHub):
        self._hub = hub

    @describe("Live events", query=EventsQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Each event names its topic, its data may name what has changed: ask for that, the event itself tells nothing.

        `live` and `poll` say whether events come (ask for everything once, or every few seconds until `live`), `end`
        that the session has ended. Connect anew whenever the answer ends otherwise.
        """
        topics = topics_of(req.context.query.topics)
        principal = principal_of(req)
        for topic in topics:
            required(may(principal, TOPICS[topic], decision_id(req)))
        resp.content_type = "text/event-stream"
        resp.stream = _encoded(self._hub.open(principal, topics, _leaving(req.env.get("gunicorn.socket"))))


def _encoded(text: Iterator[str]) -> Iterator[bytes]:
    for part in text:
        yield part.encode()


def _leaving(connection) -> Callable[[], bool]:
    """Whether Nginx has hung up: it sends nothing more on a connection whose answer it waits for."""

    def left() -> bool:
        watch = select.poll()
        watch.register(connection, select.POLLIN)
        return bool(watch.poll(0))

    return left if connection is not None else lambda: False
