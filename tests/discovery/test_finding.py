"""The native client against real servers on loopback: dead, lying, endless and slow ones before a good one."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealwax.discovery.finding import (
    MAX_PUBLISHERS,
    DiscoveryUnavailable,
    Found,
    begin_to_follow,
    find_newest,
    find_publishers,
)
from sealwax.lookups.fetch import FetchPolicy
from sealwax.lookups.smimea import NameServer
from smime_core.blocking import run
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import FollowedDiscovery, follow_discovery
from tests.support.people import NOW, PROVIDER
from tests.support.server_lists import DOMAIN, HOUR, LIST, PINNED, key, number, sign, succession
from tests.support.servers.directory_servers import Zone, run_dns
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import Reply, WebServer, reply_with, run_raw_server, run_web_server
from webbridge.demo.tls import write_tls_files

pytestmark = pytest.mark.server

PATH = "/.well-known/sealwax-discovery.json"
LATER = NOW + HOUR
NEWER = sign(number(8, hours=1))
UNSIGNED = json.dumps(json.loads(NEWER) | {"signature": ""}).encode()


def policy(*servers: WebServer, seconds: float = 30) -> FetchPolicy:
    return FetchPolicy(allowed_hosts=frozenset(server.host for server in servers), timeout_seconds=seconds)


def followed() -> FollowedDiscovery:
    return run(follow_discovery(sign(), PROVIDER, DOMAIN, PINNED, NOW))


def renew(servers: Sequence[WebServer], *, at: datetime = LATER, seconds: float = 30) -> Found:
    urls = [server.url(PATH) for server in servers]
    return find_newest(followed(), urls, PROVIDER, at=at, policy=policy(*servers, seconds=seconds))


def codes(found: Found) -> list[str]:
    return [refusal.code for refusal in found.refusals]


def redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "https://mallory.test/")
    handler.end_headers()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 8_192)


@pytest.fixture
def good() -> Iterator[WebServer]:
    with run_web_server(reply_with(NEWER)) as server:
        yield server


def test_a_client_takes_the_first_newer_document(good: WebServer) -> None:
    result = renew([good])
    assert (result.server_list.number, result.publisher, result.refusals) == (8, good.url(PATH), ())
    assert [line for line, _, _ in good.asked] == [f"GET {PATH} HTTP/1.1"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (reply_with(UNSIGNED), "discovery-unsigned"),
        (reply_with(sign(number(8, hours=1), key(2))), "discovery-unsigned"),
        (reply_with(sign(number(9, hours=-24))), "discovery-expired"),
        (reply_with(sign(number(9, hours=2))), "discovery-not-yet-valid"),
        (reply_with(sign(dataclasses.replace(number(9), domain="other.test"))), "discovery-of-another-domain"),
        (reply_with(sign(number(6))), "discovery-older"),
        (reply_with(sign(dataclasses.replace(LIST, servers=()))), "discovery-older"),
        (reply_with(b"<html>log in to the network of this hotel</html>"), "malformed-message"),
        (reply_with(b""), "malformed-message"),
        (reply_with(NEWER[:-10]), "malformed-message"),
        (reply_with(NEWER + b" " * MAX_DISCOVERY_BYTES), "lookup-failed: too-large"),
        (endless, "lookup-failed: too-large"),
        (reply_with(NEWER, status=404), "lookup-failed: http-status"),
        (reply_with(NEWER, status=500), "lookup-failed: http-status"),
        (redirect, "lookup-failed: redirect"),
    ],
)
def test_a_lying_server_only_makes_the_client_ask_the_next_one(reply: Reply, code: str, good: WebServer) -> None:
    with run_web_server(reply) as liar:
        result = renew([liar, good])
        assert (codes(result), result.refusals[0].publisher) == ([code], liar.url(PATH))
        assert (result.server_list.number, result.publisher) == (8, good.url(PATH))


def test_a_dead_server_only_makes_the_client_ask_the_next_one(good: WebServer) -> None:
    result = renew([WebServer(port=free_port()), good])
    assert (codes(result), result.publisher) == (["lookup-failed: unreachable"], good.url(PATH))


def test_a_silent_server_only_makes_the_client_ask_the_next_one(good: WebServer) -> None:
    def be_silent(_connection: socket.socket, over: threading.Event) -> None:
        over.wait()

    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        while not over.wait(0.05):
            connection.sendall(b" ")

    with run_raw_server(be_silent) as silent, run_raw_server(drip) as slow:
        result = renew([silent, slow, good], seconds=0.5)
    assert (codes(result), result.publisher) == (["lookup-failed: timeout"] * 2, good.url(PATH))


def test_all_of_them_together_leave_the_last_good_list() -> None:
    replies = (reply_with(UNSIGNED), reply_with(sign(number(6))), reply_with(b"?"))
    with ExitStack() as stack:
        servers = [stack.enter_context(run_web_server(reply)) for reply in replies]
        result = renew([WebServer(port=free_port()), *servers])
    assert codes(result) == [
        "lookup-failed: unreachable", "discovery-unsigned", "discovery-older", "malformed-message",
    ]  # fmt: skip
    assert (result.server_list, result.publisher, result.followed) == (LIST, None, followed())


def test_the_last_good_list_is_used_for_thirty_days_after_its_end() -> None:
    dead = WebServer(port=free_port())
    end = NOW + 24 * HOUR + timedelta(days=30)
    assert renew([dead], at=end - timedelta(seconds=1)).server_list == LIST
    with pytest.raises(DiscoveryUnavailable, match="the last good document: discovery-expired") as failed:
        renew([dead], at=end)
    assert [refusal.code for refusal in failed.value.refusals] == ["lookup-failed: unreachable", "discovery-expired"]


@pytest.mark.parametrize(("days", "code"), [(2, "discovery-expired"), (-2, "discovery-not-yet-valid")])
def test_a_client_whose_clock_is_days_off_says_so_and_keeps_its_list(good: WebServer, days: int, code: str) -> None:
    result = renew([good], at=LATER + timedelta(days=days))
    assert (codes(result), result.server_list, result.publisher) == ([code], LIST, None)


def test_a_server_that_lags_behind_does_not_hide_a_newer_document(good: WebServer) -> None:
    with run_web_server(reply_with(sign())) as lagging:
        assert renew([lagging, good]).publisher == good.url(PATH)
        unchanged = renew([lagging])
        assert (unchanged.publisher, unchanged.server_list) == (lagging.url(PATH), LIST)


def test_a_client_begins_with_the_first_good_document(good: WebServer) -> None:
    with run_web_server(reply_with(UNSIGNED)) as liar:
        urls = [server.url(PATH) for server in (liar, good)]
        result = begin_to_follow(DOMAIN, PINNED, urls, PROVIDER, at=LATER, policy=policy(liar, good))
        assert (result.server_list.number, codes(result)) == (8, ["discovery-unsigned"])
        with pytest.raises(DiscoveryUnavailable, match="discovery-unsigned"):
            begin_to_follow(DOMAIN, PINNED, urls[:1], PROVIDER, at=LATER, policy=policy(liar))


def test_a_client_follows_a_new_key() -> None:
    with run_web_server(reply_with(sign(number(8), key(2), succession(key(1), key(2))))) as server:
        assert renew([server]).followed.key != PINNED


@pytest.mark.parametrize(
    ("records", "hosts"),
    [
        (
            ["20 0 443 second.example.test.", "10 1 8443 light.example.test.", "10 9 443 heavy.example.test."],
            ["heavy.example.test", "light.example.test:8443", "second.example.test", DOMAIN],
        ),
        ([f"{number} 0 443 s{number}.example.test." for number in range(9)], ["s0.example.test", "s1.example.test",
         "s2.example.test", "s3.example.test", DOMAIN]),
        (["0 0 443 example.test."], [DOMAIN]),
        (["0 0 0 ."], [DOMAIN]),
        ([], [DOMAIN]),
    ],
)  # fmt: skip
def test_the_dns_names_the_servers_and_the_domain_is_the_last(records: list[str], hosts: list[str]) -> None:
    with run_dns(Zone(services={f"_sealwax._tcp.{DOMAIN}": records})) as zone:
        publishers = find_publishers(DOMAIN, [NameServer(address="127.0.0.1", port=zone.port)])
    assert publishers == tuple(f"https://{host}{PATH}" for host in hosts)
    assert len(publishers) <= MAX_PUBLISHERS


def test_a_dns_that_does_not_answer_leaves_the_domain() -> None:
    with run_dns(Zone(rcode="SERVFAIL")) as zone:
        assert find_publishers(DOMAIN, [NameServer(address="127.0.0.1", port=zone.port)]) == (
            f"https://{DOMAIN}{PATH}",
        )


@pytest.fixture
def own_tls(tmp_path: Path) -> Path:
    write_tls_files(tmp_path, datetime.now(UTC), names=("one.example.test", "two.example.test"))
    return tmp_path


def test_servers_of_the_dns_are_asked_by_tls_under_their_names(own_tls: Path, good: WebServer) -> None:
    """The third server's certificate does not name it, and the fourth one is on a port that nobody has allowed."""
    with ExitStack() as stack:
        secure = {
            name: stack.enter_context(run_web_server(reply_with(body), tls_folder=own_tls))
            for name, body in (("one", sign(number(6))), ("two", NEWER), ("other", NEWER), ("fourth", NEWER))
        }
        ports = {name: server.port for name, server in secure.items()}
        records = [
            f"1 0 {ports['fourth']} fourth.example.test.", f"2 0 {ports['other']} other.example.test.",
            f"3 0 {ports['one']} one.example.test.", f"4 0 {ports['two']} two.example.test.",
        ]  # fmt: skip
        zone = stack.enter_context(run_dns(Zone(services={f"_sealwax._tcp.{DOMAIN}": records})))
        publishers = find_publishers(DOMAIN, [NameServer(address="127.0.0.1", port=zone.port)])
        allowed = frozenset(f"{name}.example.test:{ports[name]}" for name in ("one", "two", "other"))
        rules = FetchPolicy(
            allowed_hosts=allowed, ca_file=own_tls / "tls_ca.pem", timeout_seconds=30, resolve=lambda *_: ["127.0.0.1"]
        )
        result = find_newest(followed(), publishers, PROVIDER, at=LATER, policy=rules)
    assert codes(result) == ["lookup-failed: refused-port", "lookup-failed: unreachable", "discovery-older"]
    assert "certificate is not valid" in result.refusals[1].text
    assert result.publisher == f"https://two.example.test:{ports['two']}{PATH}"


def test_the_dns_leads_nobody_into_a_private_network() -> None:
    rules = FetchPolicy(timeout_seconds=30, resolve=lambda *_: ["10.0.0.1"])
    result = find_newest(followed(), [f"https://one.example.test{PATH}"], PROVIDER, at=LATER, policy=rules)
    assert codes(result) == ["lookup-failed: not-public"]
