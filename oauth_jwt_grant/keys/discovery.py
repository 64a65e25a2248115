"""From an issuer to the URL of its keys: OpenID Connect Discovery 1.0 and RFC 8414."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc8414 import get_well_known_url as oauth_url
from authlib.oidc.discovery import get_well_known_url as openid_url

from .fetch import Fetcher, FetchFailed, check_url
from .transport import Deadline

#: Bounds on what is shown of a document that anybody may have written: length of a string, of a list.
_MAX_TEXT, _MAX_LIST = 500, 20


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an issuer publishes of itself at ``url``, fit to be shown; empty where it says nothing.

    ``algorithms`` are its ``id_token_signing_alg_values_supported``. ``fault`` says why this document does
    not lead to its keys, and is empty if it does.
    """

    url: str
    issuer: str
    jwks_uri: str
    algorithms: tuple[str, ...]
    fault: str


def fetch_metadata(
    fetcher: Fetcher, issuer: str, discovery_url: str, deadline: Deadline
) -> tuple[str, dict[str, Any]]:
    """The metadata of ``issuer`` and where it was: ``discovery_url`` or else the well-known places.

    OpenID Connect's place comes first, RFC 8414's where there is nothing (404). Raises
    :class:`FetchFailed`.
    """
    first, second = (discovery_url, "") if discovery_url else well_known_urls(issuer)
    try:
        return first, fetcher.fetch(first, deadline=deadline).document
    except FetchFailed as error:
        if error.status != 404 or not second:
            raise
        return second, fetcher.fetch(second, deadline=deadline).document


def metadata_of(url: str, document: dict[str, Any], issuer: str) -> Metadata:
    """Return what ``document`` at ``url`` has of ``issuer`` (OpenID Connect Discovery 1.0 section 3)."""
    fault = ""
    try:
        keys_url(document, issuer)
    except FetchFailed as error:
        fault = str(error)
    listed = document.get("id_token_signing_alg_values_supported")
    algorithms = tuple(filter(None, map(_text, listed[:_MAX_LIST]))) if isinstance(listed, list) else ()
    return Metadata(url, _text(document.get("issuer")), _text(document.get("jwks_uri")), algorithms, fault)


def _text(value: object) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def well_known_urls(issuer: str) -> tuple[str, str]:
    """Where the metadata of ``issuer`` may be: OpenID Connect Discovery section 4, RFC 8414 section 3.1.

    Raises :class:`FetchFailed` if ``issuer`` is not an https URL without query.
    """
    check_url(issuer)
    if "?" in issuer:
        raise FetchFailed("the issuer has a query: its metadata has no well-known place")
    return openid_url(issuer, external=True), oauth_url(issuer, external=True)


def keys_url(document: dict[str, Any], issuer: str) -> str:
    """The ``jwks_uri`` of the metadata ``document``, which must be about ``issuer`` exactly.

    RFC 8414 sections 2 and 3.3. Raises :class:`FetchFailed`.
    """
    if document.get("issuer") != issuer:
        raise FetchFailed("the discovery document is about another issuer")
    url = document.get("jwks_uri")
    if not isinstance(url, str):
        raise FetchFailed("the discovery document has no jwks_uri")
    try:
        check_url(url)
    except FetchFailed as error:
        raise FetchFailed(f"the jwks_uri of the discovery document is {error}") from error
    return url
