"""Folders at odd mail servers: no second trash, names as they were written, and a refusal that says what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, strategies as st
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, folder_path, get, sign_in
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer, Made, TakeLine, TakeLiteral
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import GatewayError, ImapConnection, OutgoingMessage
from webbridge.gateway.imap_names import from_utf8, to_utf8
from webbridge.gateway.imap_syntax import read_folder_name, write_folder_name

pytestmark = pytest.mark.server


@pytest.fixture
def imap(imap: LyingServer) -> LyingServer:
    imap.answers |= {
        "EXAMINE": [b"* OK [UIDVALIDITY 9] x\r\nTAG OK\r\n"],
        "CREATE": [b"TAG OK\r\n"],
        "SUBSCRIBE": [b"TAG OK\r\n"],
        "UNSUBSCRIBE": [b"TAG OK\r\n"],
        "RENAME": [b"TAG OK\r\n"],
    }
    return imap


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
    prefixes = {folder["name"]: folder["prefix"] for folder in get(alice, "/api/folders").get_json()["folders"]}
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


@pytest.mark.parametrize("words", ["[ALREADYEXISTS] exists", "Mailbox exists"])
def test_a_trash_that_another_device_has_made_meanwhile_is_used(
    alice: FlaskClient, imap: LyingServer, words: str
) -> None:
    imap.answers["LIST"] = folders('* LIST () "/" INBOX')

    def create() -> bytes:
        imap.answers["LIST"] = folders('* LIST () "/" INBOX', '* LIST () "/" Trash')
        return b"TAG NO " + words.encode() + b"\r\n"

    imap.answers["CREATE"] = [Made(create)]
    assert delete(alice).status_code == 200
    assert imap.commands("UID MOVE") == [b'UID MOVE 7 "Trash"']


def test_a_trash_that_the_server_hides_is_named(alice: FlaskClient, imap: LyingServer) -> None:
    imap.answers |= {"LIST": folders('* LIST () "/" INBOX'), "CREATE": [b"TAG NO [ALREADYEXISTS] exists\r\n"]}
    answer = delete(alice)
    assert error_of(answer) == (422, "not-offered")
    assert "'Trash'" in answer.get_json()["message"]


# Names are those that people have written


@pytest.fixture
def second_revision(smtp: LyingServer, imap: LyingServer) -> Iterator[FlaskClient]:
    """A browser before a server that has IMAP4rev2 only, where names are in UTF-8 (RFC 9051 section 5.1)."""
    offered = b"CAPABILITY IMAP4rev2 AUTH=PLAIN MOVE UIDPLUS NAMESPACE ACL RIGHTS=texk"
    imap.answers |= {
        **HEALTHY,
        "GREETING": [b"* OK [" + offered + b"] ready\r\n"],
        "CAPABILITY": [b"* " + offered + b"\r\nTAG OK\r\n"],
        "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG OK [" + offered + b"] signed in\r\n"],
        "LIST": folders('* LIST () "/" INBOX', '* LIST () "/" "Gelöschte Objekte"', '* LIST () "/" "R&D"'),
        "NAMESPACE": folders('* NAMESPACE (("" "/")) (("Bürg/" "/")) NIL'),
        "STATUS": folders('* STATUS "R&D" (MESSAGES 3)'),
        "MYRIGHTS": folders('* MYRIGHTS "R&D" lr'),
        "GETACL": folders('* ACL "R&D" bob lr'),
        "CREATE": [b"TAG OK\r\n"],
        "SUBSCRIBE": [b"TAG OK\r\n"],
    }
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def test_names_of_the_second_revision_are_shown_as_written(second_revision: FlaskClient) -> None:
    named_folders = {folder["name"]: folder for folder in get(second_revision, "/api/folders").get_json()["folders"]}
    assert set(named_folders) == {"INBOX", "Gelöschte Objekte", "R&D"}
    assert (named_folders["R&D"]["total"], named_folders["R&D"]["rights"]) == (3, [])
    assert get(second_revision, f"{folder_path(second_revision, 'R&D')}/access").status_code == 200


def test_folders_of_others_are_found_at_the_second_revision(second_revision: FlaskClient, imap: LyingServer) -> None:
    imap.answers["LIST"] = folders('* LIST () "/" "Bürg/Post"')
    places = {folder["name"]: folder["place"] for folder in get(second_revision, "/api/folders").get_json()["folders"]}
    assert places == {"INBOX": "own", "Bürg/Post": "others"}


def test_no_second_trash_is_made_at_the_second_revision(second_revision: FlaskClient, imap: LyingServer) -> None:
    imap.answers["UID MOVE"] = [b"+ go on\r\n", TakeLiteral(), b"TAG OK\r\n"]
    assert delete(second_revision).status_code == 200
    assert (imap.commands("CREATE"), imap.messages) == ([], ["Gelöschte Objekte".encode()])


def test_a_new_folder_of_the_second_revision_gets_its_name(second_revision: FlaskClient, imap: LyingServer) -> None:
    assert post(second_revision, "/api/folders", name="R&D 2").status_code == 200
    assert imap.commands("CREATE") == [b'CREATE "R&D 2"']


def test_a_server_of_both_revisions_has_names_of_the_first(alice: FlaskClient, imap: LyingServer) -> None:
    """RFC 9051 appendix A: until IMAP4rev2 is enabled."""
    offer(imap, b"IMAP4rev2 MOVE UIDPLUS")
    assert post(alice, "/api/folders", name="R&D 2").status_code == 200
    assert imap.commands("CREATE") == [b'CREATE "R&-D 2"']


def test_raw_utf_8_at_the_first_revision_makes_no_second_trash(alice: FlaskClient, imap: LyingServer) -> None:
    """Some servers (Courier of old, hMailServer, Proton Bridge) send names in UTF-8 unasked."""
    imap.answers |= {
        "LIST": folders('* LIST () "/" INBOX', '* LIST () "/" "Gelöschte Objekte"'),
        "UID MOVE": [b"+ go on\r\n", TakeLiteral(), b"TAG OK\r\n"],
    }
    assert delete(alice).status_code == 200
    assert (imap.commands("CREATE"), imap.messages) == ([], ["Gelöschte Objekte".encode()])
    names = {folder["name"]: folder["role"] for folder in get(alice, "/api/folders").get_json()["folders"]}
    assert names == {"INBOX": "inbox", "\ufffdGelöschte Objekte": "trash"}


@given(name=st.binary(max_size=20) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")))
@example("\ufffdx".encode())
@example("\ufffd\ufffdö".encode())
@example(b"\xf6")
@example("ö".encode())
@example(b"R&D")
def test_every_name_of_either_revision_is_sent_as_it_came(name: bytes) -> None:
    assert write_folder_name(read_folder_name(name)) == name
    assert to_utf8(from_utf8(name)) == name
    assert to_utf8(write_folder_name(read_folder_name(from_utf8(name)))) == name


# A refusal says what happened


@pytest.mark.parametrize("code", ["NOPERM", "CANNOT"])
def test_a_folder_that_may_not_be_opened_is_no_missing_folder(alice: FlaskClient, imap: LyingServer, code: str) -> None:
    """Dovecot says NO [NOPERM] to SELECT of a folder that may only be looked up (RFC 4314 `l` without `r`)."""
    refused = [b"TAG NO [" + code.encode() + b"] Permission denied\r\n"]
    imap.answers |= {"SELECT": refused, "EXAMINE": refused}
    answer = get(alice, f"{folder_path(alice, 'Other')}/messages")
    assert error_of(answer) == (502, "mail-server-refused")
    assert code in answer.get_json()["message"]


@pytest.mark.parametrize("code", ["NOPERM", "CANNOT", "UNKNOWN"])
def test_a_folder_that_may_only_be_examined_is_listed(alice: FlaskClient, imap: LyingServer, code: str) -> None:
    imap.answers["SELECT"] = [b"TAG NO [" + code.encode() + b"] Permission denied\r\n"]
    imap.answers["EXAMINE"] = [b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 8] x\r\nTAG OK\r\n"]
    assert get(alice, f"{folder_path(alice, 'Other')}/messages").status_code == 200


@pytest.mark.parametrize("code", ["NONEXISTENT", "TRYCREATE", "ALERT"])
def test_a_folder_that_is_not_there_is_missing(alice: FlaskClient, imap: LyingServer, code: str) -> None:
    refused = [b"TAG NO [" + code.encode() + b"] No such mailbox\r\n"]
    imap.answers |= {"SELECT": refused, "EXAMINE": refused}
    assert error_of(get(alice, f"{folder_path(alice, 'Other')}/messages")) == (404, "no-such-folder")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("[NOPERM] Permission denied", (502, "mail-server-refused")),
        ("[CANNOT] has children", (502, "mail-server-refused")),
        ("[HASCHILDREN] x", (502, "mail-server-refused")),
        ("not empty", (502, "mail-server-refused")),
        ("[NONEXISTENT] gone", (404, "no-such-folder")),
    ],
)
def test_a_refused_deletion_is_no_missing_folder(
    alice: FlaskClient, imap: LyingServer, words: str, error: tuple[int, str]
) -> None:
    imap.answers["DELETE"] = [b"TAG NO " + words.encode() + b"\r\n"]
    answer = alice.delete(folder_path(alice, "Other"), base_url=API, headers=FROM_PAGES, json={"withMessages": True})
    assert error_of(answer) == error


@pytest.mark.parametrize(
    ("words", "code"),
    [("[NOPERM] no", "mail-server-refused"), ("no", "mail-server-refused"), ("[TRYCREATE] no", "no-such-folder")],
)
def test_a_refused_message_is_no_missing_folder(imap: LyingServer, words: str, code: str) -> None:
    imap.answers |= {**HEALTHY, "APPEND": [b"+ go on\r\n", TakeLiteral(), b"TAG NO " + words.encode() + b"\r\n"]}
    connection = ImapConnection.open(login_at(imap.address()))
    with OutgoingMessage.of(b"Subject: x\r\n\r\nx\r\n") as message, pytest.raises(GatewayError) as raised:
        connection.append("Other", message, [])
    assert raised.value.code == code
    connection.close()


@pytest.mark.parametrize("change", ["delete", "move", "copy", "flags"])
@pytest.mark.parametrize("named", [b"", b"* OK [UIDVALIDITY 0] x\r\n"], ids=["none", "0"])
def test_nothing_is_changed_in_a_folder_without_a_uidvalidity(
    alice: FlaskClient, imap: LyingServer, named: bytes, change: str
) -> None:
    """Without it, a UID may be that of another message by now (RFC 3501 section 2.3.1.1)."""
    imap.answers["SELECT"] = [b"* 2 EXISTS\r\n" + named + b"* OK [UIDNEXT 8] next\r\nTAG OK\r\n"]
    inbox = folder_path(alice)
    assert get(alice, f"{inbox}/messages").get_json()["uidValidity"] == 0
    if change == "flags":
        answer = put(alice, f"{inbox}/0/flags", uids=[7], add=["\\Seen"])
    else:
        other = folder_path(alice, "Other").rpartition("/")[2]
        answer = post(alice, f"{inbox}/0/{change}", uids=[7], **({} if change == "delete" else {"to": other}))
    assert error_of(answer) == (403, "folder-read-only")
    assert [imap.commands(command) for command in ("UID MOVE", "UID COPY", "UID STORE")] == [[], [], []]
