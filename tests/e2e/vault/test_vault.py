"""The vault is read back, mended and written anew under other keys; what plays goes on."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e import hls
from tests.e2e.conftest import make
from tests.e2e.people import wait_until
from tests.stack import REPO


@pytest.fixture
def clip(stack, tmp_path, request):
    """A short film of its own, with subtitles that came beside it."""
    name = f"{request.node.name}.mp4"
    file = make(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=3",
                "-metadata", f"title={name}", "-c:v", "libx264", "-pix_fmt", "yuv420p")  # fmt: skip
    media = stack.wait_for_media(stack.drop(file, name))
    stack.place(b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", stack.data / "imports" / f"{name[:-4]}.en.srt")
    wait_until(lambda: stack.media(name)["tracks"] == ["text0"], what="the subtitles were not taken up")
    return {**media, "file": file}


def directory(stack, media):
    return stack.data / "vault" / media["id"][:2] / media["id"]


def verify(stack, *arguments) -> tuple[int, list[dict]]:
    command = [REPO / ".venv/bin/sluice", "--data", stack.data, "media", "verify", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def test_what_is_whole_is_whole(stack, clip):
    assert verify(stack, clip["id"]) == (0, [])


@pytest.mark.parametrize("harm", ["changed", "missing", "manifest", "archive"])
def test_damage_is_found(stack, clip, harm):
    file = {
        "manifest": directory(stack, clip) / "manifest.json",
        "archive": stack.data / "archive" / clip["id"][:2] / f"{clip['id']}.enc",
    }.get(harm, directory(stack, clip) / "360p/seg_00000.ts")  # fmt: skip
    if harm in ("changed", "archive"):
        content = file.read_bytes()
        file.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    else:
        file.unlink()
    code, found = verify(stack, clip["id"])
    assert code == 2 and len(found[0]["damage"]) == 1


def test_damage_is_mended_from_the_original_with_its_subtitles(stack, clip):
    (directory(stack, clip) / "360p/seg_00000.ts").unlink()
    code, found = verify(stack, clip["id"], "--repair")
    assert code == 2 and found[0]["done"] == "being made anew"
    wait_until(lambda: stack.media(clip["name"])["state"] == "completed", 180)
    wait_until(lambda: stack.media(clip["name"])["tracks"] == ["text0"], what="its subtitles were lost")
    assert verify(stack, clip["id"]) == (0, [])


def test_what_cannot_be_made_anew_is_said_and_left_alone(stack, clip):
    (stack.data / "archive" / clip["id"][:2] / f"{clip['id']}.enc").unlink()
    _, found = verify(stack, clip["id"], "--repair")
    assert "its original is not there" in found[0]["done"]
    assert stack.media(clip["name"])["rungs"]


def test_new_keys_for_everything_and_players_go_on(stack, clip):
    client = stack.session()

    def keys() -> dict[str, bytes]:
        answer = client.get(f"/api/media/stream/{clip['id']}")
        master = answer.text
        addresses = [line for line in master.splitlines() if line.startswith("/hls/")]
        return {line.split("/")[-2]: client.get(line.replace("index.m3u8", "key/0")).content for line in addresses}

    before, segment = keys(), (directory(stack, clip) / "360p/seg_00000.ts").read_bytes()
    grant = client.get(f"/api/media/stream/{clip['id']}").text.split("/hls/")[1].split("/")[3]
    stack.sluice("key", "reencrypt", clip["id"])
    wait_until(lambda: keys().keys() == before.keys() and not set(keys().values()) & set(before.values()))
    assert (directory(stack, clip) / "360p/seg_00000.ts").read_bytes() != segment
    assert grant not in client.get(f"/api/media/stream/{clip['id']}").text, "the old grant had to end"
    assert verify(stack, clip["id"]) == (0, [])
    portable = client.get(f"/api/media/stream/{clip['id']}?portable=true", headers={"Accept": "application/json"})
    assert hls.decoded(portable.json()["url"], stack.data / "tls/certificate.pem")[0] == 75
    back = stack.data / f"{clip['id']}-back"
    stack.sluice("media", "original", clip["id"], str(back))
    assert back.read_bytes() == clip["file"].read_bytes()
    leftovers = [path.name for path in directory(stack, clip).parent.iterdir() if "." in path.name]
    assert not leftovers
