"""Signed links to a Sluice server, made elsewhere. Standard library only; see README.md beside this file."""

import base64
import hashlib
import hmac
import os
import sys
import time
from urllib.parse import quote


def stream_link(server: str, stream_id: str, seconds: int, secret: bytes) -> str:
    """`secret`: the bytes of keys/stream.key (bytes.fromhex), or your own text, encoded."""
    expires = f"{int(time.time()) + seconds:010d}"
    signature = hmac.new(secret, f"{stream_id}|{expires}".encode(), hashlib.sha256).hexdigest()
    return f"{server}/stream/{stream_id}?expires={expires}&sig={signature}"


def download_link(server: str, root: str, path: str, seconds: int, key_id: str, secret: str) -> str:
    """`key_id` and `secret`: of keys/links.json."""
    expires = f"{int(time.time()) + seconds:010d}"
    digest = hashlib.md5(f"d {expires}/{root}/{path} {secret}".encode(), usedforsecurity=False).digest()
    mac = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{server}/d/{key_id}/{mac}/{expires}/{root}/{quote(path)}"


if __name__ == "__main__":
    secret = os.environ["SLUICE_SECRET"]
    if sys.argv[1] == "stream":
        print(stream_link(sys.argv[2], sys.argv[3], int(sys.argv[4]), secret.encode()))
    else:
        print(download_link(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), sys.argv[6], secret))
