"""Serving on threads of this process: nothing is left behind when it ends."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


def site_server(base_url: str) -> ThreadedWSGIServer:
    """A server of the example site, with the admin's static files, at the host and port of ``base_url``."""
    parts = urlsplit(base_url)
    server = ThreadedWSGIServer((parts.hostname, parts.port), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    return server


@contextmanager
def serving(*servers: socketserver.BaseServer) -> Iterator[None]:
    """Let ``servers`` answer until the block ends."""
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
