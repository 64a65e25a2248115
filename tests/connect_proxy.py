"""A real proxy on the loopback interface that tunnels (CONNECT), or answers as a test says.

with ConnectProxy({"keys.example": "127.0.0.1"}, credentials="user:password") as proxy:
    fetch(through=proxy.url)
    assert proxy.targets == ["keys.example:443"]
"""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
import time
from collections.abc import Mapping
from typing import Any

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the game."""


class _Handler(socketserver.StreamRequestHandler):
    owner: ConnectProxy

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split(" ")
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        answer = self.owner.answer_to(method, target, headers)
        for part in self.owner.parts_of(answer):
            self.wfile.write(part)
        if answer == _ESTABLISHED:
            self._tunnel(target)

    def _tunnel(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        address = self.owner.names.get(host, host.strip("[]"))
        with socket.create_connection((address, int(port))) as server:
            back = threading.Thread(target=_pump, args=(server, self.connection), daemon=True)
            back.start()
            _pump(self.connection, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class ConnectProxy:
    """The proxy. ``names`` is how it resolves names; ``answer`` is what it says instead of tunnelling.

    With ``drip`` it pauses for that long before each byte of the answer.
    """

    def __init__(
        self,
        names: Mapping[str, str] | None = None,
        *,
        credentials: str = "",
        answer: bytes | None = None,
        drip: float = 0,
    ) -> None:
        self.names = names or {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._credentials = credentials
        self._answer = answer
        self._drip = drip
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> ConnectProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its URL, without credentials."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """What tunnels were asked for."""
        return [target for _, target, _ in self.requests]

    def answer_to(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        """The answer to a request, which is noted."""
        self.requests.append((method, target, headers))
        if self._answer is not None:
            return self._answer
        wanted = f"Basic {base64.b64encode(self._credentials.encode()).decode()}"
        if self._credentials and headers.get("proxy-authorization") != wanted:
            return b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        return _ESTABLISHED if method == "CONNECT" else b"HTTP/1.1 501 Not Implemented\r\n\r\n"

    def parts_of(self, answer: bytes) -> Any:
        """``answer`` as it is sent."""
        if not self._drip:
            yield answer
            return
        for byte in answer:
            time.sleep(self._drip)
            yield bytes([byte])
