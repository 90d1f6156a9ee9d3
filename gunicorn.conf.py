"""How the server runs. Everything here follows from the settings of chatapp.config."""

import gc
import importlib.util
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import gevent
import gevent.socket
from gunicorn.workers.ggevent import GeventWorker

# The list of settings alone: the application itself must be imported in the worker, after gevent has patched it.
_spec = importlib.util.spec_from_file_location("chatapp_settings", Path(__file__).parent / "chatapp" / "config.py")
sys.modules[_spec.name] = _module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
settings = _module.load()


UNATTENDED = ("/healthz", "/readyz", "/metrics")  # machines ask for these, all the time


class Connection(gevent.socket.socket):
    """Asks the system once for each piece of an answer, and for its head and its first piece together.

    gevent asks for the size of the buffer before it sends any. gunicorn sends a head when it has what comes behind it;
    that of an answer without a body goes when the next request is read or the connection is closed.
    """

    head = b""

    def sendall(self, data, flags=0):
        if data.startswith(b"HTTP/1.") and data.endswith(b"\r\n\r\n"):
            data, self.head = self.head, data
        elif self.head:
            data, self.head = self.head + data, b""
        if data and (sent := self.send(data, flags)) < len(data):
            super().sendall(memoryview(data)[sent:], flags)

    def flush(self):
        if self.head:
            self.sendall(b"")

    def recv(self, *args):
        self.flush()
        return super().recv(*args)

    def sendfile(self, *args, **kwargs):
        self.flush()
        return super().sendfile(*args, **kwargs)

    def shutdown(self, how):
        self.flush()
        super().shutdown(how)

    def close(self):
        try:
            self.flush()
        finally:
            super().close()


class Worker(GeventWorker):
    """Does not wait, when it is stopped, for connections on which nobody asks for anything.

    Browsers and proxies keep them open for a minute, and a machine that waits for them answers nobody meanwhile.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waiting = {}

    def handle(self, listener, client, addr):
        if type(client) is gevent.socket.socket:
            client = Connection(client.family, client.type, client.proto, client.detach())
        super().handle(listener, client, addr)

    @contextmanager
    def timeout_ctx(self):
        """Around the wait for the next request of a connection."""
        with gevent.Timeout(self.cfg.keepalive, False) as timeout:
            self.waiting[timeout] = gevent.getcurrent()
            try:
                yield
            finally:
                del self.waiting[timeout]

    def close_idle(self):
        for timeout, greenlet in list(self.waiting.items()):
            gevent.kill(greenlet, timeout)


gevent.config.track_greenlet_tree = False  # nobody asks who began a thread, and every thread would carry it

bind = f"{settings.host}:{settings.port}"
worker_class = Worker if settings.worker_class == "gevent" else settings.worker_class
workers = settings.workers
worker_connections = settings.worker_connections
threads = settings.worker_connections if settings.worker_class == "gthread" else 1
# Answers stop by themselves before the server's patience with its workers ends.
graceful_timeout = int(settings.shutdown_grace) + 10
timeout = 60
limit_request_line = 8190
keepalive = 65
control_socket_disable = True
forwarded_allow_ips = "*" if settings.trusted_proxies else "127.0.0.1,::1"
accesslog = None
errorlog = "-"
loglevel = settings.log_level.lower()

if settings.uses_sqlite and workers > 1:
    print("chatapp: SQLite serves one worker process; WORKERS is taken as 1. Set DATABASE_URL for more.")  # noqa: T201
    workers = 1

if workers > 1:
    # Every worker counts for itself; one that is asked for all looks here.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="chatapp-metrics-"))


def child_exit(server, worker):
    if workers > 1:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def post_fork(server, worker):
    worker.was_visited = False
    gc.disable()  # while the application is loaded everything is kept: looking for garbage takes a fifth of that time


def post_worker_init(worker):
    from chatapp import jobs
    from chatapp.stream import spans

    runner = worker.wsgi.extensions["runner"]
    runner.start()
    spans.warm_up()
    worker.end_jobs = jobs.start(worker.wsgi)
    # What is loaded now stays: the collector need not look through it again and again. What a turn makes is small and
    # mostly freed by counting, so it need not look often either.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    threading.Thread(target=_drain_when_stopped, args=(worker, runner), name="drain", daemon=True).start()


def pre_request(worker, request):
    """The first who comes is a sign that questions will be asked. A worker that nobody needs stays small."""
    if not worker.was_visited and not request.path.startswith(UNATTENDED):
        worker.was_visited = True
        threading.Thread(target=_get_ready, args=(worker,), name="get-ready", daemon=True).start()


def _get_ready(worker):
    """Load what questions need. Under gevent a thread of the system does it, or every answer would stop meanwhile."""
    from chatapp import providers

    if isinstance(worker, Worker):
        gevent.get_hub().threadpool.apply(_load)
    else:
        _load()
    providers.warm_up()
    gc.freeze()


def _load():
    from chatapp import guards, providers, tools
    from chatapp.core import timezones

    for load in (guards.warm_up, timezones.names, tools.built_in, providers.load):
        load()


def _drain_when_stopped(worker, runner):
    """Begin the grace period when the worker is told to stop, not when its last reader has gone."""
    stopping = threading.Event()
    while worker.alive:
        stopping.wait(0.2)
    worker.end_jobs(0)
    runner.drain(settings.shutdown_grace)
    while isinstance(worker, Worker):
        worker.close_idle()
        stopping.wait(0.2)


def worker_int(worker):
    worker.wsgi.extensions["runner"].drain(0)


def worker_exit(server, worker):
    app = getattr(worker, "wsgi", None)
    if app is not None:
        worker.end_jobs(5)
        app.extensions["runner"].close()

        from chatapp.stream import spans

        spans.close()
