"""Links bound to a network open there alone, and become neither unbound nor another network's (threat S07)."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CANARY
from tests.e2e.originals import links

HERE, NEIGHBOUR, ELSEWHERE = "127.9.8.1", "127.9.8.200", "127.9.9.1"
FORMS = ("d", "stream", "get")


@pytest.fixture(scope="module")
def bound(stack, shelved) -> dict[str, str]:
    return links(stack.session(address=HERE), shelved["id"], bind=True)


@pytest.fixture(scope="module")
def unbound(stack, shelved) -> dict[str, str]:
    return links(stack.session(address=HERE), shelved["id"])


def refused(answer, *codes: str) -> bool:
    return answer.status_code == 403 and answer.json()["error"]["code"] in codes and CANARY not in answer.content


@pytest.mark.parametrize("form", FORMS)
def test_a_bound_link_opens_in_its_network_alone(stack, bound, form):
    for address in (HERE, NEIGHBOUR):
        answer = stack.session(None, address=address).get(bound[form])
        assert answer.status_code == 200 and answer.content.startswith(CANARY), address
    part = stack.session(None, address=NEIGHBOUR).get(bound[form], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, CANARY[:4])
    for address in (ELSEWHERE, "127.0.0.1"):
        assert refused(stack.session(None, address=address).get(bound[form]), "SEC_005"), address
    assert refused(stack.session(None).get(bound[form]), "SEC_005")  # may be ::1


@pytest.mark.parametrize("form", FORMS)
def test_an_unbound_link_opens_everywhere(stack, unbound, form):
    for address in (HERE, ELSEWHERE):
        assert stack.session(None, address=address).get(unbound[form]).status_code == 200
    assert "net" not in unbound[form].replace("/get/", "/")


@pytest.mark.parametrize("form", ["stream", "get"])
def test_S07_a_bound_query_has_one_form(stack, bound, unbound, form):
    path, query = bound[form].split("?")
    expires, net, sig = query.split("&")
    for changed in (
        f"{expires}&{sig}", f"{expires}&net=127.9.9.0/24&{sig}", f"{net}&{expires}&{sig}", f"{expires}&{net}&{net}&{sig}",
        f"{expires}&{net.replace('/', '%2f')}&{sig}", f"{expires}&net=&{sig}", f"{expires}&net=0.0.0.0/0&{sig}",
        f"{expires}&{net}&{unbound[form].split('sig=')[1]}", query + "&x=1",
    ):  # fmt: skip
        for address in (HERE, ELSEWHERE):
            assert refused(stack.session(None, address=address).get(f"{path}?{changed}"), "SEC_003"), changed


def test_S07_a_bound_download_has_one_form(stack, bound, unbound):
    path = bound["d"]
    mac, free = path.split("/")[4], unbound["d"]
    kid = f"/{free.split('/')[2]}/"
    elsewhere = stack.session(None, address=ELSEWHERE)
    for changed in (
        path.replace("/net/", "/"), path + "?127.9.8.0/24", path + "?%20", path + "?x=1", path.replace("/net/", "/NET/"),
        path.replace("/net/", "/net/net/"), path.replace(mac, free.split("/")[3]), path.replace("/net/", "/x/"),
        free.replace(kid, f"{kid}net/"), path.replace("/net/", "/127.9.8.0/24/"), path[:-1],
    ):  # fmt: skip
        answer = elsewhere.get(changed)
        assert answer.status_code in (403, 404) and CANARY not in answer.content, changed
    at_home = stack.session(None, address=HERE)
    for changed in (
        path.replace("/net/", "/"),
        path + "?x=1",
        path + "?127.9.8.0/24",
        path.replace(mac, free.split("/")[3]),
    ):
        assert at_home.get(changed).status_code == 403, changed


def test_S07_a_query_does_not_move_into_the_network(stack, shelved):
    """What is signed for 127.17.8.0 is not what Nginx makes of 7.8.0 and "?127.1"; nor can any header name the network."""
    path = links(stack.session(address="127.17.8.1"), shelved["id"], bind=True)["d"]
    elsewhere = stack.session(None, address="127.7.8.1")
    for query in ("?1", "?127.1", "?127.17.8.0/24%20"):
        assert elsewhere.get(path + query).status_code == 403
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Sluice-Client"):
        for address in links(stack.session(address="127.17.8.1"), shelved["id"], bind=True).values():
            assert refused(elsewhere.get(address, headers={name: "127.17.8.1"}), "SEC_005"), name


def test_the_operator_binds_a_link_to_an_address_of_any_kind(stack, shelved):
    """fd00::/64 cannot be come from here; ::1 can."""
    for bind, served, other in ((ELSEWHERE, "127.9.9.77", HERE), ("127.9.8.0", HERE, ELSEWHERE)):
        url = stack.sluice("link", "mint", shelved["id"], "--kind", "d", "--ttl", "60", "--bind", bind).strip()
        url = "/" + url.split("/", 3)[3]
        assert stack.session(None, address=served).get(url).status_code == 200
        assert stack.session(None, address=other).get(url).status_code == 403
    six = "/" + stack.sluice("link", "mint", shelved["id"], "--bind", "::2", "--ttl", "60").strip().split("/", 3)[3]
    answer = stack.raw(f"GET {six} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), 30, "::1")
    assert answer.startswith(b"HTTP/1.1 200") and CANARY in answer
    assert stack.session(None, address=HERE).get(six).status_code == 403
    with pytest.raises(AssertionError, match="is no address"):
        stack.sluice("link", "mint", shelved["id"], "--bind", "home")


def test_a_signed_address_of_the_upload_services_kind_may_be_bound(stack, shelved):
    asked = {"key": f"media/{shelved['id']}", "bind": "true"}
    url = stack.session(address=HERE).get("/v1/files/signed-url", params=asked).json()["url"]
    path = "/" + url.split("/", 3)[3]
    assert stack.session(None, address=NEIGHBOUR).get(path).status_code == 200
    assert refused(stack.session(None, address=ELSEWHERE).get(path), "SEC_005")
