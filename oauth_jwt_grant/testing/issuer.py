"""An issuer for tests: its private key is in memory, and its public key is stored with the trusted issuer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse

from ..conf.audiences import server_audiences
from ..dot import get_application_model
from ..grant import GRANT_TYPE
from ..models import ClaimCondition, GrantRule, TrustedIssuer
from ..presets import Applied, apply, get_preset
from ..rules import claim_path


class TestIssuer:
    """Signs assertions for tests with a key of its own (ES256)."""

    __test__ = False  # pytest would collect a class of this name

    def __init__(self, issuer: str = "https://issuer.example", subject: str = "test-subject") -> None:
        self.issuer = issuer
        self.subject = subject
        self.kid = uuid.uuid4().hex
        self._key = generate_private_key(SECP256R1())
        self._typ = "JWT"
        self._claims: dict[str, Any] = {}

    @property
    def jwks(self) -> dict[str, Any]:
        """The JWK Set with the public key."""
        point = self._key.public_key().public_numbers()
        x, y = (_b64(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256"}]}

    def trust(
        self,
        *,
        preset: str | None = None,
        answers: Mapping[str, str] | None = None,
        scopes: str | Iterable[str] = "",
        applications: Iterable[Any] = (),
        **fields: Any,
    ) -> GrantRule:
        """Trust this issuer in the database, and return the new grant rule.

        With a ``preset`` and its ``answers`` the rule has the conditions of the preset, and :meth:`mint` adds
        claims that meet them. ``applications`` are rows or client ids; without any, the rule admits anybody.
        ``fields`` are fields of the rule. Raises ``ValidationError`` where the admin would show an error, and
        saves nothing.
        """
        applied = apply(get_preset(preset), answers or {}) if preset else self._plain()
        self._sign_for(applied)
        rows = [_application(each) for each in applications]
        policy = "listed" if rows else "anonymous"
        listed = scopes if isinstance(scopes, str) else " ".join(scopes)
        for name, value in {"scopes": listed, "client_policy": policy, **fields}.items():
            GrantRule._meta.get_field(name)
            setattr(applied.rule, name, value)
        applied.save(rows)
        return applied.rule

    def mint(self, **claims: Any) -> str:
        """Return a good assertion with ``claims``; ``None`` leaves a claim out."""
        return self._mint(self._key, claims)

    def mint_expired(self, **claims: Any) -> str:
        """Return an assertion that ended an hour ago."""
        now = int(time.time())
        return self.mint(**{"iat": now - 3900, "exp": now - 3600, **claims})

    def mint_for_other_audience(self, **claims: Any) -> str:
        """Return an assertion for another server."""
        return self.mint(**{"aud": "https://other-server.example", **claims})

    def mint_with_other_key(self, **claims: Any) -> str:
        """Return an assertion under the key ID of this issuer, but signed with another key."""
        return self._mint(generate_private_key(SECP256R1()), claims)

    def post(self, assertion: str, **parameters: str) -> Any:
        """Post ``assertion`` to the token endpoint, and return the response of Django's test client."""
        form = {"grant_type": GRANT_TYPE, "assertion": assertion, **parameters}
        # RFC 6749 section 3.2. Django's test client would make a multipart form of a dict.
        return Client().post(
            reverse("oauth2_provider:token"), urlencode(form), "application/x-www-form-urlencoded"
        )

    def _plain(self) -> Applied:
        issuer = TrustedIssuer(name=self.issuer, issuer=self.issuer)
        return Applied(issuer, GrantRule(name=f"test {uuid.uuid4().hex}", subject_policy="no_user"), [])

    def _sign_for(self, applied: Applied) -> None:
        row = applied.issuer
        row.key_source, row.jwks, row.algorithms = "inline", self.jwks, ["ES256"]
        row.discovery_url = row.jwks_url = row.trust_anchors = ""
        row.certificate_bindings = []
        self.issuer = row.issuer
        if row.audiences:
            self._claims["aud"] = row.audiences[0]
        if row.profile == TrustedIssuer.Profile.ID_JAG:
            self._typ = "oauth-id-jag+jwt"
        for condition in applied.conditions:
            _put(self._claims, condition.claim, _example(condition))

    def _mint(self, key: Any, claims: Mapping[str, Any]) -> str:
        now = int(time.time())
        # A minute, as some presets take no longer lifetime.
        good = {
            "iss": self.issuer,
            "sub": self.subject,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        merged = {**good, **self._claims, **claims}
        if "aud" not in merged:
            merged["aud"] = _audience()
        payload = {name: value for name, value in merged.items() if value is not None}
        header = {"alg": "ES256", "kid": self.kid, "typ": self._typ}
        text = ".".join(_b64(json.dumps(part).encode()) for part in (header, payload))
        r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
        return f"{text}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _audience() -> str:
    audiences = server_audiences(RequestFactory().get("/"))
    if not audiences:
        raise ImproperlyConfigured("The test site has no audience: set OAUTH_JWT_GRANT['AUDIENCES'].")
    return min(audiences)


def _application(application: Any) -> Any:
    if isinstance(application, str):
        return get_application_model().objects.get(client_id=application)
    return application


def _example(condition: ClaimCondition) -> Any:
    """Return a value that meets ``condition``."""
    if condition.operator == "contains":
        return list(condition.values)
    value = condition.values[0] if condition.values else "x"
    return value.replace("*", "x").replace("?", "x") if condition.operator == "glob" else value


def _put(claims: dict[str, Any], claim: str, value: Any) -> None:
    """Set the member that ``claim`` names, or points to (RFC 6901)."""
    *parents, last = claim_path(claim)
    for parent in parents:
        claims = claims.setdefault(parent, {})
    claims[last] = value


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
