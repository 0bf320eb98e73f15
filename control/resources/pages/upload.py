"""/upload: files from a browser into the library; static/upload.js does the rest over tus."""

from __future__ import annotations

import falcon

from control.resources.credentials import principal_of
from control.resources.pages.rendering import Renderer
from control.services.uploads import Uploads
from nginx import contract

CHUNK_BYTES = 8 << 20  # at most so much is sent again after a broken connection

# What a file picker offers first. A phone shows its camera roll for it.
ACCEPT = "video/*,audio/*,image/*,.heic,.mkv,.pdf,.epub,.txt,.md"

# value, label, icon, what it means; the first one is the default.
VISIBILITIES = (
    ("private", "Only me", "lock", "You and administrators"),
    ("library", "The library", "all", "Viewers, editors and administrators"),
    ("public", "Everybody", "person", "Everybody who is signed in, guests too"),
)


class Upload:
    def __init__(self, render: Renderer, uploads: Uploads):
        self._render, self._uploads = render, uploads

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal = principal_of(req)
        self._render.page(
            req, resp, "upload", principal, endpoint=contract.TUS.path, accept=ACCEPT, visibilities=VISIBILITIES,
            chunk_bytes=min(CHUNK_BYTES, self._uploads.part_bytes), quota=self._uploads.quota(principal.user_id),
        )  # fmt: skip
