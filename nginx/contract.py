"""THE BOUNDARY: every name that Nginx and Python share, declared once.

Templates see this module as ``contract``; Python imports it. Nginx variable names are derived from the declarations,
never typed, because ``nginx -t`` accepts a misspelt ``$upstream_http_…`` and then hands on nothing.
A name that is not declared here fails the render (StrictUndefined) or the import.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

# --- closed character sets of everything that stands in a signed or internal URL ------------------

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SHARDED_UUID = UUID.replace("[0-9a-f]{8}", "(?<sluice_shard>[0-9a-f]{2})[0-9a-f]{6}", 1)  # names its first two digits
KEY_ID = "[a-z0-9]{2,8}"
MD5 = "[A-Za-z0-9_-]{22}"  # base64url without padding, as secure_link wants it
EXPIRES = "[0-9]{10}"
GRANT = "[0-9a-f]{32}"
RUNG = "[a-z0-9]{1,12}"
UPLOAD = "[0-9a-f]{32}"
PERIOD = "[0-9]{1,6}"
ROOT = "[a-z0-9][a-z0-9-]{0,30}"
SHARE_CODE = "[0-9A-Za-z]{22}"
TICKET_NAME = "[0-9a-zA-Z_-]{1,64}"


# --- locations ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Location:
    """One Nginx location. `proxied` ones must exist as a control route with the same path."""

    path: str
    internal: bool = False
    proxied: bool = False


# Static or checked by Nginx alone: no Python.
STATIC = Location("/static/")
HLS = Location("/hls/")
DOWNLOAD = Location("/d/")

# Answered by control.
STREAM = Location("/stream/", proxied=True)
GET = Location("/get/", proxied=True)  # the upload service's signed address of a file
BATCH = Location("/v1/files/batch-download", proxied=True)  # archives of many files, and below it their addresses
STILLS = Location("/api/media/", proxied=True)  # {thumbnail,preview,still}/{id}: gated, then cached
SHARES = Location("/s/", proxied=True)  # {code}/…: what visitors of shares see
PART = Location("/v1/files/part", proxied=True)  # Nginx spools the body, once the gate has agreed to it
COMPLETE = Location("/v1/files/complete", proxied=True)  # waits until the file is joined and hashed
TUS = Location("/files/", proxied=True)
EVENTS = Location("/api/events", proxied=True)  # text/event-stream: an answer that has no end
METRICS = Location("/metrics", proxied=True)  # for networks of its own

# Internal: reachable only by X-Accel-Redirect, rewrite or sub-request.
INTERNAL = "/_sluice/"
AUTH = Location(INTERNAL + "auth", internal=True, proxied=True)
CONTENT_KEY = Location(INTERNAL + "key/", internal=True, proxied=True)
VAULT = Location(INTERNAL + "vault/", internal=True)
ORIGINALS = Location(INTERNAL + "originals/", internal=True)
STORED = Location(INTERNAL + "stored/", internal=True)  # uploads
QUARANTINE = Location(INTERNAL + "quarantine/", internal=True)  # what was refused, for administrators
MOUNTS = Location(INTERNAL + "mounts/", internal=True)  # handed over by control, which names the type
LINKED = Location(INTERNAL + "linked/", internal=True)  # by a signed link alone: the file's ending says the type
DIRECTORY = Location(INTERNAL + "directory/", internal=True)
ARCHIVE = Location(INTERNAL + "archive/", internal=True)  # {id}/{length}/{etag}: a whole archive, assembled by Nginx
PARTS = Location(INTERNAL + "parts/", internal=True, proxied=True)  # its literals, and includes of its members
MEMBER = Location(INTERNAL + "member/", internal=True)  # {root}/{path}: one file of it, or an end of the transfer
TUS_CREATE = Location(INTERNAL + "tus/create", internal=True)  # by method, because each has a largest body of its own
TUS_APPEND = Location(INTERNAL + "tus/append/", internal=True)
TUS_ASK = Location(INTERNAL + "tus/ask/", internal=True)
# At the door for edges alone, which ask for themselves here and for no viewer.
EDGE_KEYS = Location(INTERNAL + "edge/links.json", internal=True)
EDGE_LOGS = Location(INTERNAL + "edge/logs/", internal=True, proxied=True)  # PUT {name of a file of its log}
# Asked by the Nginx that fetches from an S3-compatible store, {media}/{file}: the signature for this one object.
OBJECT = Location(INTERNAL + "object/", internal=True, proxied=True)

LOCATIONS = (
    STATIC, HLS, DOWNLOAD, STREAM, GET, BATCH, STILLS, SHARES, PART, COMPLETE, TUS, EVENTS, METRICS, AUTH, CONTENT_KEY,
    VAULT, ORIGINALS, STORED, QUARANTINE, MOUNTS, LINKED, DIRECTORY, ARCHIVE, PARTS, MEMBER, TUS_CREATE, TUS_APPEND,
    TUS_ASK, EDGE_KEYS, EDGE_LOGS, OBJECT,
)  # fmt: skip

STILL_KINDS = ("thumbnail", "preview", "still", "storyboard", "waveform")


# --- headers --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestHeader:
    """Written by Nginx on every request to control (a client's own value never gets through); read by control."""

    name: str

    @functools.cached_property
    def environ(self) -> str:
        """Its key in a WSGI environ (PEP 3333)."""
        return "HTTP_" + self.name.upper().replace("-", "_")

    @property
    def variable(self) -> str:
        """What a client, or an edge, has sent of it."""
        return "$http_" + self.name.lower().replace("-", "_")


@dataclass(frozen=True)
class ResponseHeader:
    """Written by control; read by Nginx through :attr:`variable`. `public` ones are passed on to the client."""

    name: str
    public: bool = False

    @property
    def variable(self) -> str:
        return "$upstream_http_" + self.name.lower().replace("-", "_")


CLIENT_ADDRESS = RequestHeader("X-Sluice-Client")
REQUEST_ID = RequestHeader("X-Sluice-Request")
AUTH_ACTION = RequestHeader("X-Sluice-Action")  # thumbnail | preview | still | directory | create | append
AUTH_TARGET = RequestHeader("X-Sluice-Target")  # the id of a media or an upload, or the name of a protected directory
AUTH_URI = RequestHeader("X-Sluice-Uri")  # the NORMALISED path that Nginx will serve, never $request_uri
AUTH_LENGTH = RequestHeader("X-Sluice-Length")  # Content-Length of the body that would come
INTERNAL_HOP = RequestHeader("X-Sluice-Internal")  # "1" from internal locations alone
METHOD = RequestHeader("X-Sluice-Method")  # the client's own, for shares: control is asked GET for HEAD
BODY_FILE = RequestHeader("X-Sluice-Body")  # where Nginx has spooled the body: a file of DIR/spool/incoming
REQUEST_HEADERS = (
    CLIENT_ADDRESS, REQUEST_ID, AUTH_ACTION, AUTH_TARGET, AUTH_URI, AUTH_LENGTH, INTERNAL_HOP, METHOD, BODY_FILE,
)  # fmt: skip

# Written by our own pages, and by Nginx on live events; read by control: "1" on what a page asks while nobody is at it.
# Whoever forges it only shortens their own session.
BACKGROUND = RequestHeader("X-Sluice-Background")

# Written by edges, read by control hosts' Nginx: "1" on what an edge fetches for its cache, which is no delivery.
FILL = RequestHeader("X-Sluice-Fill")
EDGE_CACHE = ResponseHeader("X-Sluice-Cache", public=True)  # of an edge: HIT, MISS, REVALIDATED …

DIRECTORY_ACTION = "directory"
CREATE_ACTION, APPEND_ACTION = "create", "append"  # an upload: may it begin, may this body be stored?

# "{user id or kind of principal}[ {reason}[ {revision of the media}]]": one header, because each one costs time.
VERDICT = ResponseHeader("X-Sluice-Verdict")
ENCRYPTED = ResponseHeader("X-Encrypted", public=True)  # "true" on an encrypted WebP (source 3's name)
KEY_URL = ResponseHeader("X-Sluice-Key-Url", public=True)  # where the page fetches that WebP's key
# "{ticket}" or "{ticket}/{item}" (see ticket_value): what is delivered with it is counted, in the table `coverage`.
TICKET = ResponseHeader("X-Sluice-Ticket")
REFUSAL = ResponseHeader("X-Sluice-Refusal")  # the gate's error code, where there is more to say than 401 or 403
RESPONSE_HEADERS = (VERDICT, ENCRYPTED, KEY_URL, TICKET, REFUSAL)

CHALLENGE = ResponseHeader("WWW-Authenticate", public=True)  # of the gate
CONTENT_RANGE = ResponseHeader("Content-Range", public=True)  # of a drive's own Nginx, where it refuses a range


def logged_path(path: str) -> str:
    """A path as logs and the audit trail may have it: without the code of a share."""
    if not path.startswith(SHARES.path):
        return path
    _, slash, rest = path.removeprefix(SHARES.path).partition("/")
    return f"{SHARES.path}-{slash}{rest}"


def ticket_value(ticket: str, item: str | None = None) -> str:
    """The value of TICKET: what the delivery counts for, and the uuid that it is counted under.

    Without one that is the delivered media's own id; an archive, which is no media, brings the id that control gave it.
    """
    return f"{ticket}/{item}" if item else ticket


# What the auth sub-request may answer: Nginx turns anything but 2xx, 401 and 403 into a 500.
ACCESS_STATUSES = frozenset({204, 401, 403})


# --- cookies and query parameters -----------------------------------------------------------------


@dataclass(frozen=True)
class Cookie:
    """`__Host-` (RFC 6265bis 4.1.3.2): Secure, Path=/, no Domain."""

    name: str


ACCESS_COOKIE = Cookie("__Host-sluice")
REFRESH_COOKIE = Cookie("__Host-sluice-refresh")
DEVICE_COOKIE = Cookie("__Host-sluice-device")
VISIT_COOKIE = Cookie("__Host-sluice-visit")  # of shares' visitors: no other address takes it
VIEW_COOKIE = Cookie("__Host-sluice-view")  # grid or list


@dataclass(frozen=True)
class QueryParam:
    name: str


EXPIRES_PARAM = QueryParam("expires")
GET_EXPIRES_PARAM = QueryParam("exp")  # of /get, as source 2 calls it
NETWORK_PARAM = QueryParam("net")
SIGNATURE_PARAM = QueryParam("sig")


# --- signed links: the one recipe that Nginx (secure_link_md5) and Python share -------------------
# The secret (32 random bytes, hex) stands last, so a length extension of MD5 yields nothing; every field before it is
# made by the server from a closed character set, except {path}, which is the tail.


# Nginx puts the request's query where minting has none (`query`): a link with anything added to it does not verify.


def hls_expression(expires: str, grant: str, media: str, secret: str, query: str = "") -> str:
    """The text under the MD5 of an HLS prefix; with Nginx variables it is the secure_link_md5 argument."""
    return f"hls {expires}/{grant}/{media}{query} {secret}"


def download_expression(expires: str, root: str, path: str, secret: str, query: str = "") -> str:
    """The text under the MD5 of a /d/ link; `path` is the decoded, normalised path below the root."""
    return f"d {query}{expires}/{root}/{path} {secret}"


def bound_download_expression(expires: str, root: str, path: str, secret: str, network: str, query: str = "") -> str:
    """The same of a /d/ link that opens in `network` alone (:func:`network_of`): no text of the one form is any of the
    other, and the spaces keep a query from moving into the network."""
    return f"n {query} {network} {expires}/{root}/{path} {secret}"


def secure_link_md5(expression: str) -> str:
    """Return base64url(MD5(expression)) without padding, as ngx_http_secure_link_module compares it."""
    raw = expression.encode("utf-8", "surrogateescape")
    digest = hashlib.md5(raw, usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hls_prefix(key_id: str, secret: str, expires: int, grant: str, media: str) -> str:
    """Return `/hls/{kid}/{md5}/{expires}/{grant}/{media}`: signed once, valid for everything below it."""
    mac = secure_link_md5(hls_expression(f"{expires:010d}", grant, media, secret))
    return f"{HLS.path}{key_id}/{mac}/{expires:010d}/{grant}/{media}"


def download_url(key_id: str, secret: str, expires: int, root: str, path: str) -> str:
    """Return `/d/{kid}/{md5}/{expires}/{root}/{path}`, percent-encoded (RFC 3986)."""
    mac = secure_link_md5(download_expression(f"{expires:010d}", root, path, secret))
    return f"{DOWNLOAD.path}{key_id}/{mac}/{expires:010d}/{root}/{encode_path(path)}"


def bound_download_url(key_id: str, secret: str, expires: int, root: str, path: str, network: str) -> str:
    """Return `/d/{kid}/net/{md5}/{expires}/{root}/{path}`: opened in `network` alone, which Nginx itself compares."""
    mac = secure_link_md5(bound_download_expression(f"{expires:010d}", root, path, secret, network))
    return f"{DOWNLOAD.path}{key_id}/{BOUND}/{mac}/{expires:010d}/{root}/{encode_path(path)}"


def encode_path(path: str) -> str:
    """Percent-encode a file system path (surrogateescape for bytes that are no UTF-8), keeping its slashes."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


# --- the network of a client, as bound links name it ------------------------------------------------

BOUND = "net"  # stands behind the key id of a bound /d/ link
NETWORK = r"(?:(?:[0-9]{1,3}\.){3}0/24|(?:[0-9a-f]{1,4}:){4}:/64)"


def network_of(address: str) -> str:
    """Return the /24 of an IPv4 address or the /64 of an IPv6 one, in the words of CLIENT_NETWORKS.

    Raises ValueError for anything else.
    """
    parsed = ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.version == 4:
        return ".".join(str(parsed).split(".")[:3]) + ".0/24"
    return ":".join(f"{int(group, 16):x}" for group in parsed.exploded.split(":")[:4]) + "::/64"


_G0, _G1, _G2, _G3 = (f"(?<sluice_net{n}>[0-9a-f]+)" for n in range(4))
_FOUR_MORE = "(?::[0-9a-f]+){4}$"
# (pattern of $remote_addr, the network's text in Nginx's variables), the first that fits. Nginx writes an address as
# RFC 5952 does: `::` stands for two groups of zeros or more, and only where there are many groups behind it do some
# of them belong to the /64.
CLIENT_NETWORKS = (
    (r"^(?:::ffff:)?(?<sluice_net>[0-9]+\.[0-9]+\.[0-9]+)\.[0-9]+$", "$sluice_net.0/24"),
    (f"^{_G0}:{_G1}:{_G2}:{_G3}:", "$sluice_net0:$sluice_net1:$sluice_net2:$sluice_net3::/64"),
    (f"^{_G0}:{_G1}:{_G2}::", "$sluice_net0:$sluice_net1:$sluice_net2:0::/64"),
    (f"^{_G0}:{_G1}::", "$sluice_net0:$sluice_net1:0:0::/64"),
    (f"^{_G0}::{_G3}{_FOUR_MORE}", "$sluice_net0:0:0:$sluice_net3::/64"),
    (f"^{_G0}::", "$sluice_net0:0:0:0::/64"),
    (f"^::{_G2}:{_G3}{_FOUR_MORE}", "0:0:$sluice_net2:$sluice_net3::/64"),
    (f"^::{_G3}{_FOUR_MORE}", "0:0:0:$sluice_net3::/64"),
    ("^::", "0:0:0:0::/64"),
)


# --- the media layout on disk: the processor writes it, control names it, Nginx aliases it --------
#   vault/ab/abcdef01-…/master.m3u8
#                      /720p/index.m3u8  seg_00000.ts …      (AES-128-CBC under key(rung, n); key/{n} is never a file)
#                      /audio0/index.m3u8 …  /text0/index.m3u8 seg_00000.vtt …  (further sound, subtitles: the same way)
#                      /image.webp.enc   thumbnail.webp.enc  still.webp.enc  preview.webp.enc …    (IV || ciphertext)
#                      /manifest.json                         (what was made, with sizes and hashes; not served)
#   files/originals/ab/abcdef01-…/original                     (a kept original, plain, served after a decision)
#   files/users/{user id}/yyyy/mm/dd/{media id}                 (an upload, plain, served after a decision)
#                     … .trashed  beside it                     (either of them, while its media is in the trash)
#   archive/ab/abcdef01-….enc                                  (the original as ciphertext; not served)
#   files/pending/{media id}                                    (an upload on its way into the archive; not served)
#   spool/incoming/0000000001                                   (a body, until control has taken it; not served)
#        /{upload id}/data  part-000001 …                       (what has come of an upload; not served)

INCOMING = "incoming"
PENDING = "pending"

MASTER_PLAYLIST = "master.m3u8"
PLAYLIST = "index.m3u8"
IMAGE = "image.webp.enc"
MANIFEST = "manifest.json"
SEGMENT = r"seg_[0-9]{5}\.(?:ts|vtt)"
# What a signed prefix opens: segments and playlists from the disk, keys from control.
HLS_SEGMENT = rf"{RUNG}/{SEGMENT}"
HLS_PLAYLIST = rf"(?:master\.m3u8|{RUNG}/index\.m3u8)"
HLS_KEY = rf"(?<sluice_rung>{RUNG})/key/(?<sluice_period>{PERIOD})"
SIDECAR = "original.enc"  # a text file that came beside its film, below its track
ORIGINAL = "original"
QUARANTINED = "file"  # what was refused: quarantine/{media}/file
TRASHED = ".trashed"  # behind the name of a plain original in the trash: no link names it, none can be made
# The {root} of kept originals and of uploads in /d/ links, and their places below files/: no mount may be named so.
ORIGINALS_ROOT, UPLOADS_ROOT = "originals", "users"
OWN_ROOTS = frozenset({ORIGINALS_ROOT, UPLOADS_ROOT})
STORED_PATH = rf"{UUID}/[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}/{UUID}"  # of an upload, below files/users/
IMAGE_RUNG = "image"  # the "rung" of a picture's content key: /hls/…/{media}/image/key/0


def segment_name(index: int, ending: str = "ts") -> str:
    return f"seg_{index:05d}.{ending}"


def still_name(kind: str) -> str:
    """The file of one of STILL_KINDS."""
    return f"{kind}.webp.enc"


def vault_directory(media: str) -> str:
    """Path of one media's renditions below the vault: sharded by the first two hex digits."""
    return f"{media[:2]}/{media}"


def archive_name(media: str) -> str:
    return f"{media[:2]}/{media}.enc"


# --- drives: each mount is opened by a small Nginx of its own, because open(2) on a dead drive never returns ----------

LONGEST_MOUNT = 31  # characters of a mount's name (ROOT)


def drive_socket(run: Path, mount: str) -> Path:
    """Where the Nginx of one mount listens, below DIR/run."""
    return run / f"{mount}.drive"


def away_flag(run: Path, mount: str) -> Path:
    """There while the mount is away: the processor makes and removes it, Nginx answers 503 while it is there."""
    return run / "away" / mount


# --- an S3-compatible store: control signs, Nginx fetches ------------------------------------------------------------

OBJECT_FILE = rf"(?:{HLS_SEGMENT}|{HLS_PLAYLIST}|{re.escape(IMAGE)})"  # what is ever fetched for somebody
# Header of AWS's signature -> the one in which control hands it to Nginx.
STORE_HEADERS = {
    name: ResponseHeader("X-Sluice-Store-" + name.removeprefix("X-Amz-"))
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256", "X-Amz-Security-Token")
}


def objects_socket(run: Path, trial: bool = False) -> Path:
    """Where the half of Nginx listens that fetches from the store, for the other one that keeps what was fetched."""
    return run / ("objects-trial.sock" if trial else "objects.sock")


# --- edges: Nginx nodes in front, known by a certificate (control/cli/edge_certificates.py) -------------------------

ORIGIN_NAME = "sluice-origin"  # in the certificate of every door, whatever the host is called
DOOR, EDGES_CA, EDGES = "door", "edges-ca", "edges"  # keys/door.{pem,key}, keys/edges-ca.{pem,key}, keys/edges/NAME.pem
EDGE, ORIGIN = "edge", "origin"  # on an edge: keys/edge.{pem,key}, and keys/origin.pem, whom it trusts
EDGE_NAME = "[a-z0-9][a-z0-9-]{0,30}"
EDGE_INCOMING = ".incoming"  # beside the directories of edges: no name of one
EDGE_LOG = r"access\.log\.[0-9T]{8,30}"


def edge_logs(logs: Path) -> Path:
    """Where the doors leave what edges have sent of their logs: a directory for each, by its name."""
    return logs / "edges"


def control_away(run: Path) -> Path:
    """There while control starts or stops: its socket takes connections then that nobody answers yet.

    At the door Nginx says 502 at once, and the edge asks another control host; elsewhere nobody else could be asked.
    """
    return run / "control.away"


# --- X-Accel-Redirect: the one place where internal URLs are built --------------------------------


def accel_vault(media: str, name: str) -> str:
    """Internal URL of a vault file, from a media id and a fixed name."""
    return f"{VAULT.path}{media}/{name}"


def accel_original(media: str) -> str:
    """Internal URL of a kept original: its name on disk is the server's own."""
    return f"{ORIGINALS.path}{media}/{ORIGINAL}"


def stored_path(user: str, day: date, media: str) -> str:
    """Where the original of an upload lies, below files/: its name is the server's own."""
    return f"{UPLOADS_ROOT}/{user}/{day:%Y/%m/%d}/{media}"


def accel_stored(stored: str) -> str:
    """Internal URL of an uploaded original, from its record (:func:`stored_path`)."""
    return STORED.path + stored


def accel_quarantine(media: str) -> str:
    """Internal URL of a refused file: its name on disk is the server's own."""
    return f"{QUARANTINE.path}{media}/{QUARANTINED}"


def accel_archive(archive: str, length: int, etag: str) -> str:
    """Internal URL of a whole archive; all that it says is of a closed character set and made by the server."""
    return f"{ARCHIVE.path}{archive}/{length}/{etag}"


# The literals of an archive and the includes of its members; the only answer that Nginx reads for SSI commands.
PARTS_TYPE = "application/x-sluice-parts"
LONGEST_INCLUDE = 512  # bytes of an address; (!) Nginx takes as much memory for each one, until the archive is sent
SSI_COMMAND = b"<!--"
CHANGED = MEMBER.path + "changed"  # in the place of a file that is not what it was: ends the transfer
UNCHANGED_PARAM, PATH_PARAM = QueryParam("tag"), QueryParam("path")  # of a member on a mount
WHOLE_PARAM = QueryParam("whole")  # of PARTS: the bytes themselves, where Nginx cannot assemble them


def member_include(root: str, path: str, mtime_ns: int, size: int) -> bytes:
    """The SSI command for a whole file (:func:`original_root`), which on a mount must be as old and large as it was.

    (!) Versions of Nginx decode such an address once or twice, but never a query: a mounted path stands there. All of
    it is letters, digits and "%-._~/?=&": no command ends in it.
    """
    if root in OWN_ROOTS:
        return ssi_include(f"{MEMBER.path}{root}/{path}")
    tag = f"{UNCHANGED_PARAM.name}={mtime_ns // 10**9:x}-{size:x}"
    return ssi_include(f"{MEMBER.path}{root}?{tag}&{PATH_PARAM.name}={encode_path(path)}")


def ssi_include(url: str) -> bytes:
    """(!) `wait`: one after the other. Else Nginx opens every file at once."""
    return f'<!--#include virtual="{url}" wait="yes" -->'.encode()


def original_root(media: str, mount: str | None, path: str | None, stored: str | None) -> tuple[str, str]:
    """Return (root, path below it) of a plain original: what a /d/ link names."""
    if mount is not None and path is not None:
        return mount, path
    if stored is not None:
        return UPLOADS_ROOT, stored.removeprefix(UPLOADS_ROOT + "/")
    return ORIGINALS_ROOT, f"{vault_directory(media)}/{ORIGINAL}"


def accel_mount(mount: str, path: str) -> str:
    """Internal URL of a mounted file, from its database record (never a client's path), percent-encoded.

    Nginx decodes it, refuses `..` and NUL itself, and follows no symbolic link below the mount.
    """
    return f"{MOUNTS.path}{mount}/{encode_path(path)}"
