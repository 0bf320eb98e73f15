"""A media is written anew under another key, whatever moment it is killed at (threat P12)."""

from __future__ import annotations

import io
import os
import re
import shutil

import pytest

from control import vault
from control.domain.media import Rendition
from control.storage.objects.s3 import S3
from control.vault.manifest import VaultDamaged, fingerprint, key_of, verify_manifest, write_manifest
from control.vault.objects import Compartment
from control.vault.originals import archived_digest, read_archive, write_archive
from control.vault.reencryption import Rekeyed
from nginx import contract

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
OLD, NEW = bytes(range(16)), bytes(range(16, 32))
ORIGINAL = b"original " * 1000


class Killed(BaseException):
    pass


@pytest.fixture
def rekeyed(objects, tmp_path):
    """Two segments under two key periods, a still, a text's original, an archive."""
    archive = tmp_path / "archive.enc"
    with archive.open("wb") as file:
        write_archive(OLD, io.BytesIO(ORIGINAL), file)
    begin(objects)
    return Rekeyed(MEDIA, objects, archive, OLD, NEW)


def begin(objects) -> None:
    target = Compartment.of(objects, MEDIA)
    lines = []
    for period in range(2):
        iv, name = os.urandom(16), contract.segment_name(period)
        target.put(f"360p/{name}", vault.encrypt(vault.content_key(OLD, "360p", period), b"segment %d" % period, iv))
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="key/{period}",IV=0x{iv.hex()}\n#EXTINF:9.5,\n{name}\n')
    target.put(f"360p/{contract.PLAYLIST}", ("#EXTM3U\n" + "".join(lines) + "#EXT-X-ENDLIST\n").encode())
    target.put(contract.MASTER_PLAYLIST, b"#EXTM3U\n")
    for kind in ("still", "image"):
        target.put(f"{kind}.webp.enc", vault.seal(vault.content_key(OLD, kind), kind.encode()))
    target.put(f"text0/{contract.SIDECAR}", vault.seal(vault.content_key(OLD, "text0-original"), b"text"))
    write_manifest(target, MEDIA, [Rendition("360p", 640, 360, 1)], [], OLD)


def must_be_under(rekeyed, key):
    target = rekeyed.target
    verify_manifest(target)
    assert key_of(target) == fingerprint(key)
    playlist = target.get(f"360p/{contract.PLAYLIST}").decode()
    entries = re.findall(r'key/(\d)",IV=0x(\w{32})\n#EXTINF:9.5,\n(\S+)', playlist)
    assert len(entries) == 2
    for period, iv, name in entries:
        sealed = target.get(f"360p/{name}")
        plain = vault.decrypt(vault.content_key(key, "360p", int(period)), sealed, bytes.fromhex(iv))
        assert plain == b"segment %s" % period.encode()
    for name, label, content in (("still.webp.enc", "still", b"still"), ("image.webp.enc", "image", b"image"),
                                 (f"text0/{contract.SIDECAR}", "text0-original", b"text")):  # fmt: skip
        assert vault.unseal(vault.content_key(key, label), target.get(name)) == content
    back = io.BytesIO()
    with rekeyed.archive.open("rb") as sealed:
        read_archive(key, sealed, back)
    assert back.getvalue() == ORIGINAL


def test_everything_is_under_the_new_key_with_new_ivs(rekeyed):
    before = {name: rekeyed.target.get(name) for name in rekeyed.target.names()}
    rekeyed.run()
    must_be_under(rekeyed, NEW)
    assert all(rekeyed.target.get(name) != content for name, content in before.items() if "master" not in name)
    assert {name.split("/")[0] for name in rekeyed.objects.names(f"{MEDIA[:2]}/")} == {MEDIA}
    assert archived_digest(rekeyed.archive, OLD) is None


@pytest.mark.parametrize("objects", ["posix", pytest.param("s3", marks=pytest.mark.soak)], indirect=True)
def test_P12_a_kill_at_any_moment_leaves_one_good_state_and_the_next_run_ends_it(rekeyed, monkeypatch, tmp_path):
    shutil.copy(rekeyed.archive, tmp_path / "archive-before")
    kills = 0
    while kills_at(rekeyed, monkeypatch, kills):
        assert rekeyed.swapped or key_of(rekeyed.target) in (fingerprint(OLD), None)
        rekeyed.run()
        must_be_under(rekeyed, NEW)
        rekeyed.target.remove()
        begin(rekeyed.objects)
        shutil.copy(tmp_path / "archive-before", rekeyed.archive)
        kills += 1
    assert kills > 20
    must_be_under(rekeyed, NEW)
    assert {name.split("/")[0] for name in rekeyed.objects.names(f"{MEDIA[:2]}/")} == {MEDIA}


def kills_at(rekeyed, monkeypatch, moment: int) -> bool:
    """Run until the call number `moment` that changes a disk or a store; False when there are not so many."""
    left = [moment]

    def counted(real):
        def call(*arguments, **options):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "fsync", "mkdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        if isinstance(rekeyed.objects, S3):
            for name in ("put", "_copy", "_remove"):
                patch.setattr(S3, name, counted(getattr(S3, name)))
        try:
            rekeyed.run()
        except Killed:
            return True
    return False


def test_damage_is_not_sealed_anew(rekeyed):
    rekeyed.target.put(f"360p/{contract.segment_name(1)}", b"damage")
    with pytest.raises(VaultDamaged):
        rekeyed.run()
    assert key_of(rekeyed.target) == fingerprint(OLD) and archived_digest(rekeyed.archive, OLD)
