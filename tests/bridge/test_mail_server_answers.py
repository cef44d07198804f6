"""A call returns or raises GatewayError for any bytes from a mail server, at a cost in proportion to those bytes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from tests.support.growth import grows_in_proportion
from webbridge.gateway import GatewayError, ImapConnection, Mailbox, OutgoingMessage
from webbridge.gateway.door import ConnectionLost
from webbridge.gateway.imap import SEEN
from webbridge.gateway.imap_syntax import read_folder_name, read_values, write_folder_name
from webbridge.gateway.imap_wire import ImapWire
from webbridge.gateway.smtp_wire import SmtpWire
from webbridge.gateway.wire import CallDeadline, Wire

IMAP_TOKENS = [
    *(
        b"* ",
        b"S1 OK\r\n",
        b"S2 OK\r\n",
        b"S3 OK\r\n",
        b"S1 NO [LIMIT]\r\n",
        b"+ \r\n",
        b"\r\n",
        b"\n",
        b" ",
        b"(",
        b")",
    ),
    *(b"1 ", b"7 ", b"99999999999999999999 ", b"FETCH (", b"UID 7 ", b"BODY[] ", b"BODY[HEADER.FIELDS (SUBJECT)]<0> "),
    *(b"{3}\r\n", b"{0}\r\n", b"{99}\r\n", b"{9999999999}\r\n", b"~{3+}\r\n", b"abc", b'"', b"\\", b"NIL ", b"[", b"]"),
    *(
        b"LIST (\\Sent) ",
        b'"/" ',
        b"INBOX",
        b"&AMQ-",
        b"&",
        b"STATUS ",
        b"EXISTS",
        b"SEARCH ",
        b"OK [UIDNEXT 9] ",
        b"OK [UIDVALIDITY 9] ",
        b"BYE ",
    ),
    *(b"(", b")", b"BYE ", b"\x00", b"\xff", b"FLAGS (\\Seen) ", b"RFC822.SIZE "),
]
SMTP_TOKENS = [*(b"250", b"2", b"-", b" ", b"\r\n", b"\n", b"354 ", b"999", b"\x00", b"\xff", b"x", b"550 no\r\n")]
CALLS: list[Callable[[ImapConnection], object]] = [
    ImapConnection.list_folders,
    ImapConnection.sent_folder,
    ImapConnection.is_alive,
    lambda connection: connection.list_messages("INBOX", limit=50),
    lambda connection: connection.list_messages("INBOX", before_uid=9, limit=50),
    lambda connection: b"".join(connection.open_raw(Mailbox("INBOX", 9), 7, max_bytes=1000).chunks),
    lambda connection: connection.change_flags(Mailbox("INBOX", 9), [7], add=[SEEN]),
    lambda connection: connection.append("INBOX", OutgoingMessage.of(b"x"), [SEEN]),
]


class PlayedWire(Wire):
    """A connection on which the server has sent `said` in advance. When that has been read, the connection is lost."""

    def __init__(self, said: bytes) -> None:
        super().__init__(socket.socket(), CallDeadline(60))
        self._said = said

    def send(self, data: bytes) -> None:
        """Drop the data, because nobody reads it."""

    def _receive(self, max_bytes: int) -> bytes:
        chunk, self._said = self._said[:max_bytes], self._said[max_bytes:]
        if not chunk:
            self.broken = True
            raise ConnectionLost
        return chunk


def play(said: bytes, call: Callable[[ImapConnection], object]) -> None:
    wire = PlayedWire(said)
    with suppress(GatewayError):
        call(ImapConnection(ImapWire(wire)))
    wire.close()


@settings(max_examples=600)
@given(said=st.lists(st.sampled_from(IMAP_TOKENS) | st.binary(max_size=3), max_size=60).map(b"".join))
def test_any_answer_of_imap_is_read_or_refused(said: bytes) -> None:
    for call in CALLS:
        play(said, call)


@settings(max_examples=600)
@given(said=st.lists(st.sampled_from(SMTP_TOKENS) | st.binary(max_size=3), max_size=60).map(b"".join))
def test_any_answer_of_smtp_is_read_or_refused(said: bytes) -> None:
    wire = PlayedWire(said)
    with suppress(GatewayError):
        while True:
            assert 200 <= SmtpWire(wire).read_reply().code < 600
    wire.close()


@given(wire_name=st.binary(max_size=40) | st.text(max_size=20).map(write_folder_name))
def test_every_name_of_a_folder_leads_back_to_its_bytes(wire_name: bytes) -> None:
    assert write_folder_name(read_folder_name(wire_name)) == wire_name


@pytest.mark.thorough
@pytest.mark.parametrize("token", IMAP_TOKENS)
def test_an_answer_costs_in_proportion_to_its_length(token: bytes) -> None:
    def reading(size: int) -> Callable[[], None]:
        line = token * (size // len(token))

        def read() -> None:
            with suppress(GatewayError):
                read_values([line])
            read_folder_name(line)
            for call in CALLS[:4]:
                play(b"* LIST " + line + b"\r\n" + line, call)

        return read

    assert grows_in_proportion(reading, 120_000)
