"""Keys that an operator has stored with the issuer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ..assertion.errors import AssertionRefused, Reason
from ..assertion.jose import PublicKey, UnusableKey, holds_secret, import_native
from ..assertion.strict_json import MalformedJSON, read_object
from ..assertion.texts import Joined, Text, _
from .base import KeySource, KeyStatus, select
from .parse import MalformedKeySet, ParsedKeys, certificate_key, parse_text, shown_kid, usable_key
from .pem import CERTIFICATE_LABELS, has_private_key, pem_blocks, plain_json


class InlineKeys(KeySource):
    """The keys of a JWK Set that :func:`normalise_jwks` has accepted.

    Keys that are not usable any more (a stricter release, rows that were loaded past
    the validation) are left out one by one.
    """

    def __init__(self, jwks: Any, *, max_keys: int = 100) -> None:
        self._jwks = jwks
        self._max_keys = max_keys

    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The stored keys that ``alg`` and ``kid`` allow."""
        return select(self._parsed().keys, header)

    def status(self) -> KeyStatus:
        """The stored keys, and those that are left out."""
        try:
            parsed = self._parsed()
        except AssertionRefused as refused:
            return KeyStatus(last_error=refused.detail)
        return KeyStatus(keys=parsed.keys, left_out=parsed.left_out)

    def _parsed(self) -> ParsedKeys:
        try:
            return parse_text(json.dumps(self._jwks), self._max_keys)
        except MalformedKeySet as error:
            raise AssertionRefused(
                Reason.ISSUER_MISCONFIGURED, detail=_("stored keys: {error}", error=error)
            ) from error


def normalise_jwks(value: object) -> dict[str, Any]:
    """Return the JWK Set of public keys in ``value``.

    ``value`` is a JWK Set or a JWK (as an object or as JSON text), or PEM text with one
    or more public keys or certificates. Keys of a set that are not understood stay in it
    (RFC 7517 section 5): :meth:`InlineKeys.status` names them as left out. Raises
    :class:`ValueError`, fit to be shown to an operator and without key material, for private
    or symmetric keys, for what is not a key at all, and where no key can be used.
    """
    keys = _from_pem(value) if isinstance(value, str) and "-----BEGIN" in value else _from_json(value)
    if not keys:
        raise ValueError(_("There is no key in it."))
    faults = [fault for number, jwk in enumerate(keys, 1) if (fault := _fault(number, jwk))]
    if len(faults) == len(keys):
        raise ValueError(Joined(" ", faults))
    return {"keys": keys}


def _fault(number: int, jwk: object) -> Text | None:
    """Why the key ``jwk`` cannot be used, or nothing. Raises :class:`ValueError` if it must not be stored."""
    try:
        usable_key(jwk)
    except UnusableKey as error:
        kid = shown_kid(jwk)
        name = (
            _("Key {number}", number=number)
            if kid is None
            else _("Key {number} ({kid})", number=number, kid=kid)
        )
        fault = _("{name} cannot be used: {error}.", name=name, error=error)
        if not isinstance(jwk, Mapping) or holds_secret(jwk):
            raise ValueError(fault) from error
        return fault
    return None


def _from_json(value: object) -> list[Any]:
    try:
        # Objects go the same strict way as text: what no database can hold is refused here.
        text = plain_json(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)
        document = read_object(text.encode("utf-8", "surrogatepass"))
    except MalformedJSON as error:
        raise ValueError(_("Neither PEM nor a JWK Set or JWK in JSON: {error}.", error=error)) from error
    except (TypeError, ValueError) as error:
        raise ValueError(_("Neither PEM nor a JWK Set or JWK in JSON.")) from error
    if isinstance(document.get("keys"), list):
        return list(document["keys"])
    if "kty" in document:
        return [document]
    raise ValueError(_("Neither a JWK Set (no list of keys) nor a JWK (no kty)."))


def _from_pem(text: str) -> list[Any]:
    return [_jwk_of(key) for key in _pem_keys(text)]


def _pem_keys(text: str) -> Iterator[PublicKey]:
    if has_private_key(text):
        raise ValueError(_("The PEM text holds a private key: enter the public key alone."))
    for number, (label, pem) in enumerate(pem_blocks(text), 1):
        try:
            if label in CERTIFICATE_LABELS:
                yield certificate_key(x509.load_pem_x509_certificate(pem))
            elif label in ("PUBLIC KEY", "RSA PUBLIC KEY"):
                yield import_native(load_pem_public_key(pem))
            else:
                raise UnusableKey(_("neither a public key nor a certificate"))
        except UnusableKey as error:
            raise ValueError(
                _("PEM block {number} cannot be used: {error}.", number=number, error=error)
            ) from error
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
            raise ValueError(_("PEM block {number} cannot be used: malformed.", number=number)) from error


def _jwk_of(key: PublicKey) -> dict[str, Any]:
    members = key.native.as_dict(private=False)
    return {name: members[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in members}
