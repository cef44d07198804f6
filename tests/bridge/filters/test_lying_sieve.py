"""ManageSieve servers that lie, fall silent or break off: one sentence for the person, and nothing else breaks."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings, strategies as st

from smime_core.text import JsonObject
from tests.support.servers.bridge import bridge_before, error_of, get, sign_in
from tests.support.servers.filters import SIEVE, filters_of, put_filters, rule_of, vacation_of
from tests.support.servers.lying_server import HOST, Close, Drip, LyingServer, Step, TakeLine, TakeLiteral, Wait
from tests.support.servers.mailboxes import ALICE, PASSWORDS, login_at
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.tls import server_context
from webbridge.filters.kept_filters import SCRIPT_NAME
from webbridge.filters.members import read_filters
from webbridge.filters.script_text import write_script
from webbridge.gateway import (
    MAX_SCRIPT_BYTES,
    GatewayCode,
    GatewayError,
    MailServer,
    Security,
    ServerAddress,
    SieveConnection,
)
from webbridge.gateway.door import check_folder_name
from webbridge.gateway.sieve import MAX_SCRIPTS
from webbridge.gateway.sieve_wire import MAX_ANSWER_BYTES, SieveWire
from webbridge.gateway.wire import CallDeadline, Wire

pytestmark = pytest.mark.server

SCRIPT = write_script(
    read_filters(JsonObject({"rules": [rule_of()], "vacation": None, "include": None}, "x"), check_folder_name)
)
OWN = b'"%b" ACTIVE\r\n' % SCRIPT_NAME.encode()
UNREADABLE, UNREACHABLE = GatewayCode.UNREADABLE, GatewayCode.UNREACHABLE
MISCONFIGURED, BUSY, REFUSED = GatewayCode.MISCONFIGURED, GatewayCode.BUSY, GatewayCode.SERVER_REFUSED


def literal(content: bytes, size: int | None = None) -> bytes:
    return b"{%d}\r\n%b\r\n" % (len(content) if size is None else size, content)


ANSWERS: list[tuple[str, Sequence[Step], GatewayCode]] = [
    ("GREETING", [b'BYE "full"\r\n'], BUSY),
    ("GREETING", [b"+OK POP3\r\n"], UNREADABLE),
    ("GREETING", [b"* OK IMAP4rev1\r\n"], UNREADABLE),
    ("GREETING", [b'"SASL" "' + b"x" * 9000 + b'"\r\nOK\r\n'], UNREADABLE),
    ("GREETING", [b'"SASL" "PLAIN"\r\nOK\r\nOK "signed in"\r\n'], UNREADABLE),
    ("GREETING", [b'"SASL" "PLAIN"\r\n"sasl" "X"\r\nOK\r\n'], UNREADABLE),
    ("GREETING", [b'"SASL" "PLAIN" "x"\r\nOK\r\n'], UNREADABLE),
    ("GREETING", [b'"SASL" "CRAM-MD5"\r\nOK\r\n'], MISCONFIGURED),
    ("GREETING", [b"OK\r\n"], MISCONFIGURED),
    ("GREETING", [Close()], UNREACHABLE),
    ("GREETING", [Wait()], UNREACHABLE),
    ("GREETING", [Drip(b'"X" "' + b"y" * 50)], UNREACHABLE),
    ("GREETING", [b'"X" "y"\r\n' * 100_000], UNREADABLE),
    ("AUTHENTICATE", [TakeLine(), b'NO "wrong password"\r\n'], MISCONFIGURED),
    ("AUTHENTICATE", [TakeLine(), b"NO (AUTH-TOO-WEAK)\r\n"], MISCONFIGURED),
    ("AUTHENTICATE", [TakeLine(), b"NO (TRYLATER)\r\n"], BUSY),
    ("AUTHENTICATE", [TakeLine(), b'BYE "no"\r\n', Close()], BUSY),
    ("AUTHENTICATE", [TakeLine(), b'"bW9yZQ=="\r\n'], UNREADABLE),
    ("AUTHENTICATE", [TakeLine(), b'OK (SASL "bW9yZQ==")\r\n'], UNREADABLE),
    ("AUTHENTICATE", [TakeLine(), b"\x00\xff\r\n"], UNREADABLE),
    ("AUTHENTICATE", [TakeLine(), Close()], UNREACHABLE),
    ("CAPABILITY", [b'NO "no"\r\n'], REFUSED),
    ("CAPABILITY", [b'NO (REFERRAL "sieve://evil.example") "go"\r\n'], MISCONFIGURED),
    ("CAPABILITY", [b'"SIEVE" "fileinto"\r\n', Close()], UNREACHABLE),
    ("LISTSCRIPTS", [b'"a" ACTIVE\r\n"b" ACTIVE\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b'"a"\r\n"a"\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b'""\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b'"a" PASSIVE\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b'"a\x1b[31m"\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b'"\xff"\r\nOK\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b"{3}\r\na\r\n\r\nOK\r\n"], UNREADABLE),
    ("LISTSCRIPTS", [b'"%b"\r\nOK\r\n' % (b"x" * 1000)], UNREADABLE),
    ("LISTSCRIPTS", [b"".join(b'"%d"\r\n' % n for n in range(MAX_SCRIPTS + 1)) + b"OK\r\n"], UNREADABLE),
    ("LISTSCRIPTS", [b"".join(b'"script%d"\r\n' % n for n in range(1_000_000)), Wait()], UNREADABLE),
    ("LISTSCRIPTS", [b'"a"\r\n', Wait()], UNREACHABLE),
    ("LISTSCRIPTS", [b'"a"\r\nBYE "bye"\r\n', Close()], UNREACHABLE),
    ("LISTSCRIPTS", [b"{%d}\r\n" % (MAX_ANSWER_BYTES + 1), Wait()], UNREADABLE),
    ("LISTSCRIPTS", [b"{9999999999}\r\n", Wait()], UNREADABLE),
    ("LISTSCRIPTS", [b"OK (\r\n"], UNREADABLE),
    ("LISTSCRIPTS", [b"OK ()\r\n"], UNREADABLE),
    ("LISTSCRIPTS", [b'OK "a" "b"\r\n'], UNREADABLE),
    ("LISTSCRIPTS", [b"\r\n"], UNREADABLE),
    ("LISTSCRIPTS", [b"PERHAPS\r\n"], UNREADABLE),
    ("GETSCRIPT", [b"OK\r\n"], UNREADABLE),
    ("GETSCRIPT", [b'NO (NONEXISTENT) "no"\r\n'], REFUSED),
    ("GETSCRIPT", [literal(SCRIPT) + literal(SCRIPT) + b"OK\r\n"], UNREADABLE),
    ("GETSCRIPT", [b"{%d}\r\n" % (MAX_SCRIPT_BYTES + 5000) + b"x" * 1000, Wait()], UNREADABLE),
    ("GETSCRIPT", [b"{2000000000}\r\n" + b"x" * 1000, Wait()], UNREADABLE),
    ("GETSCRIPT", [b"{99999999999999999999}\r\n", Wait()], UNREADABLE),
    ("GETSCRIPT", [b"{-1}\r\n\r\nOK\r\n"], UNREADABLE),
    ("GETSCRIPT", [literal(SCRIPT, size=10) + b"OK\r\n"], UNREADABLE),
    ("GETSCRIPT", [literal(SCRIPT, size=len(SCRIPT) + 1000) + b"OK\r\n"], UNREACHABLE),
    ("GETSCRIPT", [Drip(literal(SCRIPT) + b"OK\r\n")], UNREACHABLE),
    ("GETSCRIPT", [b"{%d}\r\n" % len(SCRIPT) + SCRIPT[:20] + b'\r\nBYE "x"\r\n', Close()], UNREACHABLE),
]
CHANGE_ANSWERS: list[tuple[str, Sequence[Step], GatewayCode]] = [
    ("PUTSCRIPT", [b'NO "line 1: error"\r\n'], REFUSED),
    ("PUTSCRIPT", [b"NO (QUOTA/MAXSIZE) {3}\r\nfew\r\n"], REFUSED),
    ("PUTSCRIPT", [b"NO (TRYLATER)\r\n"], BUSY),
    ("PUTSCRIPT", [b'BYE "x"\r\n', Close()], UNREACHABLE),
    ("PUTSCRIPT", [Close()], UNREACHABLE),
    ("PUTSCRIPT", [Wait()], UNREACHABLE),
    ("PUTSCRIPT", [b"OK\r\nOK\r\n"], UNREADABLE),
]


@pytest.fixture
def sieve(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(SIEVE, tls_folder=tls_folder) as server:
        server.answers |= {"LISTSCRIPTS": [OWN + b"OK\r\n"], "GETSCRIPT": [literal(SCRIPT) + b"OK\r\n"]}
        yield server


@pytest.fixture
def mail_server(sieve: LyingServer, memory_server: MemoryMailServer) -> MailServer:
    return replace(memory_server.address, sieve=sieve.address().imap, timeout_seconds=0.7)


@pytest.fixture
def alice(mail_server: MailServer) -> Iterator[FlaskClient]:
    with bridge_before(mail_server) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def check_rest_works(alice: FlaskClient) -> None:
    assert get(alice, "/api/session").status_code == 200
    assert get(alice, "/api/folders").status_code == 200


def test_an_honest_server_gives_its_filters(sieve: LyingServer, alice: FlaskClient) -> None:
    kept = filters_of(alice)
    assert (kept["rules"], kept["changed"], kept["other"], kept["active"]) == ([rule_of()], False, None, True)
    assert kept["offers"] == {
        "move": True,
        "copy": True,
        "marks": True,
        "vacation": True,
        "dates": False,
        "include": False,
    }
    secret = b64encode(f"\0{ALICE}\0{PASSWORDS[ALICE]}".encode())
    assert sieve.taken == [secret]


@pytest.mark.parametrize(("command", "steps", "code"), ANSWERS)
def test_a_lie_is_one_sentence(
    sieve: LyingServer, alice: FlaskClient, command: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    sieve.answers[command] = steps
    response = get(alice, "/api/filters")
    assert error_of(response)[1] == code
    assert PASSWORDS[ALICE] not in response.get_data(as_text=True)
    check_rest_works(alice)


@pytest.mark.parametrize(("command", "steps", "code"), CHANGE_ANSWERS)
def test_a_lie_about_a_change_is_one_sentence(
    sieve: LyingServer, alice: FlaskClient, command: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    version = filters_of(alice)["version"]
    sieve.answers["PUTSCRIPT"] = [TakeLiteral(), *steps]
    assert error_of(put_filters(alice, version, rules=[rule_of()]))[1] == code
    check_rest_works(alice)


def test_a_server_that_keeps_another_script_is_found_out(sieve: LyingServer, alice: FlaskClient) -> None:
    version = filters_of(alice)["version"]
    sieve.answers["PUTSCRIPT"] = [TakeLiteral(), b"OK\r\n"]
    answer = put_filters(alice, version, rules=[rule_of(flagged=True)])
    assert error_of(answer) == (502, "mail-server-unreadable")
    assert "other filters" in answer.get_json()["message"]
    assert b'addflag "\\\\Flagged"' in sieve.messages[0]


def test_a_script_that_does_not_become_active_is_found_out(sieve: LyingServer, alice: FlaskClient) -> None:
    version = filters_of(alice)["version"]
    sieve.answers |= {
        "LISTSCRIPTS": [OWN.replace(b" ACTIVE", b"") + b"OK\r\n"],
        "PUTSCRIPT": [TakeLiteral(), b"OK\r\n"],
        "SETACTIVE": [b"OK\r\n"],
    }
    assert error_of(put_filters(alice, version, rules=[rule_of()])) == (502, "mail-server-unreadable")
    assert sieve.commands("SETACTIVE") == [b'SETACTIVE "sealwax"']


def test_a_server_that_lacks_an_extension_gets_no_script_with_it(sieve: LyingServer, alice: FlaskClient) -> None:
    answer = put_filters(alice, rules=[], vacation=vacation_of(first="2026-12-01"))
    assert error_of(answer) == (422, "not-offered")
    assert not sieve.commands("PUTSCRIPT")


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_one_error(answer: bytes) -> None:
    left, right = socket.socketpair()
    with left, right:
        right.sendall(answer)
        right.shutdown(socket.SHUT_WR)
        with suppress(GatewayError):
            SieveWire(Wire(left, CallDeadline(5))).read_answer()


class PlainServer:
    """A server that starts TLS by STARTTLS, with bytes around it that an attacker could add."""

    def __init__(self, tls_folder: Path, *, greeting: bytes, answer: bytes, after_tls: bytes) -> None:
        self._listening = socket.create_server((HOST, 0))
        self._answers = (greeting, answer, after_tls)
        self._context = server_context(tls_folder)
        self.received: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> ServerAddress:
        return ServerAddress(host=HOST, port=self._listening.getsockname()[1], security=Security.STARTTLS)

    def __enter__(self) -> PlainServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        greeting, answer, after_tls = self._answers
        with suppress(OSError):
            plain, _address = self._listening.accept()
            plain.settimeout(3)
            with plain:
                plain.sendall(greeting)
                self.received.append(plain.recv(1000))
                plain.sendall(answer)
                with self._context.wrap_socket(plain, server_side=True) as inside:
                    inside.sendall(after_tls)
                    while received := inside.recv(1000):
                        self.received.append(received)
                        inside.sendall(b'NO "no"\r\n')


PLAIN = b'"SASL" "PLAIN"\r\nOK\r\n'


@pytest.mark.parametrize(
    ("greeting", "answer", "after_tls", "code"),
    [
        (PLAIN, b"OK\r\n" + PLAIN, PLAIN, UNREADABLE),
        (PLAIN + b"OK\r\n", b"", b"", UNREADABLE),
        (PLAIN, b'NO "no TLS"\r\n', PLAIN, MISCONFIGURED),
        (PLAIN, b"OK\r\n", b'"SASL" ""\r\nOK\r\n', MISCONFIGURED),
        (PLAIN, b"OK\r\n", b"", UNREACHABLE),
        (b"OK\r\n", b"OK\r\n", PLAIN, MISCONFIGURED),
    ],
    ids=["injected", "early", "refused", "lying before TLS", "silent after TLS", "told only inside TLS"],
)
def test_words_from_before_tls_count_for_nothing(
    tls_folder: Path, greeting: bytes, answer: bytes, after_tls: bytes, code: GatewayCode
) -> None:
    with PlainServer(tls_folder, greeting=greeting, answer=answer, after_tls=after_tls) as plain:
        somewhere = ServerAddress(host=HOST, port=1)
        server = MailServer(imap=somewhere, smtp=somewhere, sieve=plain.address, ca_file=tls_folder / "tls_ca.pem")
        with pytest.raises(GatewayError) as raised:
            SieveConnection.open(login_at(server), CallDeadline(0.7))
    assert raised.value.code == code
    # The password was sent only to the server that offered PLAIN inside TLS.
    has_login = any(b"AUTHENTICATE" in received for received in plain.received)
    assert has_login == (greeting == b"OK\r\n")
