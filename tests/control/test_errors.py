"""The one error table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from control.errors import ControlError, table

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ("AUTH_", "SEC_", "MEDIA_", "SYSTEM_", "FILE_", "SHARE_", "LIMIT_")


def test_codes_are_unique_and_of_a_known_family():
    codes = [error.code for error in table()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Z]+_[0-9]{3}", code) and code.startswith(FAMILIES) for code in codes)


def test_every_error_has_a_sentence_and_says_what_to_do():
    for error in table():
        assert error().message.endswith("."), error
        assert error.advice and 400 <= error.status < 600, error
        assert (error.retry_after is not None) == (error.status in (429, 503)), error


def test_every_error_is_used_somewhere():
    sources = [path for part in ("control", "processor", "nginx") for path in (ROOT / part).rglob("*")
               if path.suffix in (".py", ".j2") and path.name != "errors.py"]  # fmt: skip
    text = "".join(path.read_text() for path in sources)
    for error in table():
        assert error.__name__ in text or error.code in text, error


def test_the_codes_of_the_users_own_specification_kept_their_meaning():
    codes = {error.code: error().message for error in table()}
    assert "password" in codes["AUTH_001"] and "expired" in codes["AUTH_002"] and "session" in codes["AUTH_004"].lower()
    assert "format" in codes["MEDIA_004"] and "database" in codes["SYSTEM_001"] and "network" in codes["SEC_001"]


def test_no_error_carries_the_text_of_an_exception():
    """str(exc) of a driver could hold a path, a query or a secret."""
    for directory in ("control/resources", "control/middleware"):
        for path in (ROOT / directory).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str"
                assert not (called and node.args and getattr(node.args[0], "id", "") in ("error", "exc")), path
    assert issubclass(ControlError, Exception)
