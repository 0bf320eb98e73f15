"""U05: names of members that every system can extract, each to a place of its own."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.domain.archive_names import safe_folder, safe_names, safe_segment
from control.domain.archives import Layout
from tests.control.domain.test_archives import every_program_reads, made, member

HOSTILE = [
    "new\nline.txt", "cr\r\nlf.txt", 'quo"te.txt', "evil\u202egnp.exe", "é.txt", "e\u0301.txt", "x" * 300 + ".mp4",
    "😀.jpg", "-i.mp4", "CON", "con.txt", "Lpt1 .doc", "COM¹.x", "dot.", "space ", "..", ".", "", "../up", "..\\up",
    "/etc/passwd", "C:\\a.txt", "\\\\server\\share", "a/b", "nul\0.txt", "\udcff.bin", "<!--#include x-->", "a:b",
    ".hidden", " lead", "tab\t", "\u200b", "ﬀ", "Ａ", "A", "a", "ß", "SS", "%2e%2e%2f", "☃" * 200 + ".jpeg",
]  # fmt: skip
FOLDERS = [
    "",
    "Trips/2026",
    "../../etc",
    "/root",
    "C:/Windows",
    "a\\b",
    "./x/./y/..",
    "CON/aux",
    "trips/2026",
    "a" * 3000,
]


def check(names: list[str]) -> None:
    """What U05 asks of all members of one archive."""
    assert len({unicodedata.normalize("NFC", name.casefold()) for name in names}) == len(names)
    for name in names:
        assert not name.startswith("/") and "\\" not in name and ":" not in name and "<" not in name
        for segment in name.split("/"):
            assert segment not in ("", ".", "..") and not segment.endswith((".", " "))
            assert len(segment.encode()) <= 255
            assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in segment)
            assert not re.match(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9]) *(\.|$)", segment)


def test_U05_hostile_names_are_safe_unique_and_read_by_every_program(tmp_path):
    files = [(folder, name) for folder in FOLDERS for name in HOSTILE]
    names = safe_names(files)
    check(names)
    Layout([member(name, b"") for name in names])
    every_program_reads(made(dict.fromkeys(names, b"x"))[1], tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=300)), max_size=12))
def test_U05_whatever_the_names_are(files):
    check(safe_names(files))


@pytest.mark.parametrize(
    ("name", "safe"),
    [("holiday.jpg", "holiday.jpg"), ("e\u0301.txt", "é.txt"), ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("a:b", "a_b"),
     ("x. . ", "x"), ("evil\u202egnp.exe", "evilgnp.exe"), ("a\nb", "a_b"), ("console.txt", "console.txt")],
)  # fmt: skip
def test_a_name_stays_as_near_as_it_can(name, safe):
    assert safe_segment(name) == safe


def test_a_name_that_is_taken_gets_a_number_before_its_ending():
    files = [("", "a.txt"), ("", "A.TXT"), ("x", "a.txt"), ("", "a (2).txt"), ("", "a.txt")]
    assert safe_names(files) == ["a.txt", "A (2).TXT", "x/a.txt", "a (2) (2).txt", "a (3).txt"]


def test_a_file_never_has_the_name_of_a_folder():
    assert safe_names([("", "Trips"), ("Trips/2026", "a")]) == ["Trips (2)", "Trips/2026/a"]


def test_a_long_name_keeps_its_ending():
    assert safe_segment("x" * 300 + ".mp4") == "x" * 251 + ".mp4"
    assert safe_names([("", "x" * 300 + ".mp4")] * 2)[1] == "x" * 247 + " (2).mp4"


def test_folders():
    assert [safe_folder(one) for one in FOLDERS[:6]] == ["", "Trips/2026", "etc", "root", "C_/Windows", "a/b"]


def test_seventy_thousand_files_of_one_name():
    names = safe_names([("", "same.txt")] * 70_000)
    assert len(set(names)) == 70_000 and names[-1] == "same (70000).txt"
