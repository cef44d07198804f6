"""Copies of sent messages: kept, not kept, or deleted after some days, for one message or by the account's choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, UPLOAD, bridge_before, error_of, get, sign_in, upload
from tests.support.servers.lying_server import POP3, LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, login_at
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import SENT_COPY
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import ImapConnection, Mailbox, Security, ServerAddress
from webbridge.gateway.undo import RemoveStep
from webbridge.services import services_of

pytestmark = pytest.mark.server

DAY = 24 * 60 * 60
KEYWORD = "$SealwaxDeleteAfter30"
SELECTED = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\n"
CAPABLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS\r\nTAG OK\r\n"


@pytest.fixture
def clock() -> FakeClock:
    """The mail server writes down the real day of a copy."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def app(
    config: BridgeConfig, memory_server: MemoryMailServer, dovecot_addresses: dict[Security, ServerAddress]
) -> Iterator[Flask]:
    """A bridge to a Dovecot, in which Alice's folder for sent mail is empty."""
    server = replace(memory_server.address, imap=dovecot_addresses[Security.IMPLICIT_TLS])
    connection = ImapConnection.open(login_at(server))
    name = connection.sent_folder()
    page = connection.list_messages(name, limit=200)
    if page.rows:
        mailbox = Mailbox(name, page.uid_validity)
        connection.take_step(RemoveStep(mailbox=mailbox, uids=[row.uid for row in page.rows]))
    connection.close()
    app = create_app(replace(config, mail_server=server))
    yield app
    services_of(app).close()


@pytest.fixture
def alice(app: Flask) -> FlaskClient:
    browser = app.test_client()
    enter(browser)
    return browser


def enter(browser: FlaskClient) -> None:
    """Sign in. The end of the answer is where due copies are deleted."""
    with sign_in(browser) as answer:
        assert answer.status_code == 200


def send_with(browser: FlaskClient, number: int, key: str | None = None, **members: object) -> TestResponse:
    message = f"From: {ALICE}\r\nMessage-ID: <{number}@example.test>\r\nSubject: {number}\r\n\r\nHello\r\n".encode()
    return browser.post("/api/send", base_url=API, headers=UPLOAD, data=upload(message, BOB, key=key, **members))


def choose(browser: FlaskClient, copy: object) -> TestResponse:
    return browser.put("/api/copies", base_url=API, headers=FROM_PAGES, json={"copy": copy})


def in_sent(browser: FlaskClient) -> dict[str, list[str]]:
    """The flags of the messages in Sent, by their subjects."""
    folders = get(browser, "/api/folders").get_json()["folders"]
    sent = next((folder["id"] for folder in folders if folder["role"] == "sent"), None)
    if sent is None:
        return {}
    rows = get(browser, f"/api/folders/{sent}/messages").get_json()["messages"]
    return {row["subject"]: row["flags"] for row in rows}


def test_a_copy_is_kept_if_nothing_else_is_wished(alice: FlaskClient) -> None:
    assert get(alice, "/api/copies").get_json() == {"copy": True}
    answers = [send_with(alice, 1).get_json(), send_with(alice, 2, copy=True).get_json()]
    assert [(answer["outcome"], bool(answer["savedTo"]), len(answer)) for answer in answers] == [("sent", True, 2)] * 2
    assert set(in_sent(alice)) == {"1", "2"}


def test_the_choice_counts_for_all_messages_that_say_nothing(alice: FlaskClient) -> None:
    assert choose(alice, False).get_json() == {"copy": False}
    assert send_with(alice, 1).get_json() == {"outcome": "sent", "savedTo": None, "copy": False}
    assert send_with(alice, 2, copy=True).get_json()["savedTo"] is not None
    assert choose(alice, 30).get_json() == {"copy": 30}
    answer = send_with(alice, 3).get_json()
    assert (answer["copy"], bool(answer["savedTo"])) == (30, True)
    assert get(alice, "/api/copies").get_json() == {"copy": 30}
    flags = in_sent(alice)
    assert set(flags) == {"2", "3"}
    assert KEYWORD in flags["3"]
    assert KEYWORD not in flags["2"]


def test_copies_are_deleted_at_the_first_sign_in_after_their_days(
    alice: FlaskClient, app: Flask, clock: FakeClock
) -> None:
    for number, copy in enumerate([1, 30, True, 1], 1):
        assert send_with(alice, number, copy=copy).status_code == 200
    clock.advance(seconds=2 * DAY)
    enter(alice)
    assert set(in_sent(alice)) == {"2", "3"}
    clock.advance(seconds=28 * DAY)
    enter(alice)
    assert set(in_sent(alice)) == {"2", "3"}
    clock.advance(seconds=DAY)
    enter(alice)
    assert set(in_sent(alice)) == {"3"}
    # When the last one is gone, a sign-in looks no more.
    clock.advance(seconds=3 * DAY)
    enter(alice)
    assert not services_of(app).copies.may_have_ends(ALICE)


def test_a_copy_that_was_moved_stays(alice: FlaskClient, clock: FakeClock) -> None:
    send_with(alice, 1, copy=1)
    folders = {folder["role"]: folder["id"] for folder in get(alice, "/api/folders").get_json()["folders"]}
    page = get(alice, f"/api/folders/{folders['sent']}/messages").get_json()
    path = f"/api/folders/{folders['sent']}/{page['uidValidity']}/move"
    members = {"uids": [row["uid"] for row in page["messages"]], "to": folders["inbox"]}
    assert alice.post(path, base_url=API, headers=FROM_PAGES, json=members).status_code == 200
    clock.advance(seconds=3 * DAY)
    enter(alice)
    assert in_sent(alice) == {}
    inbox = get(alice, f"/api/folders/{folders['inbox']}/messages").get_json()["messages"]
    assert "1" in [row["subject"] for row in inbox]


def test_a_repeated_key_gets_the_same_answer_whatever_was_chosen_meanwhile(alice: FlaskClient) -> None:
    choose(alice, 30)
    first = send_with(alice, 1, key="k" * 22).get_json()
    choose(alice, False)
    assert send_with(alice, 1, key="k" * 22).get_json() == first
    assert list(in_sent(alice)) == ["1"]


@pytest.mark.parametrize("value", [None, 0, -1, 366, 1.5, "30", [], {}])
def test_a_wish_is_true_false_or_a_number_of_days(alice: FlaskClient, value: object) -> None:
    assert error_of(choose(alice, value)) == (400, "bad-request")
    if value is not None:
        assert error_of(send_with(alice, 1, copy=value)) == (400, "bad-request")
    assert in_sent(alice) == {}


def test_the_choice_is_of_one_account_and_the_table_does_not_name_it(alice: FlaskClient, app: Flask) -> None:
    choose(alice, False)
    assert services_of(app).copies.of(BOB).is_wanted
    with services_of(app).database.reading() as rows:
        (row,) = rows.execute(SENT_COPY.select()).all()
    assert ALICE.encode() not in row.account


# Servers that cannot, or that lie


@pytest.fixture
def lying(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    imap.answers |= {"CAPABILITY": [CAPABLE], "GREETING": [b"* OK hello\r\n"]}
    with bridge_before(replace(imap.address(), smtp=smtp.address().smtp)) as browser:
        enter(browser)
        yield browser


CANNOT = {
    "no keywords": (CAPABLE, b"* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\Seen)] no\r\n"),
    "nothing said": (CAPABLE, b""),
    "only for this session": (CAPABLE, b"* FLAGS (\\Seen $SealwaxDeleteAfter30)\r\n* OK [PERMANENTFLAGS ()] no\r\n"),
    "no UIDPLUS": (b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n", b"* OK [PERMANENTFLAGS (\\*)] all\r\n"),
}


@pytest.mark.parametrize("name", CANNOT)
def test_a_server_that_cannot_is_known_before_the_message_goes(
    imap: LyingServer, smtp: LyingServer, lying: FlaskClient, name: str
) -> None:
    capability, flags = CANNOT[name]
    imap.answers |= {"CAPABILITY": [capability], "SELECT": [SELECTED + flags + b"TAG OK\r\n"]}
    enter(lying)
    assert error_of(send_with(lying, 1, copy=30)) == (422, "not-offered")
    assert error_of(choose(lying, 30)) == (422, "not-offered")
    assert (smtp.commands("MAIL"), smtp.messages) == ([], [])
    assert get(lying, "/api/copies").get_json() == {"copy": True}
    assert send_with(lying, 2, copy=False).get_json()["outcome"] == "sent"


def test_a_keyword_that_the_folder_has_needs_no_new_one(imap: LyingServer, lying: FlaskClient) -> None:
    flags = b"* FLAGS (\\Seen $sealwaxdeleteafter30)\r\n* OK [PERMANENTFLAGS (\\Seen $sealwaxdeleteafter30)] ok\r\n"
    imap.answers["SELECT"] = [SELECTED + flags + b"TAG OK\r\n"]
    assert send_with(lying, 1, copy=30).get_json()["savedTo"] == "Sent"
    assert error_of(send_with(lying, 2, copy=31)) == (422, "not-offered")


def test_only_messages_with_the_keyword_are_deleted_whatever_a_search_finds(
    imap: LyingServer, lying: FlaskClient
) -> None:
    """A server that ignores the keyword in a search would otherwise cost all sent mail."""
    flags = b"* FLAGS (\\Seen $SealwaxDeleteAfter30 $SealwaxDeleteAfter999)\r\n* OK [PERMANENTFLAGS (\\*)] all\r\n"
    imap.answers |= {
        "SELECT": [SELECTED + flags + b"TAG OK\r\n"],
        "UID SEARCH": [b"* SEARCH 3 5 7\r\nTAG OK\r\n"],
        "UID FETCH": [
            b"".join(
                b'* %d FETCH (UID %d INTERNALDATE " 5-Nov-2001 03:00:00 +0000" FLAGS (%b))\r\n' % (number, uid, flags)
                for number, (uid, flags) in enumerate(
                    {
                        3: b"\\Seen",
                        5: b"\\Seen $sealwaxdeleteafter30",
                        6: b"$SealwaxDeleteAfter30",
                        7: b"$SealwaxDeleteAfter3",
                    }.items(),
                    1,
                )
            )
            + b"TAG OK\r\n"
        ],
        "UID EXPUNGE": [b"TAG OK\r\n"],
    }
    send_with(lying, 1, copy=30)
    enter(lying)
    searches = imap.commands("UID SEARCH")
    assert len(searches) == 1
    assert searches[0].startswith(b"UID SEARCH KEYWORD $SealwaxDeleteAfter30 BEFORE ")
    assert imap.commands("UID STORE") == [b"UID STORE 5 +FLAGS.SILENT (\\Deleted)"]
    assert imap.commands("UID EXPUNGE") == [b"UID EXPUNGE 5"]
    assert imap.commands("EXPUNGE") == []


def test_a_failed_deletion_does_not_keep_the_owner_out_and_is_tried_again(
    imap: LyingServer, lying: FlaskClient
) -> None:
    imap.answers["SELECT"] = [SELECTED + b"* OK [PERMANENTFLAGS (\\*)] all\r\nTAG OK\r\n"]
    send_with(lying, 1, copy=30)
    imap.answers["SELECT"] = [b"TAG NO [UNAVAILABLE] later\r\n"]
    enter(lying)
    assert get(lying, "/api/session").status_code == 200
    seen = len(imap.commands("SELECT"))
    enter(lying)
    assert len(imap.commands("SELECT")) > seen


def test_a_person_without_such_copies_signs_in_without_a_look(imap: LyingServer, lying: FlaskClient) -> None:
    send_with(lying, 1, copy=False)
    choose(lying, False)
    enter(lying)
    assert imap.commands("SELECT") == []


def test_a_mailbox_by_pop3_keeps_no_copies(imap: LyingServer, smtp: LyingServer) -> None:
    imap.answers |= POP3
    with bridge_before(replace(imap.pop3_address(), smtp=smtp.address().smtp)) as browser:
        enter(browser)
        assert error_of(choose(browser, 30)) == (422, "not-offered")
        assert error_of(send_with(browser, 1, copy=30)) == (422, "not-offered")
        assert smtp.messages == []
