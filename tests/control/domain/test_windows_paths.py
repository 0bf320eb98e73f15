"""Windows paths name files of a mount, and nothing else."""

from __future__ import annotations

import pytest

from control.domain.windows_paths import below


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        ("C:\\Cloud", "C:\\Cloud\\a.mp4", "a.mp4"),
        ("C:\\Cloud", "c:/cloud/Films/A b.mp4", "Films/A b.mp4"),
        ("C:\\Cloud\\", "C:\\CLOUD\\\\x\\.\\y.mp4", "x/y.mp4"),
        ("C:\\", "C:\\a.mp4", "a.mp4"),
        ("\\\\nas\\films", "\\\\NAS\\Films\\a.mp4", "a.mp4"),
        ("/mnt/nas", "/mnt/nas/x/a.mp4", "x/a.mp4"),
        ("/mnt/nas", "/mnt/nas/we:ird\\name.mp4", "we:ird\\name.mp4"),
    ],
)
def test_a_path_below_its_root(root, path, expected):
    assert below(root, path) == expected


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("C:\\Cloud", "C:\\Cloud\\..\\Windows\\a.mp4"), ("C:\\Cloud", "C:\\Cloud\\x\\..\\..\\a.mp4"),
        ("C:\\Cloud", "D:\\Cloud\\a.mp4"), ("C:\\Cloud", "C:\\Clouds\\a.mp4"), ("C:\\Cloud", "C:\\Cloud"),
        ("C:\\Cloud", "C:Cloud\\a.mp4"), ("C:\\Cloud", "\\\\?\\C:\\Cloud\\a.mp4"), ("C:\\Cloud", "\\Cloud\\a.mp4"),
        ("C:\\Cloud", "C:\\Cloud\\a.mp4:hidden"), ("C:\\Cloud", "C:\\Cloud\\a\0.mp4"), ("C:\\Cloud", "/mnt/a.mp4"),
        ("/mnt/nas", "/mnt/nas/../secret"), ("/mnt/nas", "/mnt/nasty/a.mp4"), ("/mnt/nas", "mnt/nas/a.mp4"),
        ("/mnt/nas", ""),
    ],
)  # fmt: skip
def test_U03_a_path_elsewhere_is_none(root, path):
    assert below(root, path) is None
