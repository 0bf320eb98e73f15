"""What gunicorn loads in each worker: settings from the environment, services, the application."""

from __future__ import annotations

from gevent.threadpool import ThreadPool

from control import bootstrap, logs, settings
from control.app import create_app

# Argon2 takes 64 MiB and four lanes per hash: two at a time, away from the event loop.
_hashing = ThreadPool(2)

logs.configure()
services = bootstrap.services(settings.load(), offload=lambda function, *arguments: _hashing.apply(function, arguments))
app = create_app(services)
