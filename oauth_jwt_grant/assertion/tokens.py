"""An assertion before and after its signature was checked: two types, so that nobody mixes them up.

Reading follows RFC 7519 section 7.2 and RFC 7515 section 5.2 for the compact
serialization of a signed JWT. Encrypted JWTs (RFC 7516) and the JSON
serialization are not read: they are not authorization grants here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .errors import AssertionRefused, Reason
from .steps import Step, Watch, unwatched
from .strict_json import MalformedJSON, read_object
from .texts import _
from .wording import ABSENT, the_jwt_has

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnverifiedJWT:
    """A well-formed signed JWT of which nothing else is known: everybody can write one.

    The posted text itself is not kept; ``signing_input`` and ``signature`` never
    show up in a representation.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def alg(self) -> str:
        """The ``alg`` header: a string that has not been checked."""
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        """The ``kid`` header: a hint which key to use (RFC 7515 section 4.1.4)."""
        kid = self.header.get("kid")
        return None if kid is None else str(kid)

    @property
    def typ(self) -> str | None:
        """The ``typ`` header as a media type in lower case, without ``application/``."""
        typ = self.header.get("typ")
        return None if typ is None else media_type(typ)

    @classmethod
    def parse(cls, token: str, max_length: int, watch: Watch = unwatched) -> Self:
        """Read ``token``, at most ``max_length`` characters of it.

        Raises :class:`AssertionRefused` with the reason ``TOO_LONG``, ``MALFORMED`` or
        ``CRITICAL_HEADER``.
        """
        watch(Step.LENGTH, _("at most {most} characters", most=max_length), len(token))
        if len(token) > max_length:
            detail = _(
                "the JWT must have at most {most} characters; it has {number}",
                most=max_length,
                number=len(token),
            )
            raise AssertionRefused(Reason.TOO_LONG, detail=detail)
        watch(Step.FORM, _("three base64url parts, the first two JSON objects"), None)
        parts = _three_parts(token)
        header = _json_part(parts.header, "header")
        jwt = cls(
            header=header,
            claims=_json_part(parts.claims, "claims"),
            signing_input=f"{parts.header}.{parts.claims}".encode("ascii"),
            signature=_decode(parts.signature, "signature"),
        )
        _check_header_types(header)
        watch(Step.CRITICAL, _("no critical header parameters"), header.get("crit"))
        _check_critical(header)
        return jwt


class UnverifiedAssertion(UnverifiedJWT):
    """An :class:`UnverifiedJWT` that names an issuer."""

    __slots__ = ()

    @property
    def issuer(self) -> str:
        """The ``iss`` claim, by which the trust is looked up."""
        return str(self.claims["iss"])

    @classmethod
    def parse(cls, token: str, max_length: int, watch: Watch = unwatched) -> Self:
        """Read the posted ``token`` as :meth:`UnverifiedJWT.parse` does.

        Raises :class:`AssertionRefused` also with ``MISSING_CLAIM`` or ``MALFORMED_CLAIM`` for ``iss``.
        """
        assertion = super().parse(token, max_length, watch)
        _check_issuer_form(assertion.claims)
        return assertion


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """A JWT whose signature and claims were checked against one issuer's policy.

    Only the function ``validate`` makes one. ``expires_at`` is in seconds since the epoch, and so is
    ``usable_until``, which counts the leeway in: from then on, the assertion is refused as expired.
    ``key_id`` and ``thumbprint`` are those of the key that verified it: the header's ``kid`` is only a hint,
    which a thief of the key may leave out.
    """

    issuer: str
    subject: str
    expires_at: float
    usable_until: float
    jti: str | None
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key_id: str | None
    thumbprint: str
    signing_input_digest: str = field(repr=False)

    @property
    def replay_key(self) -> str:
        """What single use is counted by: SHA-256 over the issuer and the ``jti``.

        RFC 7523 section 3, item 7. Without a ``jti`` the signing input stands in, not
        the whole token: anybody can turn an ECDSA signature into a second valid one.
        """
        kind, value = ("jti", self.jti) if self.jti is not None else ("input", self.signing_input_digest)
        # No string of an assertion holds NUL, so the parts cannot run into each other.
        return hashlib.sha256("\0".join((kind, self.issuer, value)).encode()).hexdigest()


def media_type(value: str) -> str:
    """A ``typ`` or ``cty`` value as it is compared (RFC 7515 section 4.1.9)."""
    lowered = value.lower()
    return lowered.removeprefix("application/") if lowered.count("/") == 1 else lowered


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    """The three parts of a JWT. No representation: error reports show those of all variables."""

    header: str
    claims: str
    signature: str


def _three_parts(token: str) -> _Parts:
    if token != token.strip():
        raise AssertionRefused(Reason.MALFORMED, detail=_("white space around it"))
    parts = token.split(".")
    if len(parts) == 5:
        raise AssertionRefused(Reason.MALFORMED, detail=_("five parts: an encrypted JWT"))
    if len(parts) != 3:
        raise AssertionRefused(
            Reason.MALFORMED, detail=_("{number} parts instead of three", number=len(parts))
        )
    return _Parts(*parts)


def _decode(part: str, name: str) -> bytes:
    """Strict base64url (RFC 7515 section 2): its alphabet, no padding, no spare bits."""
    if not _BASE64URL.fullmatch(part):
        raise AssertionRefused(
            Reason.MALFORMED, detail=_("the {name} is not base64url without padding", name=name)
        )
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise AssertionRefused(
            Reason.MALFORMED, detail=_("the {name} is not base64url", name=name)
        ) from error
    # Unused low bits of the last character would give one token many spellings. Only the last group has some.
    last = len(raw) // 3
    if base64.urlsafe_b64encode(raw[last * 3 :]).rstrip(b"=").decode() != part[last * 4 :]:
        raise AssertionRefused(Reason.MALFORMED, detail=_("the {name} is not canonical base64url", name=name))
    return raw


def _json_part(part: str, name: str) -> dict[str, Any]:
    try:
        return read_object(_decode(part, name))
    except MalformedJSON as error:
        raise AssertionRefused(
            Reason.MALFORMED, detail=_("the {name}: {error}", name=name, error=error)
        ) from error


def _check_header_types(header: dict[str, Any]) -> None:
    """RFC 7515 sections 4.1.1, 4.1.4, 4.1.9: ``alg``, ``kid`` and ``typ`` are strings."""
    if not isinstance(header.get("alg"), str):
        raise AssertionRefused(Reason.MALFORMED, detail=_("the header has no alg string"))
    for name in ("kid", "typ", "cty"):
        if name in header and not isinstance(header[name], str):
            raise AssertionRefused(
                Reason.MALFORMED, detail=_("the header parameter {name} is not a string", name=name)
            )
    if "cty" in header and media_type(header["cty"]) == "jwt":
        # RFC 7519 section 7.2, item 8: then the payload would have to be a JWT itself.
        raise AssertionRefused(Reason.MALFORMED, detail=_("a nested JWT (cty)"))


def _check_critical(header: dict[str, Any]) -> None:
    """RFC 7515 section 4.1.11 and RFC 7797 section 7: no extension is understood, so none may be critical."""
    if "crit" in header or header.get("b64", True) is not True:
        name = "crit" if "crit" in header else "b64"
        detail = _(
            "the header parameter {name} must be absent; {found}", name=name, found=the_jwt_has(header[name])
        )
        raise AssertionRefused(Reason.CRITICAL_HEADER, detail=detail)


def _check_issuer_form(claims: Mapping[str, Any]) -> None:
    """RFC 7523 section 3, item 1: there is an issuer, and it is a string."""
    if "iss" not in claims:
        raise AssertionRefused(
            Reason.MISSING_CLAIM, "iss", _("is required; {found}", found=the_jwt_has(ABSENT))
        )
    if not isinstance(claims["iss"], str) or not claims["iss"]:
        detail = _("must be a string that is not empty; {found}", found=the_jwt_has(claims["iss"]))
        raise AssertionRefused(Reason.MALFORMED_CLAIM, "iss", detail)
