"""The readings of a From field by other programs beside ours: Python's `email`, Dovecot, Cyrus, and Thunderbird.

Of a field that we call usual, all read the same addresses. Of the others we say that programs may differ, and some do.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import random
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from imapclient import IMAPClient

from smime_core.mime import Headers, canonical_mailbox, from_addresses, is_read_alike, parse_headers
from tests.support.peers.thunderbird import Thunderbird
from tests.support.servers import cyrus, dovecot, roots
from tests.support.servers.tls import tls_folder as tls_folder
from webbridge.gateway import Security, ServerAddress

_PIECES: Final = (
    "alice@example.test", "boss@bank.test", "<alice@example.test>", "<boss@bank.test>", '"boss@bank.test"',
    '"a b"@c.test', '"alice"@example.test', "alice @ example.test", "Alice", "J.", "J\u00f6rg", '"A, B"',
    '"a\\"b"', "(boss@bank.test)", "(c)", ",", ";", "Group:", ":", "=?utf-8?q?boss=40bank.test?=",
    "=?utf-8?q?=3Cboss=40bank.test=3E?=", "=?utf-8?q?boss=40bank.test=2C?=",
    "=?utf-8?b?IiA8Ym9zc0BiYW5rLnRlc3Q+?=", "<@relay.test:alice@example.test>", "[x]", "<", ">", '""', "@", "<>",
    "a b@c.test", "alice@[127.0.0.1]",
)  # fmt: skip
_COUNT: Final = 1_500
# The pieces of header sections in which some programs find no From, or another one.
_HEADER_PIECES: Final = (
    b"From: alice@example.test", b"From : boss@bank.test", b"From: boss@bank.test", b"From", b"Subject: s", b"X-A:",
    b"X Y: 1", b"garbage", b"From alice Mon Nov 2", b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"\r\n ", b"\n\t",
    b"Gr\xc3\xbc: x", b":", b" ",
)  # fmt: skip
_HEADERS: Final = 20_000

Read = Callable[[list[str]], list[list[str]]]


def made_fields() -> list[str]:
    """Some values of From, of one to five pieces. The same in each run."""
    chance = random.Random(7)  # noqa: S311 (a choice of inputs, no secret)
    made = {" ".join(chance.choices(_PIECES, k=chance.choice((1, 2, 2, 3, 3, 4, 5)))) for _ in range(_COUNT)}
    usual = {f"{name} {address}" for name in _PIECES[8:13] for address in _PIECES[2:4]}
    return sorted(made | usual | {f"{field}, {other}" for field in usual for other in usual})


FIELDS: Final = made_fields()


def headers_of(value: str) -> Headers:
    return parse_headers(f"From: {value}\r\n".encode())


def by_policy(values: list[str]) -> list[list[str]]:
    return [_by_policy(value) for value in values]


def _by_policy(value: str) -> list[str]:
    # From text, because from bytes it gives letters beyond ASCII as they came.
    message = email.message_from_string(f"From: {value}\n\n", policy=email.policy.default)
    try:
        return [address.addr_spec for address in message["From"].addresses]
    except (AttributeError, IndexError):
        return ["raises@an.error"]  # Python 3.11, for some fields with encoded words or empty groups.


def by_utils(values: list[str]) -> list[list[str]]:
    return [[address for _, address in email.utils.getaddresses([value])] for value in values]


@pytest.fixture(scope="module")
def by_dovecot(tls_folder: Path) -> Iterator[Read]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with (
        dovecot.run_dovecot({"alice": "secret"}, tls_folder=tls_folder) as addresses,
        signed_in(addresses[Security.IMPLICIT_TLS], "alice", tls_folder) as client,
    ):
        yield lambda values: read_envelopes(client, values)


@pytest.fixture(scope="module")
def by_cyrus(tls_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    if absence := roots.absence():
        pytest.skip(absence)
    try:
        root = roots.unpacked(tmp_path_factory.mktemp("roots"), cyrus.PACKAGES)
    except OSError as error:
        pytest.skip(str(error))
    passwords, layout = {"alice@example.test": "secret"}, cyrus.Layout.BESIDE_WITH_SLASHES
    with (
        cyrus.run_cyrus(root, passwords, tls_folder=tls_folder, layout=layout) as (addresses, _pop3),
        signed_in(addresses[Security.IMPLICIT_TLS], "alice@example.test", tls_folder) as client,
    ):
        yield lambda values: read_envelopes(client, values)


@contextmanager
def signed_in(address: ServerAddress, name: str, tls_folder: Path) -> Iterator[IMAPClient]:
    context = ssl.create_default_context(cafile=str(tls_folder / "tls_ca.pem"))
    with IMAPClient(address.host, port=address.port, ssl_context=context) as client:
        # Otherwise each message waits 40 ms for the acknowledgement of its size.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(name, "secret")
        yield client


def read_envelopes(client: IMAPClient, values: list[str]) -> list[list[str]]:
    for value in values:
        client.append("INBOX", f"From: {value}\r\nSubject: x\r\n\r\n".encode())
    client.select_folder("INBOX")
    answers = client.fetch(range(1, len(values) + 1), ["ENVELOPE"])
    envelopes = [answers[key][b"ENVELOPE"] for key in sorted(answers)]
    return [
        [
            f"{sender.mailbox.decode()}@{sender.host.decode()}"
            for sender in envelope.from_ or ()
            if sender.mailbox is not None and sender.host is not None
        ]
        for envelope in envelopes
    ]


@pytest.fixture(scope="module")
def by_thunderbird(people_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    if absence := Thunderbird.absence():
        pytest.skip(absence)
    with closing(Thunderbird(people_folder, tmp_path_factory.mktemp("thunderbird"), smtp_port=9)) as thunderbird:
        yield lambda values: [thunderbird.read_addresses(value) for value in values]


def plain(addresses: list[str]) -> list[str]:
    """The addresses without quotes, which each program writes in its own way, and without what is no address."""
    return sorted(address.replace('"', "").replace("\\", "").lower() for address in addresses if "@" in address)


def check(read: Read) -> None:
    """Check that a program reads what we read in each usual field, and that it differs somewhere else."""
    differing = set()
    for value, addresses in zip(FIELDS, read(FIELDS), strict=True):
        if plain(addresses) != plain([mailbox.address for mailbox in from_addresses(headers_of(value))]):
            differing.add(value)
    assert [value for value in differing if is_read_alike(headers_of(value))] == []
    assert [value for value in differing if canonical_mailbox(value) is not None] == []
    assert differing


def test_the_made_fields_are_of_all_kinds() -> None:
    alike = [value for value in FIELDS if is_read_alike(headers_of(value))]
    canonical = [value for value in FIELDS if canonical_mailbox(value) is not None]
    assert set(canonical) < set(alike) < set(FIELDS)
    assert min(len(canonical), len(alike)) > 10


def test_python_finds_the_same_from_in_a_header_that_we_call_usual() -> None:
    chance = random.Random(11)  # noqa: S311 (a choice of inputs, no secret)
    count = 0
    for _ in range(_HEADERS):
        raw = b"".join(chance.choices(_HEADER_PIECES, k=chance.randint(2, 9))) + b"\r\n"
        if b"\n\r\n" in raw or b"\n\n" in raw or raw.startswith((b"\r\n", b"\n")):
            continue  # The header would end there.
        headers = parse_headers(raw)
        if is_read_alike(headers):
            values = email.message_from_bytes(raw + b"\r\n").get_all("From", [])
            theirs = [address for _, address in email.utils.getaddresses([str(value) for value in values])]
            assert plain(theirs) == plain([mailbox.address for mailbox in from_addresses(headers)]), raw
            count += headers.find("From") != ()
    assert count > 100


@pytest.mark.parametrize("read", [by_policy, by_utils])
def test_python_reads_the_same_addresses_in_a_usual_field(read: Read) -> None:
    check(read)


def test_dovecot_reads_the_same_addresses_in_a_usual_field(by_dovecot: Read) -> None:
    check(by_dovecot)


@pytest.mark.thorough
def test_cyrus_reads_the_same_addresses_in_a_usual_field(by_cyrus: Read) -> None:
    check(by_cyrus)


def test_thunderbird_reads_the_same_addresses_in_a_usual_field(by_thunderbird: Read) -> None:
    check(by_thunderbird)
