"""A worker that stops closes what is idle and waits for nothing else."""

from __future__ import annotations

import gevent

from control.worker import Succession, Worker


def connection(worker: Worker) -> str:
    """What gunicorn does for one connection: it waits for a request, and answers it."""
    request = None
    with worker.timeout_ctx():
        gevent.sleep(30)
        request = "a request"
    return request or "closed"


def worker(alive: bool = True) -> Worker:
    made = Worker.__new__(Worker)  # without the sockets and the settings of a real one
    made._idle, made._leaving, made._rest_seconds = set(), False, 0.0
    made.alive, made.succession = alive, Succession()
    made.cfg = type("Settings", (), {"keepalive": 60})
    return made


def test_an_idle_connection_ends_with_its_worker():
    stopping = worker()
    waits = gevent.spawn(connection, stopping)
    gevent.sleep(0)
    stopping.close_idle()
    assert waits.get(timeout=20) == "closed" and not stopping._idle


def test_what_is_being_answered_goes_on():
    stopping, done = worker(), []

    def answer():
        with stopping.timeout_ctx():
            pass
        gevent.sleep(0.01)
        done.append("answered")

    answers = gevent.spawn(answer)
    gevent.sleep(0)
    stopping.close_idle()
    answers.get(timeout=20)
    assert done == ["answered"]


def test_a_connection_on_which_something_was_asked_is_left_to_its_answer():
    stopping, (ours, theirs) = worker(), gevent.socket.socketpair()
    waits = gevent.spawn(connection, stopping)
    waits.client = ours
    gevent.sleep(0)
    theirs.sendall(b"GET")
    closing = gevent.spawn(stopping.close_idle)
    gevent.sleep(0.3)
    assert stopping._idle and not waits.ready()
    ours.recv(3)
    closing.join(timeout=20)
    assert waits.get(timeout=20) == "closed"


def test_the_last_worker_that_was_started_has_nobody_after_it():
    """Where control is stopped; at a reload there are others."""
    succession = Succession()
    for age in (1, 2):
        succession.started(age)
    assert [succession.nobody_after(age) for age in (1, 2)] == [False, True]
    succession.started(3)
    assert not succession.nobody_after(2)


def test_a_worker_goes_when_the_youngest_of_those_that_follow_it_answers_or_is_gone():
    old = worker()
    for age in (3, 4):
        old.succession.started(age)
    old.handle_exit(0, None)
    old.succession.ready(3)
    gevent.sleep(0.3)
    assert old.alive
    old.succession.ready(4)
    with gevent.Timeout(20):
        while old.alive:
            gevent.sleep(0.01)


def test_a_worker_that_nobody_follows_goes_at_once():
    alone = worker()
    alone.succession.started(2)
    alone.succession.ready(2)
    alone.handle_exit(0, None)
    gevent.sleep(0)
    assert not alone.alive


def test_a_connection_that_comes_too_late_is_not_waited_for_long():
    assert gevent.spawn(connection, worker(alive=False)).get(timeout=20) == "closed"
