"""From received bytes to a media of the library: join, hash, scan, move, publish. After a kill another one goes on."""

from __future__ import annotations

import errno
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import structlog

from control.domain.sessions import Principal
from control.domain.signatures import kind_of
from control.domain.uploads import Stopped, Upload, Work
from control.errors import (
    ChecksumWrong,
    ControlError,
    DiskFull,
    InvalidFormat,
    ScanFailed,
    ScanRefused,
    UploadBusy,
    UploadIncomplete,
    UploadNotFound,
    table,
)  # fmt: skip
from control.services.audit import Audit
from control.settings.paths import Paths
from control.settings.sections import Uploads as Rules
from control.vault.originals import kept_path, pending_path
from nginx import contract

log = structlog.get_logger()

LEASE_SECONDS = 15  # a writer that has not been heard of for so long was killed
FORGOTTEN_SECONDS = 45  # so long after that another one goes on with what is to be finished
_LOOK_SECONDS = 0.3


class Arrivals:
    """`work` runs something long in a thread of its own, and calls `beat` every second until it is done."""

    def __init__(self, store, spool, paths: Paths, rules: Rules, audit: Audit, work: Callable):
        self._store, self._spool, self._paths, self._rules = store, spool, paths, rules
        self._audit, self._work = audit, work

    def finish(self, upload: Upload) -> Upload:
        """Return it once its media is in the library; any number may ask, one does it.

        Raises UploadIncomplete, ChecksumWrong, InvalidFormat, ScanRefused, ScanFailed or DiskFull.
        """
        while True:
            writer = str(uuid.uuid4())
            if self._store.enter(upload.id, writer, LEASE_SECONDS, finishing=True):
                self._try(upload, writer)
            found = self._store.find(upload.id)
            if found is None:
                raise UploadNotFound()
            if found.state == "completed":
                return found
            if found.state == "refused":
                raise _BY_CODE[found.error_code](found.error)
            if found.state == "receiving":
                raise UploadBusy()
            time.sleep(_LOOK_SECONDS)

    def take_up(self) -> None:
        """Finish what a killed worker has left; called every few seconds."""
        for upload_id in self._store.abandoned(FORGOTTEN_SECONDS):
            upload = self._store.find(upload_id)
            try:
                if upload is not None:
                    self.finish(upload)
            except ControlError as error:
                log.warning("upload_waits", upload=upload.media_id, error=error.code)

    def _try(self, upload: Upload, writer: str) -> None:
        back = False
        try:
            self._arrive(upload, _Writer(self._store, upload.id, writer))
        except UploadIncomplete:
            back = True
            raise
        except (ChecksumWrong, InvalidFormat, ScanRefused) as refusal:
            self._refuse(upload, refusal)
        except Stopped:
            return  # another one has taken over
        except OSError as error:
            log.warning("upload_failed", upload=upload.media_id, error=str(error))
            raise refusal_of(error) from error
        finally:
            self._store.leave(upload.id, writer, self._rules.lease_hours, back)

    def _arrive(self, upload: Upload, writer: _Writer) -> None:
        target = self._place(upload)
        here = self._joined(upload, writer, target)
        sha256, crc32 = self._work(self._spool.digests, here, writer.begin(upload.size), beat=writer.beat)
        if upload.sha256 is not None and sha256 != upload.sha256:
            raise ChecksumWrong()
        kind = kind_of(upload.name, self._spool.head(here))
        if kind is None:
            raise InvalidFormat("It is none of the kinds of files that are kept here: film, picture, song, document.")
        self._scan(upload, here, writer)
        if here != target:
            self._work(self._spool.move, here, target, beat=writer.beat)
        self._store.complete(upload, kind, sha256, crc32)
        self._spool.remove(upload.id)
        self._note("upload_completed", upload)
        log.info("upload_completed", media=upload.media_id)  # by which request, that is

    def _joined(self, upload: Upload, writer: _Writer, target: Path) -> Path:
        """One file of all that has come, or where a killed worker has put it already. Raises UploadIncomplete."""
        data = self._spool.data(upload.id)
        if target.exists() and not data.exists():
            return target
        received = self._spool.received(upload.id)
        if received != upload.size:
            raise UploadIncomplete(f"{received} of {upload.size} bytes are there.")
        self._work(self._spool.join, upload.id, upload.size, writer.begin(upload.size), beat=writer.beat)
        return data

    def _place(self, upload: Upload) -> Path:
        """Of its own original; a `vault` one is taken from there into the archive, as an import is."""
        if upload.vault:
            return pending_path(self._paths, upload.media_id)
        return kept_path(self._paths, upload.media_id, upload.stored)

    # --- the virus scanner -------------------------------------------------------------------------

    def _scan(self, upload: Upload, here: Path, writer: _Writer) -> None:
        """Raises ScanRefused, or ScanFailed when there is no answer: what was not looked at is not let in."""
        if not self._rules.scan_command:
            return
        try:
            code, said = self._ask_scanner(here, writer)
        except OSError as error:
            log.error("scanner_failed", error=str(error))
            raise ScanFailed() from error
        if code == 1:
            self._quarantine(upload, here, said)
            raise ScanRefused()
        if code != 0:
            log.error("scanner_failed", code=code, said=said[-300:])
            raise ScanFailed()

    def _ask_scanner(self, here: Path, writer: _Writer) -> tuple[int | None, str]:
        deadline = time.monotonic() + self._rules.scan_seconds
        with subprocess.Popen(
            [*self._rules.scan_command, str(here)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        ) as process:  # fmt: skip
            while time.monotonic() < deadline:
                try:
                    said, _ = process.communicate(timeout=1)
                    return process.returncode, said
                except subprocess.TimeoutExpired:
                    writer.beat()
            process.kill()
            return None, "no answer in time"

    def _quarantine(self, upload: Upload, here: Path, said: str) -> None:
        place = self._paths.quarantine / upload.media_id
        self._spool.move(here, place / contract.QUARANTINED)
        (place / "reason.txt").write_text(f"{ScanRefused().message}\n{said.replace(str(here), upload.name)}\n")

    # --- refused -----------------------------------------------------------------------------------

    def _refuse(self, upload: Upload, refusal: ControlError) -> None:
        self._store.refuse(upload.id, refusal.code, refusal.details)
        self._spool.remove(upload.id)
        self._note("upload_refused", upload, refusal.code)

    def _note(self, event: str, upload: Upload, reason: str = "") -> None:
        owner = Principal("session", upload.owner_id, upload.owner_name, session_id=upload.session_id)
        self._audit.record(
            event, owner, media_id=upload.media_id, reason=reason,
            details={"name": upload.name, "folder": upload.folder, "size": upload.size, "share": upload.share_id},
        )  # fmt: skip


def refusal_of(error: OSError) -> Exception:
    """A full disk is told as such."""
    return DiskFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else error


_BY_CODE = {error.code: error for error in table()}


class _Writer:
    """Whoever finishes an upload: says every second that it lives, and how far it is."""

    def __init__(self, store, upload_id: str, writer: str):
        self._store, self._upload_id, self._writer, self._current = store, upload_id, writer, Work()

    def begin(self, total: int) -> Work:
        self._current = Work(total)
        return self._current

    def beat(self) -> None:
        if not self._store.stay(self._upload_id, self._writer, LEASE_SECONDS, self._current.percent):
            self._current.stop = True
