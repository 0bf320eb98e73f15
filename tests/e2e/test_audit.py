"""Who did what, and why it was decided: the trail, its API, its page and the operator's commands."""

from __future__ import annotations

import json
import secrets
import time

import pytest

from tests.e2e.people import PASSWORD, add_user, bearer, sign_in, wait_until


@pytest.fixture(scope="module")
def admin(stack):
    return stack.session()


def entries(admin, **search) -> list[dict]:
    return admin.get("/api/admin/audit", params=search).json()["data"]


def explained(stack, decision: str) -> dict:
    """What the API says, once Nginx has written its log, a second later."""
    admin = stack.session()
    answer = {}

    def known() -> bool:
        answer.update(admin.get(f"/api/admin/audit/{decision}").json())
        return answer["outcome"] != "unknown"

    wait_until(known, what=f"{decision} is not explained")
    return answer


def facts(explanation: dict) -> dict[str, str]:
    return {fact["label"]: fact["value"] for fact in explanation["facts"]}


def test_a_life_of_an_account_is_in_the_trail(stack, admin, film):
    name = f"viewer-{secrets.token_hex(4)}"
    stack.sluice("user", "add", name, "--password-stdin", given=PASSWORD)
    person = stack.session(None)
    signed_in = person.post("/api/auth/login", json={"username": name, "password": PASSWORD}).json()
    person.post("/api/auth/login", json={"username": name, "password": "wrong"})
    token = person.post("/api/tokens", json={"name": "t", "scopes": ["library"]}).json()
    person.delete(f"/api/tokens/{token['id']}")
    person.get(f"/api/media/stream/{film['id']}")
    person.get("/api/admin/audit")
    other = sign_in(stack, name)
    mine = next(s["id"] for s in person.get("/api/sessions").json()["sessions"] if not s["is_current"])
    person.delete(f"/api/sessions/{mine}")
    person.post("/api/auth/password", json={"current": PASSWORD, "new": "Other-pass-7"})
    person.post("/api/auth/logout", json={})
    for change in (["role", name, "editor"], ["disable", name], ["enable", name], ["delete", name]):
        stack.sluice("user", *change)
    wanted = {
        "sign_in", "sign_in_refused", "token_minted", "token_revoked", "stream_opened", "refused", "session_ended",
        "password_changed", "sign_out",
    }  # fmt: skip
    wait_until(lambda: wanted <= {entry["event"] for entry in entries(admin, principal=name)}, what="an event is missing")
    by_operator = [entry for entry in entries(admin, principal="operator") if entry["details"].get("user") == name]
    assert {e["event"] for e in by_operator} == {
        "user_created",
        "role_changed",
        "user_disabled",
        "user_enabled",
        "user_deleted",
    }
    assert next(e for e in by_operator if e["event"] == "role_changed")["reason"] == "viewer to editor"
    signed = next(e for e in entries(admin, principal=name, event="sign_in"))
    assert signed["address"] in ("127.0.0.1", "::1") and len(signed["decision"]) == 32
    assert signed_in["access_token"] not in json.dumps(entries(admin, principal=name)) and other


def test_the_trail_is_searched_and_paged(stack, admin):
    name = add_user(stack)
    for _ in range(7):
        stack.session(None).post("/api/auth/login", json={"username": name, "password": "wrong"})
    wait_until(lambda: len(entries(admin, principal=name, event="sign_in_refused")) == 7)
    first = admin.get("/api/admin/audit", params={"principal": name, "limit": 3}).json()
    second = admin.get("/api/admin/audit", params={"principal": name, "limit": 3, "before": first["next"]}).json()
    third = admin.get("/api/admin/audit", params={"principal": name, "limit": 3, "before": second["next"]}).json()
    ids = [entry["id"] for page in (first, second, third) for entry in page["data"]]
    assert len(ids) == 7 and ids == sorted(ids, reverse=True) and third["next"] is None
    assert not entries(admin, principal=name, until="2020-01-01") and entries(admin, principal=name, since="2020-01-01")
    assert {entry["reason"] for entry in entries(admin, principal=name)} == {"wrong_password"}
    for bad in ({"event": "nonsense"}, {"limit": 0}, {"since": "yesterday"}, {"media": "x"}, {"before": "-1"}):
        assert admin.get("/api/admin/audit", params=bad).status_code == 400


def test_nobody_but_administrators_reads_it(stack):
    for headers in ({}, bearer(sign_in(stack, add_user(stack, "editor"))["access_token"])):
        assert stack.session(None).get("/api/admin/audit", headers=headers).status_code in (401, 403)


def test_a_refusal_is_explained_by_rule_principal_media_network_and_clock(stack, film):
    name = add_user(stack, "guest")
    guest = stack.session(None)
    guest.headers.update(bearer(sign_in(stack, name)["access_token"]))
    decision = guest.get(f"/api/media/{film['id']}").json()["error"]["decision"]
    explanation = explained(stack, decision)
    assert explanation["outcome"] == "refused" and "not public" in explanation["sentence"]
    known = facts(explanation)
    assert known["rule"] == "guests_see_public_media_only" and known["network"] in ("127.0.0.1", "::1")
    assert known["clock"] and known["path"] == f"/api/media/{film['id']}"


def test_what_the_gate_refused_is_explained(stack, film):
    name = add_user(stack, "guest")
    guest = stack.session(None)
    guest.headers.update(bearer(sign_in(stack, name)["access_token"]))
    answer = guest.get(f"/api/media/thumbnail/{film['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AUTH_006")
    explanation = explained(stack, answer.json()["error"]["decision"])
    assert explanation["outcome"] == "refused" and "not public" in explanation["sentence"]
    assert film["name"] in facts(explanation)["media"]


def test_what_nginx_refused_alone_is_explained_with_key_and_clock(stack, shelved):
    link = stack.session().post("/api/links", json={"media_id": shelved["id"], "kind": "d", "ttl": 1}).json()["url"]
    stranger, kid = stack.session(None), link.partition("/d/")[2].partition("/")[0]
    time.sleep(2)
    expired = stranger.get(link)
    assert expired.status_code == 410
    explanation = explained(stack, expired.json()["error"]["decision"])
    assert "expired" in explanation["sentence"] and facts(explanation)["key id"] == f"{kid} (live)"
    forged = stranger.get(link.replace(f"/d/{kid}/", "/d/k9/"))
    explanation = explained(stack, forged.json()["error"]["decision"])
    assert explanation["outcome"] == "refused" and "'k9'" in explanation["sentence"]
    changed = stranger.get(link.replace("song", "sang"))
    assert "does not fit" in explained(stack, changed.json()["error"]["decision"])["sentence"]
    body = {"media_id": shelved["id"], "kind": "d", "ttl": 60, "bind": True}
    bound = stack.session(address="127.9.8.1").post("/api/links", json=body).json()["url"]
    elsewhere = explained(stack, stranger.get(bound).json()["error"]["decision"])
    assert "another network" in elsewhere["sentence"] and facts(elsewhere)["key id"] == f"{kid} (live)"


def test_a_yes_is_explained_too(stack, film):
    stack.session().get(f"/api/media/stream/{film['id']}")
    admin = stack.session()
    wait_until(lambda: entries(admin, event="stream_opened"))
    decision = entries(admin, event="stream_opened")[0]["decision"]
    assert explained(stack, decision)["outcome"] == "allowed"
    assert json.loads(stack.sluice("explain", decision, "--json"))["outcome"] == "allowed"


def test_an_unknown_decision_is_said_to_be_unknown(stack, admin):
    assert admin.get(f"/api/admin/audit/{'0' * 32}").json()["outcome"] == "unknown"
    assert stack.sluice("explain", "0" * 32, check=False) == ""


def test_the_page_shows_searches_and_explains(stack, admin, film):
    name = add_user(stack, "guest")
    guest = stack.session(None)
    guest.headers.update(bearer(sign_in(stack, name)["access_token"]))
    decision = guest.get(f"/api/media/{film['id']}").json()["error"]["decision"]
    page = {"Accept": "text/html"}
    explained(stack, decision)
    shown = admin.get(f"/admin/audit?explain={decision}", headers=page).text
    assert "Guests see public media only" in shown and "Refused" in shown
    assert "Nothing of the kind has happened" in admin.get("/admin/audit?principal=nobody-at-all", headers=page).text
    assert admin.get("/admin/audit?since=yesterday", headers=page).status_code == 400


def test_O01_a_name_with_escapes_is_harmless_in_trail_page_and_terminal(stack, admin):
    name = 'evil"\x1b[31m\r\n<script>alert(1)</script>'
    stack.session(None).post(
        "/api/auth/login", json={"username": name, "password": "x"}, headers={"User-Agent": 'a"<b>'}
    )
    wait_until(lambda: "<script>" in json.dumps(entries(admin, event="sign_in_refused", limit=5)))
    assert "<script>alert(1)" not in admin.get("/admin/audit", headers={"Accept": "text/html"}).text
    assert "\x1b" not in stack.sluice("audit", "tail", "-n", "50")


def test_the_operator_follows_the_trail(stack):
    name = add_user(stack)
    sign_in(stack, name)
    wait_until(lambda: name in stack.sluice("audit", "tail", "--user", name))
    listed = json.loads(stack.sluice("audit", "tail", "--user", name, "--event", "sign_in", "--json"))
    assert [entry["event"] for entry in listed] == ["sign_in"]


def test_the_operator_sees_tokens_and_the_last_sign_in(stack):
    name = add_user(stack)
    sign_in(stack, name)
    minted = json.loads(
        stack.sluice("token", "mint", "nightly", "--user", name, "--scope", "links", "--days", "3", "--json")
    )
    listed = json.loads(stack.sluice("token", "list", "--user", name, "--json"))
    assert [(t["name"], t["scopes"], t["username"]) for t in listed] == [("nightly", ["links"], name)]
    assert minted["token"] not in stack.sluice("token", "list")
    assert not stack.sluice("token", "mint", "nightly", "--user", name, check=False)
    stack.sluice("token", "revoke", minted["id"])
    assert json.loads(stack.sluice("token", "list", "--user", name, "--json")) == []
    assert not stack.sluice("token", "revoke", minted["id"], check=False)
    assert next(u for u in json.loads(stack.sluice("user", "list", "--json")) if u["username"] == name)["last_sign_in"]
