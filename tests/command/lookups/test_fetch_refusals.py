"""Requests that are refused before they are sent, because a stranger's URL leads to a forbidden place."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import pytest

from sealwax.lookups.fetch import FetchPolicy, FetchRequest, LookupFailed, LookupFailure, fetch
from sealwax.lookups.public_addresses import is_public


def no_connection(*_: object, **__: object) -> socket.socket:
    raise AssertionError("a connection was made")


@pytest.fixture(autouse=True)
def nobody_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", no_connection)


def failure_of(url: str, *addresses: str, allowed_hosts: Sequence[str] = ()) -> LookupFailure:
    policy = FetchPolicy(resolve=lambda _host, _port: addresses, allowed_hosts=frozenset(allowed_hosts))
    with pytest.raises(LookupFailed) as failed:
        fetch(FetchRequest(url=url), policy)
    assert str(failed.value)
    return failed.value.failure


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ca.example.test/crl",
        "file:///etc/passwd",
        "ldap://ca.example.test/cn=ca",
        "http:///crl",
        "http://",
        "",
        "crl",
        "//ca.example.test/crl",
        "http://user@ca.example.test/",
        "http://user:word@ca.example.test/",
        "http://@ca.example.test/",
        "http://public.example\\@10.0.0.1/",
        "http://ca.example.test\r\nX: y/",
        "http://ca.example.test/\tcrl",
        "http://ca.example.test/a b",
        "http://cä.example.test/",
        "http://ca.example.test%00.example/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://ca.example.test:port/",
        "http://ca.example.test:99999/",
        "http://-ca.example.test/",
        "http://ca..example.test/",
        "http://ca.example.test/" + "a" * 2_048,
    ],
)
def test_an_unfit_url_is_refused(url: str) -> None:
    assert failure_of(url, "192.0.2.1") is LookupFailure.BAD_URL


@pytest.mark.parametrize("port", [0, 22, 25, 81, 8080, 65_535])
def test_other_ports_are_refused(port: int) -> None:
    assert failure_of(f"http://ca.example.test:{port}/", "8.8.8.8") is LookupFailure.REFUSED_PORT


def test_a_listed_host_is_listed_for_its_port_alone() -> None:
    listed = ["ca.example.test:8080"]
    assert failure_of("http://ca.example.test:8081/", allowed_hosts=listed) is LookupFailure.REFUSED_PORT
    assert failure_of("http://ca.example.test/", "10.0.0.1", allowed_hosts=listed) is LookupFailure.NOT_PUBLIC
    assert failure_of("http://ca.example.test:8080/", allowed_hosts=["ca.example.test"]) is LookupFailure.REFUSED_PORT


def test_a_listed_host_is_listed_in_any_case_and_form() -> None:
    policy = FetchPolicy(allowed_hosts=frozenset({"CA.Example.test:8080", "[::1]:8081", "10.0.0.1"}))
    assert policy.lists("ca.example.test", 8080)
    assert policy.lists("::1", 8081)
    assert policy.lists("10.0.0.1", 443)
    assert not policy.lists("ca.example.test", 80)
    assert not policy.lists("10.0.0.1", 8080)


def test_listed_networks_admit_their_addresses_and_no_ports() -> None:
    policy = FetchPolicy(allowed_networks=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))
    assert policy.admits(ipaddress.ip_address("10.1.2.3"))
    assert policy.admits(ipaddress.ip_address("fd00::1"))
    assert not policy.admits(ipaddress.ip_address("192.168.0.1"))
    assert not policy.lists("10.1.2.3", 80)


PRIVATE = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.11",
    "192.0.0.100",
    "192.0.0.170",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.88.99.2",
    "192.88.99.255",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:192.0.0.8",
    "::ffff:192.88.99.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::192.0.0.8",
    "64:ff9b::192.88.99.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:808:808::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:470::5efe:10.0.0.1",
    "2001:470::200:5efe:192.168.1.1",
    "2001:470::5efe:192.0.0.8",
    "2001:470::5efe:192.88.99.1",
    "2001:db8::5efe:8.8.8.8",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "2002:c000:8::",
    "2002:c058:6301::",
    "2002:808:808::5efe:10.0.0.1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert failure_of("http://ca.example.test/", address) is LookupFailure.NOT_PUBLIC


@pytest.mark.parametrize("address", PRIVATE)
def test_one_such_address_among_public_ones_is_enough(address: str) -> None:
    assert failure_of("https://ca.example.test/", "8.8.8.8", address) is LookupFailure.NOT_PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "192.0.0.9",
        "192.0.0.10",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.98.255",
        "192.88.100.0",
        "192.175.48.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:200::1",
        "2001:470::5efe:8.8.8.8",
        "2001:db7:ffff::1",
        "2620:4f:8000::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "::ffff:192.0.0.9",
        "64:ff9b::808:808",
        "64:ff9b::192.0.0.10",
        "2002:808:808::1",
        "2002:c000:9::1",
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "localhost"])
def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    """The system's resolver reads these spellings without a question to any server."""
    with pytest.raises(LookupFailed) as failed:
        fetch(FetchRequest(url=f"http://{host}/"))
    # Some systems take the spelling for a host name, which does not exist.
    assert failed.value.failure in (LookupFailure.NOT_PUBLIC, LookupFailure.UNREACHABLE)


def test_a_name_without_an_address_cannot_be_reached() -> None:
    assert failure_of("http://ca.example.test/") is LookupFailure.UNREACHABLE


def test_a_name_that_nobody_knows_cannot_be_reached() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(LookupFailed, match="cannot be reached: Name or service not known") as failed:
        fetch(FetchRequest(url="http://ca.example.test/"), FetchPolicy(resolve=unknown))
    assert failed.value.failure is LookupFailure.UNREACHABLE
