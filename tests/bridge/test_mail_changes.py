"""Folders, flags, move, copy, delete, search and changes in the API, with real servers, and what undoes each change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, folder_path, get, set_flags, sign_in
from webbridge.gateway import GatewayError, MailServer, OutgoingMessage
from webbridge.services import services_of

pytestmark = pytest.mark.server


@pytest.fixture
def alice(mail_server: MailServer) -> Iterator[FlaskClient]:
    """A browser that is signed in, with an empty inbox and no folders but those of the server."""
    with bridge_before(mail_server) as browser:
        assert sign_in(browser).status_code == 200
        empty(browser)
        yield browser


def empty(browser: FlaskClient) -> None:
    for folder in folders(browser).values():
        if folder["role"] is None or folder["role"] == "trash":
            browser.delete(at(folder), base_url=API, headers=FROM_PAGES, json={"withMessages": True})
    on_mail(browser, lambda connection: connection._imap.run(b"SELECT", b"INBOX"))
    on_mail(browser, lambda connection: connection._imap.run(b"STORE", b"1:*", b"+FLAGS.SILENT", b"(\\Deleted)"), True)
    on_mail(browser, lambda connection: connection._imap.run(b"EXPUNGE"))


def on_mail(browser: FlaskClient, call: Callable[[Any], object], may_fail: bool = False) -> None:
    """Call with the connection that the bridge keeps for the session."""
    ((slot,),) = (room.idle for room in services_of(browser.application).pool._slots._rooms.values())
    connection: Any = slot.connection
    try:
        call(connection)
    except GatewayError:
        if not may_fail:
            raise
    connection._selection.forget()


def folders(browser: FlaskClient) -> dict[str, dict[str, Any]]:
    return {folder["name"]: folder for folder in get(browser, "/api/folders").get_json()["folders"]}


def at(folder: dict[str, Any]) -> str:
    return f"/api/folders/{folder['id']}"


def page(browser: FlaskClient, name: str = "INBOX", query: str = "") -> dict[str, Any]:
    response = get(browser, f"{folder_path(browser, name)}/messages{query}")
    assert response.status_code == 200, response.get_json()
    listed: dict[str, Any] = response.get_json()
    return listed


def subjects(browser: FlaskClient, name: str = "INBOX", query: str = "") -> list[str]:
    return [row["subject"] for row in page(browser, name, query)["messages"]]


def mailbox(browser: FlaskClient, name: str = "INBOX") -> str:
    return f"{folder_path(browser, name)}/{page(browser, name)['uidValidity']}"


def post(browser: FlaskClient, path: str, **members: Any) -> Any:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def undo(browser: FlaskClient, response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.get_json()
    undone = post(browser, "/api/undo", undo=response.get_json()["undo"])
    assert undone.status_code == 200, undone.get_json()
    answer: dict[str, Any] = undone.get_json()
    return answer


def fill(browser: FlaskClient, *names: str, folder: str = "INBOX", body: str = "Hello") -> list[int]:
    """Store messages with these subjects, and return their UIDs in the same order."""
    for name in names:
        text = f"From: bob@example.test\r\nTo: alice@example.test\r\nSubject: {name}\r\n\r\n{body}\r\n"
        append(browser, text.encode(), folder)
    rows = page(browser, folder)["messages"]
    return [row["uid"] for row in reversed(rows[: len(names)])]


def append(browser: FlaskClient, message: bytes, folder: str = "INBOX") -> None:
    on_mail(browser, lambda connection: connection.append(folder, OutgoingMessage.of(message), []))


def make_folder(browser: FlaskClient, name: str) -> dict[str, Any]:
    response = post(browser, "/api/folders", name=name)
    assert response.status_code == 200, response.get_json()
    return folders(browser)[name]


# Flags


def test_an_undone_change_of_flags_leaves_each_message_with_its_own(alice: FlaskClient) -> None:
    first, second = fill(alice, "one", "two")
    inbox = mailbox(alice)
    set_flags(alice, inbox, [first], add=["\\Seen"])
    changed = set_flags(alice, inbox, [first, second], add=["\\Seen", "\\Flagged"])
    assert [row["flags"] for row in page(alice)["messages"]] != []
    assert all("\\Flagged" in row["flags"] for row in page(alice)["messages"])
    undo(alice, changed)
    assert {row["uid"]: row["seen"] for row in page(alice)["messages"]} == {first: True, second: False}
    assert not any("\\Flagged" in row["flags"] for row in page(alice)["messages"])


def test_a_change_that_changes_nothing_has_nothing_to_undo(alice: FlaskClient) -> None:
    (uid,) = fill(alice, "one")
    set_flags(alice, mailbox(alice), [uid], add=["\\Seen"])
    assert set_flags(alice, mailbox(alice), [uid], add=["\\Seen"]).get_json()["undo"] == []
    assert set_flags(alice, mailbox(alice), [uid], remove=["\\Flagged"]).get_json()["undo"] == []
    assert post(alice, "/api/undo", undo=[]).status_code == 400


# Move, copy, delete


def test_moved_messages_come_back_by_undo(alice: FlaskClient) -> None:
    uids = fill(alice, "one", "two", "three")
    target = make_folder(alice, "Projects")
    moved = post(alice, f"{mailbox(alice)}/move", uids=uids[:2], to=target["id"])
    assert moved.get_json()["markedOnly"] is False
    assert subjects(alice) == ["three"]
    assert sorted(subjects(alice, "Projects")) == ["one", "two"]
    undo(alice, moved)
    assert sorted(subjects(alice)) == ["one", "three", "two"]
    assert subjects(alice, "Projects") == []


def test_copies_are_deleted_by_undo_and_the_originals_stay(alice: FlaskClient) -> None:
    (uid,) = fill(alice, "one")
    target = make_folder(alice, "Projects")
    fill(alice, "kept", folder="Projects")
    copied = post(alice, f"{mailbox(alice)}/copy", uids=[uid], to=target["id"])
    assert sorted(subjects(alice, "Projects")) == ["kept", "one"]
    undo(alice, copied)
    assert (subjects(alice), subjects(alice, "Projects")) == (["one"], ["kept"])


def test_deleted_messages_are_in_the_trash_until_that_is_asked_for_ever(alice: FlaskClient) -> None:
    uids = fill(alice, "one", "two")
    assert error_of(post(alice, f"{mailbox(alice)}/delete", uids=uids, forever=True)) == (409, "not-in-trash")
    deleted = post(alice, f"{mailbox(alice)}/delete", uids=uids)
    assert (subjects(alice), sorted(subjects(alice, "Trash"))) == ([], ["one", "two"])
    undo(alice, deleted)
    assert (sorted(subjects(alice)), subjects(alice, "Trash")) == (["one", "two"], [])
    post(alice, f"{mailbox(alice)}/delete", uids=[row["uid"] for row in page(alice)["messages"]])
    trash = mailbox(alice, "Trash")
    newest = page(alice, "Trash")["messages"][0]["uid"]
    assert error_of(post(alice, f"{trash}/delete", uids=[newest])) == (409, "in-trash")
    assert post(alice, f"{trash}/delete", uids=[newest], forever=True).get_json()["undo"] == []
    assert len(subjects(alice, "Trash")) == 1


def test_messages_that_another_program_marked_are_not_deleted_with_ours(alice: FlaskClient) -> None:
    fill(alice, "marked", "ours", folder="INBOX")
    marked, ours = sorted(row["uid"] for row in page(alice)["messages"])
    on_mail(alice, lambda connection: connection._imap.run(b"SELECT", b"INBOX"))
    mark = b"UID STORE %d +FLAGS (\\Deleted)" % marked
    on_mail(alice, lambda connection: connection._imap.run(mark))
    post(alice, f"{mailbox(alice)}/delete", uids=[ours])
    trash = [row["uid"] for row in page(alice, "Trash")["messages"]]
    post(alice, f"{mailbox(alice, 'Trash')}/delete", uids=trash, forever=True)
    assert subjects(alice) == ["marked"]


def test_a_move_to_no_folder_moves_nothing(alice: FlaskClient) -> None:
    (uid,) = fill(alice, "one")
    nowhere = folder_path(alice, "Nowhere").rpartition("/")[2]
    for verb in ("move", "copy"):
        response = post(alice, f"{mailbox(alice)}/{verb}", uids=[uid], to=nowhere)
        assert error_of(response) == (404, "no-such-folder")
        assert error_of(post(alice, f"{mailbox(alice)}/{verb}", uids=[uid])) == (400, "bad-request")
    assert subjects(alice) == ["one"]


@pytest.mark.parametrize("verb", ["move", "copy", "delete"])
def test_a_change_under_an_old_uidvalidity_changes_nothing(alice: FlaskClient, verb: str) -> None:
    (uid,) = fill(alice, "one")
    folder, _, uid_validity = mailbox(alice).rpartition("/")
    target = make_folder(alice, "Projects")
    response = post(alice, f"{folder}/{int(uid_validity) ^ 1}/{verb}", uids=[uid], to=target["id"])
    assert error_of(response) == (409, "folder-changed")
    assert subjects(alice) == ["one"]


@pytest.mark.parametrize(
    "undo",
    [
        "x",
        [1],
        [{}],
        [{"do": "everything"}],
        [{"do": "move"}],
        [{"do": "delete", "folder": 1}],
        [{"do": "subscribe", "folder": "x", "subscribed": "yes"}],
        [{"do": "create"}] * 21,
    ],
)
def test_an_undo_that_is_none_is_refused(alice: FlaskClient, undo: object) -> None:
    assert error_of(post(alice, "/api/undo", undo=undo))[1] in ("bad-request", "no-such-folder")


# Folders


def test_a_folder_is_made_renamed_and_deleted_and_each_is_undone(alice: FlaskClient) -> None:
    made = post(alice, "/api/folders", name="Größe & mehr")
    folder = folders(alice)["Größe & mehr"]
    assert folder["id"] == made.get_json()["id"]
    renamed = alice.put(at(folder), base_url=API, headers=FROM_PAGES, json={"name": "日本語"})
    assert {"INBOX", "日本語"} <= set(folders(alice))
    assert renamed.get_json()["id"] == folders(alice)["日本語"]["id"]
    undo(alice, renamed)
    assert "Größe & mehr" in folders(alice)
    deleted = alice.delete(at(folder), base_url=API, headers=FROM_PAGES)
    assert "Größe & mehr" not in folders(alice)
    undo(alice, deleted)
    assert "Größe & mehr" in folders(alice)
    undo(alice, made)
    assert "Größe & mehr" not in folders(alice)


def test_a_folder_with_messages_is_deleted_only_when_that_is_said(alice: FlaskClient) -> None:
    folder = make_folder(alice, "Full")
    fill(alice, "one", folder="Full")
    assert error_of(alice.delete(at(folder), base_url=API, headers=FROM_PAGES)) == (409, "folder-not-empty")
    assert subjects(alice, "Full") == ["one"]
    deleted = alice.delete(at(folder), base_url=API, headers=FROM_PAGES, json={"withMessages": True})
    assert deleted.get_json()["undo"] == []
    assert "Full" not in folders(alice)


@pytest.mark.parametrize(
    "name", ["", "a\r\nA1 DELETE INBOX", "\0", "a*", "100%", "\ufffdx", "\u202ename", "x" * 501, 5]
)
def test_names_that_no_folder_may_have_are_refused(alice: FlaskClient, name: object) -> None:
    assert post(alice, "/api/folders", name=name).status_code == 400
    assert (
        alice.put(folder_path(alice, "Sent"), base_url=API, headers=FROM_PAGES, json={"name": name}).status_code == 400
    )


def test_the_inbox_is_neither_renamed_nor_deleted(alice: FlaskClient) -> None:
    inbox = folder_path(alice)
    renamed = alice.put(inbox, base_url=API, headers=FROM_PAGES, json={"name": "Old"})
    assert error_of(renamed) == (400, "bad-argument")
    assert error_of(alice.delete(inbox, base_url=API, headers=FROM_PAGES)) == (400, "bad-argument")
    assert "folder" not in folders(alice)["INBOX"]["rights"]


def test_a_folder_that_exists_is_not_made_again(alice: FlaskClient) -> None:
    make_folder(alice, "Twice")
    assert post(alice, "/api/folders", name="Twice").status_code in (409, 502)
    assert list(folders(alice)).count("Twice") == 1


def test_a_subscription_is_ended_and_that_is_undone(alice: FlaskClient) -> None:
    folder = make_folder(alice, "Lists")
    ended = alice.delete(f"{at(folder)}/subscription", base_url=API, headers=FROM_PAGES)
    assert folders(alice)["Lists"]["subscribed"] in (False, None)
    undo(alice, ended)
    assert folders(alice)["Lists"]["subscribed"] in (True, None)


# Search


def test_a_search_finds_by_each_criterion(alice: FlaskClient) -> None:
    _one, two = fill(alice, "Invoice 7", "Holiday")
    append(
        alice,
        b"From: carol@example.test\r\nTo: d@example.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n" + b"x" * 9000,
    )
    set_flags(alice, mailbox(alice), [two], add=["\\Seen", "\\Flagged"])

    def found(**criteria: Any) -> list[str]:
        response = post(alice, f"{folder_path(alice)}/search", **criteria)
        assert response.status_code == 200, response.get_json()
        return [row["subject"] for row in response.get_json()["messages"]]

    assert found(subject="invoice") == ["Invoice 7"]
    assert found(**{"from": "carol"}) == ["Grüße"]
    assert found(to="d@example") == ["Grüße"]
    assert found(body="Hello") == ["Holiday", "Invoice 7"]
    assert found(text="holiday") == ["Holiday"]
    assert found(unseen=True) == ["Grüße", "Invoice 7"]
    assert found(flagged=True) == ["Holiday"]
    assert found(larger=5000) == ["Grüße"]
    assert found(since="2020-01-01") == ["Grüße", "Holiday", "Invoice 7"]
    assert found(beforeDay="2020-01-01") == []
    assert found(subject='") OR ALL (X "') == []
    assert found(subject="invoice", flagged=True) == []
    assert found() == ["Grüße", "Holiday", "Invoice 7"]


def test_a_search_is_paged_and_counted(alice: FlaskClient) -> None:
    fill(alice, *(f"Report {number}" for number in range(5)))
    path = f"{folder_path(alice)}/search"
    first = post(alice, path, subject="Report", limit=2).get_json()
    assert (first["total"], [row["subject"] for row in first["messages"]]) == (5, ["Report 4", "Report 3"])
    last = first["messages"][-1]["uid"]
    second = post(alice, path, subject="Report", limit=2, before=last, uidValidity=first["uidValidity"]).get_json()
    assert [row["subject"] for row in second["messages"]] == ["Report 2", "Report 1"]
    assert error_of(post(alice, path, subject="x", before=last)) == (400, "bad-request")


@pytest.mark.parametrize(
    "criteria",
    [
        {"subject": 1},
        {"unseen": "yes"},
        {"larger": -1},
        {"larger": 2**40},
        {"since": "yesterday"},
        {"since": "2026-13-01"},
        {"since": 5},
        {"limit": 0},
        {"subject": "a\r\nA1 DELETE INBOX"},
        {"body": "x" * 501},
    ],
)
def test_criteria_that_are_none_are_refused(alice: FlaskClient, criteria: dict[str, Any]) -> None:
    assert post(alice, f"{folder_path(alice)}/search", **criteria).status_code == 400


# Orders and changes


def test_a_folder_is_sorted_and_threaded_where_the_server_can(alice: FlaskClient, mail_server: MailServer) -> None:
    fill(alice, "b", "c", "a")
    folder = folder_path(alice)
    response = get(alice, f"{folder}/messages?sort=subject&order=ascending&offset=1&limit=2")
    threads = get(alice, f"{folder}/threads")
    if response.status_code == 422:  # pymap has neither
        assert error_of(threads) == (422, "not-offered")
        return
    assert [row["subject"] for row in response.get_json()["messages"]] == ["b", "c"]
    assert response.get_json()["total"] == 3
    assert [len(thread) for thread in threads.get_json()["threads"]] == [1, 1, 1]
    assert error_of(get(alice, f"{folder}/messages?sort=colour")) == (400, "bad-request")


def test_a_token_gives_the_changes_since_a_list(alice: FlaskClient) -> None:
    kept_uid, gone = fill(alice, "kept", "gone")
    before = page(alice)
    if before["token"] is None:  # pymap has no CONDSTORE
        changes = page(alice, query=f"?since=1-1&uidValidity={before['uidValidity']}")
        assert (changes["whole"], changes["messages"]) == (False, [])
        return
    inbox = mailbox(alice)
    set_flags(alice, inbox, [kept_uid], add=["\\Flagged"])
    post(alice, f"{inbox}/delete", uids=[gone])
    (new,) = fill(alice, "new")
    changes = page(alice, query=f"?since={before['token']}&uidValidity={before['uidValidity']}")
    assert changes["whole"] is True
    assert [(change["uid"], "\\Flagged" in change["flags"]) for change in changes["flags"]] == [(kept_uid, True)]
    assert [row["uid"] for row in changes["messages"]] == [new]
    assert changes["vanished"] == str(gone)
    later = page(alice, query=f"?since={changes['token']}&uidValidity={before['uidValidity']}")
    assert (later["flags"], later["messages"]) == ([], [])


def test_a_token_of_another_uidvalidity_is_refused(alice: FlaskClient) -> None:
    listed = page(alice)
    query = f"?since=5-5&uidValidity={listed['uidValidity'] ^ 1}"
    assert error_of(get(alice, f"{folder_path(alice)}/messages{query}")) == (409, "folder-changed")
    assert error_of(get(alice, f"{folder_path(alice)}/messages?since=5-5")) == (400, "bad-request")


def test_a_list_shows_new_flags_of_rows_that_it_knows(alice: FlaskClient) -> None:
    (uid,) = fill(alice, "one")
    assert page(alice)["messages"][0]["seen"] is False
    set_flags(alice, mailbox(alice), [uid], add=["\\Seen"])
    listed = page(alice)["messages"][0]
    assert (listed["seen"], listed["subject"], listed["from"]) == (True, "one", "bob@example.test")
