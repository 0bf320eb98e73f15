"""Every route x everybody who may ask: the live route table against a hand-written matrix, through Nginx.

A route without a row fails, and so does a row without a route.
"""

from __future__ import annotations

import falcon.inspect
import pytest

from control import bootstrap
from control.app import create_app
from control.settings import load
from nginx import contract
from tests.e2e.conftest import make
from tests.e2e.people import Crowd, add_user

IN, NO, UNKNOWN, HIDDEN = "in", "403", "401", "404"  # HIDDEN: it is not there, for this one

#           anonymous guest    viewer   owner  editor  admin  token  expired  revoked
OPEN = (IN, IN, IN, IN, IN, IN, IN, IN, IN)
PERSON = (UNKNOWN, IN, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN)
ANYBODY = (UNKNOWN, IN, IN, IN, IN, IN, IN, UNKNOWN, UNKNOWN)
PRIVATE = (UNKNOWN, HIDDEN, HIDDEN, IN, HIDDEN, IN, IN, UNKNOWN, UNKNOWN)  # a private media of the owner
# Of a kind that this media has not: that is what those learn who may know of it at all.
PICTURELESS = (UNKNOWN, NO, NO, HIDDEN, NO, HIDDEN, HIDDEN, UNKNOWN, UNKNOWN)
GATED = (UNKNOWN, NO, NO, IN, NO, IN, IN, UNKNOWN, UNKNOWN)  # the same, where auth_request answers
CHANGE = (UNKNOWN, NO, HIDDEN, IN, HIDDEN, IN, NO, UNKNOWN, UNKNOWN)
LINK = (UNKNOWN, NO, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN)
SHARE = (UNKNOWN, NO, HIDDEN, IN, HIDDEN, IN, NO, UNKNOWN, UNKNOWN)  # a share of the owner
UPLOAD = (UNKNOWN, NO, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN)
MISSING = (UNKNOWN, NO, HIDDEN, HIDDEN, HIDDEN, HIDDEN, NO, UNKNOWN, UNKNOWN)
NO_UPLOAD = (HIDDEN,) * 9
ADMIN = (UNKNOWN, NO, NO, NO, NO, IN, NO, UNKNOWN, UNKNOWN)
EDITOR = (UNKNOWN, NO, NO, NO, IN, IN, NO, UNKNOWN, UNKNOWN)
NO_USER = (UNKNOWN, NO, NO, NO, NO, HIDDEN, NO, UNKNOWN, UNKNOWN)
NOBODY = (HIDDEN,) * 9
UNSIGNED = (NO,) * 9

MATRIX = {
    "GET /": OPEN,
    "GET /login": OPEN,
    "POST /login": (UNKNOWN,) * 9,  # without a password nobody is let in
    "POST /logout": OPEN,
    "GET /library": ANYBODY,
    "GET /watch/{media_id:uuid}": PRIVATE,
    "GET /upload": (UNKNOWN, NO, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN),
    "GET /shares": (UNKNOWN, NO, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN),
    "GET /analytics": EDITOR,
    "GET /analytics/media/{media_id:uuid}": (UNKNOWN, NO, HIDDEN, IN, HIDDEN, IN, NO, UNKNOWN, UNKNOWN),
    "GET /history": PERSON,
    "POST /history/clear": PERSON,
    "GET /trash": UPLOAD,
    "GET /account": PERSON,
    "POST /account/password": PERSON,
    "POST /account/devices/end": PERSON,
    "POST /account/devices/end-others": PERSON,
    "POST /account/tokens": PERSON,
    "POST /account/tokens/revoke": PERSON,
    **{f"GET /admin{page}": ADMIN for page in (
        "", "/users", "/sessions", "/shares", "/queue", "/quarantine", "/mounts", "/links", "/keys", "/audit", "/storage",
        "/health",
    )},
    # Asked with a form that names nothing.
    **{f"POST /admin{act}": ADMIN for act in (
        "/users", "/sessions/end", "/shares/revoke", "/queue/first", "/queue/retry", "/queue/cancel",
        "/quarantine/retry", "/quarantine/remove", "/mounts/confirm", "/links/rotate", "/keys/rotate",
    )},
    # Of a user that is not there.
    "GET /admin/users/{user_id:uuid}": NO_USER,
    **{f"POST /admin/users/{{user_id:uuid}}/{act}": NO_USER for act in (
        "change", "password", "disable", "enable",
    )},
    # Asked with a form that names nothing, or finds nothing to end.
    **{f"POST /admin/users/{{user_id:uuid}}/{act}": ADMIN for act in ("end", "end-all", "delete")},
    "GET /api/admin/users": ADMIN,
    "POST /api/admin/users": ADMIN,  # asked without a name
    **{f"{method} /api/admin/users/{{user_id:uuid}}": NO_USER for method in ("GET", "PATCH", "DELETE")},
    "POST /api/admin/users/{user_id:uuid}/password": NO_USER,
    "GET /api/admin/sessions": ADMIN,
    "DELETE /api/admin/sessions": ADMIN,  # asked without saying whose
    "DELETE /api/admin/sessions/{session_id:uuid}": ADMIN,  # there is none like that
    "GET /api/admin/quarantine/{media_id:uuid}/original": NO_USER,  # it was not refused
    "GET /docs": OPEN,
    "GET /openapi.json": OPEN,
    "POST /api/auth/login": OPEN,
    "POST /api/auth/refresh": (UNKNOWN,) * 9,  # it asks for a refresh token, whoever comes
    "POST /api/auth/logout": OPEN,
    "GET /api/auth/me": ANYBODY,
    "POST /api/auth/password": PERSON,
    "GET /api/sessions": PERSON,
    "DELETE /api/sessions": PERSON,
    "DELETE /api/sessions/{session_id:uuid}": PERSON,
    "GET /api/streams": PERSON,
    "POST /api/streams/{stream_id:uuid}/end": PERSON,  # nothing is played there, so nothing ends
    "POST /api/streams/{stream_id:uuid}/take-over": (
        UNKNOWN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        NO,
        UNKNOWN,
        UNKNOWN,
    ),
    "GET /api/admin/streams": ADMIN,
    "POST /api/admin/streams/{stream_id:uuid}/end": (UNKNOWN, NO, NO, NO, NO, HIDDEN, NO, UNKNOWN, UNKNOWN),
    "GET /api/tokens": PERSON,
    "POST /api/tokens": PERSON,
    "DELETE /api/tokens/{token_id:uuid}": PERSON,
    "GET /api/events": ANYBODY,  # asked without a topic
    "GET /api/media/library": ANYBODY,
    "GET /api/media/at": ANYBODY,  # asked without a path
    "GET /api/media/{media_id:uuid}": PRIVATE,
    "PATCH /api/media/{media_id:uuid}": CHANGE,
    # Of a media that is not there; test_trash.py deletes real ones.
    "DELETE /api/media/{media_id:uuid}": MISSING,
    "POST /api/media/{media_id:uuid}/restore": MISSING,
    "POST /api/media/batch": UPLOAD,  # asked for nothing
    "GET /api/trash": UPLOAD,
    "DELETE /api/trash": UPLOAD,
    "DELETE /api/trash/{media_id:uuid}": MISSING,
    "GET /api/trash/{media_id:uuid}/picture": MISSING,
    "GET /api/media/{media_id:uuid}/neighbours": PRIVATE,
    **{f"{method} /api/media/{{media_id:uuid}}/position": PRIVATE for method in ("GET", "PUT", "DELETE")},
    "GET /api/media/continue": ANYBODY,
    "GET /api/media/{media_id:uuid}/original": PRIVATE,
    "GET /api/media/stream/{media_id:uuid}": PRIVATE,
    "GET /api/media/thumbnail/{media_id:uuid}": GATED,
    "GET /api/media/preview/{media_id:uuid}": PICTURELESS,
    "GET /api/media/storyboard/{media_id:uuid}": PICTURELESS,
    "GET /api/media/waveform/{media_id:uuid}": PICTURELESS,
    "GET /api/media/{media_id:uuid}/storyboard": (
        UNKNOWN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        UNKNOWN,
        UNKNOWN,
    ),
    "GET /api/media/still/{media_id:uuid}": GATED,
    "POST /api/links": LINK,
    "POST /v1/files/batch-download": ANYBODY,  # asked for nothing
    "GET /v1/files/batch-download/{token}": OPEN,  # the token is the right, and this one is not known
    "GET /_sluice/parts/{archive_id:uuid}": NOBODY,
    "GET /api/shares": LINK,
    "POST /api/shares": LINK,
    "GET /api/shares/{share_id:uuid}": SHARE,
    "PATCH /api/shares/{share_id:uuid}": SHARE,
    "DELETE /api/shares/{share_id:uuid}": SHARE,
    "GET /api/shares/{share_id:uuid}/qr.svg": SHARE,
    "GET /api/shares/{share_id:uuid}/qr.png": SHARE,
    # With the code of a share without a password everybody is its visitor; what is in it, the visitor may see.
    **{f"{method} /s/{{code}}": OPEN for method in ("GET", "POST")},  # asked without a password
    **{f"GET /s/{{code}}/{what}/{{media_id:uuid}}": OPEN for what in ("watch", "embed", "stream")},
    "GET /s/{code}/zip": OPEN,  # nothing of it is a plain file
    "POST /s/{code}/upload": OPEN,  # asked with a form: it wants JSON
    "GET /s/{code}/file/{media_id:uuid}": OPEN,  # it has no plain file, and is told that
    **{f"GET /s/{{code}}/{kind}/{{media_id:uuid}}": OPEN for kind in ("thumbnail", "still")},
    **{
        f"GET /s/{{code}}/{kind}/{{media_id:uuid}}": NOBODY
        for kind in ("preview", "storyboard", "waveform", "frames")  # a photo has none
    },
    "POST /v1/files/init": UPLOAD,
    "GET /v1/files/uploads": UPLOAD,
    "GET /v1/files/quota": UPLOAD,
    "POST /v1/files/part": NO_UPLOAD,  # an upload's id is the right, and nobody has one
    "POST /v1/files/complete": NO_UPLOAD,
    "GET /v1/files/upload/{upload_id}": NO_UPLOAD,
    "DELETE /v1/files/upload/{upload_id}": NO_UPLOAD,
    "GET /v1/files/metadata/{key:path}": PRIVATE,
    # Of a file that is not there; uploads/test_library.py deletes real ones.
    "DELETE /v1/files/{key:path}": MISSING,
    "POST /files/": UPLOAD,
    "OPTIONS /files/": OPEN,
    "GET /files/{upload_id}": NO_UPLOAD,
    "PATCH /files/{upload_id}": NO_UPLOAD,
    "DELETE /files/{upload_id}": NO_UPLOAD,
    "OPTIONS /files/{upload_id}": OPEN,
    "GET /api/admin/audit": ADMIN,
    "GET /api/admin/audit/{decision}": ADMIN,
    "GET /api/admin/queue": ADMIN,
    "POST /api/admin/queue/{media_id:uuid}/retry": ADMIN,
    "POST /api/admin/queue/{media_id:uuid}/first": (UNKNOWN, NO, NO, NO, NO, HIDDEN, NO, UNKNOWN, UNKNOWN),
    "POST /api/admin/queue/{media_id:uuid}/cancel": (
        UNKNOWN,
        NO,
        NO,
        NO,
        NO,
        HIDDEN,
        NO,
        UNKNOWN,
        UNKNOWN,
    ),  # it has no job
    "GET /v1/files/signed-url": LINK,  # asked without a key
    "GET /stream/{stream_id}": UNSIGNED,
    "GET /get/{encoded_key}": UNSIGNED,
    "GET /_sluice/auth": NOBODY,
    "GET /_sluice/key/{grant}/{media_id:uuid}/{rung}/{n:int}": NOBODY,
    "GET /_sluice/object/{media_id:uuid}/{name:path}": NOBODY,
    "PUT /_sluice/edge/logs/{edge}/{piece}": NOBODY,
    **{
        f"GET /api/analytics/{name}": EDITOR
        for name in ("popular", "users/engagement", "storage/summary", "search-insights", "deliveries", "errors")
    },
    "GET /api/analytics/heatmap": (UNKNOWN, NO, IN, IN, IN, IN, NO, UNKNOWN, UNKNOWN),  # asked without a media
    "GET /api/history": PERSON,
    "DELETE /api/history": PERSON,
    "DELETE /api/history/{media_id:uuid}": PERSON,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,  # from here
}

# Asking these uses the credentials up.
LAST = {
    "DELETE /api/shares/{share_id:uuid}",
    "POST /logout",
    "POST /api/auth/logout",
    "DELETE /api/sessions",
    "POST /account/devices/end-others",
}


@pytest.fixture(scope="module")
def crowd(stack):
    return Crowd(stack, add_user(stack, "viewer", "olivia"))


@pytest.fixture(scope="module")
def private(stack, crowd, tmp_path_factory) -> str:
    """The id of a photo that is private to the owner."""
    file = make(tmp_path_factory.mktemp("media") / "private.jpg", "-f", "lavfi", "-i", "testsrc=size=320x200",
                "-frames:v", "1")  # fmt: skip
    media = stack.wait_for_media(stack.drop(file, "private.jpg"))
    stack.sluice("media", "set", media["id"], "--owner", crowd.owner, "--visibility", "private")
    return media["id"]


@pytest.fixture(scope="module")
def shared(crowd, private) -> dict:
    """A share of it, made by the owner."""
    body = {"media_ids": [private], "rights": ["view", "download"]}
    return crowd.client("owner").post("/api/shares", json=body).json()


def live_routes(stack) -> set[str]:
    app = create_app(bootstrap.services(load(stack.data)))
    return {
        f"{method.method} {route.path}"
        for route in falcon.inspect.inspect_routes(app)
        for method in route.methods
        if not method.internal
    }


def test_every_route_has_a_row_and_every_row_a_route(stack):
    assert live_routes(stack) == set(MATRIX)


def outcome(answer) -> str:
    """How far a request came: past the gate, or refused, and how."""
    if answer.status_code == 401:
        return UNKNOWN
    code = answer.json()["error"]["code"] if answer.status_code >= 400 and answer.text.startswith("{") else ""
    refusals = {
        "FILE_006": HIDDEN, "AUTH_009": HIDDEN, "AUTH_006": NO, "AUTH_013": NO, "SEC_003": NO, "MEDIA_001": HIDDEN, "FILE_002": HIDDEN,
        "SHARE_001": HIDDEN, "SHARE_005": NO, "SHARE_006": HIDDEN,
    }  # fmt: skip
    assert answer.status_code < 500, answer.text
    return refusals.get(code, IN)


NOWHERE = "00000000-0000-4000-8000-000000000000"


def ask(client, row: str, media: str, shared: dict):
    method, path = row.split(" ", 1)
    media = NOWHERE if MATRIX[row] is MISSING else media
    path += "?before=1990-01-01T00:00:00Z" if row == "DELETE /api/trash" else ""  # nothing is as old
    for name, value in {
        "{media_id:uuid}": media, "{session_id:uuid}": media, "{user_id:uuid}": media, "{token_id:uuid}": media, "{archive_id:uuid}": media,
        "{decision}": "0" * 32, "{stream_id}": media, "{stream_id:uuid}": media, "{encoded_key}": media, "{grant}": "0" * 32, "{rung}": "360p",
        "{n:int}": "0", "{upload_id}": "0" * 32, "{key:path}": f"media/{media}" if method == "GET" else "media/none",
        "{share_id:uuid}": shared["id"], "{code}": shared["code"],
    }.items():  # fmt: skip
        path = path.replace(name, value)
    body = {"json": {"upload_id": "0" * 32, "seconds": 1}} if path.startswith(("/api/", "/v1/")) else {"data": {"x": "1"}}
    options = body if method in ("POST", "PATCH", "PUT") else {}
    headers = {"Accept": "application/json"}
    if path.startswith(("/files", "/v1/files/part")):
        headers |= {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        path += "?upload_id=" + "0" * 32 if path.startswith("/v1/") else ""
    return client.request(method, path, headers=headers, allow_redirects=False, **options)


@pytest.mark.parametrize("row", sorted(MATRIX, key=lambda row: (row in LAST, row)))
def test_a_route_lets_in_whom_it_should_and_nobody_else(stack, crowd, private, shared, row):
    found = {who: outcome(ask(crowd.client(who), row, private, shared)) for who in Crowd.NAMES}
    if row in LAST:
        crowd.forget()
    assert found == dict(zip(Crowd.NAMES, MATRIX[row], strict=True))


def test_what_an_owner_may_and_an_administrator_alone(stack, crowd, private):
    """PATCH: visibility is the owner's and the editors', the owner is the administrators'."""
    change = f"/api/media/{private}"
    assert crowd.client("owner").patch(change, json={"visibility": "library"}).json()["visibility"] == "library"
    assert crowd.client("editor").patch(change, json={"visibility": "public"}).json()["visibility"] == "public"
    assert crowd.client("guest").get(change).status_code == 200
    assert outcome(crowd.client("viewer").patch(change, json={"visibility": "private"})) == NO
    assert outcome(crowd.client("editor").patch(change, json={"owner": "admin"})) == NO
    assert outcome(crowd.client("owner").patch(change, json={"owner": "admin"})) == NO
    assert crowd.client("admin").patch(change, json={"owner": "nobody"}).status_code == 404
    assert crowd.client("owner").patch(change, json={"visibility": "private"}).json()["visibility"] == "private"
    assert outcome(crowd.client("guest").get(change)) == HIDDEN


def test_a_guest_gets_no_address_that_plays_without_its_cookie(stack, crowd, private):
    crowd.client("owner").patch(f"/api/media/{private}", json={"visibility": "public"})
    answer = crowd.client("guest").get(f"/api/media/stream/{private}?portable=true")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AUTH_006")
    crowd.client("owner").patch(f"/api/media/{private}", json={"visibility": "private"})


BEARERS = ("share's visitor", "visitor without the password", "bearer of a link")


@pytest.mark.parametrize("who", BEARERS)
def test_who_has_nothing_but_a_share_or_a_link_is_a_stranger_everywhere_else(stack, crowd, private, shared, who):
    """No other route takes a visit's cookie; a link opens what it names."""
    client = stack.session(None)
    code = crowd.client("owner").post(
        "/api/shares", json={"media_ids": [private], "rights": ["view"], "password": "open-5esame"}
    ).json()["code"]  # fmt: skip
    if who == "share's visitor":
        client.post(f"/s/{code}", data={"password": "open-5esame"}).raise_for_status()
        assert client.get(f"/s/{code}/stream/{private}").status_code == 200
    elif who == "visitor without the password":
        client.get(f"/s/{code}").raise_for_status()
        assert client.get(f"/s/{code}/stream/{private}").status_code == 401
    else:
        client.params = {"expires": "9999999999", "sig": "0" * 64}
    visit = {name: value for name, value in client.cookies.items() if name == contract.VISIT_COOKIE.name}
    for row, expected in MATRIX.items():
        client.cookies.clear()
        client.cookies.update(visit)  # no other cookie of the rows before
        if "/s/{code}" not in row and row not in LAST and not row.endswith("/file"):
            found = outcome(ask(client, row, private, shared))
            assert found == expected[Crowd.NAMES.index("anonymous")], (row, found)
