"""Who may show a share's player in a frame."""

from __future__ import annotations

import re

from control.settings.sections import Shares
from nginx.render import text
from tests.nginx.test_contract import location_blocks


def embed(settings) -> str:
    return next(body for head, body in location_blocks(text(settings)) if "/embed/" in head)


def test_nobody_unless_the_settings_name_them(settings):
    assert "frame-ancestors 'none'" in embed(settings) and "X-Frame-Options DENY" in embed(settings)


def test_the_sites_that_the_settings_name_and_only_the_player(settings):
    named = settings.model_copy(update={"shares": Shares(frame_origins=["https://forum.example.org", "http://a.test:8080"])})
    body = embed(named)
    assert "frame-ancestors https://forum.example.org http://a.test:8080;" in body and "X-Frame-Options" not in body
    blocks = location_blocks(text(named))
    reader = next(body for head, body in blocks if "sluice_reader" in head)  # of documents, in the player's own page
    assert "frame-ancestors 'self' https://forum.example.org http://a.test:8080\"" in reader
    others = [body for head, body in blocks if "/embed/" not in head and "sluice_reader" not in head]
    assert not any(re.search(r"frame-ancestors (?!'none')", body) for body in others)
