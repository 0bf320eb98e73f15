"""What a line of Nginx's log tells, and what no line can do."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from control.domain.receipts import KINDS
from processor.log_lines import LONGEST_AGENT, deliveries
from tests.control.storage.test_receipts import take
from tests.log_lines import MEDIA, delivery, line, segment

REQUEST, USER = "ab" * 16, str(uuid.UUID(int=7))
NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=365), NOW + timedelta(days=1)


def read(*lines: bytes):
    return deliveries(b"".join(lines), PAST, FUTURE)


def only(text: bytes):
    batch = read(text)
    assert (batch.lines, batch.bad_lines, len(batch.deliveries)) == (1, 0, 1)
    return batch.deliveries[0]


def test_a_segment():
    receipt = only(segment(REQUEST)).receipt
    assert (receipt.kind, receipt.rung, receipt.segment) == ("segment", "720p", 7)
    assert (receipt.media_id, receipt.grant_id, receipt.request) == (MEDIA, "0" * 32, REQUEST)
    assert (receipt.range_start, receipt.range_end, receipt.size, receipt.complete) == (0, 1000, 1000, True)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [("master.m3u8", ("playlist", None, None)), ("720p/index.m3u8", ("playlist", "720p", None)),
     ("text0/seg_00000.vtt", ("segment", "text0", 0))],
)  # fmt: skip
def test_what_lies_below_a_signed_prefix(file, wanted):
    receipt = only(segment(REQUEST, file=file)).receipt
    assert (receipt.kind, receipt.rung, receipt.segment) == wanted


def test_a_key():
    uri = f"/hls/k1/-/1790000000/{'0' * 32}/{MEDIA}/720p/key/3"
    receipt = only(delivery(REQUEST, uri=uri, media=MEDIA, grant="0" * 32, place="")).receipt
    assert (receipt.kind, receipt.rung, receipt.segment, receipt.media_id) == ("key", "720p", 3, MEDIA)


@pytest.mark.parametrize(
    ("uri", "place", "kind"),
    [
        (f"/api/media/{MEDIA}/original", f"originals/{MEDIA}/original", "original"),
        (f"/api/media/stream/{MEDIA}", f"vault/{MEDIA}/image.webp.enc", "picture"),
        ("/d/k1/-/1790000000/users/x", f"linked/users/{USER}/2026/11/27/{MEDIA}", "link"),
        ("/d/k1/-/1790000000/originals/x", f"linked/originals/{MEDIA[:2]}/{MEDIA}/original", "link"),
        (f"/stream/{MEDIA}?-", f"stored/users/{USER}/2026/11/27/{MEDIA}", "stream"),
        ("/get/bWVkaWE?-", f"stored/users/{USER}/2026/11/27/{MEDIA}", "get"),
        (f"/s/code/{MEDIA}", f"originals/{MEDIA}/original", "share"),
    ],
)
def test_the_kind_is_the_address_and_the_media_is_the_place(uri, place, kind):
    found = only(delivery(REQUEST, uri=uri, place=place))
    assert (found.receipt.kind, found.receipt.media_id, found.mounted) == (kind, MEDIA, None)


def test_every_kind_is_described():
    from processor import log_lines

    assert {*log_lines._ALWAYS.values(), *log_lines._HANDED_OVER.values()} < set(KINDS)


@pytest.mark.parametrize("place", ["mounts/shelf/a b/\udcff.mp3", "linked/shelf/a b/\udcff.mp3"])
def test_a_mounted_file_is_known_by_its_place(place):
    found = only(delivery(REQUEST, place=place))
    assert (found.receipt.media_id, found.mounted) == (None, ("shelf", "a b/\udcff.mp3"))


def test_a_still_is_known_by_its_target():
    found = only(delivery(REQUEST, uri=f"/api/media/thumbnail/{MEDIA}", place="", target=MEDIA)).receipt
    assert (found.kind, found.media_id) == ("still", MEDIA)


def test_the_user_is_the_first_word_of_the_verdict():
    assert only(delivery(REQUEST, verdict=f"{USER} library 3")).receipt.user_id == USER
    assert only(delivery(REQUEST, verdict="visitor share")).receipt.user_id is None


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "HEAD", "bytes": 0}, {"method": "POST"}, {"status": 304, "bytes": 0}, {"status": 403}, {"status": 416},
        {"uri": "/library", "place": ""}, {"uri": "/s/code", "place": ""}, {"uri": "/api/media", "place": ""},
        {"uri": "/gate/forum/x", "place": "", "target": "forum", "verdict": f"{USER} role"},
    ],
)  # fmt: skip
def test_pages_refusals_and_head_are_no_deliveries(fields):
    batch = read(delivery(REQUEST, **fields))
    assert (batch.lines, batch.bad_lines, batch.deliveries) == (1, 0, [])


@pytest.mark.parametrize(
    "fields", [{"method": "HEAD", "bytes": 0}, {"status": 304, "bytes": 0}, {"status": 416}, {"status": 404}]
)
def test_under_a_ticket_every_end_is_told(fields):
    receipt = only(delivery(REQUEST, ticket="t", **fields)).receipt
    assert (receipt.ticket, receipt.range_start, receipt.range_end, receipt.size) == ("t", 0, 0, None)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"status": 206, "sent": "bytes 10-19/1000", "bytes": 10}, (10, 20, 1000)),
        ({"status": 206, "sent": "bytes 10-999/1000", "bytes": 90, "complete": ""}, (10, 100, 1000)),
        ({"status": 200, "bytes": 300, "complete": ""}, (0, 300, 1000)),
        ({"status": 206, "sent": "bytes 10-19/1000", "bytes": 4000}, (10, 20, 1000)),
        ({"status": 200, "bytes": 300, "size": ""}, (0, 300, None)),
    ],
)  # fmt: skip
def test_the_range_is_what_has_left(fields, wanted):
    receipt = only(delivery(REQUEST, **fields)).receipt
    assert (receipt.range_start, receipt.range_end, receipt.size) == wanted


def test_a_ticket_may_name_its_item():
    plain, named = only(delivery(REQUEST, ticket="0")), only(delivery(REQUEST, ticket=f"t-1_/{MEDIA}", place="zip/x"))
    assert (plain.receipt.ticket, plain.item) == ("0", None)
    assert (named.receipt.ticket, named.item, named.receipt.kind) == ("t-1_", MEDIA, "share")


def test_lines_out_of_time():
    old = delivery(REQUEST, time=(PAST - timedelta(days=1)).isoformat())
    new = delivery(REQUEST, time=(FUTURE + timedelta(days=1)).isoformat())
    batch = read(old, new)
    assert (batch.lines, batch.bad_lines, batch.deliveries) == (2, 1, [])


def test_what_a_client_sends_stays_text():
    agent = 'a"\\\n\x1b[31m\udcff\x00' + "x" * 1000
    receipt = only(delivery(REQUEST, agent=agent)).receipt
    assert receipt.agent.startswith('a"\\\n\x1b[31m?x') and len(receipt.agent) < LONGEST_AGENT
    receipt.agent.encode()


@pytest.mark.parametrize(
    "text",
    [b"\n", b"x\n", b"[]\n", b"1\n", b'"x"\n', b"null\n", b"{}\n", b"\0" * 4096 + b"\n", b"[" * 100_000 + b"\n",
     segment(REQUEST)[:-20] + b"\n", segment("nonsense"), segment(REQUEST, bytes=-1), segment(REQUEST, bytes=1 << 70),
     segment(REQUEST, media="x"), segment(REQUEST, time="yesterday"), segment(REQUEST, time="2026-11-27T10:00:00"),
     segment(REQUEST, seconds=float("nan")), segment(REQUEST, client="::g"), segment(REQUEST, status=None),
     delivery(REQUEST, ticket="a b"), delivery(REQUEST, status=206, sent="bytes 1-2"), delivery(REQUEST, place=7)],
)  # fmt: skip
def test_a_bad_line_is_counted_and_costs_no_other(text):
    batch = read(segment(REQUEST), text, segment(REQUEST))
    assert (batch.lines, batch.bad_lines, len(batch.deliveries)) == (3, 1, 2)


# --- whatever a line says, the database takes what is made of it ----------------------------------

_ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2),
    st.sampled_from(["OK", "bytes 0-0/1", "bytes 9-1/5", MEDIA, "1", "9" * 30, "mounts/a/\udcff", "fe80::1%eth0", "GET"]),
)  # fmt: skip
_FIELDS = sorted(json.loads(delivery(REQUEST)))


@given(st.dictionaries(st.sampled_from(_FIELDS), _ANYTHING, max_size=4), st.sampled_from([segment, delivery]))
@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_stops_the_reading(database, fields, kind):
    found = read(line(json.loads(kind(REQUEST)) | fields), delivery(REQUEST))
    assert found.lines == 2
    take(database, found)


@given(st.binary())
def test_no_bytes_stop_the_reading(text):
    assert read(text + b"\n", segment(REQUEST)).deliveries
