"""A file that is in the library already costs neither work nor room, and both go on by themselves."""

from __future__ import annotations

from tests.e2e.conftest import make


def vault_file(stack, media: dict, name: str):
    return stack.data / "vault" / media["id"][:2] / media["id"] / name


def test_the_same_film_again_is_linked_at_once(stack, film, film_file):
    again = stack.wait_for_media(stack.drop(film_file, "again.mp4"))
    assert again["duplicate_of"] == film["id"] and again["rungs"] == film["rungs"] and again["stills"] == film["stills"]
    first, second = (vault_file(stack, media, "360p/seg_00000.ts") for media in (film, again))
    assert first.stat().st_ino == second.stat().st_ino and first.stat().st_nlink == 2
    assert not (stack.data / "imports" / "again.mp4").exists()
    stack.sluice("media", "verify", "again.mp4")
    back = stack.data / "again-back.mp4"
    stack.sluice("media", "original", "again.mp4", str(back))
    assert back.read_bytes() == film_file.read_bytes()


def test_a_linked_film_has_its_own_grant_and_plays(stack, film, film_file):
    again = stack.wait_for_media(stack.drop(film_file, "again too.mp4"))
    client = stack.session()
    answer = client.get(f"/api/media/stream/{again['id']}")
    key = [line for line in answer.text.splitlines() if line.startswith("/hls/")][0].replace("index.m3u8", "key/0")
    assert again["id"] in key and client.get(key).status_code == 200
    other = client.get(f"/api/media/stream/{film['id']}").text
    assert again["id"] not in other


def test_a_file_of_the_same_size_is_another_one(stack, tmp_path):
    for name, colour in (("one.bmp", "red"), ("two.bmp", "blue")):
        file = make(tmp_path / name, "-f", "lavfi", "-i", f"color={colour}:size=100x100", "-frames:v", "1")
        stack.drop(file, name)
    one, two = stack.wait_for_media("one.bmp"), stack.wait_for_media("two.bmp")
    assert one["size_bytes"] == two["size_bytes"] and two["duplicate_of"] is None
