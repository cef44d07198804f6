"""Servers that are odd all day: nothing is lost, nothing is sent twice, and one sentence says what happened.

They change their capabilities, list too many folders, mark two of them alike, end lines in a bare LF, speak only the
second revision of IMAP, close the connection after each refusal, or ask in the login for what is no base64. And the
bridge's clock jumps.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers.bridge import (
    API,
    FROM_PAGES,
    bridge_before,
    error_of,
    folder_path,
    get,
    send,
    set_flags,
    sign_in,
)
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import IMAP, POP3, SMTP, Close, LyingServer, Step, TakeLine
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway.imap_folders import MAX_FOLDERS

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nMessage-ID: <odd@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
Answers = Mapping[str, Sequence[Step]]


@contextmanager
def signed_in(imap: LyingServer, smtp: LyingServer, answers: Answers) -> Iterator[FlaskClient]:
    """A browser that is signed in at a bridge before the two servers."""
    imap.answers |= {**HEALTHY, **answers}
    smtp.answers["RSET"] = [b"250 ok\r\n"]
    with bridge_before(replace(imap.address(timeout_seconds=5.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def post(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def spend_a_day(browser: FlaskClient) -> list[int]:
    """List, search, read, mark, move, delete and send. Return the states of the answers."""
    inbox = folder_path(browser)
    folders = {folder["name"]: folder["id"] for folder in get(browser, "/api/folders").get_json()["folders"]}
    answers = [
        get(browser, f"{inbox}/messages"),
        post(browser, f"{inbox}/search", subject="x"),
        get(browser, f"{inbox}/9/7/raw"),
        set_flags(browser, f"{inbox}/9", [7], add=["\\Seen"]),
        post(browser, f"{inbox}/9/move", uids=[7], to=folders["Other"]),
        post(browser, f"{inbox}/9/delete", uids=[7]),
        send(browser, MESSAGE, BOB),
    ]
    return [answer.status_code for answer in answers]


def in_bare_lf(answers: Answers) -> dict[str, list[Step]]:
    """The answers with lines that end in a bare LF, except inside of literals."""

    def bare(step: Step) -> Step:
        return step.replace(b"\r\n", b"\n") if isinstance(step, bytes) and b"{" not in step else step

    return {command: [bare(step) for step in steps] for command, steps in answers.items()}


# Capabilities


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"MOVE UIDPLUS CONDSTORE LITERAL+ SPECIAL-USE LIST-EXTENDED NAMESPACE LIST-STATUS", b""),
        (b"", b"MOVE UIDPLUS"),
        (b"QRESYNC ENABLE IDLE ACL", b"X-NOTHING"),
    ],
)
def test_the_capabilities_of_after_the_login_count(
    imap: LyingServer, smtp: LyingServer, before: bytes, after: bytes
) -> None:
    capabilities = b"* CAPABILITY IMAP4rev1 " + after + b"\r\nTAG OK\r\n"
    answers: Answers = {
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN " + before + b"] ready\r\n"],
        "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG OK signed in\r\n"],
        "CAPABILITY": [capabilities],
    }
    with signed_in(imap, smtp, answers) as browser:
        assert spend_a_day(browser) == [200] * 7
    assert len(imap.commands("UID MOVE")) == (2 if b"MOVE" in after else 0)
    assert imap.commands("ENABLE") == []


def test_a_server_of_the_second_revision_only(imap: LyingServer, smtp: LyingServer) -> None:
    """RFC 9051: no IMAP4rev1 among the capabilities, ESEARCH for each search, and names in UTF-8."""
    offered = b"CAPABILITY IMAP4rev2 AUTH=PLAIN MOVE UIDPLUS ESEARCH LITERAL-"
    answers: Answers = {
        "GREETING": [b"* OK [" + offered + b"] ready\r\n"],
        "CAPABILITY": [b"* " + offered + b"\r\nTAG OK\r\n"],
        "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG OK [" + offered + b"] signed in\r\n"],
        "SELECT": [
            b'* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\n* LIST () "/" INBOX\r\n'
            b"TAG OK [READ-WRITE] opened\r\n"
        ],
        "UID SEARCH": [b'* ESEARCH (TAG "TAG") UID ALL 5,7\r\nTAG OK\r\n'],
    }
    with signed_in(imap, smtp, answers) as browser:
        assert spend_a_day(browser) == [200] * 7


# Folders


def test_a_hundred_thousand_folders_are_answered_within_bounds(imap: LyingServer, smtp: LyingServer) -> None:
    """The first ones are listed, and those with a role, so that no second trash is made."""
    many = b"".join(b'* LIST () "/" "Folder %d"\r\n' % number for number in range(100_000))
    marked = b'* LIST () "/" INBOX\r\n* LIST (\\Trash) "/" Zuletzt\r\n* LIST () "/" Sent\r\nTAG OK\r\n'
    with signed_in(imap, smtp, {"LIST": [many + marked], "STATUS": [b"TAG NO no\r\n"]}) as browser:
        listed = get(browser, "/api/folders").get_json()["folders"]
        assert len(listed) == MAX_FOLDERS
        roles = {folder["role"]: folder["name"] for folder in listed if folder["role"]}
        assert roles == {"inbox": "INBOX", "trash": "Zuletzt", "sent": "Sent"}
        assert post(browser, f"{folder_path(browser)}/9/delete", uids=[7]).status_code == 200
    assert imap.commands("CREATE") == []
    assert imap.commands("UID MOVE")[0].endswith(b'"Zuletzt"')


def test_of_two_folders_that_are_marked_as_the_trash_one_is_used(imap: LyingServer, smtp: LyingServer) -> None:
    marked = b'* LIST () "/" INBOX\r\n* LIST (\\Trash) "/" Trash\r\n* LIST (\\Trash) "/" Bin\r\nTAG OK\r\n'
    with signed_in(imap, smtp, {"LIST": [marked]}) as browser:
        listed = get(browser, "/api/folders").get_json()["folders"]
        assert {folder["name"] for folder in listed if folder["role"] == "trash"} == {"Trash", "Bin"}
        assert {folder["name"] for folder in listed} == {"INBOX", "Trash", "Bin"}
        for _ in range(2):
            assert post(browser, f"{folder_path(browser)}/9/delete", uids=[7]).status_code == 200
    assert imap.commands("CREATE") == []
    assert {command.split()[-1] for command in imap.commands("UID MOVE")} == {b'"Trash"'}


# Lines


def test_lines_that_end_in_a_bare_lf_are_read(imap: LyingServer, smtp: LyingServer) -> None:
    answers = {**in_bare_lf({**IMAP, **HEALTHY}), **{key: HEALTHY[key] for key in ("FETCH", "UID FETCH")}}
    smtp.answers |= in_bare_lf(SMTP)
    with signed_in(imap, smtp, answers) as browser:
        assert spend_a_day(browser) == [200] * 7
    assert len(smtp.messages) == 1


def test_pop3_lines_that_end_in_a_bare_lf_are_read(imap: LyingServer) -> None:
    imap.answers = {**POP3, **in_bare_lf({key: POP3[key] for key in ("GREETING", "CAPA", "UIDL", "LIST", "TOP")})}
    with bridge_before(imap.pop3_address()) as browser:
        assert sign_in(browser).status_code == 200
        assert len(get(browser, f"{folder_path(browser)}/messages").get_json()["messages"]) == 2


# Refusals


REFUSED_AND_CLOSED = ["LIST", "SELECT", "FETCH", "UID FETCH", "UID SEARCH", "UID STORE", "UID MOVE", "APPEND"]


@pytest.mark.parametrize("command", REFUSED_AND_CLOSED)
def test_a_server_that_closes_after_each_refusal_costs_one_answer(
    imap: LyingServer, smtp: LyingServer, command: str
) -> None:
    """Nothing is sent twice, and the next request is answered on another connection."""
    with signed_in(imap, smtp, {}) as browser:
        before = dict(imap.answers)
        get(browser, "/api/folders")
        inbox = folder_path(browser)
        other = folder_path(browser, "Other")
        imap.answers[command] = [b"TAG NO not now\r\n", Close()]
        for answer in (
            get(browser, "/api/folders"),
            get(browser, f"{inbox}/messages"),
            post(browser, f"{inbox}/search", subject="x"),
            set_flags(browser, f"{inbox}/9", [7], add=["\\Seen"]),
            post(browser, f"{inbox}/9/move", uids=[7], to=other.rpartition("/")[2]),
            send(browser, MESSAGE, BOB),
        ):
            if answer.status_code != 200:
                assert error_of(answer)[1] in ("mail-server-refused", "mail-server-unreachable", "no-such-folder")
        assert len(smtp.messages) == 1
        imap.answers = before
        assert spend_a_day(browser) == [200] * 7
        assert get(browser, "/api/session").status_code == 200


@pytest.mark.parametrize("stage", ["MAIL FROM", "RCPT TO", "DATA"])
def test_a_submission_server_that_closes_after_each_refusal_gets_the_next_message_once(
    imap: LyingServer, smtp: LyingServer, stage: str
) -> None:
    with signed_in(imap, smtp, {}) as browser:
        before = dict(smtp.answers)
        smtp.answers[stage] = [b"550 5.7.1 no\r\n", Close()]
        assert send(browser, MESSAGE, BOB).status_code == 422
        assert smtp.messages == []
        smtp.answers = before
        assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"
        assert len(smtp.messages) == 1


# Logins


@pytest.mark.parametrize("challenge", [b"+ what?", b"+ =", b"+ \xff\xfe", b"+ " + b"A" * 49_999])
def test_an_imap_challenge_that_is_no_base64_gets_no_password(imap: LyingServer, challenge: bytes) -> None:
    imap.answers |= {
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=LOGIN] ready\r\n"],
        "AUTHENTICATE LOGIN": [challenge + b"\r\n", TakeLine(), b"TAG NO no\r\n"],
    }
    with bridge_before(imap.address(timeout_seconds=3.0)) as browser:
        _status, code = error_of(sign_in(browser))
    assert code in ("mail-server-misconfigured", "mail-server-unreadable")
    assert base64.b64encode(PASSWORDS[ALICE].encode()) not in imap.taken


@pytest.mark.parametrize("challenge", [b"+ what?", b"+ =", b"+ \xff\xfe", b"+ " + b"A" * 49_999])
def test_a_pop3_challenge_that_is_no_base64_gets_no_password(imap: LyingServer, challenge: bytes) -> None:
    imap.answers = {
        **POP3,
        "CAPA": [b"+OK\r\nSASL LOGIN\r\nUIDL\r\nTOP\r\n.\r\n"],
        "AUTH LOGIN": [challenge + b"\r\n", TakeLine(), b"-ERR no\r\n"],
    }
    with bridge_before(imap.pop3_address(timeout_seconds=3.0)) as browser:
        _status, code = error_of(sign_in(browser))
    assert code in ("mail-server-misconfigured", "mail-server-unreadable")
    assert base64.b64encode(PASSWORDS[ALICE].encode()) not in imap.taken


# The clock


@pytest.mark.parametrize("seconds", [-365 * 86_400, -3_600, -1, 60, 3_600, 13 * 3_600])
def test_a_clock_that_jumps_sends_nothing_twice(
    alice: FlaskClient, memory_server: MemoryMailServer, clock: FakeClock, seconds: int
) -> None:
    """A session may end by it, which its answer says. The key of a message holds in the next one."""
    assert send(alice, MESSAGE, BOB, key="a-key-of-22-characters").get_json()["outcome"] == "sent"
    clock.advance(seconds=seconds)
    again = send(alice, MESSAGE, BOB, key="a-key-of-22-characters")
    if again.status_code == 401:
        assert error_of(again)[1] == "session-ended"
        assert sign_in(alice).status_code == 200
        again = send(alice, MESSAGE, BOB, key="a-key-of-22-characters")
    assert again.get_json()["outcome"] == "sent"
    assert len(memory_server.messages(BOB)) == 1
    clock.advance(seconds=-seconds)
    assert get(alice, "/api/folders").status_code in (200, 401)
