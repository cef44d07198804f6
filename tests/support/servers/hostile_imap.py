"""Answers of an IMAP server that lies, breaks off or stalls, by the command that they answer. Each has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.servers.lying_server import IMAP, Close, Drip, Script, Step, TakeLiteral

MESSAGE = b"Subject: x\r\n\r\nHello\r\n"
RAW = "UID FETCH 7 (UID BODY.PEEK[])"
_ITEMS = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
_TO = b"BODY[HEADER.FIELDS (TO)]<0>"
_BYE = b"* BYE [UNAVAILABLE] later\r\n"


def row(number: int, uid: int) -> bytes:
    """The answer with the items of a row."""
    header = b"From: bob@example.test\r\nSubject: number %d\r\n\r\n" % uid
    items = b"%d RFC822.SIZE 100 FLAGS () %b {%d}\r\n%b %b {2}\r\n\r\n" % (uid, _ITEMS, len(header), header, _TO)
    return b"* %d FETCH (UID %b)\r\n" % (number, items)


def whole(uid: int) -> bytes:
    """The answer with a whole message."""
    return b"* 1 FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (uid, len(MESSAGE), MESSAGE)


ROWS = row(1, 5) + row(2, 7)
HEALTHY: Script = {
    **IMAP,
    "CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN MOVE UIDPLUS\r\nTAG OK\r\n"],
    "LIST": [
        b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\n* LIST (\\Trash) "/" Trash\r\n'
        b'* LIST () "/" Other\r\nTAG OK\r\n'
    ],
    "FETCH": [ROWS + b"TAG OK\r\n"],
    "UID FETCH": [ROWS + b"TAG OK\r\n"],
    "UID FETCH 5 (UID BODY.PEEK[])": [whole(5) + b"TAG OK\r\n"],
    RAW: [whole(7) + b"TAG OK\r\n"],
    "UID MOVE": [b"* OK [COPYUID 3 7 1] moved\r\n* 2 EXPUNGE\r\nTAG OK\r\n"],
    "UID COPY": [b"TAG OK\r\n"],
    "UID EXPUNGE": [b"TAG OK\r\n"],
}
"""The answers of a server with two messages in each folder, of the UIDs 5 and 7."""


@dataclass(frozen=True, slots=True)
class HostileAnswer:
    """The steps with which a server answers one command. "ROWS" stands for both commands that ask for rows."""

    command: str
    name: str
    steps: Sequence[Step]

    def __str__(self) -> str:
        return f"{self.command}: {self.name}"

    @property
    def commands(self) -> tuple[str, ...]:
        """The beginnings of the commands that are answered so."""
        return ("FETCH", "UID FETCH") if self.command == "ROWS" else (self.command,)


_ROW_5 = b"* 1 FETCH (UID 5 FLAGS ())\r\n"
_TABLE: dict[str, dict[str, bytes | Sequence[Step]]] = {
    "LIST": {
        "no attributes": b"* LIST INBOX\r\nTAG OK\r\n",
        "an open list": b'* LIST (\\Sent "/" Sent\r\nTAG OK\r\n',
        "NIL everywhere": b"* LIST NIL NIL NIL\r\nTAG OK\r\n",
        "deep nesting": b"* LIST " + b"(" * 10_000 + b"\r\nTAG OK\r\n",
        "CR LF in a name": b'* LIST () "/" {8}\r\nx\r\nA1 NO\r\nTAG OK\r\n',
        "NUL in a name": b'* LIST () "/" {3}\r\na\0b\r\nTAG OK\r\n',
        "quotes in a name": b'* LIST () "/" "a\\"b\\\\c"\r\nTAG OK\r\n',
        "an empty name": b'* LIST () "/" ""\r\nTAG OK\r\n',
        "names that are no UTF-7": b'* LIST () "/" "&bad"\r\n* LIST () "/" "\xff\xfe"\r\nTAG OK\r\n',
        "a name of a megabyte": b'* LIST () "/" {1000000}\r\n' + b"x" * 1_000_000 + b"\r\nTAG OK\r\n",
        "the inbox three times": b'* LIST () "/" INBOX\r\n* LIST () "." inbox\r\n* LIST () NIL "InBox"\r\nTAG OK\r\n',
        "cut in a line": [b'* LIST () "/', Close()],
        "BYE": [_BYE, Close()],
        "BAD": b"TAG BAD no\r\n",
    },
    "STATUS": {
        "negative counts": b"* STATUS INBOX (MESSAGES -1 UNSEEN -7)\r\nTAG OK\r\n",
        "counts of 50 digits": b"* STATUS INBOX (MESSAGES " + b"9" * 50 + b")\r\nTAG OK\r\n",
        "of another folder": b"* STATUS {3}\r\na\r\n (MESSAGES 1)\r\nTAG OK\r\n",
        "cut in a line": [b"* STATUS INBOX (MES", Close()],
        "BYE": [_BYE, Close()],
    },
    "SELECT": {
        "no data": b"TAG OK\r\n",
        "OK before the data": b"TAG OK\r\n* 2 EXISTS\r\n* OK [UIDVALIDITY 9] late\r\n",
        "a count of billions": b"* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\nTAG OK\r\n",
        "another UIDVALIDITY": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 10] x\r\nTAG OK\r\n",
        "a UIDVALIDITY of 18 digits": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 999999999999999999] x\r\nTAG OK\r\n",
        "a wrong tag": b"* 2 EXISTS\r\nX9 OK\r\n",
        "the tag of a later command": b"S99 OK\r\nTAG OK\r\n",
        "a tag only": b"TAG\r\n",
        "an unknown status": b"TAG PERHAPS\r\n",
        "PREAUTH as a status": b"TAG PREAUTH x\r\n",
        "BYE with the status": [b"* BYE\r\nTAG OK\r\n", Close()],
        "BYE": [_BYE, Close()],
        "cut in the tag": [b"* 2 EXISTS\r\nS", Close()],
        "a question": b"+ what?\r\nTAG OK\r\n",
        "bytes that are no text": b"\xff\xfe\x00\r\nTAG OK\r\n",
        "a line without an end": b"x" * 3_000_000,
        "30,000 lines": b"* x\r\n" * 30_000,
    },
    "ROWS": {
        "no rows": b"TAG OK\r\n",
        "only one row": row(1, 5) + b"TAG OK\r\n",
        "one UID twice": row(1, 5) + row(1, 5) + row(2, 7) + b"TAG OK\r\n",
        "a UID nobody asked for": row(1, 5) + row(2, 7) + b"* 3 FETCH (UID 4294967296)\r\nTAG OK\r\n",
        "NIL for a header": _ROW_5 + b"* 2 FETCH (UID 7 FLAGS () " + _ITEMS + b" NIL " + _TO + b" NIL)\r\nTAG OK\r\n",
        "NIL for the flags and the size": b"* 2 FETCH (UID 7 RFC822.SIZE NIL FLAGS NIL)\r\n" + _ROW_5 + b"TAG OK\r\n",
        "a list for a header": _ROW_5 + b"* 2 FETCH (UID 7 FLAGS () " + _ITEMS + b" (a b))\r\nTAG OK\r\n",
        "a row that never closes": b"* 2 FETCH (UID 7 FLAGS (\r\n" + row(1, 5) + b"TAG OK\r\n",
        "EXPUNGE in between": row(1, 5) + b"* 1 EXPUNGE\r\n" + row(2, 7) + b"TAG OK\r\n",
        "EXISTS in between": row(1, 5) + b"* 900 EXISTS\r\n" + row(2, 7) + b"TAG OK\r\n",
        "FETCH without a UID in between": row(1, 5) + b"* 2 FETCH (FLAGS ())\r\n" + row(2, 7) + b"TAG OK\r\n",
        "cut in a literal": [_ROW_5 + b"* 2 FETCH (UID 7 " + _ITEMS + b" {900}\r\nFrom: x", Close()],
        "cut in a line": [_ROW_5 + b"* 2 FETCH (UID", Close()],
        "a literal of a terabyte": _ROW_5 + b"* 2 FETCH (UID 7 " + _ITEMS + b" {9999999999999}\r\nx",
        "a literal shorter than its text": b"* 2 FETCH (UID 7 " + _ITEMS + b" {3}\r\nSubject: x)\r\nTAG OK\r\n",
        "a literal size that is none": b"* 2 FETCH (UID 7 " + _ITEMS + b" {-1}\r\n)\r\nTAG OK\r\n",
        "refused after one row": row(1, 5) + b"TAG NO [SERVERBUG] no\r\n",
        "BYE after one row": [row(1, 5) + _BYE, Close()],
        "byte by byte": [Drip(row(1, 5) + row(2, 7) + b"TAG OK\r\n")],
    },
    RAW: {
        "NIL": b"* 2 FETCH (UID 7 BODY[] NIL)\r\nTAG OK\r\n",
        "another message": b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\nTAG OK\r\n",
        "no UID": b"* 1 FETCH (BODY[] {3}\r\nabc)\r\nTAG OK\r\n",
        "cut in the literal": [b"* 2 FETCH (UID 7 BODY[] {500}\r\nshort", Close()],
        "a literal shorter than its text": b"* 2 FETCH (UID 7 BODY[] {3}\r\nlonger)\r\nTAG OK\r\n",
        "a literal of 30 digits": b"* 2 FETCH (UID 7 BODY[] {" + b"9" * 30 + b"}\r\n",
        "a message of two gigabytes": b"* 2 FETCH (UID 7 BODY[] {2000000000}\r\n",
        "OK before the data": b"TAG OK\r\n" + whole(7),
        "refused": b"TAG NO [EXPUNGEISSUED] no\r\n",
        "BYE": [_BYE, Close()],
        "byte by byte": [Drip(whole(7) + b"TAG OK\r\n")],
    },
    "UID SEARCH": {
        "no numbers": b"* SEARCH x (y) NIL -1 0 4294967296\r\nTAG OK\r\n",
        "more ranges than messages": b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\nTAG OK\r\n',
        "an open range": b"* ESEARCH UID ALL 5:*,,7:\r\nTAG OK\r\n",
        "messages that are gone": b"* SEARCH 1 2 3\r\nTAG OK\r\n",
        "charset refused": b"TAG NO [BADCHARSET] no\r\n",
        "cut in a line": [b"* SEARCH 5", Close()],
        "BYE": [_BYE, Close()],
    },
    "UID STORE": {"BAD": b"TAG BAD no\r\n", "BYE": [_BYE, Close()], "news in between": b"* 9 EXPUNGE\r\nTAG OK\r\n"},
    "UID MOVE": {
        "a COPYUID of billions": b"* OK [COPYUID 3 7 1:4294967295] moved\r\nTAG OK\r\n",
        "a COPYUID of nothing": b"* OK [COPYUID 0 , ,] moved\r\nTAG OK [COPYUID\r\n",
        "BYE": [_BYE, Close()],
        "cut in the tag": [b"S", Close()],
    },
    "APPEND": {
        "OK before the data": b"TAG OK\r\n",
        "refused before the data": b"TAG NO [OVERQUOTA] full\r\n",
        "BYE before the data": [_BYE, Close()],
        "BYE after the data": [b"+ go on\r\n", TakeLiteral(), _BYE, Close()],
        "cut after the data": [b"+ go on\r\n", TakeLiteral(), b"TAG O", Close()],
    },
}
ANSWERS: list[HostileAnswer] = [
    HostileAnswer(command, name, [steps] if isinstance(steps, bytes) else steps)
    for command, named in _TABLE.items()
    for name, steps in named.items()
]
