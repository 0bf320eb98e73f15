"""The API is what /openapi.json says: answers of real calls are held to it, and schemathesis tries to break both."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import schemathesis
from schemathesis.core.failures import FailureGroup

from tests.e2e.people import PASSWORD, add_user, bearer, sign_in
from tests.e2e.uploads.clients import send
from tests.stack import running


@pytest.fixture(scope="module")
def description(stack):
    return stack.session(None).get("/openapi.json").json()


@pytest.fixture(scope="module")
def schema(description):
    return schemathesis.openapi.from_dict(description)


def test_it_is_openapi_3_1_and_names_the_right_of_every_operation(description):
    assert description["openapi"].startswith("3.1")
    operations = [one for methods in description["paths"].values() for one in methods.values()]
    assert len(operations) > 20
    for operation in operations:
        assert operation["summary"] and operation["tags"] and operation["x-needs"]
        assert {"default"} <= operation["responses"].keys()


def test_every_answer_is_as_described(stack, schema, film, shelved):
    """One real call of every operation that answers JSON, with data in it."""
    admin = stack.session()
    name = add_user(stack, email="heidi@example.org")
    person = stack.session(None)
    signed_in = person.post("/api/auth/login", json={"username": name, "password": PASSWORD})
    token = person.post("/api/tokens", json={"name": "t", "scopes": ["library"], "expires_days": 3})
    second = sign_in(stack, name)
    other = next(s["id"] for s in person.get("/api/sessions").json()["sessions"] if not s["is_current"])
    refused = stack.session(None).get("/api/media/library")
    shared = person.post("/api/shares", json={"media_ids": [shelved["id"]], "rights": ["view"], "password": "1234"})
    share = f"/api/shares/{shared.json()['id']}"
    note = f"/api/media/{send(person, 'described.txt', b'note')['media_id']}"
    person.delete(note).raise_for_status()
    trash, back = person.get("/api/trash"), person.post(f"{note}/restore")
    tagged = person.post("/api/media/batch", json={"action": "tag", "add": ["a"], "media_ids": [note[11:], film["id"]]})
    calls = [
        ("/api/trash", trash), ("/api/media/{media_id}/restore", back), ("/api/media/batch", tagged),
        ("/api/trash", person.delete("/api/trash")),
        ("/api/shares", shared), ("/api/shares/{share_id}", person.get(share)),
        ("/api/shares/{share_id}", person.patch(share, json={"name": "Mine"})),
        ("/api/auth/login", signed_in), ("/api/tokens", token), ("/api/media/library", refused),
        ("/api/auth/refresh", person.post("/api/auth/refresh", json={})),
        ("/api/auth/me", person.get("/api/auth/me")), ("/api/sessions", person.get("/api/sessions")),
        ("/api/tokens", person.get("/api/tokens")),
        ("/api/tokens/{token_id}", person.delete(f"/api/tokens/{token.json()['id']}")),
        ("/api/sessions/{session_id}", person.delete(f"/api/sessions/{other}")),
        ("/api/sessions", person.delete("/api/sessions")),
        ("/api/media/library", person.get("/api/media/library?type=video")),
        ("/api/media/{media_id}", person.get(f"/api/media/{film['id']}")),
        ("/api/media/{media_id}", admin.patch(f"/api/media/{shelved['id']}", json={"visibility": "library"})),
        ("/api/links", person.post("/api/links", json={"media_id": shelved["id"], "kind": "d"})),
        ("/v1/files/signed-url", person.get(f"/v1/files/signed-url?key=media/{shelved['id']}")),
        ("/api/shares", person.get("/api/shares")), ("/api/streams", person.get("/api/streams")),
        ("/api/admin/streams", admin.get("/api/admin/streams")),
        ("/api/admin/audit", admin.get("/api/admin/audit?limit=5")),
        ("/api/admin/audit/{decision}", admin.get(f"/api/admin/audit/{refused.json()['error']['decision']}")),
        ("/api/auth/password", person.post("/api/auth/password", json={"current": PASSWORD, "new": "Other-pass-5"})),
        ("/healthz", person.get("/healthz")), ("/readyz", person.get("/readyz")),
        ("/api/auth/logout", person.post("/api/auth/logout", json={})),
    ]  # fmt: skip
    for path, answer in calls:
        schema[path][answer.request.method].validate_response(answer)
        assert answer is refused or answer.ok, (path, answer.text)
    assert stack.session(None).get("/api/auth/me", headers=bearer(second["access_token"])).status_code == 401


def test_a_wrong_answer_would_be_noticed(schema, stack):
    answer = stack.session().get("/api/auth/me")
    answer._content = json.dumps({"id": 7}).encode()
    with pytest.raises(FailureGroup):
        schema["/api/auth/me"]["GET"].validate_response(answer)


def test_a_refused_body_never_repeats_what_was_in_it(stack):
    """Threat O03: the password stands in no error."""
    for body in (
        {"username": ["x"], "password": "Secret-canary-1"},
        {"username": "a", "password": ["Secret-canary-1"]},
    ):
        answer = stack.session(None).post("/api/auth/login", json=body)
        assert answer.status_code == 400 and "canary" not in answer.text


# Its own list of what may be answered to wrong data, and 414: a query may also be too long to be read.
REFUSALS = """[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, "5xx"]
"""


@pytest.fixture(scope="module")
def victim():
    """A stack of its own: what is tried here changes media and mints tokens."""
    with running() as victim:
        victim.place(b"song", victim.data / "shelf" / "song.mp3")
        victim.wait_for_media("song.mp3")
        yield victim


@pytest.mark.parametrize(
    ("examples", "phases"),
    [(1, "examples,fuzzing"), pytest.param(200, "examples,coverage,fuzzing,stateful", marks=pytest.mark.soak)],
)
def test_schemathesis_finds_nothing(victim, examples, phases, tmp_path):
    """Everything that an administrator may do, but for what would sign it out, or has no end."""
    token = sign_in(victim, add_user(victim, "admin"))["access_token"]
    (tmp_path / "schemathesis.toml").write_text(REFUSALS)
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{victim.url}/openapi.json", "-H", f"Authorization: Bearer {token}",
        "--phases", phases, "--max-examples", str(examples), "--exclude-path-regex", "logout|sessions|auth/password|api/events", "--seed", "1",
        "--tls-verify", str(victim.data / "tls/certificate.pem"), "--no-color", "--suppress-health-check", "all",
        # A rule of the house (a lifetime, a printable name) may refuse what its schema cannot say.
        "--exclude-checks", "positive_data_acceptance",
    ]  # fmt: skip
    environment = {
        name: value for name, value in os.environ.items() if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    }
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=550)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
