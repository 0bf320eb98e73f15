"""The only module that builds ffmpeg argument vectors. Pure functions: no file is touched here.

Every input is opened with white lists: ``file`` as the one protocol (no http, no concat), demuxers that cannot name
other files (an "mp4" that is an HLS playlist reads another tenant's file otherwise, facts.md 4.12), and decoders of
common formats only (MagicYUV and its like stay shut, CVE-2026-8461).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from control.settings.sections import Ffmpeg, Hwaccel, Preview, Rung, Thumbnail, Video
from nginx.contract import PLAYLIST

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mp3,flac,wav,aac,w64,aiff,dv,caf,"
    "srt,webvtt"
)
DECODERS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,mpeg1video,mpeg2video,mjpeg,prores,msmpeg4v1,"
    "msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,flv,h263,h263p,theora,dvvideo,png,"
    "aac,aac_latm,mp3,mp3float,mp2,mp2float,ac3,eac3,dca,opus,libopus,vorbis,libvorbis,flac,alac,wmav1,wmav2,wmapro,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,mov_text,subrip,srt,ass,ssa,webvtt,text"
)
_GUARDS = ["-protocol_whitelist", "file", "-format_whitelist", DEMUXERS, "-codec_whitelist", DECODERS]

KEYFRAME_SECONDS = 2  # every rung has its key frames at the same instants, so a player can switch at any of them

# Where the first frame stands in every rung: the delay that ffmpeg's MPEG-TS muxer begins with, in its 90 kHz clock.
FIRST_TIMESTAMP = 126000

_TONE_MAP = (
    "zscale=tin={transfer}:min=bt2020nc:pin=bt2020:rin=tv:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """How the frames of a source must be treated before they are encoded."""

    transfer: str = ""  # of a high dynamic range: smpte2084 (HDR10, Dolby Vision's base) or arib-std-b67 (HLG)
    interlaced: bool = False
    steady: bool = False  # its frames are repeated where it rests for long

    @property
    def before(self) -> str:
        steps = ["fps=10"] * self.steady + ["bwdif=mode=send_frame:deint=interlaced"] * self.interlaced
        return "".join(f"{step}," for step in steps)

    @property
    def after(self) -> str:
        """Once it is small: tone mapping costs by the pixel."""
        return "," + _TONE_MAP.format(transfer=self.transfer) if self.transfer else ""


@dataclass(frozen=True, slots=True)
class Output:
    """One encoded rung: its name and frame size in pixels (even)."""

    rung: Rung
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound track: stream `index` of the source, as AAC (or copied, where it is AAC in stereo already)."""

    index: int
    channels: int = 2
    bitrate: str = "128k"
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """The storyboard: one picture of `columns` x `rows` small frames, one every `seconds`."""

    columns: int
    rows: int
    seconds: float
    width: int
    height: int


def probe(settings: Ffmpeg, source: str) -> list[str]:
    return [
        settings.probe, "-v", "error", *_GUARDS, "-show_format", "-show_streams", "-show_chapters", "-of", "json",
        f"file:{source}",
    ]  # fmt: skip


def probe_packets(settings: Ffmpeg, source: str, start: float) -> list[str]:
    """List the packets from `start` seconds to the end, without decoding: "stream,pts,duration" lines."""
    return [
        settings.probe, "-v", "error", *_GUARDS, "-read_intervals", f"{start:.3f}%", "-show_entries",
        "packet=stream_index,pts_time,duration_time", "-of", "csv=p=0", f"file:{source}",
    ]  # fmt: skip


def probe_segment(settings: Ffmpeg, segment: str) -> list[str]:
    """The codec parameters of a segment that we made."""
    return [settings.probe, "-v", "error", "-protocol_whitelist", "file", "-show_streams", "-of", "json",
            f"file:{segment}"]  # fmt: skip


# --- rungs ----------------------------------------------------------------------------------------


def remux(settings: Ffmpeg, source: str, target: str, muxed: Sound | None, sounds: Sequence[tuple[Sound, str]],
          segment_seconds: int) -> list[str]:  # fmt: skip
    """Copy browser-safe H.264 as it is into segments: the `source` rung; sound becomes AAC where it is none."""
    command = [*_start(settings), *_GUARDS, "-i", f"file:{source}", "-map", "0:v:0", "-c:v", "copy"]
    command += [*_sound(muxed), *_segments(target, segment_seconds)]
    return command + _sounds(sounds, segment_seconds)


def listen(settings: Ffmpeg, source: str, sounds: Sequence[tuple[Sound, str]], segment_seconds: int) -> list[str]:
    """Sound alone."""
    return [*_start(settings), *_GUARDS, "-i", f"file:{source}", *_sounds(sounds, segment_seconds)]


def ladder(
    settings: Ffmpeg, video: Video, encoder: Hwaccel, source: str, picture: Picture,
    targets: Sequence[tuple[Output, str]], muxed: Sound | None, sounds: Sequence[tuple[Sound, str]],
    board: tuple[Board, str] | None, segment_seconds: int,
) -> list[str]:  # fmt: skip
    """One process, one decode, chained scalers: each rung is scaled from the one above it."""
    command = [*_start(settings), *_device(settings, encoder), *_GUARDS, "-threads", str(settings.threads)]
    command += ["-i", f"file:{source}"]
    command += ["-filter_complex", _chain([output for output, _ in targets], picture, encoder, board and board[0])]
    for number, (output, target) in enumerate(targets):
        command += ["-map", f"[out{number}]", *_encoder(encoder, video, output.rung), *_sound(muxed)]
        command += _segments(target, segment_seconds)
    if board:
        command += ["-map", "[board]", "-frames:v", "1", "-c:v", "libwebp", "-quality", "70", "-f", "webp", board[1]]
    return command + _sounds(sounds, segment_seconds)


def _chain(outputs: Sequence[Output], picture: Picture, encoder: Hwaccel, board: Board | None) -> str:
    """`[0:v:0]scale,split[leaf0][next0];[next0]scale[leaf1]`: the last one feeds the storyboard, if any."""
    steps, feed, before, after = [], "0:v:0", picture.before, picture.after
    for number, output in enumerate(outputs):
        scale = f"[{feed}]{before}scale={output.width}:{output.height}:flags=bicubic{after},setsar=1,format=yuv420p"
        leaf, feed, before, after = f"leaf{number}", f"next{number}", "", ""
        is_last = output is outputs[-1] and board is None
        steps.append(f"{scale}[{leaf}]" if is_last else f"{scale},split=2[{leaf}][{feed}]")
        steps.append(f"[{leaf}]{_UPLOAD.get(encoder, 'null')}[out{number}]")
    if board:
        tile = f"scale={board.width}:{board.height},tile={board.columns}x{board.rows}"
        steps.append(f"[{feed}]fps=1/{board.seconds:.3f}:round=up,{tile}[board]")
    return ";".join(steps)


# --- encoders: software, or the hardware that a setting names ------------------------------------------------------

_UPLOAD = {"vaapi": "format=nv12,hwupload", "qsv": "format=nv12"}
_NAMES = {"vaapi": "h264_vaapi", "nvenc": "h264_nvenc", "qsv": "h264_qsv", "videotoolbox": "h264_videotoolbox"}
_QUALITY = {
    "vaapi": ["-rc_mode", "VBR"],
    "nvenc": ["-preset", "p4", "-rc", "vbr", "-forced-idr", "1"],
    "qsv": ["-preset", "veryfast", "-forced_idr", "1"],
    "videotoolbox": [],
}


def _device(settings: Ffmpeg, encoder: Hwaccel) -> list[str]:
    return ["-vaapi_device", settings.device] if encoder == "vaapi" else []


def _encoder(encoder: Hwaccel, video: Video, rung: Rung) -> list[str]:
    kilobits = rung.bits_per_second // 1000
    rate = ["-maxrate", f"{kilobits}k", "-bufsize", f"{2 * kilobits}k"]
    if encoder == "none":
        chosen = ["libx264", "-preset", video.preset, "-crf", str(video.crf), "-sc_threshold", "0"]
    else:
        chosen = [_NAMES[encoder], *_QUALITY[encoder], "-b:v", f"{kilobits * 7 // 10}k"]
    return [
        "-c:v", *chosen, "-profile:v", "high", *rate,
        "-force_key_frames", f"expr:gte(t,n_forced*{KEYFRAME_SECONDS})",
        "-fps_mode", "passthrough",  # the source's timing: a VFR film must not become a CFR one
    ]  # fmt: skip


def try_encoder(settings: Ffmpeg, video: Video, encoder: Hwaccel, rung: Rung) -> list[str]:
    """Encode half a second of nothing: whether this encoder works here."""
    return [
        *_start(settings), *_device(settings, encoder), "-f", "lavfi", "-i", "color=size=320x240:rate=20:duration=0.5",
        "-vf", _UPLOAD.get(encoder, "null"), *_encoder(encoder, video, rung), "-f", "null", "-",
    ]  # fmt: skip


# --- sound and segments -------------------------------------------------------------------------------


def _sounds(sounds: Sequence[tuple[Sound, str]], segment_seconds: int) -> list[str]:
    return [part for sound, target in sounds for part in (*_sound(sound), *_segments(target, segment_seconds))]


def _sound(sound: Sound | None) -> list[str]:
    if sound is None:
        return ["-an"]
    if sound.copied:
        return ["-map", f"0:{sound.index}", "-c:a", "copy"]
    shape = f"aformat=sample_rates=48000|44100:channel_layouts={'stereo' if sound.channels == 2 else '5.1'}"
    # Holes are filled: a track with an odd clock stays with its picture.
    return ["-map", f"0:{sound.index}", "-c:a", "aac", "-b:a", sound.bitrate,
            "-af", f"aresample=async=1,{shape}"]  # fmt: skip


def _segments(target: str, seconds: int) -> list[str]:
    return [
        "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "4096",
        "-f", "hls", "-hls_time", str(seconds), "-hls_list_size", "0", "-hls_segment_type", "mpegts",
        "-hls_flags", "temp_file+independent_segments", "-hls_segment_filename", f"{target}/seg_%05d.ts",
        f"{target}/{PLAYLIST}",
    ]  # fmt: skip


def subtitles(settings: Ffmpeg, source: str, targets: Sequence[tuple[int, str]], charset: str = "") -> list[str]:
    """Every text track (stream index, file) as WebVTT, in one reading; `charset` is that of a plain text file."""
    written_in = ["-sub_charenc", charset] if charset else []
    command = [*_start(settings), *_GUARDS, *written_in, "-i", f"file:{source}"]
    for index, target in targets:
        command += ["-map", f"0:{index}", "-c:s", "webvtt", "-f", "webvtt", target]
    return command


# --- pictures -----------------------------------------------------------------------------------------


def still(settings: Ffmpeg, picture: Picture, source: str, target: str, at: float, width: int,
          quality: int) -> list[str]:  # fmt: skip
    """One frame as a static WebP."""
    return [
        *_start(settings), *_GUARDS, "-ss", f"{at:.3f}", "-i", f"file:{source}", "-map", "0:v:0", "-frames:v", "1",
        "-vf", _small(picture, width), "-c:v", "libwebp", "-quality", str(quality), "-f", "webp", target,
    ]  # fmt: skip


def cover(settings: Ffmpeg, source: str, target: str, index: int, width: int) -> list[str]:
    """The picture that a song carries, as a static WebP."""
    return [
        *_start(settings), *_GUARDS, "-i", f"file:{source}", "-map", f"0:{index}", "-frames:v", "1",
        "-vf", f"scale='min({width},iw)':-1:flags=lanczos,format=yuva420p", "-c:v", "libwebp", "-quality", "80",
        "-f", "webp", target,
    ]  # fmt: skip


def waveform(settings: Ffmpeg, source: str, target: str, index: int, width: int, height: int) -> list[str]:
    """The loudness of a song over its length, white on nothing: a page gives it its colour."""
    drawn = f"aformat=channel_layouts=mono,showwavespic=size={width}x{height}:colors=white:scale=sqrt:draw=full"
    return [
        *_start(settings), *_GUARDS, "-i", f"file:{source}", "-filter_complex", f"[0:{index}]{drawn}", "-frames:v", "1",
        "-c:v", "libwebp", "-lossless", "1", "-f", "webp", target,
    ]  # fmt: skip


def thumbnail(settings: Ffmpeg, picture: Picture, wanted: Thumbnail, source: str, target: str, at: float,
              seconds: float) -> list[str]:  # fmt: skip
    """A short loop from `at`."""
    return [
        *_start(settings), *_GUARDS, "-ss", f"{at:.3f}", "-t", f"{seconds:.3f}", "-i", f"file:{source}",
        "-map", "0:v:0", "-vf", f"fps={wanted.fps},{_small(picture, wanted.width)}", *_animation(wanted.quality),
        target,
    ]  # fmt: skip


def preview(settings: Ffmpeg, picture: Picture, wanted: Preview, source: str, target: str, select: str,
            key_frames: bool) -> list[str]:  # fmt: skip
    """The frames that `select` (one of :func:`by_scene`, :func:`evenly`) chooses, `wanted.fps` a second."""
    skip = ["-skip_frame", "nokey"] if key_frames else []  # a film is skimmed by its key frames, not decoded again
    chain = f"select='{select}',{_small(picture, wanted.width)},setpts=N/{wanted.fps}/TB"
    return [
        *_start(settings), *_GUARDS, *skip, "-i", f"file:{source}", "-map", "0:v:0", "-vf", chain,
        "-frames:v", str(wanted.max_frames), "-r", str(wanted.fps), *_animation(wanted.quality), target,
    ]  # fmt: skip


def _small(picture: Picture, width: int) -> str:
    return f"{picture.before}scale='min({width},iw)':-2:flags=lanczos{picture.after}"


def by_scene(threshold: float) -> str:
    return f"gt(scene,{threshold})"


def evenly(duration: float, frames: int) -> str:
    return f"isnan(prev_selected_t)+gte(t-prev_selected_t,{max(duration / frames, 0.05):.3f})"


def _animation(quality: int) -> list[str]:
    return ["-an", "-c:v", "libwebp_anim", "-loop", "0", "-quality", str(quality), "-compression_level", "4",
            "-f", "webp"]  # fmt: skip


def _start(settings: Ffmpeg) -> list[str]:
    return [settings.binary, "-nostdin", "-hide_banner", "-v", "error", "-y"]
