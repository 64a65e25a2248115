"""A real HTTPS server on the loopback interface that plays an issuer, well-behaved or not.

    with JwksServer() as server:
        server.publish(jwk)                      # at /jwks
        server.answers["/other"] = Answer(status=500)
        fetch(server.url("/jwks"), ca_bundle=server.ca_pem)
        assert server.count("/jwks") == 1

It can be stopped and started again at the same port.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

#: Names and addresses in the server's certificate.
NAMES = ("localhost", "127.0.0.1", "keys.example", "as.example.com")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. ``drip`` is the pause in seconds before each byte of the body, ``delay`` before all.

    ``drip_headers`` drips from the status line on; ``raw`` is sent in the place of everything.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0
    drip_headers: bool = False
    delay: float = 0
    raw: bytes | None = None


def json_answer(document: Any, **headers: str) -> Answer:
    """``document`` as JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps(document).encode(), headers={"Content-Type": "application/json", **named})


@cache
def certificate_authority() -> trustme.CA:
    """The CA of all servers of this process."""
    return trustme.CA()


def server_context(certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A server's TLS context with ``certificate``, or with a good one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (certificate or certificate_authority().issue_cert(*NAMES)).configure_cert(context)
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Up to 50 clients come at the same moment.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or finds fault with the certificate, is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    owner: Any
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.owner.note(self.path, dict(self.headers))
        answer = self.owner.answer_at(self.headers.get("Host", ""), self.path)
        if callable(answer):
            answer = answer(dict(self.headers))
        time.sleep(answer.delay)
        if answer.raw is not None:
            self.wfile.write(answer.raw)
            return
        self._send(answer)

    def do_POST(self) -> None:
        """Answer as to a GET, when the body has been read."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} Status"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if "Content-Length" not in answer.headers:
            lines.append(f"Content-Length: {len(answer.body)}")
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        self._write(head, answer.drip if answer.drip_headers else 0)
        self._write(answer.body, answer.drip)
        self.close_connection = True

    def _write(self, data: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(data)
            return
        for byte in data:
            time.sleep(pause)
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class JwksServer:
    """The server. ``answers`` maps paths to answers, or to callables from request headers to answers.

    ``handler`` is what answers, for servers that take more than GET. A path that begins with ``//``
    and a host's name is that host's alone.
    """

    handler: type[BaseHTTPRequestHandler] = _Handler

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.ca_pem = certificate_authority().cert_pem.bytes().decode()
        self._context = context or server_context()
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self.port = 0

    def __enter__(self) -> JwksServer:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, at the same port as before if there was one."""
        handler = type("Handler", (self.handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_port
        self._server.socket = self._secured(self._server.socket)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _secured(self, listener: socket.socket) -> socket.socket:
        return self._context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)

    def stop(self) -> None:
        """Listen no more; the port refuses connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def url(self, path: str = "/jwks", host: str = "127.0.0.1") -> str:
        """The URL of ``path`` here."""
        return f"https://{host}:{self.port}{path}"

    def publish(self, *keys: Mapping[str, Any], path: str = "/jwks", **headers: str) -> None:
        """Answer with a JWK Set of ``keys`` at ``path``."""
        self.answers[path] = json_answer({"keys": list(keys)}, **headers)

    def answer_at(self, host: str, path: str) -> Answer | Callable[[dict[str, str]], Answer]:
        """What is answered at ``path`` of ``host``, whose port does not count."""
        own = f"//{host.partition(':')[0]}{path}"
        return self.answers.get(own) or self.answers.get(path) or Answer(status=404)

    def note(self, path: str, headers: dict[str, str]) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append((path, headers))

    def count(self, path: str = "/jwks") -> int:
        """How many requests for ``path`` there were."""
        return sum(1 for requested, _ in self.requests if requested == path)


def dead_port() -> int:
    """A port of the loopback interface at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
