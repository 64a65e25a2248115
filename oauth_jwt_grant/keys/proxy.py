"""A way out through an HTTP proxy that the operator names: CONNECT, with TLS from end to end inside."""

from __future__ import annotations

import base64
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from ..assertion.texts import _
from .addresses import Address
from .transport import Deadline

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")
_ENDS = (b"\r\n\r\n", b"\n\n")
#: Bytes of the proxy's answer to CONNECT.
_MAX_ANSWER = 16384


class ProxyFailed(OSError):
    """The proxy opens no way; the message is for an operator and holds no credentials."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. ``authorization`` is the value of ``Proxy-Authorization``, and is shown nowhere."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def open_tunnel(
        self, address: Address, deadline: Deadline, target: str, share: float | None
    ) -> socket.socket:
        """A connection to ``target`` (host and port) by way of the proxy, which is at ``address``.

        ``share`` is how long to wait for the proxy to accept a connection. Raises :class:`ProxyFailed`,
        and :class:`TimeoutError` at the deadline.
        """
        try:
            tunnel = socket.create_connection((str(address), self.port), timeout=share)
        except OSError as error:
            reason = _("no answer") if isinstance(error, TimeoutError) else error.strerror
            raise ProxyFailed(_("the proxy cannot be reached: {reason}", reason=reason)) from error
        try:
            tunnel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connect(tunnel, target, deadline)
        except ProxyFailed:
            tunnel.close()
            raise
        except OSError as error:
            tunnel.close()
            deadline.remaining()
            raise ProxyFailed(
                _("the proxy breaks off: {why}", why=error.strerror or _("no answer"))
            ) from error
        return tunnel

    def _connect(self, tunnel: socket.socket, target: str, deadline: Deadline) -> None:
        """RFC 9110 section 9.3.6."""
        tunnel.settimeout(deadline.remaining())
        tunnel.sendall(self._request(target))
        status = _STATUS.match(_answer(tunnel, deadline))
        if status is None:
            raise ProxyFailed(_("the proxy does not keep to HTTP"))
        if not status[1].startswith(b"2"):
            raise ProxyFailed(_("the proxy refuses with the HTTP status {status}", status=status[1].decode()))

    def _request(self, target: str) -> bytes:
        # Not kept in a variable of a function that may fail: error reports show those.
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


def _answer(tunnel: socket.socket, deadline: Deadline) -> bytes:
    """The head of the proxy's answer, or nothing. In a tunnel the client speaks first: nothing follows."""
    answer = b""
    while not answer.endswith(_ENDS):
        tunnel.settimeout(deadline.remaining())
        part = tunnel.recv(_MAX_ANSWER)
        answer += part
        if not part or len(answer) > _MAX_ANSWER:
            return b""
    return answer


def parse_proxy(secret: str) -> Proxy:
    """The proxy of a URL such as ``http://user:password@proxy.example:3128``.

    The parameter is named for error reports, which hide the variables of this name. Raises
    :class:`ValueError` with a message that holds nothing of the URL.
    """
    try:
        parts = urlsplit(secret)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or not secret.isascii() or re.search(r"[\x00-\x20\x7f]", secret):
        raise ValueError(_("it is not a URL with host and port"))
    if parts.scheme != "http" or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(_("it is not a URL of the scheme http without path, query and fragment"))
    if parts.username is None:
        return Proxy(host, port)
    password = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return Proxy(host, port, f"Basic {base64.b64encode(password).decode()}")
