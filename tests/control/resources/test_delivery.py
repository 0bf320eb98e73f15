"""Content-Disposition by RFC 6266, from names that mean harm (threat U04)."""

from __future__ import annotations

import pytest

from control.resources.delivery import content_disposition


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("film.mp4", "attachment; filename=\"film.mp4\"; filename*=UTF-8''film.mp4"),
        ("Füße.mp4", "attachment; filename=\"Fue.mp4\"; filename*=UTF-8''F%C3%BC%C3%9Fe.mp4"),
        ("../../etc/passwd", "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"),
        ("a\\b\\c.mp4", "attachment; filename=\"c.mp4\"; filename*=UTF-8''c.mp4"),
        ('a"b.mp4', "attachment; filename=\"a'b.mp4\"; filename*=UTF-8''a%22b.mp4"),
        ("x\r\nSet-Cookie: a=b", "attachment; filename=\"xSet-Cookie: a=b\"; filename*=UTF-8''xSet-Cookie%3A%20a%3Db"),
        ("gpj\u202e4pm.exe", "attachment; filename=\"gpj4pm.exe\"; filename*=UTF-8''gpj4pm.exe"),
        ("\udcff.bin", "attachment; filename=\"bin\"; filename*=UTF-8''bin"),
        ("...", "attachment; filename=\"download\"; filename*=UTF-8''download"),
        ("日本.mp4", "attachment; filename=\".mp4\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.mp4"),
    ],
)
def test_U04_a_name_becomes_a_harmless_header(name, expected):
    assert content_disposition(name) == expected


def test_what_a_browser_may_show_is_inline():
    assert content_disposition("a.mp4", inline=True).startswith("inline; ")
