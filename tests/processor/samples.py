"""One small file of every kind that people import, made on the spot."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageCms

_PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=2"]
_SOUND = ["-f", "lavfi", "-i", "sine=duration=2"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"]
_COVER = ["-f", "lavfi", "-i", "testsrc2=size=80x80:duration=0.04", "-map", "0", "-map", "1", "-frames:v", "1"]

_CUES = "1\n00:00:00,100 --> 00:00:00,900\nOne\n\n2\n00:00:01,000 --> 00:00:01,900\n<i>Two</i>\n"

# ending -> ffmpeg's arguments
_FILMS = {
    "mp4": [*_PICTURE, *_SOUND, *_H264, "-c:a", "aac"],
    "mkv": [*_PICTURE, *_SOUND, *_SOUND, "-i", "{cues}", "-map", "0", "-map", "1", "-map", "2", "-map", "3", *_H264,
            "-c:a", "aac", "-c:s", "srt", "-metadata:s:a:1", "language=fre", "-metadata:s:s:0", "title=All of it"],
    "webm": [*_PICTURE, *_SOUND, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    "avi": [*_PICTURE, *_SOUND, "-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "ts": [*_PICTURE, *_SOUND, "-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2"],
    "flv": [*_PICTURE, *_SOUND, "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"],
    "wmv": [*_PICTURE, *_SOUND, "-c:v", "wmv2", "-c:a", "wmav2"],
    "3gp": [*_PICTURE, *_SOUND, "-c:v", "h263", "-s", "176x144", "-c:a", "aac"],
    "ogv": [*_PICTURE, *_SOUND, "-c:v", "libtheora", "-c:a", "libvorbis"],
}  # fmt: skip
_SONGS = {
    "mp3": [*_SOUND, *_COVER, "-c:a", "libmp3lame", "-disposition:v", "attached_pic", "-metadata", "title=A song"],
    "flac": [*_SOUND, "-c:a", "flac"],
    "wav": [*_SOUND, "-c:a", "pcm_s16le"],
    "ogg": [*_SOUND, "-c:a", "libvorbis", "-metadata", "artist=Ann"],
    "m4a": [*_SOUND, "-c:a", "aac"],
}


def _film(path: Path) -> None:
    arguments = {**_FILMS, **_SONGS}[path.suffix[1:]]
    cues = path.with_name("cues.srt")
    cues.write_text(_CUES)
    command = ["ffmpeg", "-v", "error", "-y", *(part.format(cues=cues) for part in arguments), str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _photo(**options) -> Callable[[Path], None]:
    def photo(path: Path) -> None:
        picture = Image.effect_mandelbrot((96, 64), (-2, -1.5, 1, 1.5), 60).convert("RGB")
        picture.save(path, **options)

    return photo


def _jpeg(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2020:02:02 02:02:02"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _photo(exif=exif, icc_profile=profile)(path)


def _gif(path: Path) -> None:
    frames = [Image.new("P", (64, 48), color) for color in range(1, 6)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=80, loop=0)


def _heic(path: Path) -> None:
    import pillow_heif

    picture = Image.effect_mandelbrot((96, 64), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    pillow_heif.from_pillow(picture).save(path)


def _epub(path: Path) -> None:
    cover = io.BytesIO()
    Image.new("RGB", (60, 90), "green").save(cover, "PNG")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
        )
        book.writestr("b.opf", '<package><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A book</dc:title>'
                      '</metadata><manifest><item id="c" href="c.png" properties="cover-image"/></manifest></package>')  # fmt: skip
        book.writestr("c.png", cover.getvalue())


def _docx(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as text:
        text.writestr("[Content_Types].xml", "<Types/>")
        text.writestr("word/document.xml", "<document>" + "<p>words</p>" * 50 + "</document>")
        text.writestr("docProps/app.xml", "<Properties><Pages>2</Pages><Words>50</Words></Properties>")


def _text(path: Path) -> None:
    path.write_text("Plain text, ütf-8.\n" * 40)


def _cues(path: Path) -> None:
    path.write_text(_CUES * 5)


MAKERS: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys([*_FILMS, *_SONGS], _film),
    "jpg": _jpeg,
    "png": _photo(),
    "gif": _gif,
    "webp": _photo(quality=80),
    "tiff": _photo(compression="tiff_lzw"),
    "bmp": _photo(),
    "avif": _photo(),
    "heic": _heic,
    "pdf": _photo(),
    "epub": _epub,
    "docx": _docx,
    "txt": _text,
    "srt": _cues,
}


def sample(kind: str, directory: Path) -> Path:
    """A whole file whose name ends with `kind`."""
    path = directory / f"sample.{kind}"
    MAKERS[kind](path)
    return path
