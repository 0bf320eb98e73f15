"""Backups hold everything, each content once; a restore writes what is missing and nothing else."""

from __future__ import annotations

import os

import pytest

from control.domain.backups import PLACES
from control.errors import BadRequest
from control.services.backups import Backups
from control.storage.backups import NoBackup, Repository
from control.storage.objects.posix import Posix
from control.vault.manifest import verify_manifest, write_manifest
from control.vault.objects import Compartment


class Instance:
    """A data directory, and a database that is a text."""

    def __init__(self, place):
        self.data, self.database, self.keys = place, "rows", ["one"]
        for name in PLACES:
            (place / name).mkdir(parents=True)
        (place / "sluice.toml").write_text("[server]\n")
        (place / "keys/master.key").write_text("secret")
        (place / "vault/film").mkdir()
        (place / "vault/film/seg_00000.ts").write_bytes(b"ciphertext" * 1000)
        (place / "files/caf\udce9.txt").write_bytes(b"a name of bytes")
        (place / "files/empty").touch()

    def backups(self, repository) -> Backups:
        return Backups(self.data, repository, lambda file: file.write_text(self.database), lambda: self.keys[-1], "1")


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "data").mkdir()
    return Instance(tmp_path / "data")


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "backups")
    repository.prepare()
    return repository


def contents(place) -> dict[str, tuple]:
    return {
        str(path.relative_to(place)): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in place.rglob("*") if path.is_file()
    }  # fmt: skip


def test_what_is_restored_is_what_was_there(instance, repository, tmp_path):
    (instance.data / "keys/master.key").chmod(0o600)
    snapshot = instance.backups(repository).make()
    other = tmp_path / "other"
    other.mkdir()
    restored = Backups(other, repository, None, None, "1")
    assert restored.restore(repository.read(snapshot.id)) == len(snapshot.files) == 5
    restored.restore_database(snapshot, other / "database")
    assert (other / "database").read_text() == "rows"
    (other / "database").unlink()
    assert contents(other) == contents(instance.data)


def test_what_has_not_changed_is_not_read_again(instance, repository):
    first = instance.backups(repository).make()
    (instance.data / "files/new").write_text("new")
    read = []
    second = instance.backups(repository).make(read.append)
    assert sum(read) == len("new") + len("rows")
    assert len(second.files) == len(first.files) + 1
    assert repository.ids() == [first.id, second.id]


def test_a_restore_never_replaces_and_writes_nothing_where_something_else_is(instance, repository):
    snapshot = instance.backups(repository).make()
    (instance.data / "files/empty").write_text("mine")
    (instance.data / "keys/master.key").unlink()
    with pytest.raises(BadRequest) as refused:
        instance.backups(repository).restore(snapshot)
    assert "files/empty" in refused.value.details
    assert (instance.data / "files/empty").read_text() == "mine"
    assert not (instance.data / "keys/master.key").exists()


def test_a_restore_that_was_interrupted_goes_on(instance, repository):
    snapshot = instance.backups(repository).make()
    (instance.data / "keys/master.key").unlink()
    (instance.data / "later").write_text("not of the backup")
    assert instance.backups(repository).restore(snapshot) == 1
    assert (instance.data / "later").exists()


def test_damage_is_seen(instance, repository, tmp_path):
    snapshot = instance.backups(repository).make()
    entry = next(entry for entry in snapshot.files if entry.path.endswith(".ts"))
    place = tmp_path / "backups/objects" / entry.sha256[:2] / entry.sha256[2:]
    os.chmod(place, 0o600)
    place.write_bytes(b"rotten")
    assert repository.damaged(entry.sha256, lambda count: None)
    (instance.data / entry.path).unlink()
    with pytest.raises(NoBackup, match="damaged"):
        instance.backups(repository).restore(snapshot)
    assert not (instance.data / entry.path).exists()


def test_a_media_that_gets_another_key_meanwhile_is_taken_again(instance, repository):
    """Its files and the database's key for it must be of one time."""
    film = instance.data / "vault/film/seg_00000.ts"

    def reencrypted_after_the_dump(file):
        file.write_text(instance.database)
        if len(instance.keys) == 1:
            instance.keys.append("two")
            instance.database = "rows, new key"
            film.write_bytes(b"other ciphertext")

    backups = Backups(instance.data, repository, reencrypted_after_the_dump, lambda: instance.keys[-1], "1")
    snapshot = backups.make()
    backups.restore_database(snapshot, instance.data / "database")
    assert (instance.data / "database").read_text() == "rows, new key"
    film.unlink()
    backups.restore(snapshot)
    assert film.read_bytes() == b"other ciphertext"


def test_a_vault_in_a_bucket_is_kept_by_its_manifests_and_comes_back_as_files(instance, repository, tmp_path):
    bucket, media = Posix(tmp_path / "bucket"), "0f0f0f0f-0000-4000-8000-000000000001"
    film = Compartment.of(bucket, media)
    film.put("720p/seg_00000.ts", b"in the bucket")
    write_manifest(film, media, [], [], bytes(16))
    Compartment(bucket, f"0f/{media}.new").put("manifest.json", b"{}")
    Compartment(bucket, "0f/being-made").put("720p/seg_00000.ts", b"nothing yet")
    backups = Backups(instance.data, repository, lambda file: file.write_text("rows"), lambda: "one", "1", bucket)
    snapshot, read = backups.make(), []
    names = {entry.path for entry in snapshot.files if entry.path.startswith("vault/")}
    assert names == {f"vault/0f/{media}/720p/seg_00000.ts", f"vault/0f/{media}/manifest.json"} and not snapshot.skipped
    backups.make(read.append)
    assert sum(read) == len("rows")
    backups.restore(snapshot)
    restored = Compartment.of(Posix(instance.data / "vault"), media)
    verify_manifest(restored)
    assert restored.get("720p/seg_00000.ts") == b"in the bucket"
    film.put("720p/seg_00000.ts", b"damaged there")
    assert Backups(instance.data, empty(tmp_path), lambda file: file.write_text("rows"), lambda: "one", "1", bucket).make().skipped


def empty(tmp_path) -> Repository:
    repository = Repository(tmp_path / "other-backups")
    repository.prepare()
    return repository


def test_old_snapshots_go_with_what_nobody_else_needs(instance, repository):
    old = instance.backups(repository).make()
    (instance.data / "vault/film/seg_00000.ts").unlink()
    new = instance.backups(repository).make()
    gone = next(entry for entry in old.files if entry.path.endswith(".ts"))
    assert repository.prune(1) == 1
    assert repository.ids() == [new.id]
    assert not repository.has(gone.sha256)
    assert all(repository.has(entry.sha256) for entry in new.files)


def test_no_backup_is_made_among_other_things(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(NoBackup, match="holds other things"):
        Repository(tmp_path).prepare()


def test_two_at_once_do_not_mix(repository, tmp_path):
    with repository.locked(), pytest.raises(NoBackup, match="Another"), Repository(tmp_path / "backups").locked():
        pass
