"""From a JWK Set document to usable keys (RFC 7517 section 5), one bad key at a time."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ..assertion.jose import PRIVATE_MEMBERS, PublicKey, UnusableKey, import_jwk, import_native
from ..assertion.texts import _, text_of
from .base import LeftOut

_MAX_SHOWN = 100


class MalformedKeySet(ValueError):
    """The document is not a JWK Set; the message has the reason."""


@dataclass(frozen=True, slots=True)
class ParsedKeys:
    """The usable keys of a JWK Set, the members that were left out, and every key ID it names."""

    keys: tuple[PublicKey, ...]
    left_out: tuple[LeftOut, ...]
    kids: frozenset[str]


def parse_key_set(document: object, max_keys: int, issuer: str | None = None) -> ParsedKeys:
    """Load the first ``max_keys`` members of the JWK Set ``document``; what cannot be used is left out.

    ``issuer`` is whose keys they are: a key that names another issuer is left out.
    Raises :class:`MalformedKeySet` for what is not an object with a list ``keys``
    (RFC 7517 section 5.1).
    """
    members = _members(document)
    keys: list[PublicKey] = []
    left_out: list[LeftOut] = []
    for position, jwk in enumerate(members[:max_keys]):
        try:
            keys.append(usable_key(jwk, issuer))
        except UnusableKey as error:
            left_out.append(LeftOut(position, shown_kid(jwk), text_of(error)))
    if len(members) > max_keys:
        beyond = _(
            "beyond the {most} keys that are read of one set ({number} in all)",
            most=max_keys,
            number=len(members),
        )
        left_out.append(LeftOut(max_keys, None, beyond))
    kids = {key.kid for key in keys} | {entry.kid for entry in left_out}
    return ParsedKeys(tuple(keys), tuple(left_out), frozenset(kid for kid in kids if kid is not None))


def _members(document: object) -> list[Any]:
    members = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(members, list):
        raise MalformedKeySet(_("not a JWK Set: there is no list of keys"))
    return members


def key_set_text(document: object) -> str:
    """The JSON text of a key set, the same for the same set.

    PostgreSQL stores no order of members. A set that came back in another order would pass for a newer
    one, and nobody would fetch the key that is looked for.
    """
    return json.dumps(document, sort_keys=True)


def parse_text(text: str, max_keys: int, issuer: str | None = None) -> ParsedKeys:
    """:func:`parse_key_set` of a document in JSON; one that has not changed is not parsed twice."""
    named = text, max_keys, issuer
    parsed = _parsed.get(named)
    if parsed is None:
        parsed = parse_key_set(json.loads(text), max_keys, issuer)
        _parsed.put(named, parsed, len(text) + _KEY_BYTES * (len(parsed.keys) + len(parsed.left_out)))
    return parsed


class ParsedSets:
    """The parsed form of the key sets used last, as many as fit into ``budget`` bytes.

    Counted in bytes and not in sets: an issuer whose set changes with each fetch must not fill the memory.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._sets: OrderedDict[Hashable, tuple[ParsedKeys, int]] = OrderedDict()
        self._lock = Lock()
        self.size = 0

    def get(self, name: Hashable) -> ParsedKeys | None:
        """The set called ``name``, if it is here."""
        with self._lock:
            found = self._sets.get(name)
            if found is None:
                return None
            self._sets.move_to_end(name)
            return found[0]

    def put(self, name: Hashable, parsed: ParsedKeys, size: int) -> None:
        """Keep a set of about ``size`` bytes, and in exchange drop those that were used longest ago."""
        with self._lock:
            self.size += size - self._sets.pop(name, (None, 0))[1]
            self._sets[name] = parsed, size
            while self.size > self._budget:
                self.size -= self._sets.popitem(last=False)[1][1]


# Measured: a parsed key takes about 3 kB. All of them together have room for some 7500 keys.
_KEY_BYTES = 4096
_parsed = ParsedSets(32 * 1024 * 1024)


def usable_key(jwk: object, issuer: str | None = None) -> PublicKey:
    """Load one JWK as a key of ``issuer``. Raises :class:`UnusableKey` with the reason why not."""
    if not isinstance(jwk, Mapping):
        raise UnusableKey(_("not a JSON object"))
    key = import_jwk(jwk)
    _check_certificate(jwk, key)
    named = jwk.get("issuer")
    # Entra ID publishes one set for many tenants: some keys are tied to a single other tenant,
    # the rest name a template for all.
    if issuer is not None and isinstance(named, str) and "{tenantid}" not in named and named != issuer:
        raise UnusableKey(_("belongs to another issuer (issuer)"))
    return key


def shown_kid(jwk: object) -> str | None:
    """The key ID of a JWK that may be anything else as well, fit to be shown."""
    kid = jwk.get("kid") if isinstance(jwk, Mapping) else None
    return kid[:_MAX_SHOWN] if isinstance(kid, str) else None


def without_secrets(document: object) -> dict[str, Any]:
    """A copy of a JWK Set that is safe to keep: private and symmetric members are emptied.

    They stay in place by name, so that such a key is still recognised and left out. Raises
    :class:`MalformedKeySet`.
    """
    members = [
        {name: "" if name in PRIVATE_MEMBERS else value for name, value in jwk.items()}
        if isinstance(jwk, Mapping)
        else None
        for jwk in _members(document)
    ]
    return {"keys": members}


def decode_certificate(text: object) -> x509.Certificate:
    """Read one member of an ``x5c`` list: DER in base64, not base64url (RFC 7515 section 4.1.6).

    Raises :class:`UnusableKey`.
    """
    if not isinstance(text, str):
        raise UnusableKey(_("a certificate (x5c) is not a string"))
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise UnusableKey(_("a certificate (x5c) is not DER in base64")) from error


def certificate_key(certificate: x509.Certificate) -> PublicKey:
    """The key that ``certificate`` certifies. Raises :class:`UnusableKey`."""
    try:
        native = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey(_("the key of the certificate is of an unknown type")) from error
    return import_native(native)


def certificate_sha256(certificate: x509.Certificate) -> bytes:
    """SHA-256 over the DER form of ``certificate``, the ``x5t#S256`` of RFC 7515 section 4.1.8."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _check_certificate(jwk: Mapping[str, Any], key: PublicKey) -> None:
    """RFC 7517 section 4.7: the key of the first certificate MUST match the key of the JWK.

    What cannot be read is no certificate of another key: the key needs none, so it is used.
    """
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain:
        return
    try:
        certified = certificate_key(decode_certificate(chain[0]))
    except UnusableKey:
        return
    # Not by their thumbprints: some libraries write numbers with a zero octet before them.
    if certified.native.public_key != key.native.public_key:
        raise UnusableKey(_("certificate (x5c) is not of this key"))
