"""A document keeps its form; its facts and first page come from a sandboxed child."""

from __future__ import annotations

import pytest
from PIL import Image

from processor.steps.documents import make_document
from processor.steps.refusal import Refused
from tests.processor.vault import job_of


@pytest.fixture
def document(settings, scratch, tmp_path):
    """document(path) -> (what was found, the pictures made)."""

    def document(path):
        (tmp_path / "vault").mkdir()
        pictures = []
        return make_document(job_of(settings, path, scratch, tmp_path / "vault"), path.name, pictures.append), pictures

    return document


def test_a_pdf_has_pages_and_a_picture_of_the_first(document, tmp_path):
    page = Image.new("RGB", (600, 800), "white")
    page.save(tmp_path / "a.pdf", save_all=True, append_images=[page])
    found, pictures = document(tmp_path / "a.pdf")
    assert (found.kind, found.mime, found.facts["pages"]) == ("document", "application/pdf", 2)
    assert pictures == ["still", "thumbnail"]


def test_a_text_has_facts_and_no_picture(document, tmp_path):
    (tmp_path / "a.txt").write_text("one two\nthree\n")
    found, pictures = document(tmp_path / "a.txt")
    assert (found.mime, found.facts["words"], pictures) == ("text/plain", 3, [])


def test_a_damaged_document_is_refused_with_a_sentence(document, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\nnothing")
    with pytest.raises(Refused, match=r"PDF"):
        document(tmp_path / "a.pdf")
