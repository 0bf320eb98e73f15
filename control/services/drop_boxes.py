"""Drop boxes: shares that visitors send files to. What arrives is its owner's, and nobody else sees it."""

from __future__ import annotations

from dataclasses import replace

from control.domain.sessions import Principal
from control.domain.uploads import Upload, Wanted
from control.errors import ControlError, ShareFull
from control.services.uploads import Uploads

FOLDER = "Received"  # of shares that name none


class DropBoxes:
    def __init__(self, shares, uploads: Uploads):
        self._shares, self._uploads = shares, uploads

    def begin(self, principal: Principal, wanted: Wanted) -> Upload:
        """Begin an upload of a visitor who may; its id is the right to go on. Raises ShareFull, and as uploads do.

        A file that was begun counts against the share's caps; it costs its owner's quota.
        """
        share = principal.share
        if not self._shares.take_room(share.id, wanted.size):
            raise ShareFull()
        wanted = replace(wanted, folder=share.folder or share.name.replace("/", " ") or FOLDER, visibility="private")
        try:
            return self._uploads.begin(share.owner.user_id, wanted, principal, share.id)
        except ControlError:
            self._shares.give_room_back(share.id, wanted.size)
            raise

    def close(self, share_id: str) -> None:
        """The share has ended: what was being sent is given up."""
        self._uploads.abort_share(share_id)
