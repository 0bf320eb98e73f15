"""Signed links to a Sluice server, made elsewhere. Standard library only; see README.md beside this file."""

import base64
import hashlib
import hmac
import os
import sys
import time
from urllib.parse import quote

# `network` binds a link of any form to one network, as README.md writes it: "192.168.1.0/24"; "": it opens anywhere.


def stream_link(server: str, stream_id: str, seconds: int, secret: bytes, network: str = "") -> str:
    """`secret`: the bytes of keys/stream.key (bytes.fromhex), or your own text, encoded."""
    return f"{server}/stream/{stream_id}?{_query('expires', stream_id, seconds, secret, network)}"


def get_link(server: str, key: str, seconds: int, secret: bytes, network: str = "") -> str:
    """`key`: an upload's, or media/{id}; `secret`: the bytes of keys/get.key, or your own text, encoded."""
    return f"{server}/get/{_base64url(key.encode())}?{_query('exp', key, seconds, secret, network)}"


def download_link(server: str, root: str, path: str, seconds: int, key_id: str, secret: str, network: str = "") -> str:
    """`key_id` and `secret`: of keys/links.json."""
    expires = f"{int(time.time()) + seconds:010d}"
    marker, text = ("/net", f"n  {network} ") if network else ("", "d ")
    digest = hashlib.md5(f"{text}{expires}/{root}/{path} {secret}".encode(), usedforsecurity=False).digest()
    return f"{server}/d/{key_id}{marker}/{_base64url(digest)}/{expires}/{root}/{quote(path)}"


def _query(name: str, signed: str, seconds: int, secret: bytes, network: str) -> str:
    expires = f"{int(time.time()) + seconds:010d}"
    text, bound = (f"{signed}|{expires}|{network}", f"&net={network}") if network else (f"{signed}|{expires}", "")
    return f"{name}={expires}{bound}&sig={hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    secret, (form, server, *rest) = os.environ["SLUICE_SECRET"], sys.argv[1:]
    if form == "d":
        root, path, seconds, key_id, *network = rest
        print(download_link(server, root, path, int(seconds), key_id, secret, *network))
    else:
        name, seconds, *network = rest
        print({"stream": stream_link, "get": get_link}[form](server, name, int(seconds), secret.encode(), *network))
