"""From an issuer to the URL of its keys: OpenID Connect Discovery 1.0 and RFC 8414."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc8414 import get_well_known_url as oauth_url
from authlib.oidc.discovery import get_well_known_url as openid_url

from ..assertion.texts import Text, _
from ..assertion.wording import near_miss, shown, typed, with_near
from .fetch import Fetcher, FetchFailed, check_url
from .transport import Deadline


def fetch_metadata(fetcher: Fetcher, issuer: str, discovery_url: str, deadline: Deadline) -> dict[str, Any]:
    """The metadata of ``issuer``, from ``discovery_url`` or else the well-known places.

    OpenID Connect's place comes first, RFC 8414's where there is nothing (404). Raises
    :class:`FetchFailed`.
    """
    first, second = (discovery_url, "") if discovery_url else well_known_urls(issuer)
    try:
        return fetcher.fetch(first, deadline=deadline).document
    except FetchFailed as error:
        if error.status != 404 or not second:
            raise
        return fetcher.fetch(second, deadline=deadline).document


def well_known_urls(issuer: str) -> tuple[str, str]:
    """Where the metadata of ``issuer`` may be: OpenID Connect Discovery section 4, RFC 8414 section 3.1.

    Raises :class:`FetchFailed` if ``issuer`` is not an https URL without query.
    """
    check_url(issuer)
    if "?" in issuer:
        raise FetchFailed(_("the issuer has a query: its metadata has no well-known place"))
    return openid_url(issuer, external=True), oauth_url(issuer, external=True)


def keys_url(document: dict[str, Any], issuer: str) -> str:
    """The ``jwks_uri`` of the metadata ``document``, which must be about ``issuer`` exactly.

    RFC 8414 sections 2 and 3.3. Raises :class:`FetchFailed`.
    """
    if document.get("issuer") != issuer:
        raise FetchFailed(_of_another(document.get("issuer"), issuer))
    url = document.get("jwks_uri")
    if not isinstance(url, str):
        raise FetchFailed(_("the discovery document has no jwks_uri"))
    try:
        check_url(url)
    except FetchFailed as error:
        raise FetchFailed(_("the jwks_uri of the discovery document is {error}", error=error)) from error
    return url


def _of_another(found: object, issuer: str) -> Text:
    """What the metadata has instead of ``issuer``, and in what that differs."""
    near = near_miss([issuer], found)
    text = _(
        "the discovery document is about another issuer: {found}, not {issuer}",
        found=typed(found),
        issuer=shown(issuer),
    )
    return with_near(text, near)
