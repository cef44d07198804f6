"""Messages of a POP3 mailbox that are deleted when they were retrieved, or some days after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers import dovecot
from tests.support.servers.bridge import API, FROM_PAGES, error_of, folder_path, get, sign_in
from tests.support.servers.lying_server import POP3, Close, LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, login_at
from tests.support.servers.ports import free_port
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import RETRIEVED
from webbridge.gateway import ImapConnection, MailServer, OutgoingMessage, Pop3Connection, Security, ServerAddress
from webbridge.gateway.door import Mailbox
from webbridge.gateway.pop3 import INBOX, UID_VALIDITY
from webbridge.services import services_of

pytestmark = pytest.mark.server

DAY = 24 * 60 * 60


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def dovecot_pop3(tls_folder: Path) -> Iterator[MailServer]:
    """A Dovecot with POP3. Its IMAP is at the address for outgoing mail, which these tests do not use otherwise."""
    if dovecot.BINARY is None or not Path("/usr/lib/dovecot/pop3").exists():
        pytest.skip("dovecot-pop3d is not installed")
    ports = {security: free_port() for security in Security}
    settings = dovecot.pop3_settings(ports)
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, more_settings=settings) as addresses:
        pop3 = ServerAddress(host=dovecot.HOST, port=ports[Security.IMPLICIT_TLS])
        yield MailServer(pop3=pop3, smtp=addresses[Security.IMPLICIT_TLS], ca_file=tls_folder / "tls_ca.pem")


@pytest.fixture
def server(dovecot_pop3: MailServer) -> MailServer:
    """The server, with three messages in Alice's mailbox."""
    connection = Pop3Connection.open(login_at(dovecot_pop3))
    rows = connection.list_messages(INBOX, limit=1000).rows
    if rows:
        connection.delete_for_ever(Mailbox(INBOX, UID_VALIDITY), [row.uid for row in rows])
    connection.close()
    imap = ImapConnection.open(login_at(replace(dovecot_pop3, pop3=None, imap=dovecot_pop3.smtp)))
    for number in range(3):
        with OutgoingMessage.of(b"Subject: %d\r\n\r\nHello\r\n" % number) as message:
            imap.append("INBOX", message, [])
    imap.close()
    return dovecot_pop3


@pytest.fixture
def alice(config: BridgeConfig, server: MailServer) -> Iterator[FlaskClient]:
    yield from signed_in(config, server)


def signed_in(config: BridgeConfig, server: MailServer) -> Iterator[FlaskClient]:
    app = create_app(replace(config, mail_server=server))
    browser = app.test_client()
    enter(browser)
    yield browser
    services_of(app).close()


def enter(browser: FlaskClient) -> None:
    """Sign in. Due messages are deleted when the answer has ended."""
    with sign_in(browser) as answer:
        assert answer.status_code == 200


def listed(browser: FlaskClient) -> dict[str, int]:
    """The UIDs in the inbox, by subject."""
    rows = get(browser, f"{folder_path(browser)}/messages").get_json()["messages"]
    return {row["subject"]: row["uid"] for row in rows}


def were_retrieved(browser: FlaskClient, uids: object, days: object) -> TestResponse:
    path = f"{folder_path(browser)}/{UID_VALIDITY}/retrieved"
    return browser.post(path, base_url=API, headers=FROM_PAGES, json={"uids": uids, "afterDays": days})


def test_a_message_is_deleted_when_it_was_retrieved(alice: FlaskClient) -> None:
    assert were_retrieved(alice, [listed(alice)["1"], 12345], 0).status_code == 204
    assert set(listed(alice)) == {"0", "2"}


def test_a_message_is_deleted_at_the_first_sign_in_after_its_days(alice: FlaskClient, clock: FakeClock) -> None:
    uids = listed(alice)
    assert were_retrieved(alice, [uids["0"]], 7).status_code == 204
    assert were_retrieved(alice, [uids["1"]], 30).status_code == 204
    clock.advance(seconds=7 * DAY - 60)
    enter(alice)
    assert set(listed(alice)) == {"0", "1", "2"}
    clock.advance(seconds=60)
    enter(alice)
    assert set(listed(alice)) == {"1", "2"}
    with services_of(alice.application).database.reading() as rows:
        (row,) = rows.execute(RETRIEVED.select()).all()
    assert (len(row.account), len(row.message)) == (32, 32)


def test_a_later_note_replaces_the_first(alice: FlaskClient, clock: FakeClock) -> None:
    uid = listed(alice)["0"]
    were_retrieved(alice, [uid], 1)
    were_retrieved(alice, [uid], 30)
    clock.advance(seconds=2 * DAY)
    enter(alice)
    assert "0" in listed(alice)


def test_a_note_of_one_account_deletes_nothing_of_another(alice: FlaskClient, clock: FakeClock) -> None:
    were_retrieved(alice, [listed(alice)["0"]], 1)
    clock.advance(seconds=2 * DAY)
    with sign_in(alice, BOB, PASSWORDS[BOB]) as answer:
        assert answer.status_code == 200
    assert len(services_of(alice.application).retrieved.due(ALICE)) == 1


@pytest.mark.parametrize("days", [None, -1, 366, 1.0, "1", True])
def test_days_are_a_number_from_0_to_365(alice: FlaskClient, days: object) -> None:
    assert error_of(were_retrieved(alice, [listed(alice)["0"]], days)) == (400, "bad-request")
    assert len(listed(alice)) == 3


def test_only_mailboxes_by_pop3_delete_what_was_retrieved(config: BridgeConfig, server: MailServer) -> None:
    for browser in signed_in(config, replace(server, pop3=None, imap=server.smtp)):
        for days in (0, 7):
            assert error_of(were_retrieved(browser, [1], days)) == (422, "not-offered")


def test_a_failed_deletion_is_tried_again_at_the_next_sign_in(
    tls_folder: Path, config: BridgeConfig, clock: FakeClock
) -> None:
    with LyingServer(POP3, tls_folder=tls_folder) as pop3:
        for browser in signed_in(config, pop3.pop3_address()):
            uid = get(browser, f"{folder_path(browser)}/messages").get_json()["messages"][0]["uid"]
            assert were_retrieved(browser, [uid], 1).status_code == 204
            clock.advance(seconds=2 * DAY)
            pop3.answers["DELE"] = [Close()]
            enter(browser)
            assert pop3.commands("DELE") == [b"DELE 2"]
            pop3.answers["DELE"] = POP3["DELE"]
            enter(browser)
            enter(browser)
            assert pop3.commands("DELE") == [b"DELE 2"] * 2
