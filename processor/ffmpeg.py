"""The only module that builds ffmpeg argument vectors. Pure functions: no file is touched here.

Every input is opened with white lists: ``file`` as the one protocol (no http, no concat), demuxers that cannot name
other files (an "mp4" that is an HLS playlist reads another tenant's file otherwise, facts.md 4.12), and decoders of
common formats only (MagicYUV and its like stay shut, CVE-2026-8461).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from control.settings import Ffmpeg, Preview, Rung, Thumbnail, Video
from nginx.contract import PLAYLIST

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mp3,flac,wav,aac,w64,aiff,dv"
DECODERS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,mpeg1video,mpeg2video,mjpeg,prores,msmpeg4v1,"
    "msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,flv,h263,h263p,theora,dvvideo,png,"
    "aac,aac_latm,mp3,mp3float,mp2,mp2float,ac3,eac3,dca,opus,libopus,vorbis,libvorbis,flac,alac,wmav1,wmav2,wmapro,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,mov_text,subrip,ass,ssa,webvtt"
)
_GUARDS = ["-protocol_whitelist", "file", "-format_whitelist", DEMUXERS, "-codec_whitelist", DECODERS]

KEYFRAME_SECONDS = 2  # every rung has its key frames at the same instants, so a player can switch at any of them


@dataclass(frozen=True, slots=True)
class Output:
    """One encoded rung: its name and frame size in pixels (even)."""

    rung: Rung
    width: int
    height: int


def probe(settings: Ffmpeg, source: str) -> list[str]:
    return [
        settings.probe, "-v", "error", *_GUARDS, "-show_format", "-show_streams", "-of", "json", f"file:{source}",
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


def remux(settings: Ffmpeg, source: str, target: str, segment_seconds: int) -> list[str]:
    """Copy H.264/AAC as it is into segments: the `source` rung."""
    return [
        *_start(settings), *_GUARDS, "-i", f"file:{source}", "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy",
        *_segments(target, segment_seconds),
    ]  # fmt: skip


def ladder(settings: Ffmpeg, video: Video, source: str, targets: Sequence[tuple[Output, str]], segment_seconds: int,
           has_audio: bool) -> list[str]:  # fmt: skip
    """One process, one decode, chained scalers: each rung is scaled from the one above it."""
    command = [*_start(settings), *_GUARDS, "-threads", str(settings.threads), "-i", f"file:{source}"]
    command += ["-filter_complex", _chain([output for output, _ in targets])]
    for number, (output, target) in enumerate(targets):
        command += ["-map", f"[out{number}]", *_x264(video, output.rung)]
        if has_audio:
            command += ["-map", "0:a:0", "-c:a", "aac", "-ac", "2", "-b:a", video.audio_bitrate]
        command += _segments(target, segment_seconds)
    return command


def _chain(outputs: Sequence[Output]) -> str:
    """`[0:v:0]scale,split[out0][next0];[next0]scale[out1]`: the last one needs no split."""
    steps, feed = [], "0:v:0"
    for number, output in enumerate(outputs):
        scale = f"[{feed}]scale={output.width}:{output.height}:flags=bicubic,setsar=1,format=yuv420p"
        if number < len(outputs) - 1:
            steps.append(f"{scale},split=2[out{number}][next{number}]")
            feed = f"next{number}"
        else:
            steps.append(f"{scale}[out{number}]")
    return ";".join(steps)


def _x264(video: Video, rung: Rung) -> list[str]:
    kilobits = rung.bits_per_second // 1000
    return [
        "-c:v", "libx264", "-preset", video.preset, "-crf", str(video.crf), "-profile:v", "high",
        "-maxrate", f"{kilobits}k", "-bufsize", f"{2 * kilobits}k", "-sc_threshold", "0",
        "-force_key_frames", f"expr:gte(t,n_forced*{KEYFRAME_SECONDS})",
        "-fps_mode", "passthrough",  # the source's timing: a VFR film must not become a CFR one
    ]  # fmt: skip


def _segments(target: str, seconds: int) -> list[str]:
    return [
        "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "4096",
        "-f", "hls", "-hls_time", str(seconds), "-hls_list_size", "0", "-hls_segment_type", "mpegts",
        "-hls_flags", "temp_file+independent_segments", "-hls_segment_filename", f"{target}/seg_%05d.ts",
        f"{target}/{PLAYLIST}",
    ]  # fmt: skip


def still(settings: Ffmpeg, source: str, target: str, at: float, width: int, quality: int) -> list[str]:
    """One frame as a static WebP."""
    return [
        *_start(settings), *_GUARDS, "-ss", f"{at:.3f}", "-i", f"file:{source}", "-map", "0:v:0", "-frames:v", "1",
        "-vf", f"scale='min({width},iw)':-2:flags=lanczos", "-c:v", "libwebp", "-quality", str(quality),
        "-f", "webp", target,
    ]  # fmt: skip


def thumbnail(settings: Ffmpeg, wanted: Thumbnail, source: str, target: str, at: float, seconds: float) -> list[str]:
    """A short loop from `at`."""
    return [
        *_start(settings), *_GUARDS, "-ss", f"{at:.3f}", "-t", f"{seconds:.3f}", "-i", f"file:{source}",
        "-map", "0:v:0", "-vf", f"fps={wanted.fps},scale='min({wanted.width},iw)':-2:flags=lanczos",
        *_animation(wanted.quality), target,
    ]  # fmt: skip


def preview(settings: Ffmpeg, wanted: Preview, source: str, target: str, select: str, key_frames: bool) -> list[str]:
    """The frames that `select` (one of :func:`by_scene`, :func:`evenly`) chooses, `wanted.fps` a second."""
    skip = ["-skip_frame", "nokey"] if key_frames else []  # a film is skimmed by its key frames, not decoded again
    chain = f"select='{select}',scale='min({wanted.width},iw)':-2:flags=lanczos,setpts=N/{wanted.fps}/TB"
    return [
        *_start(settings), *_GUARDS, *skip, "-i", f"file:{source}", "-map", "0:v:0", "-vf", chain,
        "-frames:v", str(wanted.max_frames), "-r", str(wanted.fps), *_animation(wanted.quality), target,
    ]  # fmt: skip


def by_scene(threshold: float) -> str:
    return f"gt(scene,{threshold})"


def evenly(duration: float, frames: int) -> str:
    return f"isnan(prev_selected_t)+gte(t-prev_selected_t,{max(duration / frames, 0.05):.3f})"


def _animation(quality: int) -> list[str]:
    return ["-an", "-c:v", "libwebp_anim", "-loop", "0", "-quality", str(quality), "-compression_level", "4",
            "-f", "webp"]  # fmt: skip


def _start(settings: Ffmpeg) -> list[str]:
    return [settings.binary, "-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1", "-stats_period", "1",
            "-y"]  # fmt: skip
