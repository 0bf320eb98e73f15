"""Why a file is refused for good: a person's sentence and a code of the one error table."""

from __future__ import annotations

from control.errors import ControlError, InvalidFormat


class Refused(Exception):
    """The file itself is the problem: trying again would not help."""

    def __init__(self, sentence: str, error: type[ControlError] = InvalidFormat):
        super().__init__(sentence)
        self.sentence, self.code = sentence, error.code


NO_PLAIN_FILE = "It is a link, a directory or a device; only plain files are imported."
