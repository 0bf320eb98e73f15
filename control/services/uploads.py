"""Uploads: begun with room reserved, written to by one writer at a time, gone on with after the login has expired."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from control.domain.sessions import Principal
from control.domain.uploads import LARGEST_NUMBER, Quota, Upload, Wanted, Work, file_name, folder_name
from control.errors import (
    BadRequest,
    ChecksumWrong,
    NameRefused,
    OffsetWrong,
    QuotaExceeded,
    SessionEnded,
    TooLarge,
    TooManyUploads,
    UploadBusy,
    UploadIncomplete,
    UploadNotFound,
)  # fmt: skip
from control.services.arrivals import LEASE_SECONDS, Arrivals, refusal_of
from control.settings.sections import Uploads as Rules
from nginx import contract


class Uploads:
    """`work` runs something long in a thread of its own, and calls `beat` every second until it is done."""

    def __init__(self, store, spool, rules: Rules, arrivals: Arrivals, work: Callable):
        self._store, self._spool, self._rules, self._arrivals, self._work = store, spool, rules, arrivals, work
        self.part_bytes, self.max_bytes, self.default_quota = rules.part_bytes, rules.max_bytes, rules.quota_bytes

    # --- beginning --------------------------------------------------------------------------------

    def begin(self, owner_id: str, wanted: Wanted, by: Principal, share_id: str | None = None) -> Upload:
        """Reserve room for one file of `owner_id` and return its upload; its id is the right to write to it.

        Raises NameRefused, BadRequest, TooLarge, QuotaExceeded or TooManyUploads.
        """
        wanted = self._checked(wanted)
        self._must_fit(wanted.size)
        upload_id = uuid.uuid4().hex
        holders = {"session": by.session_id, "token": by.token_id, "share": share_id}
        lacking = self._store.create(
            upload_id, owner_id, wanted, holders, self._rules.lease_hours, self._rules.quota_bytes,
            self._rules.max_live,
        )  # fmt: skip
        if lacking:
            raise TooManyUploads() if lacking == "turns" else QuotaExceeded(self._room(owner_id, wanted.size))
        self._spool.make(upload_id)
        return self._store.find(upload_id)

    def concatenate(self, partials: list[Upload], wanted: Wanted) -> Upload:
        """One file of partial uploads that are complete; they are no more afterwards. Raises UploadIncomplete."""
        same = {(one.owner_id, one.role) for one in partials} == {(partials[0].owner_id, "partial")}
        if not same or any(self._spool.offset(one.id) != one.size for one in partials):
            raise UploadIncomplete("Each partial upload must be complete before they are put together.")
        upload_id = uuid.uuid4().hex
        wanted = self._checked(replace(wanted, size=sum(one.size for one in partials)))
        if not self._store.create_from(upload_id, partials, wanted, self._rules.lease_hours):
            raise UploadNotFound()
        self._spool.make(upload_id)
        for number, one in enumerate(partials, 1):
            self._spool.adopt(upload_id, one.id, number)
            self._spool.remove(one.id)
        return self.finish(self._store.find(upload_id))

    def _checked(self, wanted: Wanted) -> Wanted:
        if wanted.size < 1:
            raise BadRequest("The file is empty.")
        try:
            name, folder = file_name(wanted.name), folder_name(wanted.folder)
        except ValueError as error:
            raise NameRefused(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
        return replace(
            wanted, name=name, folder=folder, visibility=wanted.visibility or self._rules.visibility,
            part_bytes=min(wanted.part_bytes or wanted.size, wanted.size),
        )  # fmt: skip

    def _must_fit(self, size: int) -> None:
        if self._rules.max_bytes and size > self._rules.max_bytes:
            raise TooLarge(f"A file has at most {self._rules.max_bytes} bytes here (uploads.max_bytes).")
        if size > shutil.disk_usage(self._spool.root).free:
            raise QuotaExceeded("It is larger than what the disk has room for. Ask an administrator for more room.")

    def _room(self, owner_id: str, size: int) -> str:
        quota = self.quota(owner_id)
        left = max(0, quota.limit - quota.used - quota.reserved)
        return f"{left} of {quota.limit} bytes are left, and it has {size}. {QuotaExceeded.advice}"

    # --- who may go on with it --------------------------------------------------------------------

    def find(self, upload_id: str, principal: Principal) -> Upload:
        """The upload, for whoever has its id; raises UploadNotFound for another user than its own.

        A login that has expired does not end it; raises SessionEnded where somebody has ended what it began with.
        """
        upload = self._store.find(upload_id) if re.fullmatch(contract.UPLOAD, upload_id) else None
        stranger = upload and upload.share_id is None and principal.user_id not in (None, upload.owner_id)
        if upload is None or stranger:
            raise UploadNotFound()
        if upload.ended:
            raise SessionEnded("The sign-in that this upload was begun with was ended. Sign in again, and begin anew.")
        return upload

    def admit(self, upload_id: str, principal: Principal, length: int | None) -> Upload:
        """May a body of `length` bytes be stored for it? Asked before the first byte is.

        Raises as find() does, and BadRequest, TooLarge or UploadBusy.
        """
        upload = self.find(upload_id, principal)
        if length is None:
            raise BadRequest("Say how many bytes come: Content-Length.")
        if upload.state == "finishing":
            raise UploadBusy("It is complete, and being checked.")
        if upload.state != "receiving":
            raise UploadNotFound()
        if length > self._left(upload):
            raise TooLarge("More bytes than were announced, or than one part may have.")
        if upload.expires_at - datetime.now(UTC) < timedelta(hours=self._rules.lease_hours) / 2:
            self._store.touch(upload.id, self._rules.lease_hours)
        return upload

    def _left(self, upload: Upload) -> int:
        return upload.size - self._spool.offset(upload.id) if upload.plane == "tus" else upload.part_bytes

    def received(self, upload: Upload) -> int:
        """Bytes that are there: as the disk says, not the database."""
        return upload.size if upload.state == "completed" else self._spool.received(upload.id)

    def parts(self, upload: Upload) -> list[int]:
        return list(self._spool.parts(upload.id))

    def live(self, owner_id: str) -> list[Upload]:
        return self._store.live(owner_id)

    def quota(self, owner_id: str) -> Quota:
        return self._store.quota(owner_id, self._rules.quota_bytes)

    def set_quota(self, owner_id: str, quota: int | None) -> None:
        """None: the setting's; 0: no limit."""
        self._store.set_quota(owner_id, quota)

    # --- writing ----------------------------------------------------------------------------------

    def put_part(self, upload: Upload, number: int, body: str, sha256: bytes | None) -> int:
        """Keep one part, in any order and as often as it comes; returns its size in bytes.

        `body` is where Nginx has spooled it. Raises BadRequest, ChecksumWrong, TooLarge or UploadBusy.
        """
        if upload.plane != "parts" or not 0 <= number <= LARGEST_NUMBER:
            raise BadRequest(f"Parts have numbers of 1 to {LARGEST_NUMBER}.")
        with self._taken(upload, body) as part:
            size = part.stat().st_size
            if not size:
                raise BadRequest("No bytes came.")
            self._must_match(part, "sha256", sha256)
            if size > upload.part_bytes:
                raise TooLarge(f"A part of this upload has at most {upload.part_bytes} bytes.")
            self._spool.put_part(upload.id, number, part)
            too_much = self._spool.received(upload.id) > upload.size
            if too_much or not self._store.touch(upload.id, self._rules.lease_hours):
                self._spool.drop_part(upload.id, number)
                raise TooLarge("More bytes than were announced.") if too_much else UploadBusy()
        return size

    def append(self, upload: Upload, offset: int, body: str, algorithm: str = "", checksum: bytes | None = None) -> int:
        """Add what Nginx has spooled at the end, if that is where the client thinks it is; returns the new offset.

        Raises OffsetWrong, UploadBusy, ChecksumWrong, TooLarge or DiskFull. The last byte finishes the upload.
        """
        with self._writing(upload) as (work, beat):
            if upload.plane != "tus" or offset != self._spool.offset(upload.id):
                raise OffsetWrong()
            with self._taken(upload, body) as part:
                if offset + part.stat().st_size > upload.size:
                    raise TooLarge("More bytes than were announced.")
                self._must_match(part, algorithm, checksum)
                self._work(self._spool.append, upload.id, part, work, beat=beat)
            reached = self._spool.offset(upload.id)
        if reached == upload.size and upload.role == "whole":
            self.finish(upload)
        return reached

    @contextmanager
    def _writing(self, upload: Upload) -> Iterator[tuple[Work, Callable[[], None]]]:
        writer, work = str(uuid.uuid4()), Work()
        if not self._store.enter(upload.id, writer, LEASE_SECONDS):
            raise UploadBusy()

        def beat() -> None:
            work.stop = not self._store.stay(upload.id, writer, LEASE_SECONDS, 0)

        try:
            yield work, beat
        except OSError as error:
            raise refusal_of(error) from error
        finally:
            self._store.leave(upload.id, writer, self._rules.lease_hours)

    @contextmanager
    def _taken(self, upload: Upload, body: str) -> Iterator[Path]:
        """The spooled body, as the upload's own file; gone afterwards unless it has found its place."""
        part = self._spool.take(upload.id, body) if body else None
        if part is None:
            raise BadRequest("No bytes came.")
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _must_match(self, part: Path, algorithm: str, wanted: bytes | None) -> None:
        if wanted is not None and self._work(self._spool.digest, part, algorithm) != wanted:
            raise ChecksumWrong()

    # --- its end ----------------------------------------------------------------------------------

    def finish(self, upload: Upload, parts: list[int] | None = None) -> Upload:
        """Join, check and hand to the library what has come; `parts` are those that the client has sent.

        Returns once it is there, whoever does it. Raises UploadIncomplete, and what services.arrivals refuses by.
        """
        lacking = self._lacking(upload, parts) if upload.state == "receiving" and upload.plane == "parts" else None
        if lacking and self._receiving(upload):  # else somebody else is joining them, and this one waits
            raise UploadIncomplete(lacking)
        return self._arrivals.finish(upload)

    def _lacking(self, upload: Upload, parts: list[int] | None) -> str | None:
        there = list(self._spool.parts(upload.id))
        if parts is not None and set(parts) - set(there):
            missing = ", ".join(map(str, sorted(set(parts) - set(there))[:10]))
            return f"These parts have not come: {missing}."
        if there and (there[0] > 1 or there != list(range(there[0], there[-1] + 1))):
            return "There is a gap in the numbers of the parts."
        return None

    def _receiving(self, upload: Upload) -> bool:
        now = self._store.find(upload.id)
        return now is not None and now.state == "receiving"

    def abort(self, upload: Upload) -> None:
        """Give it up: nothing of it stays, and its room is free. Raises UploadBusy while it is being finished."""
        if not self._store.remove(upload.id):
            raise UploadBusy()
        self._spool.remove(upload.id)

    def abort_share(self, share_id: str) -> int:
        """The share has ended, and with it what was being sent through it; returns how many."""
        given_up = [upload_id for upload_id in self._store.of_share(share_id) if self._store.remove(upload_id)]
        for upload_id in given_up:
            self._spool.remove(upload_id)
        return len(given_up)
