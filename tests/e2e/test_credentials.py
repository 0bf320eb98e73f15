"""Every kind of credential, through Nginx: Basic, service tokens, tokens of other issuers, portable addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import bcrypt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from control.services.issuers import Issuers
from control.settings.sections import Issuer
from tests.e2e import issuers
from tests.e2e.people import add_user, basic, bearer, sign_in, wait_until


@pytest.fixture(scope="module")
def carol(stack):
    return add_user(stack, "viewer", "carol", email="carol@example.org")


@pytest.fixture
def stranger(stack):
    return stack.session(None)


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def devices(stack, name: str, kind: str | None = None) -> list[dict]:
    listed = stack.session(None).get("/api/sessions", headers=bearer(sign_in(stack, name)["access_token"]))
    return [device for device in listed.json()["sessions"] if kind in (None, device["kind"])]


# --- HTTP Basic -----------------------------------------------------------------------------------


def test_basic_opens_the_library_files_and_films(stack, stranger, carol, film, shelved):
    stranger.headers.update(basic(carol))
    assert stranger.get("/api/auth/me").json()["username"] == carol
    part = stranger.get(f"/api/media/{shelved['id']}/original", headers={"Range": "bytes=0-15"})
    assert (part.status_code, len(part.content)) == (206, 16)
    playlist = stranger.get(f"/api/media/stream/{film['id']}").text
    rung = next(line for line in playlist.splitlines() if line.startswith("/hls/"))
    key = rung.replace("index.m3u8", "key/0")
    assert len(stranger.get(key).content) == 16
    assert code(stack.session(None).get(key)) == (401, "AUTH_005")
    assert stranger.get("/gate/").status_code in (403, 404)  # the gate knows it: 403 is "no index"


def test_basic_is_one_listed_device_however_often_it_asks(stack, carol):
    player = stack.session(None)
    player.headers.update(basic(carol) | {"User-Agent": "VLC/3.0 LibVLC/3.0"})
    for _ in range(30):
        assert player.get("/api/auth/me").status_code == 200
    listed = [device for device in devices(stack, carol, "basic") if device["device_name"] == "VLC"]
    assert len(listed) == 1


def test_a_wrong_basic_password_is_refused_and_the_challenge_offered(stack, stranger, carol):
    answer = stranger.get("/api/auth/me", headers=basic(carol, "wrong"))
    assert code(answer) == (401, "AUTH_001")
    assert "Basic" in stranger.get("/api/auth/me").headers["WWW-Authenticate"]
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"}
    assert "Basic" not in stranger.get("/api/auth/me", headers=browser).headers["WWW-Authenticate"]


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", "Basic /w=="])
def test_what_is_no_basic_is_one_clear_error(stranger, value):
    assert code(stranger.get("/api/auth/me", headers={"Authorization": value})) == (401, "AUTH_003")


def test_a_changed_password_ends_what_basic_remembers(stack):
    name = add_user(stack)
    player = stack.session(None)
    assert player.get("/api/auth/me", headers=basic(name)).status_code == 200
    stack.sluice("user", "passwd", name, "--password-stdin", given="Other-pass-1")
    assert code(player.get("/api/auth/me", headers=basic(name))) == (401, "AUTH_001")
    assert player.get("/api/auth/me", headers=basic(name, "Other-pass-1")).status_code == 200


# --- service tokens -------------------------------------------------------------------------------


def test_a_token_is_shown_once_works_and_is_revoked_at_once(stack, carol, shelved):
    person, program = stack.session(None), stack.session(None)
    person.headers.update(bearer(sign_in(stack, carol)["access_token"]))
    made = person.post("/api/tokens", json={"name": "radio", "scopes": ["library"], "expires_days": 1})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    program.headers.update(bearer(made.json()["token"]))
    assert program.get("/api/auth/me").json()["username"] == carol
    assert program.get(f"/api/media/{shelved['id']}/original").status_code == 200
    assert code(program.post("/api/links", json={"media_id": shelved["id"], "kind": "d"})) == (403, "AUTH_013")
    assert made.json()["token"] not in person.get("/api/tokens").text
    assert (
        stack.query(
            f"SELECT count(*) FROM service_tokens WHERE encode(hash, 'escape') LIKE '%{made.json()['token'][4:]}%'"
        )
        == "0"
    )
    wait_until(lambda: person.get("/api/tokens").json()["tokens"][0]["last_used_at"], what="no last use")
    assert person.delete(f"/api/tokens/{made.json()['id']}").status_code == 200
    assert code(program.get("/api/auth/me")) == (401, "AUTH_004")


def test_a_token_plays_a_film_and_its_grant_dies_with_it(stack, carol, film):
    minted = json.loads(stack.sluice("token", "mint", "tv", "--user", carol, "--json"))
    program = stack.session(None)
    program.headers.update(bearer(minted["token"]))
    playlist = program.get(f"/api/media/stream/{film['id']}").text
    key = next(line for line in playlist.splitlines() if line.startswith("/hls/")).replace("index.m3u8", "key/0")
    assert len(program.get(key).content) == 16
    assert code(stack.session("carol", "Test-pass-1").get(key)) == (403, "AUTH_007")
    stack.sluice("token", "revoke", minted["id"])
    assert program.get(key).status_code in (401, 403)


def test_a_switched_off_owner_takes_the_token_along(stack):
    name = add_user(stack)
    program = stack.session(None)
    program.headers.update(bearer(stack.sluice("token", "mint", "x", "--user", name).strip()))
    assert program.get("/api/auth/me").status_code == 200
    stack.sluice("user", "role", name, "guest")
    assert program.get("/api/auth/me").json()["role"] == "guest"
    stack.sluice("user", "disable", name)
    assert program.get("/api/auth/me").status_code == 401
    stack.sluice("user", "enable", name)
    assert program.get("/api/auth/me").status_code == 200
    stack.sluice("user", "delete", name)
    assert program.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("wish", [{"name": "", "scopes": ["library"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]},
                                  {"name": "x\u0007", "scopes": ["library"]}, {"name": "x", "scopes": ["library"], "expires_days": 0}])  # fmt: skip
def test_a_bad_wish_for_a_token_names_the_field(stack, wish):
    answer = stack.session().post("/api/tokens", json=wish)
    assert code(answer) == (400, "FILE_001")


def test_a_made_up_token_is_nobody(stranger):
    assert code(stranger.get("/api/auth/me", headers=bearer("slt_" + "A" * 43))) == (401, "AUTH_003")


# --- other issuers --------------------------------------------------------------------------------


def test_a_forum_token_signs_its_user_in_as_bearer_and_by_cookie(stack, carol, shelved):
    token = issuers.forum_token("carol@example.org")
    member = stack.session(None)
    assert member.get("/api/auth/me", headers=bearer(token)).json()["username"] == carol
    by_cookie = member.get(f"/api/media/{shelved['id']}/original", headers={"Cookie": f"{issuers.COOKIE}={token}"})
    assert by_cookie.status_code == 200
    assert len([d for d in devices(stack, carol, "external") if d["device_name"].startswith("forum: ")]) == 1


def test_a_club_token_is_verified_by_the_key_that_its_kid_names(stack, carol):
    for kid in issuers.club_keys():
        token = issuers.club_token(carol, kid)
        assert stack.session(None).get("/api/auth/me", headers=bearer(token)).json()["username"] == carol
    crossed = issuers.club_token(carol, "one", key=issuers.club_keys()["two"])
    assert code(stack.session(None).get("/api/auth/me", headers=bearer(crossed))) == (401, "AUTH_003")


def test_a_forum_token_whose_device_was_ended_here_stays_dead(stack, carol):
    token = issuers.forum_token("carol@example.org", jti="one-of-a-kind")
    member = stack.session(None)
    member.headers.update(bearer(token))
    listed = member.get("/api/sessions").json()["sessions"]
    mine = next(device for device in listed if device["is_current"])
    assert member.delete(f"/api/sessions/{mine['id']}").status_code == 200
    assert code(member.get("/api/auth/me")) == (401, "AUTH_004")


FORGED = {
    "another key": lambda: issuers.forum_token("carol@example.org", key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "expired": lambda: issuers.forum_token("carol@example.org", exp=int(time.time()) - 3600),
    "no expiry": lambda: issuers.forum_token("carol@example.org", exp=None),
    "another audience": lambda: issuers.forum_token("carol@example.org", aud="elsewhere"),
    "no audience": lambda: issuers.forum_token("carol@example.org", aud=None),
    "another issuer": lambda: issuers.forum_token("carol@example.org", iss="https://evil.test"),
    "the other issuer": lambda: issuers.forum_token("carol@example.org", iss=issuers.CLUB),
    "not yet": lambda: issuers.forum_token("carol@example.org", nbf=int(time.time()) + 3600),
    "an unknown user": lambda: issuers.forum_token("nobody@example.org"),
    "a user that is a list": lambda: issuers.forum_token(["carol@example.org"]),
    "T01 the public key as a secret": lambda: _hs256(issuers.public_pem(issuers.forum_key())),
    "T01 no algorithm": lambda: jwt.encode({"iss": issuers.FORUM, "aud": "sluice", "email": "carol@example.org", "exp": 2**31}, None, "none"),
    "T01 another family": lambda: issuers.forum_token("carol@example.org", key=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
    "T01 a longer hash": lambda: issuers.forum_token("carol@example.org", algorithm="RS512"),
    "T02 jku": lambda: issuers.forum_token("carol@example.org", key=rsa.generate_private_key(public_exponent=65537, key_size=2048),
                                           headers={"jku": "https://evil.test/keys", "kid": "../../etc/passwd"}),
    "T02 crit": lambda: issuers.forum_token("carol@example.org", headers={"crit": ["x"], "x": 1}),
    "padded": lambda: issuers.forum_token("carol@example.org") + "=",
}  # fmt: skip


def _hs256(secret: bytes) -> str:
    """HS256 under the bytes of a public key: PyJWT refuses to make it, an attacker does not."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(
        json.dumps({"iss": issuers.FORUM, "aud": "sluice", "email": "carol@example.org", "exp": 2**31}).encode()
    )
    return f"{head}.{body}." + part(hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest())


@pytest.mark.parametrize("kind", FORGED)
def test_T01_T02_T03_a_forged_or_misused_foreign_token_is_nobody(stack, carol, kind):
    for request in ({"Authorization": f"Bearer {FORGED[kind]()}"}, {"Cookie": f"{issuers.COOKIE}={FORGED[kind]()}"}):
        answer = stack.session(None).get("/api/auth/me", headers=request)
        assert answer.status_code == 401 and answer.json()["error"]["code"] in ("AUTH_002", "AUTH_003"), answer.text


def test_a_switched_off_user_does_not_come_in_by_the_forum(stack):
    name = add_user(stack, email="dora@example.org")
    member = stack.session(None)
    member.headers.update(bearer(issuers.forum_token("dora@example.org")))
    assert member.get("/api/auth/me").json()["username"] == name
    stack.sluice("user", "disable", name)
    assert member.get("/api/auth/me").status_code == 401
    member.headers.update(bearer(issuers.forum_token("dora@example.org", jti="another")))
    assert member.get("/api/auth/me").status_code == 401


def test_a_user_without_a_password_comes_only_by_the_forum(stack, stranger):
    stack.sluice("user", "add", "erin", "--email", "erin@example.org", "--no-password")
    for password in ("", "x", "!"):
        refused = stranger.post("/api/auth/login", json={"username": "erin", "password": password})
        assert refused.status_code in (400, 401)
    assert (
        stranger.get("/api/auth/me", headers=bearer(issuers.forum_token("erin@example.org"))).json()["username"]
        == "erin"
    )


# --- portable addresses and old hashes --------------------------------------------------------------


def test_a_portable_address_is_a_device_that_can_be_ended(stack, carol, film):
    person = stack.session("carol", "Test-pass-1")
    url = person.get(f"/api/media/stream/{film['id']}?portable=true", headers={"Accept": "application/json"}).json()[
        "url"
    ]
    player = stack.session(None)
    key = url.replace("master.m3u8", "360p/key/0")
    assert len(player.get(key).content) == 16
    listed = next(d for d in person.get("/api/sessions").json()["sessions"] if d["kind"] == "portable")
    assert listed["device_type"] == "player" and film["name"] in listed["device_name"]
    assert person.delete(f"/api/sessions/{listed['id']}").status_code == 200
    assert code(player.get(key)) == (403, "MEDIA_007")
    assert person.get("/api/auth/me").status_code == 200


def test_a_bcrypt_hash_signs_in_and_is_replaced(stack, stranger):
    bcrypt_hash = bcrypt.hashpw(b"Old-pass-1", bcrypt.gensalt(4)).decode()
    stack.sluice("user", "add", "frank", "--hash-stdin", given=bcrypt_hash)
    assert code(stranger.post("/api/auth/login", json={"username": "frank", "password": "wrong"})) == (401, "AUTH_001")
    assert stack.session("frank", "Old-pass-1").get("/api/auth/me").status_code == 200
    assert stack.query("SELECT password_hash FROM users WHERE username = 'frank'").startswith("$argon2id$")
    assert stack.session("frank", "Old-pass-1").get("/api/auth/me").status_code == 200
    refused = stack.sluice("user", "add", "grace", "--hash-stdin", check=False, given="md5:1234")
    assert not refused


def test_a_key_may_stand_in_a_file(tmp_path):
    for name, text in (
        ("club.json", issuers.jwks_text()),
        ("forum.pem", issuers.public_pem(issuers.forum_key()).decode()),
    ):
        (tmp_path / name).write_text(text)
        assert Issuers([Issuer(name="x", issuer=issuers.CLUB, key_file=tmp_path / name)])
    found = Issuers([Issuer(name="x", issuer=issuers.CLUB, key_file=tmp_path / "club.json")])
    assert found.verify(issuers.club_token("carol", "two")).login == "carol"


def test_bad_keys_of_an_issuer_stop_the_start_and_name_themselves():
    small = issuers.public_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)).decode()
    curve = issuers.public_pem(ec.generate_private_key(ec.SECP384R1())).decode()
    for key in ("nonsense", small, curve, "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"):
        with pytest.raises(ValueError, match="issuers.forum"):
            Issuers([Issuer(name="forum", issuer="x", key=key)])
