"""The sections of ``sluice.toml``: every setting with its type, its bounds and its default."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Role = Literal["guest", "viewer", "editor", "admin"]
Kind = Literal["video", "audio", "image", "document"]
Hwaccel = Literal["none", "vaapi", "nvenc", "qsv", "videotoolbox"]


def _served(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("a path that Nginx serves must be absolute")
    if re.search(r'["\\$\x00-\x1f]', str(path)):
        raise ValueError("Nginx cannot write a path with a quote, a backslash, a $ or a control character")
    return path


ServedPath = Annotated[Path, AfterValidator(_served)]
Bitrate = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}k$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _networks(value: list[str]) -> list[str]:
    for network in value:
        ip_network(network)
    return value


Networks = Annotated[list[str], AfterValidator(_networks)]
LOOPBACK = ["127.0.0.0/8", "::1/128"]
PRIVATE_NETWORKS = [*LOOPBACK, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"]


class Server(Section):
    """Where Sluice listens and whom it answers."""

    port: int = Field(1027, ge=1, le=65535)
    public_url: str = ""  # for absolute links; empty: https://localhost:{port}
    allowed_networks: Networks = PRIVATE_NETWORKS
    cors_origins: list[Annotated[str, Field(pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$")]] = []
    certificate: Path | None = None  # PEM files; empty: self-signed under DIR/tls
    certificate_key: Path | None = None
    sign_ins_per_minute: int = Field(30, ge=1)  # from one address; 20 more at once
    connections_per_address: int = Field(1000, ge=0)  # requests under way at once; 0: no limit
    workers: int = Field(2, ge=1, le=64)  # control (gunicorn) workers


class Edge(Section):
    """Nginx nodes in front: what a control host says to them, and what makes a node one of them."""

    door: int = Field(0, ge=0, le=65535)  # of a control host: the port for edges alone; 0: there are none
    origins: list[Annotated[str, Field(pattern=r"^([a-z0-9.-]+|\[[0-9a-f:]+\]):[0-9]{1,5}$")]] = []  # of an edge: doors
    cache_bytes: int = Field(10 << 30, ge=1 << 20)  # of an edge: so much ciphertext is kept

    @model_validator(mode="after")
    def _one_of_both(self) -> Edge:
        if self.door and self.origins:
            raise ValueError("give either door (a control host) or origins (an edge)")
        return self


class Metrics(Section):
    """/metrics, for Prometheus."""

    allowed_networks: Networks = LOOPBACK  # of server.allowed_networks


class Database(Section):
    url: str = ""  # libpq URL; empty: the private instance under DIR
    pool_max: int = Field(10, ge=2, le=100)  # per worker


class RedisServer(Section):
    url: str = ""  # empty: the private instance under DIR


class Session(Section):
    access_minutes: int = Field(15, ge=1, le=60)
    refresh_days: int = Field(7, ge=1, le=90)
    idle_minutes: int = Field(30, ge=1)
    refresh_grace_seconds: int = Field(30, ge=0, le=300)
    max_devices: int = Field(5, ge=1)  # a user is signed in on at once


class Limits(Section):
    """Tries and requests: a burst, then so many in a time."""

    account_burst: int = Field(10, ge=1)  # sign-ins to one account from devices that it does not know
    account_per_minute: float = Field(2, gt=0)
    network_burst: int = Field(40, ge=1)  # failed sign-ins from one address (IPv6: one /64)
    network_per_minute: float = Field(20, gt=0)
    requests_burst: int = Field(2000, ge=1)  # requests of one principal to one worker
    requests_per_second: float = Field(200, gt=0)
    streams: int = Field(0, ge=0)  # films and songs that a user watches at once; 0: no limit
    event_streams: int = Field(8, ge=0)  # live streams of one session to one worker; 0: pages poll
    event_streams_per_worker: int = Field(1000, ge=0, le=1500)


class Trail(Section):
    """The audit trail."""

    keep_days: int = Field(365, ge=1)


class Receipts(Section):
    """What was really delivered, by Nginx's log."""

    keep_days: int = Field(365, ge=1)
    log_bytes: int = Field(256 << 20, ge=1 << 16)  # then Nginx writes another file


class Issuer(Section):
    """Somebody else whose JWTs (RS256, ES256) are accepted; a key is PEM, base64 of it, or a file (also JWKS)."""

    name: Slug
    issuer: str = Field(min_length=1)  # `iss`
    audience: str | None = None  # `aud`; none: it must be absent
    key: str = ""
    key_file: Path | None = None
    claim: str = "sub"  # names the user, by user name or e-mail
    cookie: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*$")] = ""  # a cookie that may carry the token

    @model_validator(mode="after")
    def _one_key(self) -> Issuer:
        if bool(self.key) == bool(self.key_file):
            raise ValueError("give either key or key_file")
        return self


class Password(Section):
    min_length: int = Field(8, ge=8)
    require_uppercase: bool = True
    require_lowercase: bool = True
    require_numbers: bool = True
    require_special: bool = True
    memory_mib: int = Field(64, ge=19, le=1024)  # that one hash takes; less is for small machines, 19 the least (OWASP)


class Keys(Section):
    rotation_days: int = Field(30, ge=1)  # then media keys are wrapped by a new master key


# Where systems keep the certificates that they trust.
_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)


class Vault(Section):
    """Where the encrypted renditions are kept: in DIR/vault, or in a bucket of an S3-compatible store."""

    store: Literal["posix", "s3"] = "posix"
    endpoint: Annotated[str, Field(pattern=r"^(https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?)?$")] = ""
    bucket: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")] = ""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "us-east-1"
    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]+/)*$")] = ""  # of every name in the bucket
    authority: ServedPath | None = None  # PEM: who has signed the store's certificate; none: the system's
    cache_bytes: int = Field(10 << 30, ge=1 << 20)  # of a store: so much ciphertext Nginx keeps on this host

    @model_validator(mode="after")
    def _a_whole_store(self) -> Vault:
        if self.store == "s3" and not (self.endpoint and self.bucket):
            raise ValueError("a store needs endpoint and bucket")
        return self

    @property
    def path(self) -> str:
        """Of an object's address at the endpoint, before its name."""
        return f"/{self.bucket}/{self.prefix}"

    @property
    def trusted(self) -> Path:
        """PEM: who may sign the store's certificate."""
        return self.authority or next((file for file in _BUNDLES if file.exists()), _BUNDLES[0])


class Hls(Section):
    segment_seconds: int = Field(10, ge=2, le=30)
    key_period_seconds: int = Field(60, ge=10)
    grant_hours: int = Field(12, ge=1)
    portable_hours: int = Field(6, ge=1)


class Links(Section):
    default_seconds: int = Field(3600, ge=1)
    max_seconds: int = Field(30 * 86400, ge=1)  # what administrators and editors may ask for
    viewer_max_seconds: int = Field(7 * 86400, ge=1)
    stream_secret: str = ""  # of programs that sign /stream links already; empty: the one in keys/stream.key
    upload_secret: str = ""  # likewise of an upload service's /get links; empty: the one in keys/get.key


class Archives(Section):
    """ZIP files of several media."""

    token_seconds: int = Field(3600, ge=60, le=7 * 86400)  # so long the address of one is good
    max_files: int = Field(100_000, ge=1, le=500_000)
    max_bytes: int = Field(1 << 42, ge=1)


Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]


class Shares(Section):
    default_seconds: int = Field(7 * 86400, ge=1)
    max_seconds: int = Field(365 * 86400, ge=1)  # what administrators and editors may ask for
    viewer_max_seconds: int = Field(30 * 86400, ge=1)
    guesses_burst: int = Field(10, ge=1)  # passwords of one share from one address (IPv6: one /64)
    guesses_per_minute: float = Field(2, gt=0)
    frame_origins: list[Origin] = []  # web sites that may show a share's player in a frame


class Rung(Section):
    name: Annotated[str, Field(pattern=r"^[0-9][a-z0-9]{0,11}$")]  # no letter first: "source", "audio0" are taken
    height: int = Field(ge=16, le=4320)
    bitrate: Bitrate

    @property
    def bits_per_second(self) -> int:
        return int(self.bitrate[:-1]) * 1000


class Thumbnail(Section):
    width: int = 320
    fps: int = 10
    seconds: float = 3
    start: float = Field(0.10, ge=0, lt=1)  # fraction of the film
    quality: int = Field(75, ge=1, le=100)


class Preview(Section):
    width: int = 480
    fps: int = 5
    max_frames: int = Field(20, ge=2)
    quality: int = Field(80, ge=1, le=100)
    scene_threshold: float = Field(0.4, gt=0, lt=1)


class Video(Section):
    preset: str = "veryfast"
    crf: int = Field(23, ge=0, le=51)
    audio_bitrate: Bitrate = "128k"
    ladder: list[Rung] = [
        Rung(name="720p", height=720, bitrate="3000k"),
        Rung(name="480p", height=480, bitrate="1500k"),
        Rung(name="360p", height=360, bitrate="800k"),
    ]
    thumbnail: Thumbnail = Thumbnail()
    preview: Preview = Preview()


class Audio(Section):
    """Sound without a picture, and the tracks beside one."""

    bitrate: Bitrate = "192k"  # AAC, stereo
    surround_bitrate: Bitrate = "384k"  # AAC, 5.1


class Images(Section):
    quality: int = Field(85, ge=1, le=100)
    max_width: int = 3840
    max_height: int = 2160
    thumbnail: int = 300


class Ffmpeg(Section):
    binary: str = "ffmpeg"
    probe: str = "ffprobe"
    threads: int = Field(0, ge=0)  # 0: ffmpeg decides
    hwaccel: Hwaccel = "none"  # who encodes; the software does where the hardware cannot
    device: str = "/dev/dri/renderD128"  # for vaapi and qsv


Policy = Literal["encrypt", "delete", "keep"]


class Originals(Section):
    """What becomes of an imported file once its renditions are published."""

    video: Policy = "encrypt"
    image: Policy = "encrypt"
    audio: Policy = "keep"
    document: Policy = "keep"


class Imports(Section):
    originals: Originals = Originals()
    duplicates: Literal["keep", "link", "refuse"] = "keep"  # a file whose content is in the library already
    settle_seconds: float = Field(2, ge=0.1)  # size and mtime must rest this long
    sweep_seconds: float = Field(5, ge=0.2)


class Uploads(Section):
    part_bytes: int = Field(64 << 20, ge=1 << 16, le=1 << 40)  # the part size that clients are told
    max_bytes: int = Field(0, ge=0)  # of one file; 0: whatever the quota allows
    quota_bytes: int = Field(0, ge=0)  # of a user without a quota of their own; 0: no limit
    lease_hours: float = Field(24, gt=0)  # an upload that nobody goes on with is given up
    max_live: int = Field(1000, ge=1)  # uploads of one user that are under way
    visibility: Literal["private", "library", "public"] = "private"  # of what is uploaded, unless its owner says
    scan_command: list[str] = []  # a virus scanner; the path is added. 0: clean, 1: refused
    scan_seconds: float = Field(600, gt=0)


class Trash(Section):
    days: int = Field(30, ge=1)  # what has been in the trash for longer is removed for good


class Processing(Section):
    workers: int = Field(1, ge=1)  # films at a time
    quick_workers: int = Field(2, ge=1)  # photos, songs and documents at a time: they never wait behind a film
    attempts: int = Field(3, ge=1)
    mount_scan_seconds: float = Field(30, ge=0.5)
    memory_bytes: int = Field(4 << 30, ge=256 << 20)  # per decoder child
    child_seconds: float = Field(7 * 86400, gt=0)  # no decoder runs longer, however long a file says that it is
    free_bytes: int = Field(1 << 30, ge=1 << 20)  # with less room than this on the disk the pipeline pauses


class Mount(Section):
    """An external, read-only library root, served in place."""

    name: Slug
    path: ServedPath
    types: list[Kind] = ["video", "audio", "image", "document"]
    renditions: bool = False  # encrypted ones in the vault, made by the pipeline; the files stay as they are
    stream: bool = False  # /stream/{name without its ending} names its files, for programs that sign such links already
    windows_path: str = ""  # what Windows programs call it: a path of theirs names the same file here

    @field_validator("windows_path")
    @classmethod
    def _a_root(cls, value: str) -> str:
        if value and not re.match(r"^([A-Za-z]:[\\/]?|[\\/]{2}[^\\/])", value):
            raise ValueError("a Windows path starts with a drive (C:\\Cloud) or a share (\\\\server\\share)")
        return value


class Protected(Section):
    """A directory of somebody else's files that Sluice guards by ``auth_request``."""

    name: Slug
    url: Annotated[str, Field(pattern=r"^/([a-z0-9-]+/)+$")]
    path: ServedPath
    role: Role = "viewer"
