"""Which addresses may be asked, and names that are none."""

from __future__ import annotations

import ipaddress

import pytest

from oauth_jwt_grant.keys.addresses import is_inside, is_public, resolve_host, resolve_within
from tests.support import cases

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"]
PRIVATE = [
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "127.0.0.1",
    "::1",
    "fd00::1",
    "100.64.0.1",
    "::ffff:10.0.0.1",
]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "0.0.0.0",  # noqa: S104 - not bound to
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:169.254.169.254",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "::ffff:100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::23",
    "fd00:ec2::253",
    "fd00:42::42",
    "fd00:c1::a9fe:a9fe",
    "fd00:a9fe:a9fe::1",
]


def in_ipv6(ipv4: str) -> dict[str, ipaddress.IPv6Address]:
    """The IPv6 addresses that lead to ``ipv4``, by the name of the way."""
    number = int(ipaddress.IPv4Address(ipv4))
    other, port = int(ipaddress.IPv4Address("8.8.8.8")), 0x8000FFFF << 32

    def put(high: str, low: int) -> ipaddress.IPv6Address:
        return ipaddress.IPv6Address(int(ipaddress.IPv6Address(high)) | low)

    return {
        "mapped": put("::ffff:0:0", number),
        "compatible": put("::", number),
        "translated": put("::ffff:0:0:0", number),
        "6to4": put("2002::1", number << 80),
        "Teredo client": put("2001::", other << 64 | port | number ^ 0xFFFFFFFF),
        "Teredo server": put("2001::", number << 64 | port | other ^ 0xFFFFFFFF),
        "NAT64": put("64:ff9b::", number),
        "NAT64 of a network": put("64:ff9b:1::", number),
        "NAT64 of a network, in the middle": put("64:ff9b:1::", number >> 16 << 64 | (number & 0xFFFF) << 40),
        "ISATAP": put("2606:4700::5efe:0:0", number),
        "ISATAP, universal": put("2606:4700::200:5efe:0:0", number),
        "ISATAP inside": put("fd00::5efe:0:0", number),
    }


WAYS = list(in_ipv6("8.8.8.8"))
HIDDEN = ["169.254.169.254", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192", "0.0.0.0"]  # noqa: S104
#: Ways to reach an IPv4 address by way of IPv6, and networks for other things.
OTHER = ["64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "2001:db8::1", "192.0.2.1", "192.88.99.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert is_inside(ipaddress.ip_address(address))


@cases("address", [*PRIVATE, *NEVER, *OTHER])
def test_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@cases("address", PRIVATE)
def test_inside(address: str) -> None:
    assert is_inside(ipaddress.ip_address(address))


@cases("address", NEVER)
def test_never(address: str) -> None:
    assert not is_inside(ipaddress.ip_address(address))


@cases("way", WAYS)
@cases("hidden", HIDDEN)
def test_a_metadata_service_by_way_of_ipv6(way: str, hidden: str) -> None:
    address = in_ipv6(hidden)[way]
    assert not is_public(address)
    assert not is_inside(address)


@cases("way", WAYS)
@cases("private", ["10.0.0.1", "127.0.0.1", "192.168.1.1", "100.64.0.1"])
def test_a_private_address_by_way_of_ipv6(way: str, private: str) -> None:
    """With permission it may be asked as what it is; the system connects to a mapped address as to itself."""
    address = in_ipv6(private)[way]
    assert not is_public(address)
    assert is_inside(address) is (way == "mapped")


@cases("way", WAYS)
def test_a_public_address_by_way_of_ipv6(way: str) -> None:
    """NAT64 is how a network without IPv4 reaches the rest of the internet."""
    address = in_ipv6("8.8.8.8")[way]
    assert is_public(address) is (way in ("mapped", "NAT64"))
    assert is_inside(address) is (way in ("mapped", "NAT64"))


def test_system_resolver() -> None:
    assert "127.0.0.1" in resolve_host("127.0.0.1", 443)
    assert resolve_within(resolve_host, "localhost", 443, 5)


def test_label_too_long_for_a_name() -> None:
    with pytest.raises(OSError, match="not a host name"):
        resolve_within(resolve_host, "a" * 64 + ".example", 443, 5)
