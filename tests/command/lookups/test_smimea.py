"""SMIMEA records over a real DNS conversation: where they are, what each kind means, and what DNSSEC says."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dns.name
import dns.resolver
import dns.wire
import pytest

from sealwax.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from sealwax.lookups.smimea import (
    DnssecStatus,
    NameServer,
    SmimeaAnswer,
    find_smimea,
    name_server,
    owner_name,
    system_name_servers,
)
from smime_core.trust.contacts import CertificateSource
from tests.support.people import anchor, person
from tests.support.servers.directory_servers import HOST, Zone, run_dns, smimea

pytestmark = pytest.mark.server

BOB = "bob@example.test"
OWNER = owner_name(BOB)
BOBS = person("bob").certificate


@pytest.fixture
def zone() -> Iterator[Zone]:
    with run_dns(Zone(records={OWNER: [smimea(3, 0, 0, BOBS.der)]})) as running:
        yield running


def ask(zone: Zone, address: str = BOB, *, is_trusted: bool = True, seconds: float = 5.0) -> SmimeaAnswer:
    servers = [NameServer(address=HOST, port=zone.port, is_trusted=is_trusted)]
    return find_smimea(address, name_servers=servers, timeout_seconds=seconds)


def problem(zone: Zone, **how: float) -> DirectoryProblem:
    with pytest.raises(DirectoryFailed) as failed:
        ask(zone, **how)  # type: ignore[arg-type]
    return failed.value.problem


def test_the_owner_name_is_that_of_the_rfc() -> None:
    """The expected name is the example of RFC 8162 section 3."""
    expected = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com"
    assert owner_name("hugh@example.com") == expected


def test_quotes_and_quoting_are_no_part_of_what_is_hashed() -> None:
    label = hashlib.sha256(b'two "words"').digest()[:28].hex()
    assert owner_name('"two \\"words\\""@example.com') == f"{label}._smimecert.example.com"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hugh@example.com", "hugh@example.com", False),
        ('"hugh"@example.com', "hugh@example.com", True),
        ('"hu\\gh"@example.com', "hugh@example.com", True),
        ("jo\u0308rg@example.com", "j\u00f6rg@example.com", True),
        ("hugh@b\u00fccher.example", "hugh@xn--bcher-kva.example", True),
        ("hugh+lists@example.com", "hugh@example.com", False),
    ],
)
def test_local_parts_are_hashed_as_they_stand(one: str, other: str, same: bool) -> None:
    assert (owner_name(one) == owner_name(other)) is same


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "a@[127.0.0.1]", "a@b, c@d", "a@" + "b" * 64 + ".test", "a@ü..test"]
)
def test_an_address_without_a_domain_name_is_refused(address: str) -> None:
    with pytest.raises(DirectoryFailed) as failed:
        owner_name(address)
    assert failed.value.problem is DirectoryProblem.BAD_ADDRESS


@pytest.mark.parametrize("domain", ["b" * 64 + ".test", "b." * 95 + "test", "b" * 200 + "." + "c" * 60])
def test_a_domain_that_dns_has_no_room_for_is_not_asked_for(domain: str) -> None:
    with pytest.raises(DirectoryFailed) as failed:
        owner_name(f"a@{domain}")
    assert failed.value.problem is DirectoryProblem.BAD_ADDRESS


def test_a_secure_answer_gives_the_certificate_by_tcp_where_it_is_large(zone: Zone) -> None:
    answer = ask(zone)
    assert answer.status is DnssecStatus.SECURE
    (candidate,) = answer.find_certificates()
    assert (candidate.certificate, candidate.source) == (BOBS, CertificateSource.SMIMEA)
    assert candidate.detail == "example.test, signed"
    assert [transport for _, transport in zone.asked] == ["udp", "tcp"]


def test_without_authentic_data_the_answer_is_insecure_and_says_so(zone: Zone) -> None:
    zone.authentic = False
    answer = ask(zone)
    assert answer.status is DnssecStatus.INSECURE
    (candidate,) = answer.find_certificates()
    assert candidate.detail == "example.test, not signed"
    assert not answer.confirms(BOBS)


def test_the_word_of_a_resolver_that_is_not_trusted_counts_for_nothing(zone: Zone) -> None:
    """Anybody on the network path to the resolver could set the AD bit."""
    assert ask(zone, is_trusted=False).status is DnssecStatus.INSECURE


def test_resolvers_on_this_machine_are_trusted() -> None:
    assert name_server("127.0.0.53").is_trusted
    assert name_server("::1").is_trusted
    assert not name_server("192.0.2.1").is_trusted
    with pytest.raises(DirectoryFailed):
        name_server("dns.example.test")
    assert all(isinstance(server, NameServer) for server in system_name_servers())


def test_a_bogus_answer_gives_nothing_and_says_why(zone: Zone) -> None:
    zone.bogus = True
    assert problem(zone) is DirectoryProblem.NOT_AUTHENTIC


def test_a_bogus_answer_that_names_its_error_is_not_asked_for_again(zone: Zone) -> None:
    zone.bogus, zone.extended_error = True, 6
    assert problem(zone) is DirectoryProblem.NOT_AUTHENTIC
    assert len(zone.asked) == 1


def test_a_server_that_fails_otherwise_is_not_called_bogus(zone: Zone) -> None:
    zone.rcode = "SERVFAIL"
    assert problem(zone) is DirectoryProblem.REFUSED
    zone.rcode, zone.extended_error = "SERVFAIL", 22
    assert problem(zone) is DirectoryProblem.REFUSED


def test_an_address_without_records_is_no_problem(zone: Zone) -> None:
    answer = ask(zone, "alice@example.test")
    assert answer.records == ()
    assert answer.find_certificates() == ()
    zone.records[owner_name("alice@example.test")] = []
    assert ask(zone, "alice@example.test").records == ()


def test_an_alias_is_followed_within_the_answer(zone: Zone) -> None:
    zone.aliases[owner_name("robert@example.test")] = OWNER
    assert ask(zone, "robert@example.test").find_certificates()[0].certificate == BOBS


@pytest.mark.parametrize("usage", [1, 3])
@pytest.mark.parametrize(
    ("selector", "matching_type", "data"),
    [
        (0, 0, BOBS.der),
        (1, 0, BOBS.public_key.spki_der),
        (0, 1, hashlib.sha256(BOBS.der).digest()),
        (1, 1, hashlib.sha256(BOBS.public_key.spki_der).digest()),
        (0, 2, hashlib.sha512(BOBS.der).digest()),
        (1, 2, hashlib.sha512(BOBS.public_key.spki_der).digest()),
    ],
)
def test_each_kind_of_record_confirms_the_one_certificate(
    zone: Zone, usage: int, selector: int, matching_type: int, data: bytes
) -> None:
    zone.records[OWNER] = [smimea(usage, selector, matching_type, data)]
    answer = ask(zone)
    assert answer.confirms(BOBS)
    assert not answer.confirms(person("alice").certificate)
    assert len(answer.find_certificates()) == (1 if (selector, matching_type) == (0, 0) else 0)


@pytest.mark.parametrize("usage", [0, 2])
def test_records_of_authorities_confirm_nobody_and_lead_upwards(zone: Zone, usage: int) -> None:
    zone.records[OWNER] = [smimea(3, 0, 0, BOBS.der), smimea(usage, 0, 0, anchor().der)]
    answer = ask(zone)
    assert not answer.confirms(anchor())
    (candidate,) = answer.find_certificates()
    assert candidate.intermediates == (anchor(),)


def test_values_that_nobody_knows_count_for_nothing(zone: Zone) -> None:
    zone.records[OWNER] = [
        smimea(4, 0, 0, BOBS.der),
        smimea(3, 2, 0, BOBS.der),
        smimea(3, 0, 3, BOBS.der),
        smimea(3, 0, 0, b"no certificate"),
        smimea(1, 0, 1, bytes(32)),
    ]
    answer = ask(zone)
    assert answer.find_certificates() == ()
    assert not answer.confirms(BOBS)


def test_a_record_that_is_cut_short_spoils_the_answer(zone: Zone) -> None:
    zone.records[OWNER] = [b"\x03\x00"]
    assert problem(zone) is DirectoryProblem.REFUSED


def test_twenty_records_are_read_and_no_more(zone: Zone) -> None:
    zone.records[OWNER] = [smimea(3, 0, 1, bytes([number]) * 32) for number in range(20)]
    assert len(ask(zone).records) == 20
    zone.records[OWNER].append(smimea(3, 0, 1, b"x" * 32))
    assert problem(zone) is DirectoryProblem.TOO_MANY


def test_a_resolver_that_says_nothing_is_left_for_the_next(zone: Zone) -> None:
    with run_dns(Zone(silent=True)) as silent:
        servers = [NameServer(address=HOST, port=server.port, is_trusted=True) for server in (silent, zone)]
        assert find_smimea(BOB, name_servers=servers, timeout_seconds=1.0).records
        assert problem(silent, seconds=0.2) is DirectoryProblem.TIMEOUT


@contextlib.contextmanager
def run_forger(zone: Zone, forge: Callable[[bytes], list[bytes]]) -> Iterator[Zone]:
    """Run a resolver by UDP that sends the datagrams of `forge`, and then the right answer from the same address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((HOST, 0))

        def answer() -> None:
            question, asker = datagrams.recvfrom(65_535)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as behind:
                behind.settimeout(5)
                behind.sendto(question, (HOST, zone.port))
                right = behind.recv(65_535)
            for datagram in [*forge(right), right]:
                datagrams.sendto(datagram, asker)

        thread = threading.Thread(target=answer)
        thread.start()
        yield Zone(port=datagrams.getsockname()[1])
        thread.join()


def with_another_id(answer: bytes) -> bytes:
    return bytes([answer[0] ^ 1]) + answer[1:]


@pytest.mark.parametrize(
    "forge",
    [
        lambda right: [with_another_id(right)],
        lambda right: [with_another_id(right)] * 50,
        lambda _: [b"", b"\0", b"no DNS at all"],
        lambda right: [right[:2] + b"\x01" + right[3:]],  # a question, and no answer
        lambda right: [right[:2] + (b"\x81\x80" + b"\0" * 8)],  # an answer to no question
        lambda right: [with_another_id(right)[:2] + b"\x83\x80" + right[4:]],  # "truncated", of another id
    ],
)
def test_a_datagram_that_does_not_match_the_question_ends_nothing(
    zone: Zone, forge: Callable[[bytes], list[bytes]]
) -> None:
    zone.records[OWNER] = [smimea(3, 0, 1, hashlib.sha256(BOBS.der).digest())]
    with run_forger(zone, forge) as forged:
        assert ask(forged).confirms(BOBS)


def with_long_aliases(answer: bytes) -> bytes:
    """An answer to the same question with as many aliases of 127 labels as a message holds."""
    question = answer[12 : answer.index(b"\0\0\x35\0\x01", 12) + 5]
    long = b"\1a" * 126 + b"\0"
    first = long + struct.pack(">HHIH", 16, 1, 0, 2) + b"\1x"
    pointer = (0xC000 + 12 + len(question)).to_bytes(2, "big")
    aliases = [
        b"\1" + bytes([number % 256]) + pointer + struct.pack(">HHIH", 5, 1, 0, 2) + pointer for number in range(4_000)
    ]
    header = answer[:2] + struct.pack(">5H", 0x8180, 1, 1 + len(aliases), 0, 0)
    return header + question + first + b"".join(aliases)


@pytest.fixture
def names_read(monkeypatch: pytest.MonkeyPatch) -> list[dns.name.Name]:
    """The names that are parsed in messages of a resolver."""
    read: list[dns.name.Name] = []
    get_name = dns.wire.Parser.get_name

    def reading(parser: dns.wire.Parser, *arguments: Any, **named: Any) -> dns.name.Name:
        read.append(get_name(parser, *arguments, **named))
        return read[-1]

    monkeypatch.setattr(dns.wire.Parser, "get_name", reading)
    return read


def test_a_datagram_with_thousands_of_long_names_is_not_read(zone: Zone, names_read: list[dns.name.Name]) -> None:
    with run_forger(zone, lambda right: [with_long_aliases(right)]) as forged:
        assert problem(forged) is DirectoryProblem.REFUSED
    assert names_read == []
    # The fixture does record the names of a message that is read.
    assert ask(zone).records
    assert names_read


def test_an_answer_by_tcp_with_thousands_of_long_names_is_not_read(names_read: list[dns.name.Name]) -> None:
    with (
        socket.create_server((HOST, 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        port = listener.getsockname()[1]
        datagrams.bind((HOST, port))

        def answer() -> None:
            question, asker = datagrams.recvfrom(65_535)
            datagrams.sendto(question[:2] + b"\x83\x80" + question[4:], asker)  # truncated
            stream, _ = listener.accept()
            with stream:
                question = stream.recv(65_535)[2:]
                message = with_long_aliases(question)
                stream.sendall(len(message).to_bytes(2, "big") + message)

        thread = threading.Thread(target=answer)
        thread.start()
        assert problem(Zone(port=port)) is DirectoryProblem.REFUSED
        thread.join()
    # Only the truncated datagram was read, with two names: that of the question, and the root as owner of OPT.
    assert names_read == [dns.name.from_text(OWNER), dns.name.root]


def test_datagrams_that_do_not_match_make_the_deadline_no_later(zone: Zone) -> None:
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((HOST, 0))

        def flood() -> None:
            question, asker = datagrams.recvfrom(65_535)
            while not over.wait(0.01):
                datagrams.sendto(with_another_id(question), asker)

        thread = threading.Thread(target=flood)
        thread.start()
        # The flood ends only after the call. A deadline that moved with each datagram would never be reached.
        try:
            assert problem(Zone(port=datagrams.getsockname()[1]), seconds=0.5) is DirectoryProblem.TIMEOUT
        finally:
            over.set()
            thread.join()


def test_nobody_to_ask_is_said() -> None:
    with pytest.raises(DirectoryFailed, match="no DNS resolver"):
        find_smimea(BOB, name_servers=[])


def test_a_machine_without_a_resolver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", refuse)
    with pytest.raises(DirectoryFailed, match="no DNS resolver"):
        system_name_servers()


def test_a_resolver_without_an_ip_address_cannot_be_reached() -> None:
    with pytest.raises(DirectoryFailed) as failed:
        find_smimea(BOB, name_servers=[NameServer(address="resolver.example")])
    assert failed.value.problem is DirectoryProblem.UNREACHABLE


def test_an_alias_of_itself_is_refused(zone: Zone) -> None:
    zone.aliases |= {OWNER: OWNER}
    zone.records.clear()
    assert problem(zone) is DirectoryProblem.REFUSED


def test_a_server_that_speaks_no_dns_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((HOST, 0))
        zone = Zone(port=deaf.getsockname()[1])
        assert problem(zone, seconds=0.2) is DirectoryProblem.TIMEOUT
