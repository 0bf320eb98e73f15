"""Cells that no spreadsheet runs."""

from __future__ import annotations

import pytest

from control.resources.spreadsheets import cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1"])
def test_a_formula_is_text(text):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("value", ["a film", "", "1-2", -5, 2.5, None])
def test_anything_else_stays_as_it_is(value):
    assert cell(value) == value
