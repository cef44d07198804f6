"""The places for long runs of tokens in answers of mail servers, and in requests of the key server's clients."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from roaming_keys.protocol.key_account import normalise_origin, normalise_user
from roaming_keys.protocol.messages.accounts import Login, LoginTerms, ParametersRequest, Refusal, Registration
from tools.fuzz.trust_targets import Reader
from webbridge.gateway.door import GatewayError
from webbridge.gateway.imap_folders import read_folders
from webbridge.gateway.imap_syntax import read_code, read_folder_name, write_folder_name
from webbridge.gateway.imap_wire import Answer, ImapWire
from webbridge.gateway.smtp_wire import SmtpWire
from webbridge.gateway.summary import summary_from_fetch
from webbridge.gateway.wire import CallDeadline, Wire

Around = tuple[bytes, bytes]

_HEADER: Final = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
_RECIPIENTS: Final = b"BODY[HEADER.FIELDS (TO)]<0>"
_SECONDS: Final = 60.0


class _Spoken(socket.socket):
    """A connection that a server has closed after sending these bytes."""

    def __init__(self, said: bytes) -> None:
        super().__init__()
        self._said = memoryview(said)

    def recv(self, count: int, flags: int = 0) -> bytes:
        octets, self._said = bytes(self._said[:count]), self._said[count:]
        return octets

    def send(self, data: object, flags: int = 0) -> int:
        return len(memoryview(data))  # type: ignore[arg-type]


def _over_the_wire(read: Callable[[Wire], object]) -> Reader:
    def read_all(data: bytes) -> None:
        with _Spoken(data) as connection, _mapped():
            read(Wire(connection, CallDeadline(_SECONDS)))

    return read_all


class _mapped:
    # Suppresses GatewayError: the bridge raises it for all faults of a mail server, as the core raises SmimeError.
    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        return isinstance(error, GatewayError)


def _answers(wire: Wire) -> list[Answer]:
    answers: list[Answer] = []
    imap = ImapWire(wire)
    imap.send((b"NOOP",))
    try:
        imap.finish(answers)
    finally:
        read_folders(answers)
    return answers


def _row(header: bytes) -> None:
    summary_from_fetch(1, {b"RFC822.SIZE": header, b"FLAGS": [header], _HEADER: header, _RECIPIENTS: header})


def _folder_name(wire: bytes) -> None:
    assert write_folder_name(read_folder_name(wire)) == wire


def _text(read: Callable[[str], object]) -> Reader:
    return lambda data: read(data.decode("utf-8", "replace"))


_IMAP: Final[dict[str, Around]] = {
    "whole": (b"", b"\r\n"),
    "values": (b"* 1 FETCH (", b")\r\n"),
    "quoted": (b'* LIST () "/" "', b'"\r\n'),
    "name": (b'* LIST (\\HasNoChildren) "/" ', b"\r\n"),
    "brackets": (b"* 1 FETCH (BODY[", b"]<0> NIL)\r\n"),
    "code": (b"* OK [", b"] x\r\n"),
    "literal": (b"* 1 FETCH (BODY[] {", b"}\r\n"),
    "lines": (b"* 1 EXISTS\r\n", b"\r\n* 1 EXISTS\r\n"),
    "refusal": (b"* NO ", b"\r\n"),
}
_SMTP: Final[dict[str, Around]] = {
    "whole": (b"", b"\r\n"),
    "line": (b"250 ", b"\r\n"),
    "lines": (b"250-a\r\n", b"\r\n250 b\r\n"),
}
_ROWS: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "From": (b"From: ", b"\r\n\r\n"),
    "From, in a name": (b'From: "', b'" <a@b.test>\r\n\r\n'),
    "To": (b"To: ", b"\r\n\r\n"),
    "Subject": (b"Subject: ", b"\r\n\r\n"),
    "Date": (b"Date: ", b"\r\n\r\n"),
    "Content-Type": (b"Content-Type: ", b"\r\n\r\n"),
    "parameter": (b'Content-Type: multipart/signed; protocol="', b'"\r\n\r\n'),
}
_KEYS: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "text": (b'{"protocol": 2, "user": "', b'"}'),
    "number": (b'{"protocol": ', b"}"),
    "base64": (b'{"protocol": 2, "salt": "', b'", "memory_kib": 65536, "passes": 3, "lanes": 4}'),
    "list": (b'{"protocol": 2, "wraps": [', b"]}"),
    "members": (b'{"protocol": 2, ', b"}"),
    "depth": (b'{"protocol": ' + b"[" * 100, b"}"),
    "address": (b"a@", b".test"),
    "URL": (b"https://", b"/"),
}

SERVER_PLACES: Final[dict[str, tuple[dict[str, Around], dict[str, Reader]]]] = {
    "IMAP": (
        _IMAP,
        {
            "IMAP answers": _over_the_wire(_answers),
            "response code": read_code,
            "folder's name": _folder_name,
        },
    ),
    "SMTP": (_SMTP, {"SMTP reply": _over_the_wire(lambda wire: SmtpWire(wire).read_reply())}),
    "rows": (_ROWS, {"row": _row}),
    "key server": (
        _KEYS,
        {
            "parameters": LoginTerms.from_json,
            "request for parameters": ParametersRequest.from_json,
            "registration": Registration.from_json,
            "login": Login.from_json,
            "error": Refusal.from_json,
            "user": _text(normalise_user),
            "server": _text(normalise_origin),
        },
    ),
}
