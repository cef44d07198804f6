"""Mail servers by the domain's DNS: found for the operator, used once accepted, and only where the Internet is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sealwax.lookups.service_records import LookupFailed
from sealwax.lookups.smimea import NameServer
from sealwax.service import Database
from tests.support.servers.bridge import error_of, sign_in
from tests.support.servers.directory_servers import Zone, run_dns
from tests.support.servers.lying_server import LyingServer
from tests.support.servers.mailboxes import login_at
from webbridge import BridgeConfig, create_app
from webbridge.accounts.domains import MailDomain
from webbridge.accounts.found_servers import AcceptedServers, find_servers
from webbridge.database import SCHEMA
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, MailServer, Security, ServerAddress
from webbridge.services import services_of

pytestmark = pytest.mark.server

SERVICES = {
    "_imaps._tcp.example.test": [
        "10 1 993 other.example.test.",
        "0 1 993 second.example.test.",
        "0 9 993 imap.example.test.",
    ],
    "_submissions._tcp.example.test": ["0 0 0 ."],
    "_submission._tcp.example.test": ["0 1 587 smtp.hosting.test."],
}
FOUND = MailServer(
    imap=ServerAddress(host="imap.example.test", port=993, is_public_only=True),
    smtp=ServerAddress(host="smtp.hosting.test", port=587, security=Security.STARTTLS, is_public_only=True),
)


@pytest.fixture
def zone() -> Iterator[Zone]:
    with run_dns(Zone(services=dict(SERVICES))) as zone:
        yield zone


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = SCHEMA.open(str(tmp_path / "bridge.sqlite"))
    yield database
    database.close()


def find(zone: Zone) -> MailServer:
    return find_servers("example.test", [NameServer(address="127.0.0.1", port=zone.port)])


def test_the_preferred_hosts_are_found(zone: Zone) -> None:
    assert find(zone) == FOUND


def test_pop3_is_taken_where_there_is_no_imap(zone: Zone) -> None:
    del zone.services["_imaps._tcp.example.test"]
    zone.services["_pop3s._tcp.example.test"] = ["0 1 995 pop.example.test."]
    assert find(zone).pop3 == ServerAddress(host="pop.example.test", port=995, is_public_only=True)


@pytest.mark.parametrize(
    ("owner", "record"),
    [
        ("_imaps", "0 1 143 imap.example.test."),
        ("_imaps", "0 1 22 imap.example.test."),
        ("_submission", "0 1 25 smtp.example.test."),
        ("_submissions", "0 1 587 smtp.example.test."),
        ("_imaps", "0 1 993 im_ap.example.test."),
        ("_imaps", "0 1 993 ."),
    ],
)
def test_other_ports_and_odd_hosts_are_refused(zone: Zone, owner: str, record: str) -> None:
    zone.services[f"{owner}._tcp.example.test"] = [record]
    with pytest.raises(LookupFailed):
        find(zone)


def test_a_domain_without_services_or_a_broken_resolver_finds_nothing(zone: Zone) -> None:
    zone.services.clear()
    with pytest.raises(LookupFailed, match="names no server"):
        find(zone)
    zone.bogus = True
    with pytest.raises(LookupFailed, match="no answer"):
        find(zone)


def test_only_accepted_servers_are_used(database: Database, zone: Zone) -> None:
    accepted = AcceptedServers(database)
    assert accepted.find("example.test") is None
    accepted.accept("example.test", find(zone))
    zone.services["_imaps._tcp.example.test"] = ["0 1 993 stranger.test."]
    assert accepted.find("example.test") == FOUND
    accepted.accept("example.test", find(zone))
    changed = accepted.find("example.test")
    assert changed is not None
    assert changed.mailbox.host == "stranger.test"
    assert accepted.find("other.test") is None


def test_a_pop3_server_is_kept_as_one(database: Database) -> None:
    server = replace(FOUND, imap=None, pop3=ServerAddress(host="pop.example.test", port=995, is_public_only=True))
    AcceptedServers(database).accept("example.test", server)
    assert AcceptedServers(database).find("example.test") == server


@pytest.fixture
def browser(config: BridgeConfig) -> Iterator[FlaskClient]:
    domains = (MailDomain(name="example.test", is_found=True),)
    app = create_app(replace(config, mail_server=None, domains=domains))
    yield app.test_client()
    services_of(app).close()


def test_nobody_signs_in_before_the_operator_has_accepted(browser: FlaskClient) -> None:
    assert error_of(sign_in(browser)) == (502, "mail-server-misconfigured")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_found_host_inside_a_private_network_is_not_entered(
    imap: LyingServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    hosts: list[str] = []

    def resolve(host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        hosts.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server = imap.address()
    hidden = replace(server, imap=replace(server.mailbox, host="imap.example.test", is_public_only=True))
    with pytest.raises(GatewayError) as error:
        ImapConnection.open(login_at(hidden))
    assert error.value.code is GatewayCode.MISCONFIGURED
    assert hosts == ["imap.example.test"]
    assert imap.received == []


def test_the_certificate_must_name_the_host_that_was_accepted(
    imap: LyingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = imap.address()

    def resolve(_host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(GatewayError) as error:
        ImapConnection.open(login_at(replace(server, imap=replace(server.mailbox, host="imap.example.test"))))
    assert error.value.code is GatewayCode.MISCONFIGURED
    assert "certificate" in error.value.message
    assert imap.received == []
