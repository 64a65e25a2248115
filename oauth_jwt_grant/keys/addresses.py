"""Which network addresses a fetch may go to, and how a name becomes addresses in bounded time."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from ..assertion.texts import _
from .background import begin

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Host name and port to addresses, in the order of preference. Raises :class:`OSError`.
Resolver = Callable[[str, int], Sequence[str]]
#: Whether a fetch may connect to this address.
AddressPolicy = Callable[[Address], bool]


#: Metadata services of clouds that are not at a link-local address: AWS (with all that it serves), Google,
#: Scaleway, Oracle and Linode by IPv6, then Alibaba, Oracle, Azure. A reader can act as the machine.
METADATA_SERVICES = tuple(
    map(
        ipaddress.ip_network,
        (
            "fd00:ec2::/32", "fd20:ce::/32", "fd00:42::42", "fd00:c1::a9fe:a9fe", "fd00:a9fe:a9fe::1",
            "100.100.100.200", "192.0.0.192", "168.63.129.16",
        ),
    )
)  # fmt: skip
# RFC 6052: how a network without IPv4 writes the address of an IPv4 host.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: Ways into IPv4 that no issuer is reached by: 6to4, Teredo, translation by a network's own rules.
TUNNELS = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32", "64:ff9b:1::/48", "::ffff:0:0:0/96")))


def is_public(address: Address) -> bool:
    """Whether ``address`` is on the public internet, by ``requests-hardened``'s filter and a little more."""
    address = _ipv4_of(address)
    if _is_odd(address) or not address.is_global:
        return False
    if address.is_reserved or getattr(address, "is_site_local", False):
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
    A private address has to be written as itself: by NAT64 only public ones are reached.
    """
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return is_public(address)
    address = _ipv4_of(address)
    if _is_odd(address) or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_loopback or not address.is_reserved


def _ipv4_of(address: Address) -> Address:
    """The IPv4 address that ``address`` embeds, or ``address`` if it is one of its own.

    IPv4-mapped addresses (RFC 4291 section 2.5.5.2), and those of NAT64 (RFC 6052 section 2.1).
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _is_odd(address: Address) -> bool:
    """Whether no issuer is there, on whatever network: metadata services, tunnels into IPv4."""
    if any(address in network for network in METADATA_SERVICES):
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return False
    # RFC 5214 section 6.1: ISATAP, whose last half ends in an IPv4 address of the site.
    is_isatap = int(address) >> 32 & 0xFDFFFFFF == 0x5EFE
    return is_isatap or any(address in network for network in TUNNELS)


def literal_address(host: str) -> Address | None:
    """The address that ``host`` writes, also in the short forms of ``inet_aton``; ``None`` for a name."""
    host = host.removesuffix(".").lower()
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 section 6.3
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises :class:`OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(resolver: Resolver, host: str, port: int, seconds: float) -> list[str]:
    """``resolver`` with a limit: the system's resolver has no timeout of its own.

    Raises :class:`OSError`, as :class:`TimeoutError` when ``seconds`` have passed; the
    question is then left to itself on its own thread.
    """
    question = begin(lambda: resolver(host, port), "resolver")
    try:
        return list(question.result(seconds))
    except UnicodeError as error:  # a label too long for a host name
        raise OSError(_("not a host name")) from error
    except TimeoutError as error:
        raise TimeoutError(_("name resolution took too long")) from error
