"""Rotating the master key: resumable, and whatever kills it leaves every media key open (threat P12)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid

import pytest

from control import vault
from control.errors import EncryptionFailed
from control.files import write_secret
from control.storage.sql.media_keys import MediaKeyStore

MANY = 300


@pytest.fixture
def keys(tmp_path):
    write_secret(tmp_path / "master.key", os.urandom(32).hex())
    return tmp_path


@pytest.fixture
def filled(database, keys):
    """Media with keys, by id; gone afterwards."""
    store, masters, known = MediaKeyStore(database), vault.MasterKeys(keys), {}
    database.run("DELETE FROM media_keys")
    for _ in range(MANY):
        media, key = str(uuid.uuid4()), vault.new_media_key()
        database.run(
            "INSERT INTO media (id, name, kind, size_bytes, source) VALUES (%s, 'm', 'video', 1, 'import')", [media]
        )
        store.put(media, masters.wrap(media, key))
        known[media] = key
    yield store, known
    database.run("DELETE FROM media WHERE id = ANY(%s)", [list(known)])


def opens(masters, store, known) -> bool:
    return all(masters.unwrap(media, store.get(media)) == key for media, key in known.items())


def test_a_rotation_wraps_all_anew_and_old_processes_go_on(keys, filled):
    store, known = filled
    old_process = vault.MasterKeys(keys)
    masters = vault.MasterKeys(keys)
    assert masters.add().version == 2
    told = []
    assert vault.rewrap(masters, store, told.append, batch=100) == MANY and told == [100, 200, 300]
    assert store.counts() == {2: MANY} and vault.rewrap(masters, store) == 0
    assert opens(masters, store, known) and opens(old_process, store, known)
    assert old_process.wrap("m", b"k" * 16).version == 2
    assert oct((keys / "master.2.key").stat().st_mode)[-3:] == "600"


ROTATE = """
import sys
from pathlib import Path
from control import vault
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.pool import Database
masters, store = vault.MasterKeys(Path(sys.argv[1])), MediaKeyStore(Database(sys.argv[2]).open())
print("go", flush=True)
if not store.wrapped_before(masters.current().version, 1):
    masters.add()
vault.rewrap(masters, store, batch=10)
"""


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_P12_a_rotation_that_is_killed_anywhere_loses_no_key_and_is_finished_by_the_next(
    keys, filled, database_url, kills
):
    store, known = filled
    chance = random.Random(7)
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", ROTATE, keys, database_url], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        masters = vault.MasterKeys(keys)  # no half file: it would be refused by name
        assert opens(masters, store, known)
    masters = vault.MasterKeys(keys)
    vault.rewrap(masters, store)
    assert store.counts() == {masters.current().version: MANY} and opens(masters, store, known)


def test_P12_a_half_written_version_stops_the_start_and_names_itself(keys):
    (keys / "master.2.key").write_text("abcd")
    with pytest.raises(ValueError, match=r"master\.2\.key"):
        vault.MasterKeys(keys)


def test_a_version_that_is_gone_is_a_clear_error(keys, filled):
    store, known = filled
    masters = vault.MasterKeys(keys)
    masters.add()
    vault.rewrap(masters, store)
    (keys / "master.2.key").unlink()
    with pytest.raises(EncryptionFailed, match="content key") as refused:
        vault.MasterKeys(keys).unwrap(next(iter(known)), store.get(next(iter(known))))
    assert "Version 2" in refused.value.details


def test_somebody_elses_newer_key_is_not_overwritten(keys, filled):
    """An import replaced the key (a rerun has a new one) between reading and writing."""
    store, known = filled
    media = next(iter(known))
    masters = vault.MasterKeys(keys)
    stale, fresh = store.get(media), masters.wrap(media, b"f" * 16)
    store.put(media, fresh)
    store.replace(media, stale, masters.wrap(media, known[media]))
    assert masters.unwrap(media, store.get(media)) == b"f" * 16
