"""One HTTPS connection to one checked address, with a single deadline for all that happens on it."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from requests_hardened import Config, HTTPSession
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from ..assertion.texts import _
from .addresses import Address
from .pem import trust_certificates


class Deadline:
    """A point in time that ``seconds`` from its creation lead to, by the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """The seconds left, more than 0. Raises :class:`TimeoutError` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(_("no complete answer within {seconds} s", seconds=f"{self.seconds:g}"))
        return left


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket that gives each operation no more than what is left of its context's deadline.

    A timeout alone starts again with each byte that arrives, so a server that drips would never end.
    """

    def do_handshake(self, block: bool = False) -> None:
        """The handshake, within the time for connecting to this address."""
        share = self.gettimeout()
        self._tighten(self.deadline.seconds if share is None else share)
        super().do_handshake(block)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive within the deadline: status line, headers and body all come this way."""
        self._tighten()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send within the deadline."""
        self._tighten()
        return super().send(*args, **kwargs)

    @property
    def deadline(self) -> Deadline:
        """The deadline of the context."""
        return cast(DeadlineContext, self.context).deadline

    def _tighten(self, at_most: float = math.inf) -> None:
        self.settimeout(min(self.deadline.remaining(), at_most))


class DeadlineContext(ssl.SSLContext):
    """A client's TLS context: certificate and host name checked, TLS 1.2 or newer, one deadline.

    Use :meth:`for_fetch` to make one.
    """

    sslsocket_class = DeadlineSocket
    deadline: Deadline

    @classmethod
    def for_fetch(cls, deadline: Deadline, ca_bundle: str = "") -> DeadlineContext:
        """Return a context that trusts only the certificates in ``ca_bundle`` (PEM), or the public CAs.

        Raises :class:`ValueError` for a bundle without certificates that can be used.
        """
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.deadline = deadline
        if ca_bundle:
            trust_certificates(context, ca_bundle)
        else:
            context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
        return context


#: From host and port, and the seconds for connecting, to a socket that leads there.
Connector = Callable[[str, float | None], socket.socket]


def _pool_through(connect: Connector) -> type[HTTPSConnectionPool]:
    """A pool whose connections are made by ``connect``, in the way of urllib3's own SOCKS support."""

    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            timeout = self.timeout if isinstance(self.timeout, int | float) else None
            host = str(self.server_hostname)
            return connect(f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}", timeout)

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


class PinnedAdapter(HTTPAdapter):
    """Connects to ``address`` whatever the host of the URL resolves to by now, or as ``connect`` does.

    The host of the URL stays what the server is asked for (SNI, ``Host``) and what its
    certificate is checked against.
    """

    def __init__(self, address: Address, context: ssl.SSLContext, connect: Connector | None = None) -> None:
        super().__init__()
        self._address = address
        self._context = context
        if connect is not None:
            self.poolmanager.pool_classes_by_scheme = {"https": _pool_through(connect)}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """The pool's address and TLS parameters, with the pinned address instead of the host."""
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        host, port = host_params["host"], host_params["port"]
        shown = f"[{host}]" if ":" in host else host
        request.headers["Host"] = shown if port is None else f"{shown}:{port}"
        pinned = f"[{self._address}]" if self._address.version == 6 else str(self._address)
        return (
            {**host_params, "host": pinned},
            {**pool_kwargs, "server_hostname": host, "ssl_context": self._context},
        )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Add no certificates of ``requests``: the context has the trusted ones."""
        return None


class OneAnswerSession(HTTPSession):  # type: ignore[misc]
    """A session that takes the first answer as it is."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """There is none: to prepare a redirect, even one not followed, would read its whole body."""
        return None


def open_session(address: Address, context: DeadlineContext, connect: Connector | None = None) -> HTTPSession:
    """A session for one request to ``address``: no redirects, nothing from the environment."""
    session = OneAnswerSession(
        Config(
            ip_filter_enable=False,  # the address has been checked, and is pinned
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(context.deadline.seconds, context.deadline.seconds),
        )
    )
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", PinnedAdapter(address, context, connect))
    return session
