"""A media is written anew under another key, whatever moment it is killed at (threat P12)."""

from __future__ import annotations

import io
import os
import re
import shutil

import pytest

from control import vault
from control.domain.media import Rendition
from control.vault.manifest import VaultDamaged, fingerprint, key_of, verify_manifest, write_manifest
from control.vault.originals import archived_digest, read_archive, write_archive
from control.vault.reencryption import Rekeyed
from nginx import contract

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
OLD, NEW = bytes(range(16)), bytes(range(16, 32))
ORIGINAL = b"original " * 1000


class Killed(BaseException):
    pass


@pytest.fixture
def rekeyed(tmp_path):
    """Two segments under two key periods, a still, a text's original, an archive."""
    target, archive = tmp_path / "vault" / MEDIA, tmp_path / "archive.enc"
    (target / "360p").mkdir(parents=True)
    (target / "text0").mkdir()
    lines = []
    for period in range(2):
        iv, name = os.urandom(16), contract.segment_name(period)
        sealed = vault.encrypt(vault.content_key(OLD, "360p", period), b"segment %d" % period, iv)
        (target / "360p" / name).write_bytes(sealed)
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="key/{period}",IV=0x{iv.hex()}\n#EXTINF:9.5,\n{name}\n')
    (target / "360p" / contract.PLAYLIST).write_text("#EXTM3U\n" + "".join(lines) + "#EXT-X-ENDLIST\n")
    (target / contract.MASTER_PLAYLIST).write_text("#EXTM3U\n")
    (target / "still.webp.enc").write_bytes(vault.seal(vault.content_key(OLD, "still"), b"still"))
    (target / "image.webp.enc").write_bytes(vault.seal(vault.content_key(OLD, "image"), b"image"))
    sealed = vault.seal(vault.content_key(OLD, "text0-original"), b"text")
    (target / "text0" / contract.SIDECAR).write_bytes(sealed)
    write_manifest(target, MEDIA, [Rendition("360p", 640, 360, 1)], [], OLD)
    with archive.open("wb") as file:
        write_archive(OLD, io.BytesIO(ORIGINAL), file)
    return Rekeyed(MEDIA, target, archive, OLD, NEW)


def must_be_under(rekeyed, key):
    target = rekeyed.target
    verify_manifest(target)
    assert key_of(target) == fingerprint(key)
    playlist = (target / "360p" / contract.PLAYLIST).read_text()
    for period, iv, name in re.findall(r'key/(\d)",IV=0x(\w{32})\n#EXTINF:9.5,\n(\S+)', playlist):
        sealed = (target / "360p" / name).read_bytes()
        plain = vault.decrypt(vault.content_key(key, "360p", int(period)), sealed, bytes.fromhex(iv))
        assert plain == b"segment %s" % period.encode()
    for name, label, content in (("still.webp.enc", "still", b"still"), ("image.webp.enc", "image", b"image"),
                                 (f"text0/{contract.SIDECAR}", "text0-original", b"text")):  # fmt: skip
        assert vault.unseal(vault.content_key(key, label), (target / name).read_bytes()) == content
    back = io.BytesIO()
    with rekeyed.archive.open("rb") as sealed:
        read_archive(key, sealed, back)
    assert back.getvalue() == ORIGINAL


def test_everything_is_under_the_new_key_with_new_ivs(rekeyed):
    before = {path: path.read_bytes() for path in rekeyed.target.rglob("*.*") if path.is_file()}
    rekeyed.run()
    must_be_under(rekeyed, NEW)
    assert all(path.read_bytes() != content for path, content in before.items() if "master" not in path.name)
    assert [path.name for path in rekeyed.target.parent.iterdir()] == [MEDIA]
    assert archived_digest(rekeyed.archive, OLD) is None


def test_P12_a_kill_at_any_moment_leaves_one_good_state_and_the_next_run_ends_it(rekeyed, monkeypatch, tmp_path):
    shutil.copytree(tmp_path / "vault", tmp_path / "vault-before")
    shutil.copy(rekeyed.archive, tmp_path / "archive-before")
    kills = 0
    while kills_at(rekeyed, monkeypatch, kills):
        assert rekeyed.swapped or key_of(rekeyed.target) in (fingerprint(OLD), None)
        rekeyed.run()
        must_be_under(rekeyed, NEW)
        shutil.rmtree(tmp_path / "vault")
        shutil.copytree(tmp_path / "vault-before", tmp_path / "vault")
        shutil.copy(tmp_path / "archive-before", rekeyed.archive)
        kills += 1
    assert kills > 20
    must_be_under(rekeyed, NEW)


def kills_at(rekeyed, monkeypatch, moment: int) -> bool:
    """Run until the system call number `moment` that changes the disk; False when there are not so many."""
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
        try:
            rekeyed.run()
        except Killed:
            return True
    return False


def test_damage_is_not_sealed_anew(rekeyed):
    (rekeyed.target / "360p" / contract.segment_name(1)).write_bytes(b"damage")
    with pytest.raises(VaultDamaged):
        rekeyed.run()
    assert key_of(rekeyed.target) == fingerprint(OLD) and archived_digest(rekeyed.archive, OLD)
