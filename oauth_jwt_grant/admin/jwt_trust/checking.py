"""Where the keys of an issuer that nobody trusts yet would be fetched, and whether they verify the JWT."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from ...assertion import (
    AssertionRefused,
    PublicKey,
    Reason,
    UnverifiedAssertion,
    VerifiedAssertion,
    _,
    validate,
)
from ...keys import FetchFailed, KeySource, check_url, well_known_urls, why_no_key
from ...keys.addresses import is_inside, is_public, literal_address
from ...models import TrustedIssuer
from ...trust import FETCHED, LoadedKeyStore, key_source_of, policy_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checked:
    """A JWT that keys of the issuer have verified, and what else a request would refuse it for."""

    jwt: VerifiedAssertion
    faults: tuple[AssertionRefused, ...]


def urls_of(issuer: TrustedIssuer) -> tuple[str, ...]:
    """The URLs that are asked for the keys of ``issuer``: the second one where the first has nothing.

    Raises :class:`FetchFailed` for what is never asked.
    """
    if issuer.key_source == TrustedIssuer.KeySource.JWKS_URL:
        urls: tuple[str, ...] = (issuer.jwks_url,)
    else:
        urls = (issuer.discovery_url,) if issuer.discovery_url else well_known_urls(issuer.issuer)
    may = is_inside if issuer.allow_private_network else is_public
    for url in urls:
        check_url(url)
        address = literal_address(urlsplit(url).hostname or "")
        if address is not None and not may(address):
            raise FetchFailed(_("{address} is not a public address and not allowed", address=address))
    return tuple(dict.fromkeys(urls))


def check(
    jwt: UnverifiedAssertion, issuer: TrustedIssuer, audiences: Collection[str], now: float, *, fetch: bool
) -> Checked:
    """Verify ``jwt`` with the keys of ``issuer``, a row that may be unsaved; with ``fetch`` after a fetch.

    Raises :class:`~oauth_jwt_grant.assertion.NotGranted` where its keys have not signed it.
    """
    is_new = issuer.pk is None
    source = key_source_of(issuer, store=LoadedKeyStore(issuer) if is_new else None)
    if fetch and is_new and issuer.key_source in FETCHED:
        source.refresh()
    faults: dict[str, AssertionRefused] = {}

    def attempt(check: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return check(*args, **kwargs)
        except AssertionRefused as refused:
            faults[str(refused)] = refused
            return None

    verified = validate(jwt, policy_of(issuer, audiences), _candidates(source), now=now, attempt=attempt)
    return Checked(verified, tuple(faults.values()))


def _candidates(source: KeySource) -> Callable[[Mapping[str, Any]], Sequence[PublicKey]]:
    def candidates(header: Mapping[str, Any]) -> Sequence[PublicKey]:
        keys = source.candidates(header)
        if not keys:
            raise AssertionRefused(Reason.NO_SUCH_KEY, detail=why_no_key(source.status(), header))
        return keys

    return candidates
