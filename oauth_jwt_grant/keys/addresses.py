"""Which network addresses a fetch may go to, and how a name becomes addresses in bounded time."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from .background import begin

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Host name and port to addresses, in the order of preference. Raises :class:`OSError`.
Resolver = Callable[[str, int], Sequence[str]]
#: Whether a fetch may connect to this address.
AddressPolicy = Callable[[Address], bool]


#: Metadata services of clouds that are not at a link-local address: AWS and Google by IPv6, Alibaba, Oracle,
#: Azure. Whoever reads one becomes the machine.
METADATA_SERVICES = frozenset(
    map(
        ipaddress.ip_address,
        ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    )
)


def is_public(address: Address) -> bool:
    """Whether ``address`` is on the public internet, by ``requests-hardened``'s filter and a little more."""
    address = unmapped(address)
    if address in METADATA_SERVICES:
        return False
    if not address.is_global or address.is_reserved or getattr(address, "is_site_local", False):
        return False
    try:
        # A literal address: nothing is resolved here.
        filter_host(str(address), 443, allow_loopback=False)
    except InvalidIPAddress:
        return False
    return True


def is_inside(address: Address) -> bool:
    """Whether ``address`` may be asked for an issuer inside the operator's own network.

    That is every public, private and loopback address, but none where metadata services of
    clouds live, and no issuer does: :data:`METADATA_SERVICES` and all that are link-local.
    """
    address = unmapped(address)
    if (
        address in METADATA_SERVICES
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    ):
        return False
    return address.is_loopback or not address.is_reserved


def unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), or ``address``."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises :class:`OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, seconds: float) -> list[str]:
    """``resolver`` with a limit: the system's resolver cannot be told when to give up.

    Raises :class:`OSError`, as :class:`TimeoutError` when ``seconds`` have passed; the
    question is then left to itself on its own thread.
    """
    question = begin(lambda: resolver(host, port), "resolver")
    try:
        return list(question.result(seconds))
    except UnicodeError as error:  # a label too long for a host name
        raise OSError("not a host name") from error
    except TimeoutError as error:
        raise TimeoutError("name resolution took too long") from error
