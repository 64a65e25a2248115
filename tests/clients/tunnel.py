"""A proxy for HTTPS (RFC 9110 section 9.3.6) that leads every host name to one port of this machine.

By it a program that knows one host alone comes to the test site, whose certificate has that name.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def tunnel(port: int) -> Iterator[str]:
    """Lead all connections to ``port``; yields the proxy's URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _accept(listener: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):  # closed: the test is over
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_connect, args=(client, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with client, client.makefile("rb") as lines, socket.create_connection(("127.0.0.1", port)) as site:
        while lines.readline().strip():
            pass
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=_copy, args=(site, client), daemon=True)
        back.start()
        _copy(client, site)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
