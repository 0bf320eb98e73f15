"""Documents: what they are by their content, their first page or cover, and what is refused (threats P02, P04)."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

CHILD = Path(__file__).parents[3] / "processor/steps/documents_child.py"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LIMITED = ["prlimit", f"--as={1 << 30}", "--"]

CONTAINER = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
OPF = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A  Book</dc:title><dc:creator>Ann Author</dc:creator>
<dc:language>de</dc:language>{meta}</metadata><manifest>{item}</manifest></package>"""
BOMB = """<!DOCTYPE lolz [<!ENTITY a "lol">""" + "".join(
    f'<!ENTITY {chr(98 + number)} "{f"&{chr(97 + number)};" * 10}">' for number in range(12)
) + "]>" + OPF.replace("A  Book", "&m;")  # fmt: skip


def run_child(path, ending, scratch):
    command = [*LIMITED, sys.executable, "-E", "-s", "-B", str(CHILD), str(path), str(scratch), ending, "480", "300"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def examine(tmp_path, scratch):
    """examine(content, ending) -> (media type, facts, {kind: picture})."""

    def examine(content: bytes, ending: str):
        (tmp_path / "input").write_bytes(content)
        ended = run_child(tmp_path / "input", ending, scratch)
        assert (ended.returncode, ended.stderr) == (0, "")
        answer = json.loads(ended.stdout)
        return answer["mime"], answer["facts"], {path.stem: Image.open(path) for path in scratch.iterdir()}

    return examine


@pytest.fixture
def refusal(tmp_path, scratch):
    """refusal(content, ending) -> the sentence."""

    def refusal(content: bytes, ending: str):
        (tmp_path / "input").write_bytes(content)
        ended = run_child(tmp_path / "input", ending, scratch)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert not list(scratch.iterdir())
        assert re.fullmatch(r"[A-Z][^\n]+\.\n", ended.stderr), ended.stderr
        return ended.stderr

    return refusal


def two_pages(**options) -> bytes:
    written = io.BytesIO()
    pages = [Image.new("RGB", (595, 842), color) for color in ("red", "blue")]
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:], **options)
    return written.getvalue()


def pdf(media_box="0 0 595 842", info="", encrypt=b"") -> bytes:
    """One empty page, by hand."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               f"<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]>>".encode(), f"<<{info}>>".encode(), encrypt or b"null"]  # fmt: skip
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 6/Root 1 0 R/Info 4 0 R/ID[<%s><%s>]%s>>\n" % (
        (b"00" * 16,) * 2 + ((b"/Encrypt 5 0 R" if encrypt else b""),)
    )
    return body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(body)


def rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def encryption(user_password: bytes) -> bytes:
    """The standard security handler, revision 2 (ISO 32000-1, 7.6.3)."""
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    padded = (user_password + padding)[:32]
    owner = rc4(hashlib.md5((b"owner" + padding)[:32]).digest()[:5], padded)
    key = hashlib.md5(padded + owner + struct.pack("<i", -4) + bytes(16)).digest()[:5]
    return f"<</Filter/Standard/V 1/R 2/P -4/O<{owner.hex()}>/U<{rc4(key, padding).hex()}>>>".encode()


def archive(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return written.getvalue()


def epub(opf: bytes | str, **more: bytes) -> bytes:
    fixed = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf}
    return archive(fixed | {f"OEBPS/{name}.jpg": content for name, content in more.items()})


def docx(**properties: str) -> bytes:
    fixed = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}
    return archive(fixed | {f"docProps/{name}.xml": content for name, content in properties.items()})


def picture(form="JPEG", size=(600, 900), mode="RGB", color="green") -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, color).save(written, form)
    return written.getvalue()


def close_to(found, wanted):
    return all(abs(one - other) < 12 for one, other in zip(found, wanted, strict=True))


def sizes(pictures):
    return {kind: picture.size for kind, picture in pictures.items()}


# PDF


def test_a_pdf_tells_its_facts_and_shows_its_first_page(examine):
    mime, facts, pictures = examine(two_pages(title="The\ttit\x07le " + "x" * 300, author="Ann"), ".pdf")
    assert mime == "application/pdf"
    assert facts["title"] == ("The title " + "x" * 300)[:200]
    assert (facts["pages"], facts["author"], facts["page_size_mm"]) == (2, "Ann", [209.9, 297.0])
    assert sizes(pictures) == {"still": (340, 480), "thumbnail": (213, 300)}
    for picture in pictures.values():
        assert (picture.format, picture.mode) == ("WEBP", "RGB")
        assert close_to(picture.getpixel((100, 100)), (255, 0, 0))


def test_a_pdf_without_metadata_is_white_paper(examine):
    _, facts, pictures = examine(b"junk\n" + pdf("0 0 842 595"), ".pdf")
    assert facts == {"pages": 1, "page_size_mm": [297.0, 209.9]}
    assert pictures["still"].size == (480, 340) and pictures["still"].getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("box", ["0 0 1e30 1e30", "0 0 0.001 0.001", "0 0 9e9 1", "0 0 -5 0", "0 0 1e99 1e99"])
def test_an_absurd_page_is_drawn_small_or_not_at_all(examine, box):
    _, facts, pictures = examine(pdf(box), ".pdf")
    assert facts["pages"] == 1
    assert all(max(size) <= 480 for size in sizes(pictures).values())


def test_half_a_character_in_a_title_is_left_out(examine):
    _, facts, _ = examine(pdf(info="/Title<FEFF0041D800>/Author<FEFF00C4>"), ".pdf")
    assert facts["author"] == "Ä" and "title" not in facts


def test_a_password_is_named(examine, refusal, tmp_path):
    import pypdfium2

    locked = pdf(encrypt=encryption(b"secret"))
    assert refusal(locked, ".pdf") == "It is protected by a password; remove the password first.\n"
    assert len(pypdfium2.PdfDocument(locked, password="secret")) == 1
    assert examine(pdf(encrypt=encryption(b"")), ".pdf")[1]["pages"] == 1  # only an owner's password


@pytest.mark.parametrize("content", [two_pages()[:700], two_pages()[:9], b"%PDF-1.7\n" + bytes(5000)])
def test_a_damaged_pdf_is_refused(refusal, content):
    assert refusal(content, ".pdf") == "The PDF is damaged and cannot be opened.\n"


# EPUB


@pytest.mark.parametrize(
    ("meta", "item"),
    [
        ("", '<item id="c" href="my%20cover.jpg" properties="svg cover-image"/>'),
        ('<meta name="cover" content="c"/>', '<item href="x"/><item id="c" href="../OEBPS/my cover.jpg"/>'),
    ],
)
def test_an_epub_tells_its_facts_and_shows_its_cover(examine, meta, item):
    book = epub(OPF.format(meta=meta, item=item), **{"my cover": picture()})
    mime, facts, pictures = examine(book, ".epub")
    assert (mime, facts) == ("application/epub+zip", {"title": "A Book", "author": "Ann Author", "language": "de"})
    assert sizes(pictures) == {"still": (320, 480), "thumbnail": (200, 300)}


def test_a_transparent_cover_is_laid_on_white(examine):
    cover = picture("PNG", (30, 60), "RGBA", (0, 0, 0, 0))
    book = epub(OPF.format(meta="", item='<item href="c.jpg" properties="cover-image"/>'), c=cover)
    small = examine(book, ".epub")[2]["still"]
    assert (small.mode, small.size) == ("RGB", (30, 60)) and close_to(small.getpixel((5, 5)), (255, 255, 255))


@pytest.mark.parametrize(
    "cover",
    [b"<svg/>", picture()[:400], picture("TIFF"), picture("PNG", (9000, 9000), "1", 0), bytes(33 << 20)],
    ids=["svg", "truncated", "tiff", "many pixels", "too large"],
)
def test_a_cover_that_cannot_be_shown_is_left_out(examine, cover):
    book = epub(OPF.format(meta="", item='<item href="c.jpg" properties="cover-image"/>'), c=cover)
    mime, facts, pictures = examine(book, ".epub")
    assert (mime, facts["title"], pictures) == ("application/epub+zip", "A Book", {})


@pytest.mark.parametrize("opf", [BOMB, BOMB.encode("utf-16"), "<package>", b"\xff\xff"])
def test_P04_entities_are_never_expanded(examine, opf):
    assert examine(epub(opf), ".epub") == ("application/epub+zip", {}, {})


def test_an_epub_without_its_package_is_damaged(refusal):
    book = archive({"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER})
    assert "a part of it is missing" in refusal(book, ".epub")


# DOCX and DOC


def test_a_docx_tells_its_facts(examine):
    core = '<c:coreProperties xmlns:c="urn:c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title><dc:creator>Ann</dc:creator></c:coreProperties>'
    app = '<Properties xmlns="urn:p"><Pages>3</Pages><Words>1200</Words></Properties>'
    expected = {"title": "T", "author": "Ann", "pages": 3, "words": 1200}
    assert examine(docx(core=core, app=app), ".docx") == (DOCX, expected, {})


@pytest.mark.parametrize("properties", [{}, {"core": BOMB}, {"app": "<P><Pages>²</Pages><Words>-1</Words></P>"}])
def test_a_docx_without_useful_metadata(examine, properties):
    assert examine(docx(**properties), ".docx") == (DOCX, {}, {})


def test_a_doc_has_no_facts_and_a_locked_docx_comes_as_one(examine, refusal):
    magic = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)
    assert examine(magic + "WordDocument".encode("utf-16-le"), ".doc") == ("application/msword", {}, {})
    assert "password" in refusal(magic + "EncryptedPackage".encode("utf-16-le"), ".docx")


# ZIP archives that are meant ill, or nothing


def test_another_zip_and_half_a_zip_are_refused(refusal):
    assert "neither an EPUB nor a Word document" in refusal(archive({"a.txt": "a"}), ".epub")
    assert "neither" in refusal(archive({"a": "", "mimetype": "application/epub+zip"}), ".epub")
    assert "damaged" in refusal(docx()[:-30], ".docx")


@pytest.mark.parametrize(("declared", "word"), [(1 << 30, "too large"), (64 << 20, "too large"), (100, "damaged")])
def test_P04_a_member_that_inflates_is_refused(refusal, declared, word):
    book = bytearray(epub(bytes(64 << 20)))
    entry = book.rindex(b"PK\1\2")  # of the last member, the OPF
    book[entry + 24 : entry + 28] = struct.pack("<I", declared)
    assert word in refusal(bytes(book), ".epub")


def test_P04_other_compressions_are_refused(refusal):
    members = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package/>"}
    assert "damaged" in refusal(archive(members, zipfile.ZIP_LZMA), ".epub")


def test_P04_too_many_members_are_refused(refusal):
    written = io.BytesIO(docx())
    with zipfile.ZipFile(written, "a") as target:
        for number in range(20_000):
            target.writestr(str(number), b"")
    assert "too many files" in refusal(written.getvalue(), ".docx")


def test_P04_a_very_large_directory_is_not_even_read(refusal):
    written = io.BytesIO(docx())
    with zipfile.ZipFile(written, "a") as target:
        for number in range(150):
            member = zipfile.ZipInfo(str(number))
            member.comment = bytes(65_000)
            target.writestr(member, b"")
    assert "too many files" in refusal(written.getvalue(), ".docx")


def test_an_encrypted_member_is_named(refusal):
    book = bytearray(docx(core="<a/>"))
    book[book.rindex(b"PK\1\2") + 8] |= 1
    assert "password" in refusal(bytes(book), ".docx")


# Plain text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (0, 0, "utf-8")),
        ("Grüße  an\r\nalle".encode(), (2, 3, "utf-8")),
        ("\ufeffone\n".encode(), (1, 1, "utf-8")),
        ("eins\nzwei\n\n".encode("utf-16"), (3, 2, "utf-16")),
        ("Grüße\ran alle".encode("latin-1"), (2, 3, "latin-1")),
        (b"How a %PDF-1.4 begins\n", (1, 4, "utf-8")),
        (b"x" * (1 << 20) + b"y z " * (1 << 19), (1, 1 << 20, "utf-8")),
    ],
)  # fmt: skip
def test_a_text_is_counted(examine, content, expected):
    mime, facts, pictures = examine(content, ".TXT")
    assert (mime, tuple(facts.values()), pictures) == ("text/plain", expected, {})
    assert list(facts) == ["lines", "words", "encoding"]


def test_of_a_very_long_text_the_start_is_counted(examine):
    content = b"a " * ((32 << 20) - 1) + "a€".encode() + b" more" * 9
    assert examine(content, ".txt")[1] == {"lines": 1, "words": 32 << 20, "encoding": "utf-8", "partial": True}


@pytest.mark.parametrize("content", [b"MZ\x90\0\3", bytes(range(256)), b"text \x1b[31m", picture("PNG")])
def test_binary_is_no_text(refusal, content):
    assert refusal(content, ".txt") == "It is named a text, but it is not plain text.\n"


def test_a_name_alone_makes_no_document(examine, refusal):
    assert "not a document of an allowed kind" in refusal(b"text", ".pdf")
    assert examine(pdf(), ".txt")[0] == "application/pdf"
