"""/upload: files from a browser into the library; static/upload.js does the rest over tus."""

from __future__ import annotations

import falcon

from control.resources.credentials import principal_of
from control.resources.pages.rendering import Renderer

# What a file picker offers first. A phone shows its camera roll for it.
ACCEPT = "video/*,audio/*,image/*,.heic,.mkv,.pdf,.epub,.txt,.md"

# value, label, icon, what it means; the first one is the default.
VISIBILITIES = (
    ("private", "Only me", "lock", "You and administrators"),
    ("library", "The library", "all", "Viewers, editors and administrators"),
    ("public", "Everybody", "person", "Everybody who is signed in, guests too"),
)


class Upload:
    def __init__(self, render: Renderer):
        self._render = render

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._render.page(
            req, resp, "upload", principal_of(req), endpoint="/files/", chunk_bytes=16 << 20, accept=ACCEPT,
            visibilities=VISIBILITIES, quota={"used": 12_400_000_000, "limit": 50_000_000_000, "url": "/v1/files/quota"},
        )  # fmt: skip
