"""Which H.264 encoder to use: the hardware that the settings name, where it really works; else the software."""

from __future__ import annotations

from pathlib import Path

import structlog

from control.settings import Settings
from control.settings.sections import Hwaccel
from processor import ffmpeg
from processor.sandbox import ChildFailed, Limits, run

log = structlog.get_logger()

_TRY_SECONDS = 20


class Encoders:
    """The encoders to try in turn. Hardware that failed once is not tried again before the next start."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._hardware: Hwaccel = settings.ffmpeg.hwaccel
        self._proven = False

    def choose(self, scratch: Path) -> Hwaccel:
        """Return the hardware once it has encoded something, or "none" for the software."""
        if self._hardware != "none" and not self._proven:
            self._prove(scratch)
        return self._hardware

    def give_up(self, reason: str) -> None:
        """The hardware does not do it: say so, once, and go on with the software."""
        log.warning("hardware_encoder_failed", hwaccel=self._hardware, reason=reason[-300:], instead="libx264")
        self._hardware = "none"

    def _prove(self, scratch: Path) -> None:
        video = self._settings.video
        command = ffmpeg.try_encoder(self._settings.ffmpeg, video, self._hardware, video.ladder[-1])
        try:
            run(command, scratch, Limits.within(self._settings.processing, _TRY_SECONDS), devices=True)
            self._proven = True
        except ChildFailed as error:
            self.give_up(str(error))
