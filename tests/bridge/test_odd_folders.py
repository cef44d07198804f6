"""Folders at odd mail servers: no second trash, names as they were written, and a refusal that says what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, folder_path, get, sign_in
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer, TakeLine

pytestmark = pytest.mark.server


@pytest.fixture
def alice(smtp: LyingServer, imap: LyingServer) -> Iterator[FlaskClient]:
    imap.answers |= {
        **HEALTHY,
        "STATUS": [b"TAG OK\r\n"],
        "EXAMINE": [b"* OK [UIDVALIDITY 9] x\r\nTAG OK\r\n"],
        "CREATE": [b"TAG OK\r\n"],
        "SUBSCRIBE": [b"TAG OK\r\n"],
        "UNSUBSCRIBE": [b"TAG OK\r\n"],
        "RENAME": [b"TAG OK\r\n"],
    }
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def folders(*texts: str) -> list[bytes]:
    return [b"".join(text.encode() + b"\r\n" for text in texts) + b"TAG OK done\r\n"]


def post(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def put(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.put(path, base_url=API, headers=FROM_PAGES, json=members)


def offer(imap: LyingServer, capabilities: bytes) -> None:
    imap.answers |= {
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN " + capabilities + b"] ready\r\n"],
        "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"* CAPABILITY IMAP4rev1 " + capabilities + b"\r\nTAG OK\r\n"],
    }
    imap.hang_up()


def delete(browser: FlaskClient) -> TestResponse:
    return post(browser, f"{folder_path(browser)}/9/delete", uids=[7])


def test_a_chosen_folder_keeps_its_use_when_its_parent_is_renamed(alice: FlaskClient, imap: LyingServer) -> None:
    before = folders('* LIST () "/" INBOX', '* LIST () "/" Old', '* LIST () "/" Old/Bin')
    imap.answers["LIST"] = before
    assert put(alice, f"{folder_path(alice, 'Old/Bin')}/use", use="trash").status_code == 200
    renamed = put(alice, folder_path(alice, "Old"), name="New").get_json()
    imap.answers["LIST"] = folders('* LIST () "/" INBOX', '* LIST () "/" New', '* LIST () "/" New/Bin')
    delete(alice)
    assert post(alice, "/api/undo", undo=renamed["undo"]).status_code == 200
    imap.answers["LIST"] = before
    delete(alice)
    assert imap.commands("UID MOVE") == [b'UID MOVE 7 "New/Bin"', b'UID MOVE 7 "Old/Bin"']
    assert imap.commands("CREATE") == []


@pytest.mark.parametrize("named", [True, False], ids=["NAMESPACE", "no NAMESPACE"])
def test_a_trash_below_an_inbox_in_other_capitals_is_used(alice: FlaskClient, imap: LyingServer, named: bool) -> None:
    offer(imap, b"MOVE UIDPLUS" + (b" NAMESPACE" if named else b""))
    imap.answers |= {
        "NAMESPACE": folders('* NAMESPACE (("INBOX." ".")) NIL NIL'),
        "LIST": folders('* LIST () "." Inbox', '* LIST () "." Inbox.Trash', '* LIST () "." Inbox.Sent'),
    }
    delete(alice)
    assert (imap.commands("CREATE"), imap.commands("UID MOVE")) == ([], [b'UID MOVE 7 "Inbox.Trash"'])
    prefixes = {one["name"]: one["prefix"] for one in get(alice, "/api/folders").get_json()["folders"]}
    assert prefixes["Inbox.Sent"] == ("Inbox." if named else "")


def test_a_namespace_of_the_inbox_without_its_delimiter_gets_it(alice: FlaskClient, imap: LyingServer) -> None:
    """RFC 2342 section 5: a prefix "usually" has it. Otherwise `INBOXTrash` is made."""
    offer(imap, b"MOVE UIDPLUS NAMESPACE")
    imap.answers |= {
        "NAMESPACE": folders('* NAMESPACE (("INBOX" ".")) NIL NIL'),
        "LIST": folders('* LIST () "." INBOX', '* LIST () "." INBOX.Trash'),
    }
    delete(alice)
    assert (imap.commands("CREATE"), imap.commands("UID MOVE")) == ([], [b'UID MOVE 7 "INBOX.Trash"'])
    assert post(alice, "/api/folders", name="Projects").status_code == 200
    assert imap.commands("CREATE") == [b'CREATE "INBOX.Projects"']
