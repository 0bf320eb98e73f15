"""THE error table: one class per outcome. The docstring is the user's sentence, `advice` says what to do about it.

Every error body is ``{"error": {"code", "message", "details", "timestamp", "decision"}}``. Codes keep the families of
the user's own specification (AUTH_, SEC_, MEDIA_, SYSTEM_) and add FILE_, SHARE_ and LIMIT_.
"""

from __future__ import annotations


class ControlError(Exception):
    """Something Sluice refuses or cannot do. Raise a subclass; `details` replaces its advice.

    `reason` is the named reason of a decision, where one was taken.
    """

    code: str
    status: int
    advice: str
    retry_after: int | None = None  # seconds, for the Retry-After header (RFC 9110 10.2.3)

    def __init__(self, details: str | None = None, retry_after: int | None = None, reason: str = ""):
        super().__init__(self.message)
        self.details = details or self.advice
        self.reason = reason
        if retry_after is not None:
            self.retry_after = retry_after

    @property
    def message(self) -> str:
        return (self.__doc__ or "").strip()


class Unwritable(Exception):
    """The database will never take one of these rows as it is; nobody is told but the log."""


# --- who ------------------------------------------------------------------------------------------


class InvalidCredentials(ControlError):
    """Wrong user name or password."""

    code, status, advice = "AUTH_001", 401, "Check both and try again."


class TokenExpired(ControlError):
    """The access token has expired."""

    code, status, advice = "AUTH_002", 401, "Refresh it with POST /api/auth/refresh. 30 s of clock skew are allowed."


class InvalidToken(ControlError):
    """The token is not one of ours."""

    code, status, advice = "AUTH_003", 401, "Sign in again."


class SessionEnded(ControlError):
    """The session has ended."""

    code, status, advice = "AUTH_004", 401, "Sign in again."


class SignInRequired(ControlError):
    """Sign in first."""

    code, status, advice = "AUTH_005", 401, "Send the session cookie or an Authorization: Bearer token."


class NotAllowed(ControlError):
    """You may not do this."""

    code, status, advice = "AUTH_006", 403, "Ask an administrator for the right to it."


class WrongPrincipal(ControlError):
    """This address was made for somebody else."""

    code, status, advice = "AUTH_007", 403, "Open the page yourself, or ask for a link that may be passed on."


class SessionNotFound(ControlError):
    """There is no such session among yours."""

    code, status, advice = "AUTH_008", 404, "It may have ended already: GET /api/sessions lists those that live."


class UserNotFound(ControlError):
    """There is no such user."""

    code, status, advice = "AUTH_009", 404, "`sluice user list` shows everybody."


class TooManyDevices(ControlError):
    """You are signed in on as many devices as are allowed."""

    code, status, advice = "AUTH_010", 409, "Choose devices to end, and send their ids as end_sessions."

    def __init__(self, devices: list | None = None, choice_token: str = "", limit: int = 0):
        super().__init__()
        self.devices, self.choice_token, self.limit = devices or [], choice_token, limit


class DeviceChanged(ControlError):
    """This session belongs to another device."""

    code, status, advice = "AUTH_011", 401, "It was ended for safety. Sign in again."


class TokenNotFound(ControlError):
    """There is no such service token among yours."""

    code, status, advice = "AUTH_012", 404, "It may have been revoked already: GET /api/tokens lists those that live."


class ScopeMissing(ControlError):
    """The service token lacks the scope for this."""

    code, status, advice = "AUTH_013", 403, "Mint one with that scope: the account page, or `sluice token mint`."


class NameTaken(ControlError):
    """This name is taken."""

    code, status, advice = "AUTH_015", 409, "Choose another one."


class LockedOut(ControlError):
    """That would lock an administrator out."""

    code, status, advice = "AUTH_016", 409, "Make another administrator first, or let another one do it."


class WrongPassword(ControlError):
    """The current password is wrong."""

    code, status, advice = "AUTH_014", 403, "Type the password that you signed in with."


# --- safety ---------------------------------------------------------------------------------------


class NetworkNotAllowed(ControlError):
    """Access denied: this network is not allowed."""

    code, status, advice = "SEC_001", 403, "Connect from an allowed network or through the VPN."


class CrossSiteRequest(ControlError):
    """The request came from another site."""

    code, status, advice = "SEC_002", 403, "Send it from a page of this server, or with a Bearer token."


class SignatureInvalid(ControlError):
    """The signature of this link is wrong."""

    code, status, advice = "SEC_003", 403, "Ask for a new link; it must be used unchanged."


class LinkExpired(ControlError):
    """This link has expired."""

    code, status, advice = "SEC_004", 410, "Ask for a new link."


class OtherNetwork(ControlError):
    """This link opens in another network only."""

    code, status, advice = "SEC_005", 403, "Use it, unchanged, where it was asked for, or ask for a new link here."


# --- media ----------------------------------------------------------------------------------------


class MediaNotFound(ControlError):
    """There is no such media."""

    code, status, advice = "MEDIA_001", 404, "It may have been deleted, or you may not see it."


class ProcessingFailed(ControlError):
    """The file could not be processed."""

    code, status, advice = "MEDIA_002", 422, "The library and `sluice media list --state failed` show why."


class EncryptionFailed(ControlError):
    """The content key cannot be opened."""

    code, status, advice = "MEDIA_003", 500, "Is keys/master.key the one that was in use when it was imported?"


class InvalidFormat(ControlError):
    """This file is not of an allowed format."""

    code, status, advice = "MEDIA_004", 415, "Convert it to a common video or picture format and import it again."


class NotReady(ControlError):
    """It is still being prepared."""

    code, status, advice, retry_after = "MEDIA_005", 503, "Try again in a moment.", 5


class MountAway(ControlError):
    """The drive that holds this file is away."""

    code, status, advice, retry_after = "MEDIA_006", 503, "Nothing is lost; it comes back with the drive.", 30


class GrantEnded(ControlError):
    """The permission to play this has ended."""

    code, status, advice = "MEDIA_007", 403, "Open the player again."


class AlreadyThere(ControlError):
    """The same file is in the library already."""

    code, status, advice = "MEDIA_010", 409, "Delete the other one first, or set imports.duplicates to keep or link."


class ImportCancelled(ControlError):
    """Its import was cancelled."""

    code, status, advice = "MEDIA_009", 409, "`sluice queue retry` takes it up again."


class NoPlainFile(ControlError):
    """The original of this media is kept encrypted."""

    code, status, advice = "MEDIA_008", 409, "Play it in its player, or bring the original back with the CLI."


class MountedFile(ControlError):
    """A mounted file is never deleted from here."""

    code, status, advice = "MEDIA_012", 409, "Delete it where it lies: then it leaves the library by itself."


class TooManyTags(ControlError):
    """It would have more than 50 tags."""

    code, status, advice = "MEDIA_013", 409, "Take some off first."


# --- shares ---------------------------------------------------------------------------------------


class ShareNotFound(ControlError):
    """There is no such share."""

    code, status, advice = "SHARE_001", 404, "Check the address, or ask for it again."


class ShareLocked(ControlError):
    """This share asks for a password."""

    code, status, advice = "SHARE_002", 401, "Open its page and type the password that you were told."


class ShareOver(ControlError):
    """This share has ended."""

    code, status, advice = "SHARE_003", 410, "Ask who sent it to you for a new one."


class WrongSharePassword(ControlError):
    """That is not the password of this share."""

    code, status, advice = "SHARE_004", 403, "Check it and try again."


class ShareRightMissing(ControlError):
    """This share does not allow that."""

    code, status, advice = "SHARE_005", 403, "Ask who sent it to you for the right to it."


class NotInShare(ControlError):
    """This is not part of the share."""

    code, status, advice = "SHARE_006", 404, "It may have been taken out, or deleted by its owner."


class ShareBusy(ControlError):
    """Somebody is fetching it just now."""

    code, status, advice = "SHARE_007", 409, "Try again in a moment: its uses are limited."


class ShareSpent(ControlError):
    """All uses of this share are spent."""

    code, status, advice = "SHARE_008", 410, "Ask who sent it to you for a new one."


class ShareFull(ControlError):
    """This share takes no more files."""

    code, status, advice = "SHARE_009", 413, "It has all that it was made for: ask who sent it to you."


# --- requests -------------------------------------------------------------------------------------


class BadRequest(ControlError):
    """The request is not understood."""

    code, status, advice = "FILE_001", 400, "Check its fields and their types."


class NotFound(ControlError):
    """There is nothing at this address."""

    code, status, advice = "FILE_002", 404, "Check the address."


class MethodNotAllowed(ControlError):
    """This address does not answer that method."""

    code, status, advice = "FILE_003", 405, "Check the method; signed links are for GET and HEAD."


class TooLarge(ControlError):
    """The request is too large."""

    code, status, advice = "FILE_004", 413, "Send large files as an upload."


class RangeNotSatisfiable(ControlError):
    """The file has no such range."""

    code, status, advice = "FILE_005", 416, "Ask for bytes within its length (RFC 9110 14.1.2)."


class UploadNotFound(ControlError):
    """There is no such upload."""

    code, status, advice = "FILE_006", 404, "It may have been completed, given up or expired: begin it again."


class UploadIncomplete(ControlError):
    """The upload is not complete."""

    code, status, advice = "FILE_007", 409, "Send what is missing, then complete it."


class ChecksumWrong(ControlError):
    """What came is not what was announced."""

    code, status, advice = "FILE_008", 422, "Its checksum is another one. Send it again."


class UploadBusy(ControlError):
    """Somebody else is writing to this upload."""

    code, status, advice = "FILE_009", 409, "One writer at a time: try again in a moment."


class OffsetWrong(ControlError):
    """The upload goes on at another place."""

    code, status, advice = "FILE_010", 409, "Ask for its offset and send from there."


class NameRefused(ControlError):
    """This name or folder cannot be used."""

    code, status, advice = "FILE_011", 400, "Send the name of a file, and a folder without .. or a drive."


class ScanRefused(ControlError):
    """The virus scanner refused this file."""

    code, status, advice = "FILE_012", 422, "Nothing of it is in the library. An administrator finds it in quarantine/."


class ScanFailed(ControlError):
    """The virus scanner does not answer."""

    code, status, advice, retry_after = "FILE_013", 503, "Nothing is lost: complete the upload again later.", 30


class NotForArchive(ControlError):
    """Not everything that was asked for can go into one archive."""

    code, status, advice = "FILE_014", 409, "Leave out what is named, or send skip_missing: true."


class ArchiveTooLarge(ControlError):
    """That is too much for one archive."""

    code, status, advice = "FILE_015", 413, "Ask for fewer files at a time; [archives] in the settings has the limits."


class ArchiveNotReady(ControlError):
    """The archive is still being prepared."""

    code, status, advice, retry_after = "FILE_016", 503, "Try again in a moment; ?status says how far it is.", 5


class ArchiveGone(ControlError):
    """There is no such archive (any more)."""

    code, status, advice = "FILE_017", 410, "Ask for a new one: its address lives for a short time."


class TooManyTries(ControlError):
    """Too many tries."""

    code, status, advice, retry_after = "LIMIT_001", 429, "Wait a moment and try again.", 30


class TooManyRequests(ControlError):
    """Too many requests."""

    code, status, advice, retry_after = "LIMIT_002", 429, "Slow down; Retry-After says how long.", 1


class SignInBusy(ControlError):
    """Too many people are signing in at this moment."""

    code, status, advice, retry_after = "LIMIT_003", 503, "Try again in a moment.", 2


class QuotaExceeded(ControlError):
    """There is no room left for this file."""

    code, status, advice = "LIMIT_004", 413, "Delete files of yours, or ask an administrator for more room."


class TooManyUploads(ControlError):
    """Too many uploads are under way."""

    code, status, advice, retry_after = "LIMIT_005", 429, "Finish some of them or give them up.", 30


class TooManyStreams(ControlError):
    """Too many pages follow what happens."""

    code, status, advice, retry_after = "LIMIT_006", 429, "Close some of them; a page without a stream polls.", 30


class TooManyFilms(ControlError):
    """You are watching on as many other devices as are allowed."""

    code, status, advice = "LIMIT_007", 409, "End one of the others, or take it over: GET /api/streams names them."


class StreamStopped(ControlError):
    """This stream was ended from elsewhere."""

    code, status, advice = "LIMIT_008", 409, "Start it again if you want to go on here."


# --- the machine ----------------------------------------------------------------------------------


class DatabaseUnavailable(ControlError):
    """The database does not answer."""

    code, status, advice, retry_after = "SYSTEM_001", 503, "Try again in a moment.", 5


class StorageUnavailable(ControlError):
    """The storage does not answer."""

    code, status, advice, retry_after = "SYSTEM_002", 503, "Try again in a moment.", 5


class InternalError(ControlError):
    """Something went wrong on our side."""

    code, status, advice = "SYSTEM_003", 500, "The server's log has the details under this decision id."


class ControlUnavailable(ControlError):
    """Sluice is restarting."""  # answered by Nginx itself, see nginx/templates/locations/errors.conf.j2

    code, status, advice, retry_after = "SYSTEM_004", 503, "Playing goes on; the rest is back in a moment.", 5


class DiskFull(ControlError):
    """The disk is full."""

    code, status, advice = "SYSTEM_005", 507, "Nothing is lost. Make room; what was under way goes on by itself."


def table() -> list[type[ControlError]]:
    """Every error, in the order of its code."""
    return sorted(ControlError.__subclasses__(), key=lambda error: error.code)
