"""Which addresses may be asked, and names that are none."""

from __future__ import annotations

import ipaddress

import pytest

from oauth_jwt_grant.keys.addresses import is_inside, is_public, resolve_host, resolve_within

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
]
#: Ways to reach an IPv4 address by way of IPv6, and networks for other things.
OTHER = ["64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "2001:db8::1", "192.0.2.1", "192.88.99.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert is_inside(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER, *OTHER])
def test_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_inside(address: str) -> None:
    assert is_inside(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NEVER)
def test_never(address: str) -> None:
    assert not is_inside(ipaddress.ip_address(address))


def test_system_resolver() -> None:
    assert "127.0.0.1" in resolve_host("127.0.0.1", 443)
    assert resolve_within(resolve_host, "localhost", 443, 5)


def test_label_too_long_for_a_name() -> None:
    with pytest.raises(OSError, match="not a host name"):
        resolve_within(resolve_host, "a" * 64 + ".example", 443, 5)
