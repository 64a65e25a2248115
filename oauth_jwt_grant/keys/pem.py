"""Text that people paste and editors save: PEM (RFC 7468) and JSON, as they come.

What stands outside of PEM's armor is comment, in any script. A byte order mark, the line ends of Windows,
no-break and zero-width spaces are what editors and web pages add to text that was fine.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..assertion.texts import _

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_STRAY = {ord(character): " " for character in "\u00a0\u2007\u202f"} | dict.fromkeys(
    map(ord, "\ufeff\u200b\u200c\u200d\u2060")
)
_STRING_OR_STRAY = re.compile(r'"(?:[^"\\]|\\.)*"?|[\u00a0\u2007\u202f\ufeff\u200b\u200c\u200d\u2060]')
CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")


def pem_blocks(text: str) -> Iterator[tuple[str, bytes]]:
    """The label and the text, in ASCII, of each PEM block in ``text``."""
    for block in _BLOCK.finditer(text.translate(_STRAY)):
        lines = [line.strip() for line in block[0].splitlines()]
        # An empty line ends the headers (RFC 1421), and without headers it has no meaning.
        kept = lines if ":" in block[0] else filter(None, lines)
        yield block[1], "\n".join(kept).encode("ascii", "replace")


def plain_json(text: str) -> str:
    """``text`` without what strict JSON does not allow between its tokens, though nobody sees it."""
    return _STRING_OR_STRAY.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)


def has_private_key(text: str) -> bool:
    """Whether the PEM text ``text`` holds a private key, which must not be stored."""
    return "PRIVATE KEY-----" in text.translate(_STRAY)


def read_certificates(text: str) -> tuple[x509.Certificate, ...]:
    """The certificates in the PEM text ``text``. Raises :class:`ValueError` if there is none or a bad one.

    Each has an issuer, a subject and dates that can be read.
    """
    pems = [pem for label, pem in pem_blocks(text) if label in CERTIFICATE_LABELS]
    if not pems:
        raise ValueError(_("Not PEM text with one or more certificates."))
    return tuple(_read(number, pem) for number, pem in enumerate(pems, 1))


def trust_certificates(context: ssl.SSLContext, text: str) -> None:
    """Let ``context`` trust the certificates in the PEM text ``text``, each of them.

    Raises :class:`ValueError` if there is none, or one that the TLS library does not take.
    """
    for number, certificate in enumerate(read_certificates(text), 1):
        try:
            context.load_verify_locations(cadata=certificate.public_bytes(Encoding.DER))
        except ssl.SSLError as error:
            raise ValueError(
                _("Certificate {number} cannot be used by the TLS library.", number=number)
            ) from error


def _read(number: int, pem: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        # They are read only when they are asked for.
        certificate.subject.rfc4514_string(), certificate.issuer
        certificate.not_valid_before_utc, certificate.not_valid_after_utc  # noqa: B018
    except Exception as error:  # of malformed certificates more is raised than is documented
        raise ValueError(_("Certificate {number} cannot be read.", number=number)) from error
    return certificate
