"""Keys that come with the assertion, vouched for by the issuer's own certificate authorities.

The ``x5c`` header (RFC 7515 section 4.1.6) holds a chain of certificates. Its first
one gives the key if the chain leads to a trust anchor that the operator has set
(RFC 5280 section 6) and if the operator has said that this certificate is the
issuer's. The system's trust store plays no part. Revocation lists, OCSP and missing
intermediates are not fetched: remove the anchor or the binding to end the trust, and
let certificates be short-lived.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from ..assertion.errors import AssertionRefused, Reason
from ..assertion.jose import PublicKey, UnusableKey
from ..assertion.texts import Text, _, text_of
from .absence import why_no_key
from .base import CertificateInfo, Clock, KeySource, KeyStatus
from .bindings import Binding, parse_bindings
from .parse import certificate_key, certificate_sha256, decode_certificate
from .pem import has_private_key, read_certificates, trust_certificates

#: The longest chain that is looked at, the leaf and an enclosed anchor included.
MAX_CHAIN = 6


class CertificateKeys(KeySource):
    """Keys certified by ``trust_anchors`` (PEM) in certificates that satisfy one of ``bindings``."""

    def __init__(self, *, trust_anchors: str, bindings: Any, clock: Clock = time.time) -> None:
        self._trust_anchors = trust_anchors
        self._bindings = bindings
        self._clock = clock

    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The key of the first certificate in the ``x5c`` header, if all of it holds now.

        Raises :class:`AssertionRefused` (``NO_SUCH_KEY``) with the reason for operators,
        or ``ISSUER_MISCONFIGURED`` if anchors or bindings cannot be read.
        """
        try:
            anchors, bindings = parse_trust_anchors(self._trust_anchors), parse_bindings(self._bindings)
        except ValueError as error:
            raise AssertionRefused(Reason.ISSUER_MISCONFIGURED, detail=text_of(error)) from error
        now = datetime.fromtimestamp(self._clock(), tz=UTC)
        try:
            key = _certified_key(header, anchors, bindings, now)
        except UnusableKey as error:
            raise AssertionRefused(Reason.NO_SUCH_KEY, detail=Text("x5c: {error}", error=error)) from error
        except Exception as error:
            # Certificates are read bit by bit, and over hostile ones more is raised than is documented.
            raise AssertionRefused(Reason.NO_SUCH_KEY, detail=_("x5c: a certificate is malformed")) from error
        if not key.fits(header["alg"], None):
            detail = Text("x5c: {why}", why=why_no_key(KeyStatus(keys=(key,)), {"alg": header["alg"]}))
            raise AssertionRefused(Reason.NO_SUCH_KEY, detail=detail)
        return (key,)

    def status(self) -> KeyStatus:
        """The trust anchors and when they end."""
        try:
            parse_bindings(self._bindings)
            anchors = parse_trust_anchors(self._trust_anchors)
        except ValueError as error:
            return KeyStatus(last_error=text_of(error))
        return KeyStatus(certificates=tuple(map(certificate_info, anchors)))


def parse_trust_anchors(pem: str) -> list[x509.Certificate]:
    """The certificates in the text ``pem``, all of which are trusted to certify keys of the issuer.

    Raises :class:`ValueError`, fit to be shown to an operator, if there is none, or one that
    cannot be read or is not a CA certificate.
    """
    return list(_parse_anchors(pem))


@lru_cache(maxsize=256)
def _parse_anchors(pem: str) -> tuple[x509.Certificate, ...]:
    _refuse_private_keys(pem)
    anchors = read_certificates(pem)
    for number, anchor in enumerate(anchors, 1):
        try:
            authority = _is_authority(anchor)
        except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            authority = False
        if not authority:
            raise ValueError(
                _(
                    "Certificate {number} is not that of a certificate authority (basicConstraints).",
                    number=number,
                )
            )
    return anchors


def _refuse_private_keys(pem: str) -> None:
    if has_private_key(pem):
        raise ValueError(_("There is a private key beside the certificates: enter certificates alone."))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return constraints.value.ca


def parse_ca_bundle(pem: str) -> list[CertificateInfo]:
    """Return the content of a bundle of certificate authorities for web servers.

    Raises :class:`ValueError`, fit to be shown to an operator, for what no fetch could use, and for a
    private key.
    """
    _refuse_private_keys(pem)
    trust_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)
    return list(map(certificate_info, read_certificates(pem)))


def certificate_info(certificate: x509.Certificate) -> CertificateInfo:
    """Return the properties of ``certificate`` that an operator sees."""
    return CertificateInfo(
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=certificate_sha256(certificate).hex(),
    )


def _certified_key(
    header: Mapping[str, Any],
    anchors: list[x509.Certificate],
    bindings: Sequence[Binding],
    now: datetime,
) -> PublicKey:
    chain = _read_chain(header)
    _check_path(chain, anchors, now)
    if not any(binding(chain[0]) for binding in bindings):
        raise UnusableKey(_("the certificate is not bound to the issuer"))
    return certificate_key(chain[0])


def _read_chain(header: Mapping[str, Any]) -> list[x509.Certificate]:
    """RFC 7515 sections 4.1.6 to 4.1.8: the chain, leaf first, and the thumbprints beside it."""
    texts = header.get("x5c")
    if not isinstance(texts, list) or not texts:
        raise UnusableKey(_("there is no list of certificates"))
    if len(texts) > MAX_CHAIN:
        raise UnusableKey(_("more than {most} certificates", most=MAX_CHAIN))
    chain = [decode_certificate(text) for text in texts]
    der = chain[0].public_bytes(Encoding.DER)
    # SHA-1 proves nothing, but a client that sends the wrong one is confused.
    digests = {
        "x5t#S256": hashlib.sha256(der).digest(),
        "x5t": hashlib.sha1(der, usedforsecurity=False).digest(),
    }
    for name, digest in digests.items():
        if name in header and header[name] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            raise UnusableKey(_("{name} is not of the first certificate", name=name))
    return chain


def _check_path(chain: list[x509.Certificate], anchors: list[x509.Certificate], now: datetime) -> None:
    """RFC 5280 section 6.1, and RFC 7515 section 4.1.6: each certificate certifies the one before it."""
    leaf, *others = chain
    for certificate in others:
        # The sender of the chain has chosen these keys too: none may cost more than a key of an issuer.
        certificate_key(certificate)
    for certificate, issuer in zip(chain, others, strict=False):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise UnusableKey(_("a certificate does not certify the one before it")) from error
    if _is_authority(leaf):
        raise UnusableKey(_("the first certificate is that of a certificate authority"))
    builder = PolicyBuilder().store(Store(anchors)).time(now).max_chain_depth(MAX_CHAIN)
    builder = builder.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(),
        ee_policy=ExtensionPolicy.permit_all().may_be_present(
            x509.KeyUsage, Criticality.AGNOSTIC, _check_key_usage
        ),
    )
    try:
        builder.build_client_verifier().verify(leaf, others)
    except VerificationError as error:
        raise UnusableKey(_("the chain does not lead to a trust anchor, or is not valid now")) from error


def _check_key_usage(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    """RFC 5280 section 4.2.1.3: a certificate that restricts the use of its key must allow signatures."""
    if usage is not None and not usage.digital_signature:
        raise ValueError("keyUsage lacks digitalSignature")
