"""Runs INSIDE the sandbox, as a program: say by its content what a document is, draw its first page or cover.

It imports nothing of ours (it sees nothing of ours). Arguments: input, scratch directory, name ending, then the boxes
of still and thumbnail in pixels. Prints one JSON object; writes still.webp and thumbnail.webp where there is something
to show. A document that is of no allowed kind or damaged ends it with status 3 and one sentence on standard error.
"""

import errno
import io
import json
import math
import posixpath
import re
import sys
import unicodedata
import warnings
import zipfile
import zlib
from urllib.parse import unquote
from xml.etree import ElementTree

from PIL import Image

OLE = bytes.fromhex("D0CF11E0A1B11AE1")
EPUB = b"application/epub+zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
PASSWORD = "It is protected by a password; remove the password first."  # noqa: S105 - a sentence

LARGEST_XML = 4 << 20
LARGEST_COVER = 32 << 20
MOST_PIXELS = 50_000_000  # of a cover
LARGEST_TEXT = 64 << 20
MOST_MEMBERS = 20_000
LARGEST_DIRECTORY = 8 << 20  # of a ZIP's members, in bytes

# All that zipfile raises for a file that lies about itself.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)


class Unreadable(Exception):
    """The document is refused; the text is a sentence for a person."""


def main(source, scratch, ending, still_size, thumbnail_size):
    warnings.simplefilter("ignore")  # standard error is for one sentence
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with open(source, "rb") as file:
        mime, facts, picture = examine(file, ending.lower(), still_size)
    if picture is not None:
        picture.thumbnail([max(still_size, thumbnail_size)] * 2, Image.Resampling.LANCZOS)
        for kind, size in (("still", still_size), ("thumbnail", thumbnail_size)):
            small = picture.copy()
            small.thumbnail((size, size), Image.Resampling.LANCZOS)
            small.save(f"{scratch}/{kind}.webp", "WEBP", quality=80, method=4)
    print(json.dumps({"mime": mime, "facts": facts}))


def examine(file, ending, still_size):
    """(media type, facts, picture or None) of whatever this is."""
    head = file.read(1024)
    file.seek(0)
    if head.startswith(OLE):
        return "application/msword", doc_facts(file), None
    if head.startswith(b"PK\x03\x04"):
        return examine_zip(file)
    # A text may speak of PDF in its first lines; a PDF may have junk before its own.
    if head.startswith(b"%PDF-") or (b"%PDF-" in head and ending != ".txt"):
        return "application/pdf", *examine_pdf(file.name, still_size)
    if ending == ".txt":
        return "text/plain", text_facts(file), None
    raise Unreadable("It is not a document of an allowed kind (PDF, EPUB, DOCX, DOC or plain text).")


# PDF


def examine_pdf(path, still_size):
    """(facts, picture of page 1)."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        page = document[0]
    except pypdfium2.PdfiumError as error:
        raise Unreadable(pdf_refusal(error.err_code, pypdfium2.raw)) from error
    facts = {"pages": len(document), "title": pdf_metadata(document, "Title"),
             "author": pdf_metadata(document, "Author")}  # fmt: skip
    size = page.get_size()
    if not (min(size) > 0 and max(size) < math.inf):
        return without_empty(facts), None
    facts["page_size_mm"] = [round(side * 25.4 / 72, 1) for side in size]
    return without_empty(facts), draw_page(page, still_size)


def pdf_refusal(code, pdfium):
    sentences = {
        pdfium.FPDF_ERR_PASSWORD: PASSWORD,
        pdfium.FPDF_ERR_SECURITY: "The PDF is encrypted in a way that cannot be opened here.",
    }
    return sentences.get(code, "The PDF is damaged and cannot be opened.")


def pdf_metadata(document, key):
    try:
        return clean(document.get_metadata_value(key))
    except UnicodeDecodeError:  # half a surrogate pair
        return ""


def draw_page(page, still_size):
    """The page on white, no side longer than `still_size` however large it says it is."""
    scale = min(still_size / max(page.get_size()), 8)
    return page.render(scale=scale, fill_color=(255, 255, 255, 255)).to_pil().convert("RGB")


# ZIP


class Bounded(io.FileIO):
    """zipfile reads the whole directory of members before anybody can count them."""

    def read(self, size=-1):
        if size > LARGEST_DIRECTORY:
            raise Unreadable("It contains too many files to be opened.")
        return super().read(size)


def examine_zip(file):
    try:
        with zipfile.ZipFile(Bounded(file.fileno(), closefd=False)) as archive:
            return examine_archive(archive)
    except (*BROKEN_ZIP, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # not a senseless offset, but a failing disk
            raise
        raise Unreadable("The document is damaged and cannot be opened.") from error


def examine_archive(archive):
    members = archive.infolist()
    if not 0 < len(members) <= MOST_MEMBERS:
        raise Unreadable("It contains too many files to be opened." if members else "The document is empty.")
    names = set(archive.namelist())
    first = min(members, key=lambda member: member.header_offset).filename
    if first == "mimetype" and read_member(archive, first, LARGEST_XML).strip() == EPUB:
        return EPUB.decode(), *examine_epub(archive)
    if {"[Content_Types].xml", "word/document.xml"} <= names:
        return DOCX, docx_facts(archive), None
    raise Unreadable("It is a ZIP archive, but neither an EPUB nor a Word document.")


def read_member(archive, name, limit):
    """One member in memory, never more than `limit` bytes of it."""
    try:
        member = archive.getinfo(name)
    except KeyError as error:
        raise Unreadable("The document is damaged: a part of it is missing.") from error
    if member.flag_bits & 1:
        raise Unreadable(PASSWORD)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError  # zipfile inflates the others without a bound
    data = b"" if member.file_size > limit else archive.open(member).read(limit + 1)
    if max(member.file_size, len(data)) > limit:
        raise Unreadable("A part of the document is too large to be opened.")
    return data


def read_xml(archive, name):
    """The root element; None if it is not XML or brings a DOCTYPE (entities that multiply)."""
    data = read_member(archive, name, LARGEST_XML)
    plain = data.replace(b"\0", b"")  # UTF-16 would hide it
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        return None
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - bounded, and without entities
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def text_of(root, path):
    element = root.find(path)
    return clean(element.text or "") if element is not None else ""


# EPUB


def examine_epub(archive):
    """(facts, cover or None)."""
    container = read_xml(archive, "META-INF/container.xml")
    rootfile = container.find(".//{*}rootfile") if container is not None else None
    path = rootfile.get("full-path", "") if rootfile is not None else ""
    package = read_xml(archive, path) if path else None
    if package is None:
        return {}, None
    names = {"title": "title", "author": "creator", "language": "language"}
    facts = {fact: text_of(package, f".//{DUBLIN_CORE}{name}") for fact, name in names.items()}
    return without_empty(facts), read_cover(archive, cover_path(package, path))


def cover_path(package, package_path):
    """The member that holds the cover, by EPUB 3 or by the custom of EPUB 2; None if it names none."""
    wanted = {meta.get("content") for meta in package.iterfind(".//{*}meta") if meta.get("name") == "cover"} - {None}
    items = list(package.iterfind(".//{*}manifest/{*}item"))
    covers = [item for item in items if "cover-image" in item.get("properties", "").split()]
    covers += [item for item in items if item.get("id") in wanted]
    if not covers:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(package_path), unquote(covers[0].get("href", ""))))


def read_cover(archive, path):
    """The picture, or None: a book without a usable cover is still a book."""
    if path is None:
        return None
    try:
        data = read_member(archive, path, LARGEST_COVER)
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "GIF", "WEBP"]) as opened:
            return on_white(opened)
    except Exception:  # whatever a decoder raises
        return None


def on_white(picture):
    if picture.mode not in ("P", "PA", "LA", "RGBA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


# DOCX and DOC


def docx_facts(archive):
    facts, names = {}, set(archive.namelist())
    core = read_xml(archive, "docProps/core.xml") if "docProps/core.xml" in names else None
    if core is not None:
        facts = {"title": text_of(core, f"{DUBLIN_CORE}title"), "author": text_of(core, f"{DUBLIN_CORE}creator")}
    app = read_xml(archive, "docProps/app.xml") if "docProps/app.xml" in names else None
    for name in ("Pages", "Words") if app is not None else ():
        number = text_of(app, f"{{*}}{name}")
        facts[name.lower()] = int(number) if re.fullmatch("[0-9]{1,9}", number) else None
    return without_empty(facts)


def doc_facts(file):
    """Nothing; but a DOCX with a password comes in the same container as a DOC, and cannot be opened."""
    data = file.read(LARGEST_TEXT)
    if "EncryptedPackage".encode("utf-16-le") in data and "WordDocument".encode("utf-16-le") not in data:
        raise Unreadable(PASSWORD)
    return {}


# Plain text


def text_facts(file):
    """What is beyond the first 64 MiB is not counted, which `partial` tells."""
    data = file.read(LARGEST_TEXT)
    partial = bool(file.read(1))
    text, encoding = decode(data, final=not partial)
    if re.search("[\x00-\x08\x0e-\x1f\x7f]", text):
        raise Unreadable("It is named a text, but it is not plain text.")
    facts = {"lines": count_lines(text), "words": count_words(text), "encoding": encoding}
    return {**facts, "partial": True} if partial else facts


def decode(data, final):
    """(text, encoding); the end of a part may cut a character in two."""
    codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    cut = 0 if final else 3
    for length in range(len(data), len(data) - cut - 1, -1):
        try:
            return data[:length].decode("utf-8-sig" if codec == "utf-8" else codec), codec
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def count_lines(text):
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends + (text != "" and text[-1] not in "\r\n")


def count_words(text):
    """In pieces: the list of all words would be many times as large as the text."""
    words, in_word = 0, False
    for start in range(0, len(text), 1 << 20):
        piece = text[start : start + (1 << 20)]
        words += len(piece.split()) - (in_word and not piece[0].isspace())
        in_word = not piece[-1].isspace()
    return words


def clean(text):
    """One line of at most 200 characters that any database and any page can take."""
    line = " ".join(text[:2000].split())
    return "".join(letter for letter in line if unicodedata.category(letter) not in ("Cc", "Cs"))[:200].strip()


def without_empty(facts):
    return {name: value for name, value in facts.items() if value not in (None, "")}


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4], *map(int, sys.argv[4:6]))
    except Unreadable as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    except MemoryError:
        print("The document needs too much memory to be opened.", file=sys.stderr)
        sys.exit(3)
