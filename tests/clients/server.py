"""The test site behind TLS, under WSGI or ASGI, in threads of the test's process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.asgi import get_asgi_application
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http import HttpRequest, HttpResponse

from tests.jwks_server import certificate_authority, server_context

#: The site's names: the others are those that some programs know alone, and find here through a proxy.
NAMES = (
    "localhost",
    "as.example.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
    "login.salesforce.com",
)


@dataclass(frozen=True)
class Posted:
    """A request that was posted, and the status of its answer."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    status: int


class Recorder:
    """A middleware that keeps what was posted to the token endpoint, so that a test can post it again."""

    posted: list[Posted] = []  # noqa: RUF012 - one for all requests, by intention

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self._get_response(request)
        body = request.body
        response = self._get_response(request)
        self.posted.append(Posted(request.get_full_path(), body, request.headers, response.status_code))
        return response


class _Handler(WSGIRequestHandler):
    # Head and body are sent one after the other; the second would wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _WSGIServer(ThreadedWSGIServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off the handshake is no matter."""


@contextlib.contextmanager
def wsgi() -> Iterator[int]:
    """Serve under WSGI; yields the port."""
    server = _WSGIServer(("127.0.0.1", 0), _Handler)
    server.set_app(get_wsgi_application())
    server.base_environ["HTTPS"] = "on"
    server.socket = server_context(certificate_authority().issue_cert(*NAMES)).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def asgi(folder: Path) -> Iterator[int]:
    """Serve under ASGI, with the certificate's files in ``folder``; yields the port."""
    import uvicorn

    django = get_asgi_application()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        # Django ends a request at once whose client has left, and may leave its database connection open.
        async with ThreadSensitiveContext():
            try:
                await django(scope, receive, send)
            finally:
                await sync_to_async(connections.close_all)()

    certificate = certificate_authority().issue_cert(*NAMES)
    certificate.private_key_pem.write_to_path(folder / "server.key")
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
    config = uvicorn.Config(
        application,
        port=0,
        lifespan="off",
        log_level="error",
        ssl_keyfile=folder / "server.key",
        ssl_certfile=folder / "server.pem",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
