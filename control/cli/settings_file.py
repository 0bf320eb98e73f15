"""The text of a new ``sluice.toml``: every setting with its default, switched off, and what it is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_TEXT = """\
# The settings of this Sluice. A line that starts with "#name =" shows a default: remove the "#" to change it.
# Environment variables win over this file (SLUICE_SERVER__PORT=1027), and the content of a file named by a _FILE
# variable wins over both (SLUICE_DATABASE__URL_FILE=/run/secrets/db). They are read at start: deploy/down, deploy/up.
# `sluice config show` prints what is in effect. `sluice setup` asks for the most important
# ones. This file is made once, and never changed but by that command, after a yes.

# Where Sluice listens and whom it answers.
[server]
@port@
# The address in links that are sent to other people; empty: https://localhost:PORT
#public_url = ""
# Who may connect at all (SEC_001 for the rest): loopback and private ranges. Add your VPN's if it has others.
#allowed_networks = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"]
# Other web sites whose pages may call the API, as browsers name them: "https://app.example.org".
#cors_origins = []
# A certificate of your own (PEM files); without it a self-signed one is made under tls/.
#certificate = "/etc/ssl/sluice.pem"
#certificate_key = "/etc/ssl/private/sluice.key"
# Processes that answer requests; one per core is plenty, because Nginx sends the files.
#workers = 2
# Sign-in attempts from one address; a burst of 20 more is let through.
#sign_ins_per_minute = 30
# Requests under way at once from one address; 0: no limit, as behind a proxy of your own (one address for everybody).
#connections_per_address = 1000

# /metrics tells Prometheus how it goes (deploy/monitoring has a dashboard and alerts). Only these may read it, and only
# if they may connect at all (above).
[metrics]
#allowed_networks = ["127.0.0.0/8", "::1/128"]

# Growth: edges in front of one control host or several (Nginx nodes that check signed prefixes themselves and keep
# ciphertext segments). door is the port of a control host where edges ask, 0: there are none. `sluice edge mint` makes
# the directory of an edge; origins are the doors that it asks ("10.0.0.1:8443"), cache_bytes is what it keeps at most.
[edge]
#door = 0
#origins = []
#cache_bytes = 10737418240

# Postgres holds the truth. Empty: a private instance in this directory. With a URL of your own none is started.
[database]
#url = ""
#pool_max = 10

# Redis holds what may be lost. Empty: a private instance in this directory. "sentinel://HOST:26379,HOST:26379/NAME"
# asks the master that those sentinels name.
[redis]
#url = ""

# How long a sign-in lasts.
[session]
#access_minutes = 15
#refresh_days = 7
#idle_minutes = 30
#refresh_grace_seconds = 30
# A user may be signed in on this many devices; the next sign-in asks which to end.
#max_devices = 5

# What a password must have.
[password]
#min_length = 8
#require_uppercase = true
#require_lowercase = true
#require_numbers = true
#require_special = true
#memory_mib = 64  # of one hash; less on a small machine, 19 at the least

# How often somebody may try: a burst, then so many in a time. Devices that have signed in before are not held up when
# others guess at the same account. Requests are counted per principal and worker, and so are the streams of live events
# (event_streams of one session); pages that get none poll. streams is how many films a user may watch at once (0: no
# limit; `sluice user streams` for one user); who shares files does not pay for what visitors watch.
[limits]
#account_burst = 10
#account_per_minute = 2.0
#network_burst = 40
#network_per_minute = 20.0
#requests_burst = 2000
#requests_per_second = 200.0
#streams = 0
#event_streams = 8
#event_streams_per_worker = 1000

# Who did what. Entries older than this are removed.
[audit]
#keep_days = 365

# What was really delivered, and to whom, as Nginx's log tells it. Receipts are kept for so many days, in whole months.
# A log that is larger than log_bytes is put aside, and removed once it has been read.
[receipts]
#keep_days = 365
#log_bytes = 268435456

# Another system whose signed tokens (JWT, RS256 or ES256) your users may come with, as Bearer or in its cookie. The
# claim names a user of Sluice by user name or e-mail. The key is PEM, base64 of PEM, or a file of either or a JWKS.
#
#   [[issuers]]
#   name = "forum"
#   issuer = "https://forum.example.org"
#   audience = "sluice"
#   key_file = "/etc/sluice/forum.pem"
#   claim = "email"
#   cookie = "forum_token"

# Encrypted streaming: length of a segment, film time under one key, and how long a viewing right lasts at most
# (portable: for players that cannot sign in, such as VLC or a TV).
[hls]
#segment_seconds = 10
#key_period_seconds = 60
#grant_hours = 12
#portable_hours = 6

# Media keys are wrapped by a new master key after so many days (`sluice key rotate` does it at once).
[keys]
#rotation_days = 30

# Where the encrypted renditions are kept: "posix" is DIR/vault, "s3" a bucket of an S3-compatible store, which hosts
# share without a shared file system. endpoint is like "https://s3.example.org", prefix like "films/", authority a PEM
# file for a store whose certificate the system does not know. Its account stands in keys/s3.ini (mode 0600: [default],
# aws_access_key_id = …, aws_secret_access_key = …). Nginx keeps cache_bytes of ciphertext on each host. A vault that is
# there already is brought into the store by `sluice vault copy`.
[vault]
#store = "posix"
#endpoint = ""
#bucket = ""
#region = "us-east-1"
#prefix = ""
#authority = "/etc/ssl/store.pem"
#cache_bytes = 10737418240

# Signed download links.
[links]
#default_seconds = 3600
#max_seconds = 2592000
# At most so long for viewers; max_seconds is for editors and administrators.
#viewer_max_seconds = 604800
# Programs of yours that sign /stream links already go on with their own secret (better in a file:
# SLUICE_LINKS__STREAM_SECRET_FILE). Empty: the one in keys/stream.key.
#stream_secret = ""
# Likewise those that sign an upload service's /get links. Empty: the one in keys/get.key.
#upload_secret = ""

# ZIP files of several media: how long the address of one is good, and how much one may hold.
[archives]
#token_seconds = 3600
#max_files = 100000
#max_bytes = 4398046511104

# Shares: how long they last unless told otherwise, and at most; guesses at a share's password from one address.
[shares]
#default_seconds = 604800
#max_seconds = 31536000
#viewer_max_seconds = 2592000
#guesses_burst = 10
#guesses_per_minute = 2.0
# Web sites that may show the player of a share without a password in a frame: /s/CODE/embed/MEDIA.
#frame_origins = []

# How films are encoded. Rungs above the source's own height are left out.
[video]
#preset = "veryfast"
#crf = 23
#audio_bitrate = "128k"
#ladder = [
#    {name = "720p", height = 720, bitrate = "3000k"},
#    {name = "480p", height = 480, bitrate = "1500k"},
#    {name = "360p", height = 360, bitrate = "800k"},
#]

# The moving picture of a film in the library: `seconds` of it, from the fraction `start` of its length.
[video.thumbnail]
#width = 320
#fps = 10
#seconds = 3.0
#start = 0.1
#quality = 75

# The preview on hover: one frame per scene.
[video.preview]
#width = 480
#fps = 5
#max_frames = 20
#quality = 80
#scene_threshold = 0.4

# Songs, and sound tracks that stand beside a film's picture: AAC in stereo, and in 5.1 where there is surround sound.
[audio]
#bitrate = "192k"
#surround_bitrate = "384k"

# Photos become WebP, at most this large.
[images]
#quality = 85
#max_width = 3840
#max_height = 2160
#thumbnail = 300

# threads = 0: ffmpeg decides. hwaccel names who encodes: none (the processor), vaapi, nvenc, qsv or videotoolbox; where
# the hardware turns out not to work, the software does it and the log says so. device is for vaapi and qsv.
[ffmpeg]
#binary = "ffmpeg"
#probe = "ffprobe"
#threads = 0
#hwaccel = "none"
#device = "/dev/dri/renderD128"

# The folder imports/. A file is taken when its size has rested for settle_seconds. A file whose content is in the
# library already is kept as one more item ("keep"), shares everything with the first one ("link": no work, no room) or
# goes to quarantine ("refuse").
[imports]
#duplicates = "keep"
#settle_seconds = 2.0
#sweep_seconds = 5.0

# What becomes of an imported file once its encrypted renditions are there: "encrypt" (kept as ciphertext),
# "keep" (as it is, protected) or "delete".
[imports.originals]
#video = "encrypt"
#image = "encrypt"
#audio = "keep"
#document = "keep"

# What people send. part_bytes is the part size that clients are told; max_bytes the largest file (0: no limit but the
# quota). quota_bytes is for users without one of their own (`sluice user quota`); 0 is no limit. An upload that nobody
# goes on with for lease_hours is given up, and its room is free again. max_live uploads of one user may be under way.
# visibility is that of a new file: private, library or public. scan_command is a virus scanner such as
# ["clamdscan", "--no-summary", "--fdpass"]; the path is added to it, and it answers 0 for clean and 1 for refused
# within scan_seconds.
[uploads]
#part_bytes = 67108864
#max_bytes = 0
#quota_bytes = 0
#lease_hours = 24.0
#max_live = 1000
#visibility = "private"
#scan_command = []
#scan_seconds = 600.0

# What is deleted goes into the trash, from where it can be brought back, and is removed for good after so many days.
[trash]
#days = 30

# The pipeline: films at a time; photos, songs and documents at a time (they never wait behind a film); attempts per
# file; pause between two scans of a mount; memory and longest time of each decoder; the room on the disk below which it
# pauses.
[processing]
#workers = 1
#quick_workers = 2
#attempts = 3
#mount_scan_seconds = 30.0
#memory_bytes = 4294967296
#child_seconds = 604800.0
#free_bytes = 1073741824

# Libraries that stay where they are (NAS, cloud drive, a plain directory), served read-only.
#
#   [[mounts]]
#   name = "films"
#   path = "/mnt/nas/films"
#   types = ["video", "audio"]      # of video, audio, image, document; default: all
#   renditions = true               # encrypted and adaptive ones in the vault; default: played as they are
#   stream = true                   # /stream/NAME, without the ending, names a file here (with expires and sig)
#   windows_path = 'N:\\films'        # what Windows programs call it: their paths name the same files here

# Directories of somebody else's files that need a sign-in here: guest, viewer, editor or admin.
#
#   [[protected]]
#   name = "reports"
#   url = "/reports/"
#   path = "/srv/reports"
#   role = "viewer"
"""

_EDGE = """\
# The settings of an edge of Sluice: an Nginx node in front of the control hosts. Made by `sluice edge mint`. [server]
# is as on the control hosts; a certificate of its own is named there (certificate, certificate_key).
"""

_DEMO = """
# Made by deploy/up --demo.
[[mounts]]
name = "demo"
path = {mount}

[[protected]]
name = "demo"
url = "/gate/demo/"
path = {gate}
"""


def settings_file(port: int | None = None) -> str:
    """The whole file; a port that was asked for is switched on."""
    return _TEXT.replace("@port@", "#port = 1027" if port is None else f"port = {port}")


def edge_settings_file(server: dict[str, Any], origins: list[str]) -> str:
    """That of an edge: what it has to know, and nothing that is control's."""
    said = "".join(f"{name} = {json.dumps(value)}\n" for name, value in server.items())
    return f"{_EDGE}\n[server]\n{said}\n[edge]\norigins = {json.dumps(origins)}\n#cache_bytes = 10737418240\n"


def demo_sections(data: Path) -> str:
    """The mount and the gate of deploy/up --demo."""
    # A JSON string is a TOML basic string.
    return _DEMO.format(mount=json.dumps(str(data / "demo" / "mount")), gate=json.dumps(str(data / "demo" / "gate")))
