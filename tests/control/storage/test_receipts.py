"""Receipts in the database: rows, positions, partitions, and what tickets have left."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.receipts import Batch, Delivery, Receipt
from control.storage.sql.receipts import MOST_RANGES, ReceiptStore

NOW = datetime.now(UTC).replace(microsecond=0)


def take(database, batch: Batch, file: str | None = None, position: int = 1) -> set[str]:
    with ReceiptStore(database).reading("tests") as reading:
        return reading.move(file or secrets.token_hex(16), position, batch)


def receipt(**fields) -> Receipt:
    plain = Receipt(
        at=NOW, request=secrets.token_hex(16), user_id=None, grant_id=None, ticket=None, media_id=str(uuid.uuid4()),
        kind="original", rung=None, segment=None, range_start=0, range_end=1000, size=1000, bytes=1000, status=200,
        complete=True, seconds=0.1, address="::1", agent="curl",
    )  # fmt: skip
    return plain._replace(**fields)


def deliver(database, *receipts: Receipt, item: str | None = None) -> set[str]:
    return take(database, Batch([Delivery(one, None, item) for one in receipts], len(receipts)))


@pytest.fixture
def store(database):
    return ReceiptStore(database)


@pytest.fixture
def ticket():
    return secrets.token_urlsafe(12)


def covered(store, ticket):
    return [(one.covered, one.completed_at is not None) for one in store.covered([ticket])]


def test_coverage_is_the_union_of_what_has_left(store, database, ticket):
    media = str(uuid.uuid4())

    def part(start, end):
        return receipt(ticket=ticket, media_id=media, range_start=start, range_end=end, status=206)

    assert deliver(database, part(0, 400), part(300, 500)) == {ticket}
    assert covered(store, ticket) == [(500, False)]
    deliver(database, part(600, 1000), part(600, 1000))
    assert covered(store, ticket) == [(900, False)]
    deliver(database, part(500, 589))
    assert covered(store, ticket) == [(989, False)]
    deliver(database, part(589, 590))
    assert covered(store, ticket) == [(990, True)]


def test_completion_is_said_once(store, database, ticket):
    media = str(uuid.uuid4())
    deliver(database, receipt(ticket=ticket, media_id=media))
    first = store.covered([ticket])[0].completed_at
    deliver(database, receipt(ticket=ticket, media_id=media))
    assert store.covered([ticket])[0].completed_at == first


def test_an_item_of_its_own_and_an_empty_file(store, database, ticket):
    archive = str(uuid.uuid4())
    deliver(database, receipt(ticket=ticket, media_id=None), item=archive)
    deliver(database, receipt(ticket=ticket, range_end=0, size=0, bytes=0))
    assert {one.item for one in store.covered([ticket])} > {archive} and covered(store, ticket).count((0, True)) == 1


def test_nothing_is_covered_by_what_has_no_item_or_no_size(store, database, ticket):
    assert not deliver(database, receipt(ticket=ticket, media_id=None), receipt(ticket=ticket, size=None), receipt())
    assert covered(store, ticket) == []


def test_a_file_of_another_size_is_another_file(store, database, ticket):
    media = str(uuid.uuid4())
    deliver(database, receipt(ticket=ticket, media_id=media, range_end=900))
    deliver(database, receipt(ticket=ticket, media_id=media, range_start=900, range_end=2000, size=2000))
    assert covered(store, ticket) == [(1100, False)]


def test_every_other_byte_does_not_fill_the_database(store, database, ticket):
    media, many = str(uuid.uuid4()), MOST_RANGES + 1
    parts = [receipt(ticket=ticket, media_id=media, range_start=2 * n, range_end=2 * n + 1, size=10**6) for n in range(many)]
    deliver(database, *parts)
    assert covered(store, ticket) == [(2 * many - 1, False)]


def test_two_readers_take_turns(store):
    with store.reading("host a") as first, store.reading("host a") as second, store.reading("host b") as other:
        assert first and other and second is None
    with store.reading("host a") as next_one:
        assert next_one


def test_the_position_moves_with_the_rows_or_not_at_all(store, database):
    file, row = secrets.token_hex(16), receipt()
    with pytest.raises(KeyboardInterrupt), store.reading("tests") as reading:
        reading.move(file, 100, Batch([Delivery(row)], 1))
        raise KeyboardInterrupt
    with store.reading("tests") as reading:
        assert reading.position(file) == 0
    assert database.one("SELECT count(*) AS n FROM receipts WHERE request = %s", [row.request])["n"] == 0


def test_the_user_of_a_grant_and_the_media_of_a_path_are_looked_up(store, database):
    user, name, path = str(uuid.uuid4()), secrets.token_hex(4), b"a \xff.mp3"
    grant, session, media = secrets.token_hex(16), str(uuid.uuid4()), str(uuid.uuid4())
    database.run("INSERT INTO users (id, username, password_hash) VALUES (%s, %s, '')", [user, name])
    database.run(
        """INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, refresh_hash, expires_at)
           VALUES (%s, %s, '', '', '', '::1', '', now())""", [session, user])  # fmt: skip
    database.run(
        """INSERT INTO media (id, name, kind, size_bytes, source, mount, path)
           VALUES (%s, 'a', 'audio', 1, 'mount', %s, %s)""", [media, name, path])  # fmt: skip
    database.run("INSERT INTO grants (id, media_id, user_id, session_id, expires_at) VALUES (%s, %s, %s, %s, now())",
                 [grant, media, user, session])  # fmt: skip
    played, sent = receipt(grant_id=grant), receipt(media_id=None)
    take(database, Batch([Delivery(played), Delivery(sent, (name, "a \udcff.mp3"))], 2))
    assert row_of(database, played)["user_id"] == user and row_of(database, sent)["media_id"] == media


def row_of(database, receipt):
    return database.one("SELECT user_id::text, media_id::text FROM receipts WHERE request = %s", [receipt.request])


def test_months_are_made_when_they_are_needed_and_dropped_when_they_are_old(store, database):
    far = NOW - timedelta(days=400)
    deliver(database, receipt(at=far), receipt(at=NOW - timedelta(days=45)), receipt())
    names = months(database)
    assert f"receipts_{far:%Y_%m}" in names and f"receipts_{NOW:%Y_%m}" in names
    assert f"receipts_{NOW.replace(day=1) + timedelta(days=32):%Y_%m}" in names  # the next one, ahead
    assert store.forget_before(NOW - timedelta(days=365)) >= 1
    assert f"receipts_{far:%Y_%m}" not in months(database) and f"receipts_{NOW:%Y_%m}" in months(database)
    assert store.forget_before(NOW - timedelta(days=365)) == 0


def months(database) -> set[str]:
    rows = database.all("SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'receipts'::regclass")
    return {row["name"] for row in rows}


def test_what_others_ask(store, database):
    media = str(uuid.uuid4())
    deliver(
        database, receipt(media_id=media), receipt(media_id=media, range_end=10, bytes=10),
        receipt(media_id=media, kind="segment"), receipt(media_id=media, kind="still", at=NOW + timedelta(seconds=9)),
    )  # fmt: skip
    found = store.downloads([media, str(uuid.uuid4())])
    assert list(found) == [media] and (found[media].whole, found[media].bytes) == (1, 1010)
    assert store.last_seen([media]) == {media: NOW}
    assert store.days(1)[0].rows >= 4
