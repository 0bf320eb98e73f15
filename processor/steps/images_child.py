"""Runs INSIDE the sandbox, as a program: decode one picture, write WebPs into the scratch directory.

It imports nothing of ours (it sees nothing of ours). Arguments: input, scratch directory, Pillow format, then quality,
largest width, largest height and thumbnail box. Prints one JSON object of facts.
"""

import importlib
import json
import sys
import warnings

from PIL import Image, ImageOps

# Pillow loads all of its decoders to find one that it does not know yet, which takes longer than a small picture. The
# one encoder it finds by the ending of a name, unless it is told a format.
MODULES = {"JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WEBP": "WebP", "TIFF": "Tiff", "BMP": "Bmp", "AVIF": "Avif"}


def main(source, scratch, image_format, quality, max_width, max_height, box):
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    learn(image_format)
    with Image.open(source, formats=[image_format]) as opened:
        taken_at = opened.getexif().get_ifd(0x8769).get(0x9003)
        facts = {"format": opened.format, "width": 0, "height": 0, "taken_at": taken_at}
        animated = getattr(opened, "n_frames", 1) > 1 and image_format in ("GIF", "WEBP")
        if animated:
            picture = save_animation(opened, scratch, quality, (max_width, max_height))
        else:
            picture = upright(opened, turned_already=image_format == "HEIF" and has_rotation_box(source))
            picture.thumbnail((max_width, max_height), Image.Resampling.LANCZOS)
            picture.save(f"{scratch}/image.webp", quality=quality, method=4)
        facts["width"], facts["height"] = picture.size
        save_small(picture, scratch, box)
    print(json.dumps(facts))


def learn(image_format):
    if image_format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    else:
        importlib.import_module(f"PIL.{MODULES[image_format]}ImagePlugin")


def save_small(picture, scratch, box):
    """Each from the one before: to copy the great picture takes longer than to make these."""
    for kind, size in (("still", max(box, 480)), ("thumbnail", box)):
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
        picture.save(f"{scratch}/{kind}.webp", quality=80, method=4)


def has_rotation_box(source):
    """Whether a HEIF file turns itself (`irot`, ISO/IEC 23008-12 6.5.10): libheif has applied that one already."""
    with open(source, "rb") as file:
        return b"irot" in file.read(1 << 20)


def upright(picture, turned_already):
    """Orientation applied, colours in sRGB, a mode that WebP knows, and no metadata of the original."""
    profile = picture.info.get("icc_profile")
    orientation = picture.info.get("original_orientation")  # pillow-heif takes it out of the EXIF and leaves it at that
    if orientation and not turned_already:
        picture.getexif()[0x0112] = orientation
    ImageOps.exif_transpose(picture, in_place=True)
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        picture = to_srgb(picture, profile, has_alpha)
    wanted = "RGBA" if has_alpha else "RGB"
    picture = picture if picture.mode == wanted else picture.convert(wanted)
    picture.info = {}
    return picture


def to_srgb(picture, profile, has_alpha):
    import io

    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if has_alpha and picture.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except ImageCms.PyCMSError:  # a broken profile: its numbers are taken as sRGB
        return picture
    return converted if converted is not None else picture


def save_animation(opened, scratch, quality, largest):
    """Keep the frames (at most 300) and their timing; return the first one."""
    frames, durations = [], []
    for number in range(min(opened.n_frames, 300)):
        opened.seek(number)
        frame = opened.convert("RGBA")
        frame.thumbnail(largest, Image.Resampling.LANCZOS)
        frames.append(frame)
        durations.append(opened.info.get("duration", 100) or 100)
    frames[0].save(f"{scratch}/image.webp", save_all=True, append_images=frames[1:], duration=durations,
                   loop=opened.info.get("loop", 0) or 0, quality=quality, method=2)  # fmt: skip
    return frames[0]


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:8]))
