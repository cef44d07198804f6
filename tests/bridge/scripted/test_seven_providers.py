"""Exchange Online, Gmail, iCloud, Yahoo, Zimbra, hMailServer and Proton Bridge as public reports show them.

Each test names the report, and has a server with a script. Further reports are in `test_public_mail_servers`.
"""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, error_of, folder_path, get, set_flags
from tests.support.servers.hostile_imap import HEALTHY, RAW, row, whole
from tests.support.servers.lying_server import LyingServer, Made, TakeLine

pytestmark = pytest.mark.server


def offer(imap: LyingServer, capabilities: bytes) -> None:
    """Let the next connection find these capabilities."""
    imap.answers |= {
        "CAPABILITY": [b"* CAPABILITY IMAP4rev1 " + capabilities + b"\r\nTAG OK\r\n"],
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN " + capabilities + b"] ready\r\n"],
        "AUTHENTICATE PLAIN": [
            b"+ \r\n",
            TakeLine(),
            b"* CAPABILITY IMAP4rev1 " + capabilities + b"\r\nTAG OK\r\n",
        ],
    }
    imap.hang_up()


def lines(*texts: bytes) -> list[bytes]:
    return [b"".join(text + b"\r\n" for text in texts) + b"TAG OK done\r\n"]


def post(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def listed(browser: FlaskClient) -> list[int]:
    answer = get(browser, f"{folder_path(browser)}/messages")
    return [message["uid"] for message in answer.get_json()["messages"]]


def roles(browser: FlaskClient) -> dict[str, str]:
    folders = get(browser, "/api/folders").get_json()["folders"]
    return {folder["role"]: folder["name"] for folder in folders if folder["role"]}


# Exchange Online


@pytest.mark.parametrize("command", ["SELECT", "UID FETCH", "UID STORE", "UID MOVE", "UID SEARCH"])
@pytest.mark.parametrize("word", [b"NO", b"BAD"])
def test_exchange_throttles_any_command(alice: FlaskClient, imap: LyingServer, command: str, word: bytes) -> None:
    """Microsoft's throttling, as NO or BAD, with the time to wait."""
    inbox, other = folder_path(alice), folder_path(alice, "Other").rpartition("/")[2]
    imap.answers[command] = [b"TAG " + word + b" Request is throttled. Suggested Backoff Time: 61000 milliseconds\r\n"]
    calls = {
        "SELECT": lambda: get(alice, f"{inbox}/messages"),
        "UID FETCH": lambda: get(alice, f"{inbox}/9/7/raw"),
        "UID STORE": lambda: set_flags(alice, f"{inbox}/9", [7], add=["\\Seen"]),
        "UID MOVE": lambda: post(alice, f"{inbox}/9/move", uids=[7], to=other),
        "UID SEARCH": lambda: post(alice, f"{inbox}/search", subject="x"),
    }
    if command == "UID FETCH":
        imap.answers[RAW] = imap.answers[command]
    refused = calls[command]()
    assert (error_of(refused), refused.headers["Retry-After"]) == ((503, "mail-server-busy"), "61")
    assert get(alice, "/api/session").status_code == 200


def test_exchange_gives_no_message_and_says_ok(alice: FlaskClient, imap: LyingServer) -> None:
    """OfflineIMAP/offlineimap 62: `BODY.PEEK[]` of a message that Exchange cannot convert is answered by OK only."""
    imap.answers[RAW] = [b"TAG OK FETCH completed.\r\n"]
    assert error_of(get(alice, f"{folder_path(alice)}/9/7/raw")) == (404, "no-such-message")


def test_exchange_refuses_a_range_after_its_first_message(alice: FlaskClient, imap: LyingServer) -> None:
    """jstedfast/MailKit 1652: `NO The specified message set is invalid.` after one of two messages."""
    imap.answers["FETCH"] = [row(1, 5) + b"TAG NO The specified message set is invalid.\r\n"]
    assert 5 in listed(alice)


# Gmail

GMAIL = (
    rb'* LIST (\HasNoChildren) "/" "INBOX"',
    rb'* LIST (\HasChildren \Noselect) "/" "[Gmail]"',
    rb'* LIST (\All \HasNoChildren) "/" "[Gmail]/Alle Nachrichten"',
    rb'* LIST (\HasNoChildren \Trash) "/" "[Gmail]/Papierkorb"',
    rb'* LIST (\HasNoChildren \Sent) "/" "[Gmail]/Gesendet"',
    rb'* LIST (\HasNoChildren \Junk) "/" "[Gmail]/Spam"',
    rb'* LIST (\HasNoChildren \Drafts) "/" "[Gmail]/Entw&APw-rfe"',
    rb'* LIST (\Flagged \HasNoChildren) "/" "[Gmail]/Markiert"',
    rb'* LIST (\HasNoChildren) "/" "Work"',
)


def test_gmail_gives_labels_as_folders(alice: FlaskClient, imap: LyingServer) -> None:
    """zone-eu/wildduck 91: the special folders are below `[Gmail]`, which is none; a label is a folder of its own."""
    offer(imap, b"SPECIAL-USE X-GM-EXT-1 XLIST MOVE UIDPLUS NAMESPACE")
    imap.answers |= {"LIST": lines(*GMAIL), "NAMESPACE": lines(b'* NAMESPACE (("" "/")) NIL NIL')}
    assert roles(alice) == {
        "inbox": "INBOX",
        "trash": "[Gmail]/Papierkorb",
        "sent": "[Gmail]/Gesendet",
        "junk": "[Gmail]/Spam",
        "drafts": "[Gmail]/Entw\u00fcrfe",
    }
    names = [folder["name"] for folder in get(alice, "/api/folders").get_json()["folders"]]
    assert "Work" in names
    assert "[Gmail]" not in names
    # A message leaves a label for the trash by MOVE, as EXPUNGE would take the label only.
    assert post(alice, f"{folder_path(alice, 'Work')}/9/delete", uids=[7]).status_code == 200
    assert imap.commands("UID MOVE")[0].endswith(b'"[Gmail]/Papierkorb"')
    assert imap.commands("CREATE") + imap.commands("XLIST") == []


@pytest.mark.parametrize("capabilities", [b"XLIST UIDPLUS MOVE", b"XLIST UIDPLUS MOVE LIST-EXTENDED LIST-STATUS"])
def test_a_server_with_xlist_only_marks_its_folders_there(
    alice: FlaskClient, imap: LyingServer, capabilities: bytes
) -> None:
    """Gmail of old, and jstedfast/MailKit 1728 (Zoho): no SPECIAL-USE, and an inbox with a name in any language."""
    offer(imap, capabilities)
    imap.answers |= {
        "LIST": lines(*(line.replace(b"\\Trash", b"").replace(b"\\Junk", b"") for line in GMAIL)),
        "XLIST": lines(
            rb'* XLIST (\HasNoChildren \Inbox) "/" "Posteingang"',
            rb'* XLIST (\HasChildren \Noselect) "/" "[Gmail]"',
            rb'* XLIST (\HasNoChildren \AllMail) "/" "[Gmail]/Alle Nachrichten"',
            rb'* XLIST (\HasNoChildren \Trash) "/" "[Gmail]/Papierkorb"',
            rb'* XLIST (\HasNoChildren \Spam) "/" "[Gmail]/Spam"',
        ),
    }
    names = roles(alice)
    assert (names["inbox"], names["trash"], names["junk"]) == ("INBOX", "[Gmail]/Papierkorb", "[Gmail]/Spam")
    folders = get(alice, "/api/folders").get_json()["folders"]
    assert "Posteingang" not in [folder["name"] for folder in folders]
    assert post(alice, f"{folder_path(alice)}/9/delete", uids=[7]).status_code == 200
    assert imap.commands("UID MOVE")[0].endswith(b'"[Gmail]/Papierkorb"')
    assert imap.commands("CREATE") == []


def test_a_refused_xlist_is_followed_by_list(alice: FlaskClient, imap: LyingServer) -> None:
    offer(imap, b"XLIST MOVE")
    imap.answers["XLIST"] = [b"TAG BAD what?\r\n"]
    assert post(alice, f"{folder_path(alice)}/9/delete", uids=[7]).status_code == 200
    assert imap.commands("UID MOVE")[0].endswith(b'"Trash"')


def test_gmail_that_was_asked_too_often_is_no_full_mailbox(alice: FlaskClient, imap: LyingServer) -> None:
    """ljmerza/ha-email-sensor 16: OVERQUOTA says that a day's commands or bytes are used up."""
    imap.answers[RAW] = [b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n"]
    refused = get(alice, f"{folder_path(alice)}/9/7/raw")
    assert error_of(refused) == (503, "mail-server-busy")
    assert refused.headers["Retry-After"]
    imap.answers["AUTHENTICATE PLAIN"] = [
        b"+ \r\n",
        TakeLine(),
        b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n",
    ]
    imap.hang_up()
    assert error_of(get(alice, "/api/folders")) == (503, "mail-server-busy")
    assert get(alice, "/api/session").status_code == 200


def test_gmail_has_a_hole_in_a_folder(alice: FlaskClient, imap: LyingServer) -> None:
    """rtucker/imap2maildir 4: `NO Some messages could not be FETCHed (Failure)`, and no answer for one of two."""
    imap.answers["FETCH"] = [row(2, 7) + b"TAG NO Some messages could not be FETCHed (Failure)\r\n"]
    assert listed(alice) == [7]


# iCloud


def test_icloud_is_never_asked_for_rfc822(alice: FlaskClient, imap: LyingServer) -> None:
    """modern-email/defects 36: iCloud leaves RFC822 out of its answer, and gives `BODY[]`."""
    assert listed(alice) == [7, 5]
    assert get(alice, f"{folder_path(alice)}/9/7/raw").status_code == 200
    words = b" ".join(imap.commands("FETCH") + imap.commands("UID FETCH")).replace(b"(", b" ").replace(b")", b" ")
    assert b"RFC822" not in words.split()


def test_icloud_answers_without_what_was_asked(alice: FlaskClient, imap: LyingServer) -> None:
    """NousResearch/hermes-agent 41486: UID and nothing else. The row says so, and the message is no empty one."""
    only_uids = b"* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 7)\r\nTAG OK\r\n"
    imap.answers |= {"FETCH": [only_uids], "UID FETCH": [only_uids], RAW: [b"* 2 FETCH (UID 7)\r\nTAG OK\r\n"]}
    messages = get(alice, f"{folder_path(alice)}/messages").get_json()["messages"]
    assert [message["uid"] for message in messages] == [7, 5]
    assert error_of(get(alice, f"{folder_path(alice)}/9/7/raw")) == (404, "no-such-message")


# Yahoo


def test_yahoo_has_no_marks_and_calls_the_spam_bulk_mail(alice: FlaskClient, imap: LyingServer) -> None:
    """jstedfast/MailKit 274."""
    offer(imap, b"ID NAMESPACE X-ID-ACLID UIDPLUS LITERAL+ XAPPLEPUSHSERVICE XYMHIGHESTMODSEQ MOVE")
    names = (b"Inbox", b"Bulk Mail", b"Draft", b"Sent", b"Trash")
    imap.answers |= {
        "NAMESPACE": lines(b'* NAMESPACE (("" "/")) NIL NIL'),
        "LIST": lines(*(rb'* LIST (\HasNoChildren) "/" "' + name + b'"' for name in names)),
    }
    assert roles(alice) == {
        "inbox": "INBOX",
        "junk": "Bulk Mail",
        "drafts": "Draft",
        "sent": "Sent",
        "trash": "Trash",
    }


def test_yahoo_leaves_holes_between_sequence_numbers(alice: FlaskClient, imap: LyingServer) -> None:
    """jstedfast/MailKit 358: numbers of removed messages stay, and a FETCH over them is refused."""
    imap.answers |= {
        "SELECT": [b"* 4 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\nTAG OK [READ-WRITE]\r\n"],
        "FETCH": [row(2, 5) + row(4, 7) + b"TAG NO FETCH Server error while fetching messages\r\n"],
    }
    assert listed(alice) == [7, 5]


def test_yahoo_drops_answers_of_some_fetches(alice: FlaskClient, imap: LyingServer) -> None:
    """MailCore/mailcore2 1445: the same FETCH has all its answers the next time."""
    fetches: list[bytes] = []

    def fetch() -> bytes:
        fetches.append(b"")
        return row(2, 7) if len(fetches) == 1 else row(1, 5) + row(2, 7)

    imap.answers["FETCH"] = [Made(fetch), b"TAG OK FETCH completed\r\n"]
    assert listed(alice) == [7, 5]


def test_yahoo_fails_at_one_message(alice: FlaskClient, imap: LyingServer) -> None:
    """imapsync/imapsync 119."""
    imap.answers[RAW] = [b"TAG NO [UNAVAILABLE] UID FETCH Server error while fetching messages\r\n"]
    assert error_of(get(alice, f"{folder_path(alice)}/9/7/raw")) == (503, "mail-server-busy")
    assert get(alice, f"{folder_path(alice)}/9/5/raw").status_code == 200


def test_yahoo_takes_a_search_for_a_fault_of_ours(alice: FlaskClient, imap: LyingServer) -> None:
    """jstedfast/MailKit 221: `BAD [CLIENTBUG]`."""
    imap.answers["UID SEARCH"] = [b"TAG BAD [CLIENTBUG] UID SEARCH Command arguments invalid\r\n"]
    status, _code = error_of(post(alice, f"{folder_path(alice)}/search", subject="x"))
    assert status in (422, 502)
    assert listed(alice) == [7, 5]


# Zimbra


def test_zimbra_marks_folders_in_each_list(alice: FlaskClient, imap: LyingServer) -> None:
    """Zimbra/zm-mailbox 1042: XLIST and no SPECIAL-USE, marks in LIST, and folders that hold no mail."""
    offer(imap, b"ACL CONDSTORE LIST-EXTENDED LIST-STATUS MOVE UIDPLUS XLIST")
    names = (
        rb'* LIST (\HasNoChildren) "/" "Chats"',
        rb'* LIST (\HasNoChildren) "/" "Contacts"',
        rb'* LIST (\HasNoChildren \Drafts) "/" "Drafts"',
        rb'* LIST (\HasNoChildren) "/" "INBOX"',
        rb'* LIST (\NoInferiors \Junk) "/" "Junk"',
        rb'* LIST (\HasNoChildren \Sent) "/" "Sent"',
        rb'* LIST (\HasNoChildren \Trash) "/" "Trash"',
    )
    imap.answers |= {
        "LIST": lines(*names),
        "XLIST": lines(*(name.replace(b"* LIST", b"* XLIST").replace(b"\\Junk", b"\\Spam") for name in names)),
        "MYRIGHTS": [b"TAG NO MYRIGHTS failed\r\n"],
    }
    assert roles(alice) == {
        "inbox": "INBOX",
        "drafts": "Drafts",
        "junk": "Junk",
        "sent": "Sent",
        "trash": "Trash",
    }
    imap.answers |= {"SELECT": [b"TAG NO SELECT failed\r\n"], "EXAMINE": [b"TAG NO EXAMINE failed\r\n"]}
    assert error_of(get(alice, f"{folder_path(alice, 'Contacts')}/messages")) == (404, "no-such-folder")


def test_zimbra_refuses_the_list(alice: FlaskClient, imap: LyingServer) -> None:
    """imapsync/imapsync 426: `NO LIST failed`. The inbox is still read."""
    imap.answers["LIST"] = [b"TAG NO LIST failed\r\n"]
    assert error_of(get(alice, "/api/folders")) == (502, "mail-server-refused")
    assert listed(alice) == [7, 5]


# hMailServer


def test_hmailserver_gives_more_of_a_header_than_was_asked_for(alice: FlaskClient, imap: LyingServer) -> None:
    """Progressiverobot/hmailserver 26, hmailserver/hmailserver 334: it does not honour `<start.size>`."""
    header = b"From: bob@example.test\r\nSubject: number 7\r\nX-Filler: " + b"x" * 60_000 + b"\r\n\r\n"
    item = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0> {%d}\r\n%b" % (len(header), header)
    imap.answers["FETCH"] = [row(1, 5) + b"* 2 FETCH (UID 7 RFC822.SIZE 100 FLAGS () " + item + b")\r\nTAG OK\r\n"]
    messages = get(alice, f"{folder_path(alice)}/messages").get_json()["messages"]
    assert [message["subject"] for message in messages] == ["number 7", "number 5"]


# Proton Bridge


def test_proton_bridge_refuses_uid_expunge(alice: FlaskClient, imap: LyingServer) -> None:
    """ProtonMail/proton-bridge 123: UIDPLUS is offered, and `UID EXPUNGE` is refused. Nothing else is expunged."""
    imap.answers |= {"UID EXPUNGE": [b"TAG NO UID EXPUNGE\r\n"], "EXPUNGE": [b"TAG OK\r\n"]}
    trash = folder_path(alice, "Trash")
    refused = post(alice, f"{trash}/9/delete", uids=[7], forever=True)
    assert error_of(refused) == (502, "mail-server-refused")
    assert imap.commands("EXPUNGE") == []
    assert post(alice, f"{folder_path(alice)}/9/delete", uids=[7]).status_code == 200


def test_proton_bridge_gives_other_uids_under_another_number(alice: FlaskClient, imap: LyingServer) -> None:
    """ProtonMail/proton-bridge 220, OfflineIMAP/offlineimap 633: after an update the UIDVALIDITY is another one."""
    inbox = folder_path(alice)
    assert listed(alice) == [7, 5]
    (opened,) = HEALTHY["SELECT"]
    assert isinstance(opened, bytes)
    imap.answers["SELECT"] = [opened.replace(b"UIDVALIDITY 9", b"UIDVALIDITY 10")]
    imap.hang_up()
    assert error_of(set_flags(alice, f"{inbox}/9", [7], add=["\\Seen"])) == (409, "folder-changed")
    assert error_of(post(alice, f"{inbox}/9/delete", uids=[7])) == (409, "folder-changed")
    assert imap.commands("UID STORE") + imap.commands("UID MOVE") == []


# Any


def test_a_folder_without_a_uidvalidity_is_listed_and_nothing_in_it_changes_by_chance(
    alice: FlaskClient, imap: LyingServer
) -> None:
    """chatmail/core 1577: SELECT names no UIDVALIDITY."""
    imap.answers["SELECT"] = [b"* 2 EXISTS\r\n* OK [UIDNEXT 8] next\r\nTAG OK\r\n"]
    imap.hang_up()
    assert listed(alice) == [7, 5]
    assert error_of(set_flags(alice, f"{folder_path(alice)}/9", [7], add=["\\Seen"])) == (409, "folder-changed")
    assert imap.commands("UID STORE") == []


@pytest.mark.parametrize(
    "answer", [b'* CAPABILITY (("" "/")) NIL NIL\r\nTAG OK\r\n', b"TAG BAD command syntax error\r\n"]
)
def test_namespace_is_offered_and_answered_wrongly(alice: FlaskClient, imap: LyingServer, answer: bytes) -> None:
    """jstedfast/MailKit 2006 (Sohu), MailCore/mailcore2 1471 (189.com)."""
    offer(imap, b"NAMESPACE UIDPLUS MOVE")
    imap.answers["NAMESPACE"] = [answer]
    assert "INBOX" in [folder["name"] for folder in get(alice, "/api/folders").get_json()["folders"]]
    assert listed(alice) == [7, 5]


def test_search_that_names_every_message_changes_nothing_else(alice: FlaskClient, imap: LyingServer) -> None:
    """A message that is read is the one that was asked for, whatever a search names."""
    imap.answers |= {"UID SEARCH": [b"* SEARCH 1 2 3 5 7 9\r\nTAG OK\r\n"], RAW: [whole(5) + b"TAG OK\r\n"]}
    messages = post(alice, f"{folder_path(alice)}/search", subject="x").get_json()["messages"]
    assert {message["uid"] for message in messages} >= {5, 7}
    assert get(alice, f"{folder_path(alice)}/9/7/raw").status_code == 404
