"""The API before an IMAP server that lies: documented failures only, no lost session, and no hidden message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, folder_path, get, send, set_flags
from tests.support.servers.hostile_imap import ANSWERS, HEALTHY, MESSAGE, RAW, HostileAnswer
from tests.support.servers.lying_server import Close, LyingServer, Step
from tests.support.servers.mailboxes import BOB
from webbridge.blueprints.download import DownloadBroken
from webbridge.gateway.failures import COMMAND_CODES

pytestmark = pytest.mark.server

LETTER = b"From: alice@example.test\r\nMessage-ID: <one@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
CODES = [code for code in COMMAND_CODES if code]
DOCUMENTED = {
    "mailbox-full": (507, None),
    "mail-server-busy": (503, "try-later"),
    "mail-server-unreachable": (502, "unreachable"),
    "mail-server-misconfigured": (502, "misconfigured"),
    "mail-server-unreadable": (502, "misconfigured"),
    "mail-server-refused": (502, None),
    "message-too-large": (413, None),
    "no-such-folder": (404, None),
    "no-such-message": (404, None),
    "folder-changed": (409, None),
}


def post(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def calls(browser: FlaskClient) -> Mapping[str, Callable[[], TestResponse]]:
    """The requests of a person's day."""
    inbox = folder_path(browser)
    return {
        "folders": lambda: get(browser, "/api/folders"),
        "list": lambda: get(browser, f"{inbox}/messages"),
        "older": lambda: get(browser, f"{inbox}/messages?before=9&uidValidity=9"),
        "search": lambda: post(browser, f"{inbox}/search", subject="x"),
        "open": lambda: get(browser, f"{inbox}/9/7/raw"),
        "flags": lambda: set_flags(browser, f"{inbox}/9", [7], add=["\\Seen"]),
        "move": lambda: post(browser, f"{inbox}/9/move", uids=[7], to=folder_path(browser, "Other").split("/")[-1]),
        "delete": lambda: post(browser, f"{inbox}/9/delete", uids=[7]),
        "send": lambda: send(browser, LETTER, BOB),
    }


# The requests that need each command. The other requests never see its answer.
NEED = {
    "LIST": ("folders", "delete"),
    "STATUS": ("folders",),
    "SELECT": ("list", "older", "search", "open", "flags", "move"),
    "ROWS": ("list", "older", "search"),
    RAW: ("open",),
    "UID SEARCH": ("search", "older"),
    "UID STORE": ("flags",),
    "UID MOVE": ("move", "delete"),
    "APPEND": ("send",),
}


def assert_documented(response: TestResponse) -> None:
    if response.status_code == 200:
        return
    fields: dict[str, Any] = response.get_json()
    assert (response.status_code, fields.get("failure")) == DOCUMENTED[fields["code"]], fields


def assert_whole(browser: FlaskClient) -> None:
    """The same session does all of a person's day, as if nothing had happened."""
    assert get(browser, "/api/session").status_code == 200
    requests = calls(browser)
    answers = {name: requests[name]() for name in requests}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(requests, 200)
    assert answers["folders"].get_json()["folders"][0]["name"] == "INBOX"
    assert [(message["uid"], message["problem"]) for message in answers["list"].get_json()["messages"]] == [
        (7, None),
        (5, None),
    ]
    assert answers["open"].data == MESSAGE


@pytest.mark.thorough
@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_no_answer_costs_a_session_or_is_an_undocumented_error(
    imap: LyingServer, alice: FlaskClient, answer: HostileAnswer
) -> None:
    imap.answers |= dict.fromkeys(answer.commands, answer.steps)
    for name in NEED[answer.command]:
        # A message that breaks off after its first bytes ends the body of the answer before its announced length.
        with suppress(DownloadBroken) if answer.command == RAW else nullcontext():
            response = calls(alice)[name]()
            assert_documented(response)
            if answer.command in ("STATUS", "APPEND"):
                assert response.status_code == 200, (name, response.get_json())
    imap.answers |= HEALTHY
    assert_whole(alice)


@pytest.mark.parametrize("answer", [case for case in ANSWERS if case.command == "ROWS"], ids=str)
def test_no_row_is_hidden_and_each_can_be_opened_moved_and_deleted(
    imap: LyingServer, alice: FlaskClient, answer: HostileAnswer
) -> None:
    imap.answers |= dict.fromkeys(answer.commands, answer.steps)
    # The list that follows a broken one asks for the UIDs first.
    imap.answers |= {
        "FETCH 1:2 (UID FLAGS)": [b"* 1 FETCH (UID 5 FLAGS ())\r\n* 2 FETCH (UID 7 FLAGS ())\r\nTAG OK\r\n"],
        "UID FETCH 7 (UID FLAGS)": [b"* 2 FETCH (UID 7 FLAGS ())\r\nTAG OK\r\n"],
    }
    response = calls(alice)["list"]()
    if answer.name == "byte by byte":
        # The first list has used up its time. The next one knows that the folder has such a message.
        assert response.get_json()["code"] == "mail-server-unreachable"
        response = calls(alice)["list"]()
    rows = response.get_json()["messages"]
    assert [row["uid"] for row in rows] == [7, 5]
    if answer.name != "a literal shorter than its text":  # Its first letters are taken for the whole header.
        assert all(row["subject"] or row["problem"] == "header-unreadable" for row in rows)
    for name in ("open", "flags", "move", "delete"):
        assert calls(alice)[name]().status_code == 200, name


def refused(imap: LyingServer, command: str, code: str) -> list[Step]:
    """The steps of a healthy answer up to its data, and then a NO."""
    before = [step for step in HEALTHY[command][:-1] if not isinstance(step, Close)]
    return [*before, b"TAG NO [%b] no\r\n" % code.encode()]


@pytest.mark.parametrize("command", ["SELECT", "ROWS", RAW, "UID SEARCH", "UID STORE", "UID MOVE", "APPEND"])
def test_no_response_code_costs_a_session_or_is_an_undocumented_error(
    imap: LyingServer, alice: FlaskClient, command: str
) -> None:
    for code in CODES:
        for verb in ("FETCH", "UID FETCH") if command == "ROWS" else (command,):
            imap.answers[verb] = refused(imap, verb, code)
        for name in NEED[command]:
            assert_documented(calls(alice)[name]())
    imap.answers |= HEALTHY
    assert_whole(alice)


@pytest.mark.parametrize("code", CODES)
def test_a_response_code_at_a_new_login_ends_a_session_only_for_a_wrong_password(
    imap: LyingServer, alice: FlaskClient, code: str
) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = refused(imap, "AUTHENTICATE PLAIN", code)
    imap.answers["SELECT"] = [Close()]
    response = calls(alice)["list"]()
    is_wrong = code in ("AUTHENTICATIONFAILED", "EXPIRED")
    assert (response.status_code == 401) == is_wrong
    if not is_wrong:
        assert_documented(response)
        imap.answers |= HEALTHY
        assert_whole(alice)
