"""Fetching one JSON object over HTTPS without being led astray (RFC 8725 section 3.10)."""

from __future__ import annotations

import codecs
import ipaddress
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests

from ..assertion.strict_json import MalformedJSON, read_object
from ..assertion.texts import Text, _, text_of
from .addresses import (
    Address,
    AddressPolicy,
    Resolver,
    is_inside,
    is_public,
    literal_address,
    resolve_host,
    resolve_within,
)
from .proxy import Proxy, ProxyFailed, parse_proxy
from .token_files import bearer_for, origin_of
from .transport import Deadline, DeadlineContext, open_session

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,10})", re.IGNORECASE | re.ASCII)
_UNCACHED = re.compile(r"(?:^|[,\s])no-(?:store|cache)", re.IGNORECASE)
# RFC 3986 section 2: no white space, no controls, ASCII alone. Python's parser drops line breaks in silence.
_URL = re.compile(r"[\x21-\x7e]+", re.ASCII)
# RFC 9110 section 8.8.3, also without the quotation marks that some servers leave out.
_ETAG = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
# Some servers compress whatever is asked for.
_ENCODINGS = frozenset({"identity", "gzip", "x-gzip", "deflate"})
_CHUNK = 16384
_HEADERS = {
    "Accept": "application/json, application/jwk-set+json",
    "Accept-Encoding": "identity",
    "User-Agent": "oauth_jwt_grant",
}


class FetchFailed(Exception):
    """Nothing usable was fetched; the message is for an operator. ``status`` is the HTTP status, if any."""

    def __init__(self, text: Text, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """What a fetch brought: a JSON object, or that it has not been modified.

    ``max_age`` is for how many seconds from now the answer may be kept, ``None`` if it
    does not say; ``etag`` goes into the next fetch; ``served_at`` is when the server says it has answered,
    in seconds since the epoch.
    """

    document: dict[str, Any]
    not_modified: bool
    max_age: float | None
    etag: str | None
    served_at: float | None = None


class Fetcher:
    """Fetches JSON objects from addresses that ``policy`` allows, within ``timeout`` seconds in all.

    ``ca_bundle`` (PEM text) takes the place of the public certificate authorities.
    Without ``allow_private_network`` only public addresses are asked. With ``proxy``, a URL, all goes through
    that proxy, which resolves the names: the policy then holds for literal addresses alone. ``token_files``
    has, for an origin, the file with the token to send there.
    """

    def __init__(
        self,
        *,
        timeout: float = 5,
        max_bytes: int = 262144,
        ca_bundle: str = "",
        allow_private_network: bool = False,
        resolver: Resolver = resolve_host,
        policy: AddressPolicy | None = None,
        proxy: str = "",
        token_files: Mapping[str, str] | None = None,
    ) -> None:
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._ca_bundle = ca_bundle
        self._resolver = resolver
        self._proxy = proxy
        self._token_files = token_files or {}
        self._policy = policy or (is_inside if allow_private_network else is_public)

    def deadline(self) -> Deadline:
        """A deadline for several fetches that belong together."""
        return Deadline(self._timeout)

    def fetch(
        self, url: str, *, etag: str | None = None, deadline: Deadline | None = None
    ) -> FetchedDocument:
        """Fetch ``url`` unless it still has the entity tag ``etag``. Raises :class:`FetchFailed`."""
        known = _kept_etag(etag)
        request = _prepared(url, _HEADERS if known is None else {**_HEADERS, "If-None-Match": known})
        deadline = deadline or self.deadline()
        self._authorize(request)
        context, proxy = self._context(deadline), self._parsed_proxy()
        addresses = self._addresses(str(request.url), proxy, deadline)
        failure = FetchFailed(_("the name has no address"))
        for tried, address in enumerate(addresses):
            share = _left(deadline) / (len(addresses) - tried)
            try:
                return self._exchange(request, address, context, proxy, share)
            except (requests.ConnectionError, requests.Timeout, TimeoutError) as error:
                # A dead address must not keep the living ones from being tried.
                _left(deadline)
                failure = FetchFailed(_explain(error))
            except (requests.RequestException, OSError) as error:
                raise FetchFailed(_("the transfer broke: {why}", why=_explain(error))) from error
        raise failure

    def _context(self, deadline: Deadline) -> DeadlineContext:
        try:
            return DeadlineContext.for_fetch(deadline, self._ca_bundle)
        except ValueError as error:
            raise FetchFailed(
                _("the CA bundle is not PEM text with certificates: {error}", error=error)
            ) from error

    def _parsed_proxy(self) -> Proxy | None:
        try:
            return parse_proxy(self._proxy) if self._proxy else None
        except ValueError as error:
            raise FetchFailed(
                _("the proxy of the setting FETCH_PROXY cannot be used: {error}", error=error)
            ) from error

    def _authorize(self, request: requests.PreparedRequest) -> None:
        """Add the token for the origin of ``request``, and of no other."""
        url = str(request.url)
        try:
            authorization = bearer_for(url, self._token_files)
        except ValueError as error:
            raise FetchFailed(
                _("the file of FETCH_TOKEN_FILES for {origin}: {error}", origin=origin_of(url), error=error)
            ) from error
        if authorization:
            request.headers["Authorization"] = authorization

    def _addresses(self, url: str, proxy: Proxy | None, deadline: Deadline) -> list[Address]:
        """Every address that may be asked; DNS is asked once, so that the answer cannot change later."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if proxy is None:
            return self._allowed(host, self._resolved(host, parts.port or 443, deadline))
        written = literal_address(host)
        self._allowed(host, [] if written is None else [written])
        return self._resolved(proxy.host, proxy.port, deadline)

    def _resolved(self, host: str, port: int, deadline: Deadline) -> list[Address]:
        try:
            found = resolve_within(self._resolver, host, port, deadline.remaining())
        except TimeoutError as error:
            raise FetchFailed(text_of(error)) from error
        except OSError as error:
            raise FetchFailed(
                _("the name {host} cannot be resolved: {why}", host=host, why=error.strerror or error)
            ) from error
        try:
            return [ipaddress.ip_address(text) for text in found]
        except ValueError as error:
            raise FetchFailed(_("the name {host} leads to what is not an address", host=host)) from error

    def _allowed(self, host: str, addresses: list[Address]) -> list[Address]:
        """Those of ``addresses`` that may be asked. Raises :class:`FetchFailed` if there are only others."""
        allowed = [address for address in addresses if self._policy(address)]
        if addresses and not allowed:
            raise FetchFailed(
                _(
                    "{host} is at {address}, which is not a public address and not allowed",
                    host=host,
                    address=addresses[0],
                )
            )
        return allowed

    def _exchange(
        self,
        request: requests.PreparedRequest,
        address: Address,
        context: DeadlineContext,
        proxy: Proxy | None,
        share: float,
    ) -> FetchedDocument:
        connect = partial(proxy.open_tunnel, address, context.deadline) if proxy else None
        with open_session(address, context, connect) as session:
            timeout = (share, context.deadline.remaining())
            with session.send(request.copy(), stream=True, timeout=timeout) as response:
                return self._read(response, conditional="If-None-Match" in request.headers)

    def _read(self, response: requests.Response, conditional: bool) -> FetchedDocument:
        not_modified = conditional and response.status_code == 304
        if response.status_code != 200 and not not_modified:
            raise FetchFailed(
                _("the answer has the HTTP status {status}", status=response.status_code),
                response.status_code,
            )
        document = {} if not_modified else self._document(response)
        etag = _kept_etag(response.headers.get("ETag"))
        return FetchedDocument(document, not_modified, _max_age(response), etag, _served_at(response))

    def _document(self, response: requests.Response) -> dict[str, Any]:
        encoding = response.headers.get("Content-Encoding", "").strip().lower() or "identity"
        if encoding not in _ENCODINGS:
            raise FetchFailed(_("the answer is compressed although that was not asked for"))
        # Decompressed here and not by urllib3, which does not stop at a size.
        response.raw.headers.pop("Content-Encoding", None)
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchFailed(_("the answer is larger than {most} bytes", most=self._max_bytes))
        plain = bytes(body) if encoding == "identity" else self._inflated(bytes(body))
        try:
            # RFC 8259 section 8.1 allows a reader to ignore a byte order mark.
            return read_object(plain.removeprefix(codecs.BOM_UTF8))
        except MalformedJSON as error:
            raise FetchFailed(_("the answer is not a JSON object: {error}", error=error)) from error

    def _inflated(self, body: bytes) -> bytes:
        """Return the decompressed ``body``, within the limit on the size."""
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)  # detects zlib or gzip by the header
        try:
            plain = decoder.decompress(body, self._max_bytes + 1)
        except zlib.error as error:
            raise FetchFailed(_("the answer is not compressed as it says")) from error
        if len(plain) > self._max_bytes:
            raise FetchFailed(
                _("the answer is larger than {most} bytes when decompressed", most=self._max_bytes)
            )
        if not decoder.eof:
            raise FetchFailed(_("the compressed answer is cut off"))
        return plain


def check_url(url: str) -> None:
    """Raise :class:`FetchFailed` unless ``url`` is an https URL with a host and without user or fragment."""
    _prepared(url, _HEADERS)


def _prepared(url: str, headers: dict[str, str]) -> requests.PreparedRequest:
    """The request for ``url``. What cannot be one is refused here, so that no form accepts it."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or "@" in parts.netloc or "#" in url or not _URL.fullmatch(url):
        raise FetchFailed(_("not an https URL with a host and without user or fragment"))
    try:
        return requests.Request("GET", url, headers=headers).prepare()
    except (requests.RequestException, ValueError) as error:
        raise FetchFailed(_("not a URL that can be fetched")) from error


def _kept_etag(etag: str | None) -> str | None:
    """``etag``, or ``None`` if it cannot be stored or sent back."""
    return etag if etag is not None and _ETAG.fullmatch(etag) else None


def _left(deadline: Deadline) -> float:
    try:
        return deadline.remaining()
    except TimeoutError as error:
        raise FetchFailed(text_of(error)) from error


def _max_age(response: requests.Response) -> float | None:
    """RFC 9111 section 4.2.1, less the ``Age`` that the answer has already reached on its way."""
    control = response.headers.get("Cache-Control", "")
    if _UNCACHED.search(control):
        return 0
    match = _MAX_AGE.search(control)
    if match is None:
        return None
    return max(0, int(match[1]) - _age(response))


def _age(response: requests.Response) -> int:
    """For how many seconds the answer has been on its way, in caches."""
    age = response.headers.get("Age", "")
    return int(age) if age.isascii() and age.isdigit() and len(age) < 11 else 0


def _served_at(response: requests.Response) -> float | None:
    """RFC 9110 section 6.6.1: when the answer was made, and since then its ``Age``."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp() + _age(response)
    except (KeyError, ValueError, OverflowError):
        return None


def _explain(error: BaseException) -> Text:
    """The innermost cause, in few words: the outer ones only repeat the URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _("TLS: the certificate is not accepted: {why}", why=cause.verify_message)
        if isinstance(cause, ssl.SSLError):
            return Text("TLS: {why}", why=cause.reason or _("the handshake failed"))
        if isinstance(cause, ProxyFailed):
            return text_of(cause)
        if isinstance(cause, TimeoutError):
            return _("cannot connect: no answer")
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException | HTTPException):
            return _("cannot connect: {why}", why=cause.strerror or type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return _("the server does not keep to HTTP")
