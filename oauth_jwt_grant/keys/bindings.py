"""What ties a certificate to an issuer: without it, every customer of the same CA could sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509

from ..assertion.texts import _
from .parse import certificate_sha256

#: Whether the certificate of a signer is one of the issuer's.
Binding = Callable[[x509.Certificate], bool]

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def parse_bindings(bindings: Any) -> tuple[Binding, ...]:
    """Read a list of ``kind=value`` strings; a certificate must satisfy one of them.

    Kinds: ``subject`` (a whole distinguished name as in RFC 4514), ``dns``, ``uri`` and
    ``email`` (a subject alternative name, compared exactly but for the case of host
    names) and ``sha256`` (over the DER form, in hexadecimal, colons allowed).
    Raises :class:`ValueError`, fit to be shown to an operator, also for an empty list.
    """
    if not isinstance(bindings, list | tuple) or not bindings:
        raise ValueError(_("There must be a list of what ties the certificates to the issuer."))
    return tuple(_parse(binding) for binding in bindings)


def _parse(binding: object) -> Binding:
    kind, _sign, value = binding.partition("=") if isinstance(binding, str) else ("", "", "")
    maker = _MAKERS.get(kind)
    if maker is None or not value:
        kinds = ", ".join(sorted(_MAKERS))
        raise ValueError(
            _(
                "Not KIND=VALUE with a kind among {kinds}: {binding}.",
                kinds=kinds,
                binding=repr(str(binding)[:100]),
            )
        )
    return maker(value)


def _subject(value: str) -> Binding:
    try:
        name = x509.Name.from_rfc4514_string(value)
    except ValueError as error:
        raise ValueError(
            _("Not a distinguished name as in RFC 4514: {value}.", value=repr(value[:100]))
        ) from error
    return lambda certificate: certificate.subject == name


def _sha256(value: str) -> Binding:
    digest = value.replace(":", "").lower()
    if not _SHA256.fullmatch(digest):
        raise ValueError(_("sha256 needs 64 hexadecimal digits."))
    return lambda certificate: certificate_sha256(certificate).hex() == digest


def _dns(value: str) -> Binding:
    name = value.lower()
    return lambda certificate: name in (found.lower() for found in _names(certificate, x509.DNSName))


def _uri(value: str) -> Binding:
    return lambda certificate: value in _names(certificate, x509.UniformResourceIdentifier)


def _email(value: str) -> Binding:
    address = _folded_host(value)
    return lambda certificate: address in map(_folded_host, _names(certificate, x509.RFC822Name))


def _folded_host(address: str) -> str:
    mailbox, at, host = address.rpartition("@")
    return mailbox + at + host.lower()


def _names(
    certificate: x509.Certificate,
    kind: type[x509.DNSName] | type[x509.UniformResourceIdentifier] | type[x509.RFC822Name],
) -> Sequence[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return extension.value.get_values_for_type(kind)


_MAKERS: dict[str, Callable[[str], Binding]] = {
    "subject": _subject,
    "dns": _dns,
    "uri": _uri,
    "email": _email,
    "sha256": _sha256,
}
