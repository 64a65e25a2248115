"""A certificate authority for tests that can also issue what no good one would."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .material import START, ec_key

NOW = datetime.fromtimestamp(START, tz=UTC)
DAY = timedelta(days=1)

Extension = tuple[x509.ExtensionType, bool]


def name_of(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example AS"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*uses: str) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in uses for name in names})


SIGNER: tuple[Extension, ...] = ((key_usage("digital_signature"), True),)


class Authority:
    """A CA called ``name``, certified by ``parent`` or by itself."""

    def __init__(
        self,
        name: str,
        parent: Authority | None = None,
        *,
        key: Any = None,
        path_length: int | None = None,
        extensions: Sequence[Extension] = (),
        **dates: Any,
    ) -> None:
        self.key: Any = key or ec.generate_private_key(ec.SECP256R1())
        self.name = name_of(name)
        ca: tuple[Extension, ...] = (
            (x509.BasicConstraints(ca=True, path_length=path_length), True),
            (key_usage("key_cert_sign", "crl_sign"), True),
            *extensions,
        )
        self.certificate = (parent or self).issue(self.name, key=self.key, extensions=ca, **dates)

    def issue(
        self,
        subject: x509.Name,
        *,
        key: Any = None,
        extensions: Sequence[Extension] = SIGNER,
        names: Sequence[x509.GeneralName] = (),
        start: datetime = NOW - 30 * DAY,
        end: datetime = NOW + 30 * DAY,
        issuer: x509.Name | None = None,
    ) -> x509.Certificate:
        """Certify ``key`` (by default one that has the common name's name) as that of ``subject``."""
        if key is None:
            key = ec_key(str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @staticmethod
    def b64(certificate: x509.Certificate) -> str:
        return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
