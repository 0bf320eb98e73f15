# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()  # before every other import: psycopg imported unpatched freezes the whole worker at each query

import gc
import logging.config
import os
import shutil

import gevent
import psycopg.waiting
import structlog
from gunicorn.glogging import Logger

from control import logs, settings
from nginx import contract

_settings = settings.load()
_away = contract.control_away(_settings.paths.run)

# Before prometheus_client is imported: it asks then whether processes share what they count.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_settings.paths.metrics)

bind = f"unix:{_settings.paths.run / 'control.sock'}"
umask = 0o007
worker_class = "control.worker.Worker"
workers = _settings.server.workers
worker_connections = 2000

# Nginx keeps idle connections for 60 s; closing first on this side would be a sporadic 502.
keepalive = 75
timeout = 30
graceful_timeout = 20

# As long as Nginx's own lines may be: what gunicorn refused would be answered in HTML.
limit_request_line = 8190
limit_request_field_size = 16380

# The socket's only peer is our Nginx; no header of a client may become SCRIPT_NAME or an address.
forwarder_headers = ""
forwarded_allow_ips = ""
control_socket_disable = True

# Every request is in Nginx's log, with its decision id.
accesslog = None
errorlog = "-"
loglevel = "info"


class JsonLog(Logger):
    """(!) With logconfig_dict gunicorn would write a line for each request, its signatures in it."""

    def setup(self, cfg):
        super().setup(cfg)
        logging.config.dictConfig(logs.libraries())


logger_class = JsonLog

BACKGROUND_SECONDS = 0.5
STOP_SECONDS = 0.2
UPLOADS_SECONDS = 10


def on_starting(server):
    """What was counted before is forgotten: numbers of processes that are gone would never change again."""
    _away.touch()
    shutil.rmtree(_settings.paths.metrics, ignore_errors=True)
    _settings.paths.metrics.mkdir(mode=0o700, parents=True, exist_ok=True)


def child_exit(server, worker):
    """What a worker has counted stays counted; what it had at its end, it has no more."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
    worker.succession.ready(worker.age)  # nobody waits for one that is gone


def post_worker_init(worker):
    """The worker has its own event loop now: open the pool, listen for changes, write behind."""
    if psycopg.waiting.wait.__name__ == "wait_c":
        raise RuntimeError("psycopg was imported before gevent patched the world: every query would freeze the worker")
    from control import wsgi

    wsgi.services.database.open()
    gevent.spawn(_compare_tables, wsgi.services)
    gevent.spawn(wsgi.services.changes.run)
    gevent.spawn(_write_behind, wsgi.services)
    gevent.spawn(wsgi.services.event_subscription.run)
    gevent.spawn(wsgi.services.events.run)
    gevent.spawn(_end_waits, worker, wsgi.services)
    gevent.spawn(_take_up_uploads, wsgi.services)
    # What is loaded by now stays: the collector need not walk it again and again, request after request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    _away.unlink(missing_ok=True)


def _compare_tables(services):
    """Said once: what is newer is served, what is older is not ready (/readyz)."""
    from control.errors import DatabaseUnavailable

    try:
        tables = services.health.tables()
    except DatabaseUnavailable:
        return
    if tables.missing or tables.newer:
        structlog.get_logger().warning("other_tables", missing=tables.missing, newer=tables.newer)


def _end_waits(worker, services):
    """A worker that was told to stop waits for what it answers; streams of events have no end of their own."""
    while worker.alive:
        gevent.sleep(STOP_SECONDS)
    if worker.succession.nobody_after(worker.age):
        _away.touch()
    services.event_hub.stop()
    worker.close_idle()


def _write_behind(services):
    while True:
        gevent.sleep(BACKGROUND_SECONDS)
        services.write_behind()


def _take_up_uploads(services):
    """What a killed worker was finishing is finished by another one."""
    while True:
        gevent.sleep(UPLOADS_SECONDS)
        services.arrivals.take_up()


def worker_exit(server, worker):
    from control import wsgi

    wsgi.services.changes.stop()
    wsgi.services.event_subscription.stop()
    wsgi.services.write_behind()
    wsgi.services.database.close()
