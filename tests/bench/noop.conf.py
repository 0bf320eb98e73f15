"""gunicorn's settings of the no-op: those of control, without its services. NOOP_SOCKET names the socket."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402

bind = "unix:" + os.environ["NOOP_SOCKET"]
worker_class, workers, worker_connections = "gevent", 1, 2000
keepalive, timeout = 75, 30
forwarder_headers, forwarded_allow_ips = "", ""
control_socket_disable = True
accesslog, errorlog, loglevel = None, "-", "warning"
