"""Photos: upright, without metadata, bounded, sealed; a claim in the first bytes is no proof (threat P04)."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from control import vault
from nginx import contract
from processor.steps.images import make_image
from processor.steps.refusal import Refused
from tests.processor.vault import job_of

KEY = bytes(range(16))


def process(settings, path, scratch, target):
    target.mkdir()
    found = make_image(job_of(settings, path, scratch, target, KEY))
    sealed = (target / contract.IMAGE).read_bytes()
    return found, Image.open(io.BytesIO(vault.unseal(vault.content_key(KEY, "image"), sealed)))


def test_orientation_is_applied_and_metadata_gone(settings, scratch, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "canary-maker"  # turned by 90 degrees, made by
    exif.get_ifd(0x8825)[1] = "N"  # a GPS tag
    Image.new("RGB", (300, 200), "red").save(tmp_path / "turned.jpg", exif=exif)
    found, picture = process(settings, tmp_path / "turned.jpg", scratch, tmp_path / "vault")
    assert (found.width, found.height) == picture.size == (200, 300)
    assert not picture.getexif() and "exif" not in picture.info and "icc_profile" not in picture.info


def test_a_picture_is_bounded_and_has_its_small_ones(settings, scratch, tmp_path):
    Image.new("RGB", (5000, 1000)).save(tmp_path / "wide.png")
    _, picture = process(settings, tmp_path / "wide.png", scratch, tmp_path / "vault")
    assert picture.size == (3840, 768) and picture.format == "WEBP"
    sealed = (tmp_path / "vault" / contract.still_name("thumbnail")).read_bytes()
    small = Image.open(io.BytesIO(vault.unseal(vault.content_key(KEY, "thumbnail"), sealed)))
    assert max(small.size) == 300


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_every_allowed_form_is_read(settings, scratch, tmp_path, form):
    Image.new("RGB", (64, 48), "blue").save(tmp_path / f"a.{form.lower()}", form)
    found, picture = process(settings, tmp_path / f"a.{form.lower()}", scratch, tmp_path / "vault")
    assert (found.kind, picture.size) == ("image", (64, 48))


def test_heic_is_read(settings, scratch, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "green")).save(tmp_path / "a.heic")
    _, picture = process(settings, tmp_path / "a.heic", scratch, tmp_path / "vault")
    assert picture.size == (64, 48)


def test_an_animation_keeps_moving(settings, scratch, tmp_path):
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    _, picture = process(settings, tmp_path / "a.gif", scratch, tmp_path / "vault")
    assert picture.n_frames == 3


def test_a_false_signature_and_a_bomb_are_refused(settings, scratch, tmp_path):
    (tmp_path / "false.jpg").write_bytes(b"\xff\xd8\xff" + b"not a picture" * 50)
    bomb = Image.new("1", (20_000, 10_000))
    bomb.save(tmp_path / "bomb.png")
    for name in ("false.jpg", "bomb.png"):
        with pytest.raises(Refused):
            process(settings, tmp_path / name, scratch, tmp_path / f"vault-{name}")


def test_P04_the_heif_decoder_is_a_patched_one():
    pillow_heif = pytest.importorskip("pillow_heif")
    assert tuple(map(int, pillow_heif.libheif_version().split("."))) >= (1, 23, 2)
