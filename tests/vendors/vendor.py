"""A vendor's issuer, to the letter of its documentation: metadata, key set, header and claims.

The vendors themselves are data, in ``ci.py``, ``clouds.py``, ``platforms.py`` and ``providers.py``. Their
identifiers and host names are the real ones; who owns what in them is invented.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP, Key, b64, jwk, mint_raw, rsa_key
from tests.jwks_server import JwksServer, json_answer
from tests.keys.authority import Authority, name_of

#: What the workloads ask for, where they can choose.
AUDIENCE = "https://as.example.com/o/token/"


@dataclass(frozen=True)
class Neighbour:
    """Somebody else for whom the same vendor signs, or a token that is made for something else.

    ``claims`` differ so from those of the right workload; ``reason`` is why it gets nothing
    here. ``key`` is another key than the issuer's own, ``kid`` another key ID.
    """

    reason: Reason
    claims: Mapping[str, Any] = field(default_factory=dict)
    key: Callable[[], Key] | None = None
    kid: str = ""


def no_rule(**claims: Any) -> Neighbour:
    """Somebody with a good token, which no rule admits."""
    return Neighbour(Reason.NO_RULE, claims)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """An issuer, and the one workload that is to be trusted.

    ``answers`` are the operator's to the ``preset``. ``claims`` are the workload's without
    dates, ``header`` is what stands in the header beside ``alg`` and ``kid``. ``lifetime`` is
    ``exp - iat`` and ``nbf`` is ``nbf - iat``, both in seconds, ``nbf`` ``None`` where there is none;
    ``jti`` makes one, or there is none. ``reused``: the platform hands the same token out again;
    ``is_client``: a client authenticates with it.
    ``members`` stand in each JWK beside the key itself; ``others`` are further members of the key
    set, and ``certified`` ones have ``x5c`` and its thumbprints.
    """

    name: str
    preset: str
    answers: Mapping[str, str]
    issuer: str
    jwks_uri: str
    claims: Mapping[str, Any]
    neighbours: Mapping[str, Neighbour]
    lifetime: int
    header: Mapping[str, Any] = field(default_factory=lambda: {"typ": "JWT"})
    nbf: int | None = None
    jti: Callable[[], str] | None = None
    reused: bool = False
    is_client: bool = False
    key: Callable[[], Key] = rsa_key
    kid: str = "key-1"
    members: Mapping[str, Any] = field(default_factory=lambda: {"alg": "RS256", "use": "sig"})
    certified: tuple[str, ...] = ()
    others: Callable[[], list[dict[str, Any]]] = list
    discovery_url: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def metadata_url(self) -> str:
        """Where the vendor publishes its metadata."""
        return self.discovery_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    @property
    def hosts(self) -> set[str]:
        """The hosts that serve metadata and keys."""
        return {str(urlsplit(url).hostname) for url in (self.metadata_url, self.jwks_uri)}

    def signing_key(self, key: Callable[[], Key] | None = None, kid: str = "") -> Key:
        """The issuer's key, or another one or with another id."""
        return replace((key or self.key)(), kid=kid or self.kid)

    def published(self, key: Key) -> dict[str, Any]:
        """``key`` as the vendor's key set shows it."""
        wrapped = certificate_of(key) if self.certified else {}
        return jwk(key, **{"use": DROP, **self.members, **{name: wrapped[name] for name in self.certified}})

    def publish(self, server: JwksServer, *keys: Key) -> None:
        """Serve metadata and a key set of ``keys``, or of the issuer's own key, under the vendor's names."""
        found = [self.published(key) for key in keys or (self.signing_key(),)]
        server.answers[place_of(self.metadata_url)] = json_answer(
            {"issuer": self.issuer, "jwks_uri": self.jwks_uri, **self.metadata}
        )
        server.answers[place_of(self.jwks_uri)] = json_answer({"keys": [*self.others(), *found]})

    def token(
        self, changes: Mapping[str, Any] | None = None, *, age: float = 0, key: Key | None = None
    ) -> str:
        """A token of the workload, made ``age`` seconds ago, with ``changes`` in its claims."""
        key = key or self.signing_key()
        issued = int(time.time() - age)
        dates = {"iat": issued, "exp": issued + self.lifetime}
        if self.nbf is not None:
            dates["nbf"] = issued + self.nbf
        jti = {"jti": self.jti()} if self.jti else {}
        claims = {"iss": self.issuer, **self.claims, **dates, **jti, **(changes or {})}
        kept = {name: value for name, value in claims.items() if value is not DROP}
        header = {"alg": key.alg, "kid": key.kid, **self.header}
        return mint_raw(key, json.dumps(header), json.dumps(kept))

    def token_of(self, neighbour: Neighbour) -> str:
        """The token of somebody else."""
        return self.token(neighbour.claims, key=self.signing_key(neighbour.key, neighbour.kid))


def place_of(url: str) -> str:
    """Where the local server answers for ``url``."""
    parts = urlsplit(url)
    return f"//{parts.hostname}{parts.path}"


def uuid4() -> str:
    """What most vendors have as ``jti``."""
    return str(uuid.uuid4())


def other_key() -> Key:
    """The key of another installation."""
    return rsa_key("neighbour")


@cache
def _certificate(name: str, public: Any) -> bytes:
    """A certificate of the key, as vendors wrap their keys into."""
    return Authority(name).issue(name_of(name), key=public).public_bytes(Encoding.DER)


def certificate_of(key: Key) -> dict[str, Any]:
    """``x5c`` and the thumbprints of a certificate of ``key`` (RFC 7517 sections 4.7 to 4.9)."""
    der = _certificate("accounts.accesscontrol.example", key.private)
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    return {
        "x5c": [base64.b64encode(der).decode()],
        "x5t": b64(sha1),
        "x5t#S256": b64(hashlib.sha256(der).digest()),
    }
