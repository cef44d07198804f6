"""Folders that a mail server lets a person only read: they are shown, and a refused change says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, error_of, folder_path, get, set_flags
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer, Step, TakeLiteral
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Mailbox, OutgoingMessage

pytestmark = pytest.mark.server

OPENED = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\n"
READ_ONLY: list[Step] = [OPENED + b"TAG OK [READ-ONLY] opened\r\n"]
READ_WRITE: list[Step] = [OPENED + b"TAG OK [READ-WRITE] opened\r\n"]
# The ways in which a server lets a person only read a folder.
WAYS: Mapping[str, Mapping[str, list[Step]]] = {
    "SELECT is refused": {"SELECT": [b"TAG NO Permission denied\r\n"], "EXAMINE": READ_ONLY},
    "SELECT is refused by its code": {"SELECT": [b"TAG NO [READ-ONLY] no\r\n"], "EXAMINE": READ_ONLY},
    "SELECT is refused by NOPERM": {"SELECT": [b"TAG NO [NOPERM] no\r\n"], "EXAMINE": [OPENED + b"TAG OK\r\n"]},
    "SELECT answers READ-ONLY": {"SELECT": READ_ONLY},
}
Calls = Mapping[str, Callable[[], TestResponse]]


def changes(browser: FlaskClient) -> Calls:
    """The requests that change a message of the folder Other."""
    path = f"{folder_path(browser, 'Other')}/9"
    (sent,) = (
        folder["id"] for folder in get(browser, "/api/folders").get_json()["folders"] if folder["name"] == "Sent"
    )

    def post(verb: str, **members: object) -> TestResponse:
        return browser.post(f"{path}/{verb}", base_url=API, headers=FROM_PAGES, json={"uids": [7], **members})

    return {
        "STORE": lambda: set_flags(browser, path, [7], add=["\\Flagged"]),
        "MOVE": lambda: post("move", to=sent),
        "delete": lambda: post("delete"),
    }


def refuse(imap: LyingServer, answer: bytes) -> None:
    """Let the server refuse each change."""
    imap.answers |= {command: [b"TAG " + answer + b"\r\n"] for command in ("UID STORE", "UID MOVE", "UID EXPUNGE")}


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_that_can_only_be_read_is_listed(alice: FlaskClient, imap: LyingServer, way: str) -> None:
    imap.answers |= WAYS[way]
    listed = get(alice, f"{folder_path(alice, 'Other')}/messages")
    assert [message["uid"] for message in listed.get_json()["messages"]] == [7, 5]
    assert get(alice, f"{folder_path(alice, 'Other')}/9/7/raw").status_code == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", ["STORE", "MOVE", "delete"])
def test_a_refused_change_in_it_has_a_code_of_its_own(
    alice: FlaskClient, imap: LyingServer, way: str, change: str
) -> None:
    call = changes(alice)[change]
    imap.answers |= WAYS[way]
    refuse(imap, b"NO not here")
    refused = call()
    assert error_of(refused) == (403, "folder-read-only")
    assert "only read" in refused.get_json()["message"]
    assert "failure" not in refused.get_json()


def test_a_change_that_the_server_takes_and_ignores_is_told(alice: FlaskClient, imap: LyingServer) -> None:
    """Dovecot answers OK."""
    call = changes(alice)["STORE"]
    imap.answers |= WAYS["SELECT answers READ-ONLY"]
    refuse(imap, b"OK Store ignored with read-only mailbox.")
    assert error_of(call()) == (403, "folder-read-only")


def test_a_change_that_the_server_makes_there_is_no_error(alice: FlaskClient, imap: LyingServer) -> None:
    """RFC 4314 section 5.2: a person without other rights may keep which messages they have seen."""
    call = changes(alice)["STORE"]
    imap.answers |= WAYS["SELECT answers READ-ONLY"]
    assert call().status_code == 200


@pytest.mark.parametrize("change", ["STORE", "MOVE", "delete"])
@pytest.mark.parametrize("answer", [b"NO [READ-ONLY] no", b"NO Mailbox is read-only", b"NO [NOPERM] Read only mailbox"])
def test_a_folder_that_became_one_says_so_by_its_refusal(
    alice: FlaskClient, imap: LyingServer, change: str, answer: bytes
) -> None:
    call = changes(alice)[change]
    refuse(imap, answer)
    assert error_of(call()) == (403, "folder-read-only")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"NO [OVERQUOTA] full", "mailbox-full"),
        (b"NO [TRYCREATE] no", "no-such-folder"),
        (b"NO no", "folder-read-only"),
    ],
)
def test_another_reason_counts_more(alice: FlaskClient, imap: LyingServer, answer: bytes, code: str) -> None:
    call = changes(alice)["MOVE"]
    imap.answers |= WAYS["SELECT answers READ-ONLY"]
    refuse(imap, answer)
    assert error_of(call())[1] == code


def test_a_refusal_in_another_folder_is_not_one(alice: FlaskClient, imap: LyingServer) -> None:
    call = changes(alice)["STORE"]
    imap.answers |= {"SELECT": READ_WRITE}
    refuse(imap, b"NO not here")
    assert error_of(call()) == (502, "mail-server-refused")


def test_a_move_without_move_leaves_no_copies(imap: LyingServer) -> None:
    """Without MOVE, each try would add one more copy to the other folder."""
    imap.answers |= {**HEALTHY, "CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS\r\nTAG OK\r\n"]}
    imap.answers |= WAYS["SELECT answers READ-ONLY"]
    connection = ImapConnection.open(login_at(imap.address()))
    with pytest.raises(GatewayError) as raised:
        connection.move(Mailbox("Other", 9), [7], "Sent")
    assert raised.value.code is GatewayCode.FOLDER_READ_ONLY
    assert imap.commands("UID COPY") == []
    connection.copy(Mailbox("Other", 9), [7], "Sent")
    assert len(imap.commands("UID COPY")) == 1
    connection.close()


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("asks_first", [False, True])
def test_storing_a_message_in_it(imap: LyingServer, is_open: bool, asks_first: bool) -> None:
    imap.answers |= {**HEALTHY, **WAYS["SELECT answers READ-ONLY"]}
    answer = b"TAG NO no\r\n" if is_open else b"TAG NO Mailbox is read-only\r\n"
    imap.answers["APPEND"] = [b"+ go on\r\n", TakeLiteral(), answer] if asks_first else [answer]
    connection = ImapConnection.open(login_at(imap.address()))
    if is_open:
        connection.list_messages("Other", limit=10)
    with OutgoingMessage.of(b"Subject: x\r\n\r\nx\r\n") as message, pytest.raises(GatewayError) as raised:
        connection.append("Other", message, [])
    assert raised.value.code is GatewayCode.FOLDER_READ_ONLY
    connection.close()


@pytest.mark.parametrize("examine", [[b"TAG NO no\r\n"], [b"TAG BAD what?\r\n"], []])
def test_a_folder_that_does_not_open_in_any_way_is_missing(
    alice: FlaskClient, imap: LyingServer, examine: list[Step]
) -> None:
    imap.answers |= {"SELECT": [b"TAG NO Mailbox does not exist\r\n"], "EXAMINE": examine}
    assert error_of(get(alice, f"{folder_path(alice, 'Other')}/messages")) == (404, "no-such-folder")


def test_a_folder_that_is_numbered_anew_and_only_examined_has_changed(alice: FlaskClient, imap: LyingServer) -> None:
    imap.answers |= {"SELECT": [b"TAG NO no\r\n"], "EXAMINE": READ_ONLY}
    assert error_of(get(alice, f"{folder_path(alice, 'Other')}/8/7/raw")) == (409, "folder-changed")
