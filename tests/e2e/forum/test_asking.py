"""A forum's server asks Sluice: lists, names, errors, a verified server, answers that are kept."""

from __future__ import annotations

import pytest

from tests.e2e.forum.site import HOSTILE, LIBRARY, Elements


def test_files_are_listed_page_by_page_and_searched(forum, shelved, tone):
    first = forum.php("$sluice->files('', 1, 1)")
    second = forum.php("$sluice->files('', 2, 1)")
    assert first["pagination"]["pages"] == first["pagination"]["total"] >= 2
    assert len(first["data"]) == 1 and first["data"][0]["id"] != second["data"][0]["id"]
    found = [item["name"] for item in forum.php("$sluice->files('song.mp3')")["data"]]
    assert "song.mp3" in found and "film.mp4" not in found
    assert forum.php("count($sluice->files(str_repeat('日', 900))['data'])") == 0


def test_a_file_is_found_by_name_and_by_id(forum, shelved, tone):
    assert forum.php("$sluice->find('song.mp3')['id']") == shelved["id"]
    assert forum.php("$sluice->find($argv[1])['name']", shelved["id"]) == "song.mp3"
    assert forum.php("$sluice->find($argv[1])['id']", HOSTILE) == tone["id"]
    assert forum.php("$sluice->find('song')")[0] == "FORUM_004"


def test_errors_carry_sluices_own_code_and_sentence(forum):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert forum.php("$sluice->find($argv[1])", unknown) == ["MEDIA_001", "There is no such media.", 404]
    (forum.secrets / "wrong").write_text("slt_wrong")
    code, sentence, status = forum.php("$sluice->files()", token_file=str(forum.secrets / "wrong"))
    assert code.startswith("AUTH_") and sentence and status == 401
    assert forum.php("$sluice->files()", ask_url="https://127.0.0.1:9")[0] == "FORUM_002"


def test_a_server_that_cannot_be_verified_is_not_asked(forum):
    """Neither without its certificate, nor under another name, nor with another key."""
    pin = "sha256//" + "A" * 43 + "="
    for changes in ({"ca_file": ""}, {"pinned_key": pin}):
        assert forum.php("$sluice->files()", **changes)[0] == "FORUM_002", changes
    assert "VERIFYPEER => false" not in (LIBRARY / "lib/SluiceApi.php").read_text()


def test_answers_are_kept_for_a_short_while_in_files_of_their_own(forum, stack, shelved):
    cached = {"cache_seconds": 300, "cache_dir": str(forum.secrets / "kept")}
    assert forum.php("$sluice->find('song.mp3')['id']", **cached) == shelved["id"]
    away = {**cached, "ask_url": "https://127.0.0.1:9"}
    assert forum.php("$sluice->find('song.mp3')['id']", **away) == shelved["id"]
    assert forum.php("$sluice->find('other.mp3')", **away)[0] == "FORUM_002"
    assert forum.php("$sluice->find('song.mp3')", ask_url="https://127.0.0.1:9", cache_dir="")[0] == "FORUM_002"
    kept = list((forum.secrets / "kept").iterdir())
    assert kept and not any(forum.token in file.read_text() for file in kept)
    assert {file.stat().st_mode & 0o077 for file in [*kept, forum.secrets / "kept"]} == {0}


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"url": "ftp://x"},
        {"url": "http://x"},
        {"ttl": 0},
        {"token_file": "/nowhere"},
        {"token_file": ""},
    ],
    ids=str,
)
def test_a_bad_setting_names_itself(forum, changes):
    code, sentence, _ = forum.php("$sluice->files()", **changes)
    assert code == "FORUM_001" and next(iter(changes)) in sentence


def test_a_secret_inside_the_web_root_is_refused(forum, shelved):
    (forum.root / "token").write_text(forum.token)
    forum.configure(token_file=str(forum.root / "token"))
    page = forum.page("[sluice]song.mp3[/sluice]")
    (forum.root / "token").unlink()
    assert "FORUM&#95;001" in page and not Elements(page).of("audio")
