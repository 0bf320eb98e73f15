"""Guessing is held up per account and per network, and nobody else is (threats L01, L02, L03)."""

from __future__ import annotations

import statistics
import time

import pytest

from control.settings.sections import Limits
from tests.e2e.people import PASSWORD, add_user

DEFAULT = Limits()


def guess(client, name: str, password: str = "wrong", **headers):
    return client.post("/api/auth/login", json={"username": name, "password": password}, headers=headers)


def tries_until_held_up(client, name, most: int, headers=lambda number: {}) -> int:
    for number in range(most):
        answer = guess(client, name, **headers(number))
        if answer.status_code == 429:
            assert answer.json()["error"]["code"] == "LIMIT_001" and int(answer.headers["Retry-After"]) > 0
            return number
        assert answer.status_code == 401, answer.text
    return most


def spoofed(number: int) -> dict[str, str]:
    name = ("X-Forwarded-For", "x-forwarded-for", "X-Real-IP", "Forwarded", "X-Sluice-Client")[number % 5]
    return {name: f"203.0.113.{number}"}


def test_L02_rotating_the_address_in_headers_buys_no_try(stack, address):
    name = add_user(stack)
    assert tries_until_held_up(stack.session(None, address=address), name, 60, spoofed) == DEFAULT.account_burst


def test_L02_an_account_is_held_up_over_all_networks_and_workers(stack):
    name = add_user(stack)
    clients = (stack.session(None, address=f"127.78.0.{n}") for n in range(1, 40))
    answers = [guess(client, name).status_code for client in clients]
    assert answers.count(401) == DEFAULT.account_burst and set(answers[DEFAULT.account_burst :]) == {429}


def test_L02_a_network_is_held_up_over_many_accounts(stack, address):
    client = stack.session(None, address=address)
    answers = [guess(client, f"nobody-{number}").status_code for number in range(DEFAULT.network_burst + 15)]
    allowed = answers.count(401)
    assert (
        DEFAULT.network_burst <= allowed <= DEFAULT.network_burst + 10
    )  # the bucket drips while hashes take their time
    assert answers[-1] == 429


def test_L03_two_clients_do_not_share_a_bucket(stack, address):
    name = add_user(stack)
    tries_until_held_up(stack.session(None, address=address), "nobody-at-all", 60)
    answer = guess(stack.session(None, address="127.79.0.1"), name, PASSWORD)
    assert answer.status_code == 200


def test_a_device_that_is_known_is_not_hurt_by_guessing(stack, address):
    name = add_user(stack)
    known = stack.session(None, address="127.79.0.2")
    assert guess(known, name, PASSWORD).status_code == 200
    tries_until_held_up(stack.session(None, address=address), name, 60)
    assert guess(stack.session(None, address="127.79.0.3"), name, PASSWORD).status_code == 429
    assert guess(known, name, PASSWORD).status_code == 200


def test_L05_a_password_of_a_mebibyte_is_refused_before_it_costs_a_hash(stack, address):
    answer = guess(stack.session(None, address=address), "admin", "x" * (1 << 20))
    assert answer.status_code in (400, 413)
    answer = guess(stack.session(None, address=address), "admin", "x" * 1025)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FILE_001")


@pytest.mark.parametrize("rounds", [12, pytest.param(60, marks=pytest.mark.soak)])
def test_L01_unknown_known_disabled_and_passwordless_users_look_the_same(stack, rounds):
    """The same body, status and headers; medians of the time within five per cent (a fifth in the short form)."""
    known, disabled = add_user(stack), add_user(stack)
    stack.sluice("user", "disable", disabled)
    passwordless = f"none-{known}"
    stack.sluice("user", "add", passwordless, "--no-password")
    names = {"unknown": f"no-{known}", "known": known, "disabled": disabled, "passwordless": passwordless}
    times = {kind: [] for kind in names}
    answers = {}
    for number in range(rounds):
        for kind, name in names.items():
            # Every try from a network of its own, and as many accounts as tries would be held up.
            client = stack.session(None, address=f"127.80.{number}.{list(names).index(kind) + 1}")
            client.get("/healthz")
            if number % DEFAULT.account_burst == DEFAULT.account_burst - 1:
                stack.forget_limits()
            begun = time.perf_counter()
            answer = guess(client, name)
            times[kind].append(time.perf_counter() - begun)
            error = answer.json()["error"]
            volatile = {"Date", "Content-Length"}
            headers = tuple(sorted((k, v) for k, v in answer.headers.items() if k not in volatile))
            answers[kind] = (answer.status_code, error["code"], error["message"], error["details"], headers)
    assert len(set(answers.values())) == 1, answers
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    spread = max(medians.values()) / min(medians.values())
    assert spread < (1.05 if rounds > 50 else 1.2), medians
