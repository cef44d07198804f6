"""The bridge takes each undo that it has given, whatever the change was, and an undo names no other message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings, strategies as st

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, folder_path, sign_in
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer, Wait
from webbridge.gateway.door import MAX_FLAGS, MAX_FOLDER_NAME_CHARACTERS, MAX_UIDS
from webbridge.gateway.imap_syntax import quote, write_folder_name

pytestmark = pytest.mark.server

TAKEN = {key: [b"TAG OK\r\n"] for key in ["CREATE", "RENAME", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE", "EXAMINE"]}
# Names that another program may have given. The mark of a name that is no UTF-7 is not among them, because such a name
# is sent as a literal, which the server of these tests does not read.
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0\ufffd"), min_size=1, max_size=40),
    st.text(" a/.*%&-\u00a0\u00ad\u200d\U0001f468", min_size=1, max_size=5),
).filter(lambda name: name.upper() != "INBOX")


@pytest.fixture(scope="module")
def server(tls_folder: Path) -> Iterator[LyingServer]:
    """A server that takes every change."""
    with LyingServer({**HEALTHY, **TAKEN}, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture(scope="module")
def alice(server: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(server.address()) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def change(browser: FlaskClient, method: str, path: str, **members: Any) -> Any:
    return browser.open(path, method=method, base_url=API, headers=FROM_PAGES, json=members)


def undo(browser: FlaskClient, changed: Any) -> Any:
    assert changed.status_code == 200, changed.get_json()
    return change(browser, "POST", "/api/undo", undo=changed.get_json()["undo"])


def word(folder: str) -> bytes:
    return quote(write_folder_name(folder))


@settings(max_examples=30, deadline=None)
@example("a*b")
@example("\U0001f468\u200d\U0001f469")
@given(NAMES)
def test_a_folder_of_any_name_gets_it_back(server: LyingServer, alice: FlaskClient, name: str) -> None:
    server.answers["STATUS"] = [b"* STATUS %b (MESSAGES 0)\r\nTAG OK\r\n" % word(name)]
    folder = folder_path(alice, name)
    assert undo(alice, change(alice, "PUT", folder, name="Another")).status_code == 200
    assert server.commands("RENAME")[-1] == b"RENAME %b %b" % (word("Another"), word(name))
    assert undo(alice, change(alice, "DELETE", folder)).status_code == 200
    assert server.commands("CREATE")[-1] == b"CREATE " + word(name)


def test_the_largest_undo_is_taken(server: LyingServer, alice: FlaskClient) -> None:
    uids = range(4_000_000_000, 4_000_000_000 + 2 * MAX_UIDS, 2)
    rows = b"".join(b"* 1 FETCH (UID %d FLAGS ())\r\n" % uid for uid in uids)
    server.answers["UID FETCH"] = [rows + b"TAG OK\r\n"]
    flags = [f"${number}" for number in range(MAX_FLAGS)]
    folder = folder_path(alice, "\U0001f468" * MAX_FOLDER_NAME_CHARACTERS)
    changed = change(alice, "PUT", f"{folder}/9/flags", uids=list(uids), add=flags)
    assert len(changed.get_json()["undo"]) == MAX_FLAGS
    assert undo(alice, changed).status_code == 200


def test_an_undo_of_many_steps_waits_no_longer_than_one_call(server: LyingServer) -> None:
    server.answers |= {"UID FETCH": [b"* 1 FETCH (UID 7 FLAGS ())\r\nTAG OK\r\n"], "UID STORE": [b"TAG OK\r\n"]}
    with bridge_before(server.address(timeout_seconds=1.0)) as browser:
        assert sign_in(browser).status_code == 200
        flags = [f"${number}" for number in range(MAX_FLAGS)]
        changed = change(browser, "PUT", f"{folder_path(browser)}/9/flags", uids=[7], add=flags)
        server.answers["UID STORE"] = [Wait(0.3), b"TAG OK\r\n"]
        start = time.monotonic()
        assert error_of(undo(browser, changed)) == (502, "mail-server-unreachable")
        assert time.monotonic() - start < 2.0
    server.answers["UID STORE"] = HEALTHY["UID STORE"]


def test_more_flags_than_an_undo_has_steps_are_refused(server: LyingServer, alice: FlaskClient) -> None:
    flags = [f"${number}" for number in range(MAX_FLAGS + 1)]
    before = server.commands("UID STORE")
    answer = change(alice, "PUT", f"{folder_path(alice)}/9/flags", uids=[7], add=flags[:10], remove=flags[10:])
    assert error_of(answer) == (400, "bad-argument")
    assert server.commands("UID STORE") == before


@pytest.mark.parametrize("copied", [b"7 1:1000", b"7,8 1:2", b"6 1", b"7,5 1", b"5:7 1:2", b"5,7 1,1"])
@pytest.mark.parametrize("verb", ["move", "copy"])
def test_an_undo_names_no_more_messages_than_were_moved(
    server: LyingServer, alice: FlaskClient, verb: str, copied: bytes
) -> None:
    answer = [b"* OK [COPYUID 3 %b] moved\r\nTAG OK\r\n" % copied]
    server.answers |= {"UID MOVE": answer, "UID COPY": answer}
    to = folder_path(alice, "Other").rpartition("/")[2]
    changed = change(alice, "POST", f"{folder_path(alice)}/9/{verb}", uids=[5, 7], to=to)
    assert (changed.status_code, changed.get_json()["undo"]) == (200, [])


def test_an_answer_about_another_folder_deletes_no_messages(server: LyingServer, alice: FlaskClient) -> None:
    server.answers["STATUS"] = [b"* STATUS Empty (MESSAGES 0)\r\n* STATUS Other (MESSAGES 5)\r\nTAG OK\r\n"]
    before = server.commands("DELETE")
    assert error_of(change(alice, "DELETE", folder_path(alice, "Other"))) == (409, "folder-not-empty")
    assert server.commands("DELETE") == before
