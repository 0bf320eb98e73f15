"""Names are data: what is shown, and what is refused."""

from __future__ import annotations

import pytest

from control.domain.uploads import file_name, folder_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a.txt", "a.txt"), ("dir/a.txt", "a.txt"), ("dir\\a.txt", "a.txt"), ("a..b.txt", "a..b.txt"), ("100%.txt", "100%.txt"),
     ("new\nline.txt", "new\nline.txt"), ("\u202etxt.exe", "\u202etxt.exe"), ("a:b.txt", "a:b.txt")],
)  # fmt: skip
def test_a_file_is_shown_by_its_base_name(given, shown):
    assert file_name(given) == shown


@pytest.mark.parametrize(
    "given", ["", ".", "..", "a/", "../a", "a/..", "/a", "\\a", "C:\\a", "C:/a", "%2e%2e/a", "a%00b", "a\0b", "\ud800", "x" * 256]
)
def test_what_is_no_name_is_refused(given):
    with pytest.raises(ValueError):
        file_name(given)


@pytest.mark.parametrize(
    ("given", "shown"), [("", ""), ("Trips/2026", "Trips/2026"), ("a//b/./c/", "a/b/c"), ("a\\b", "a/b"), ("\u202ea\n/b", "a/b")]
)
def test_a_folder_is_made_of_plain_segments(given, shown):
    assert folder_name(given) == shown


@pytest.mark.parametrize("given", ["..", "a/../b", "/a", "D:\\x", "a\0", "%2e%2e"])
def test_a_folder_that_leaves_its_place_is_refused(given):
    with pytest.raises(ValueError):
        folder_name(given)
