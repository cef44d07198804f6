"""Hostile messages in the API: each has a row in the list, and is passed on byte for byte."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import folder_path, get
from tests.support.servers.hostile_imap import RAW
from tests.support.servers.lying_server import LyingServer
from tests.support.vectors import vectors

pytestmark = pytest.mark.server

HEAD = b"From: bob@example.test\r\nSubject: x\r\n"
FIELDS = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
TO = b"BODY[HEADER.FIELDS (TO)]<0>"
MESSAGES = {
    "10,000 parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\npart\r\n" * 10_000
    + b"--b--\r\n",
    "10,000 nested parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 10_000,
    "an unknown charset": HEAD + b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\x80\r\n",
    "a wrong charset": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xe4\xf6\xfc\r\n",
    "a boundary of controls": HEAD + b'Content-Type: multipart/mixed; boundary="\x00\x01"\r\n\r\n--\x00\x01\r\n',
    "a header without an end": HEAD + b"X-Filler: " + b"y" * 200_000,
    "only zeros": b"\x00" * 100_000,
    "no bytes": b"",
}
SETS = ("mime-cpython", "mime-mailparser", "mime-spamassassin")
# Their many messages take a quarter of a minute each.
LARGE_SETS = ("mime-mime4j", "mime-notmuch-lkml", "mime-stalwart")


def assert_listed_and_read(imap: LyingServer, browser: FlaskClient, message: bytes, uid_validity: int = 9) -> None:
    """Each message has a UIDVALIDITY of its own, so that no row is known from an earlier one."""
    assert b"TAG" not in message, "the server would put a tag into the message"
    head = message.partition(b"\r\n\r\n")[0][:12_000]
    items = b"UID 7 RFC822.SIZE %d FLAGS () %b {%d}\r\n%b" % (len(message), FIELDS, len(head), head)
    rows = b"* 2 FETCH (%b %b {0}\r\n)\r\n* 1 FETCH (UID 5 FLAGS ())\r\nTAG OK\r\n" % (items, TO)
    imap.answers |= {
        "SELECT": [b"* 2 EXISTS\r\n* OK [UIDVALIDITY %d] x\r\nTAG OK\r\n" % uid_validity],
        "FETCH": [rows],
        "UID FETCH": [rows],
        RAW: [b"* 2 FETCH (UID 7 BODY[] {%d}\r\n%b)\r\nTAG OK\r\n" % (len(message), message)],
    }
    listed = get(browser, f"{folder_path(browser)}/messages")
    assert listed.status_code == 200
    assert [row["uid"] for row in listed.get_json()["messages"]] == [7, 5]
    assert get(browser, f"{folder_path(browser)}/{uid_validity}/7/raw").data == message


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_is_listed_and_passed_on_unchanged(imap: LyingServer, alice: FlaskClient, name: str) -> None:
    assert_listed_and_read(imap, alice, MESSAGES[name])


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(
    "set_name", [*SETS, *(pytest.param(large_set, marks=pytest.mark.thorough) for large_set in LARGE_SETS)]
)
def test_published_malformed_mail_is_listed_and_passed_on_unchanged(
    imap: LyingServer, alice: FlaskClient, set_name: str
) -> None:
    files = [path for path in sorted(vectors(set_name).rglob("*")) if path.is_file()]
    messages = [text for text in (path.read_bytes() for path in files) if b"TAG" not in text]
    assert messages
    for uid_validity, message in enumerate(messages, 1):
        assert_listed_and_read(imap, alice, message, uid_validity)


@pytest.mark.parametrize(
    "name", [b"a\x1b[2Jb", b"\xe2\x80\xaegnp.exe", b"../../etc", b"<script>", b"%*", b"=?utf-8?q?x?=", b"x" * 400]
)
def test_a_hostile_name_of_a_folder_is_listed_and_leads_to_its_messages(
    imap: LyingServer, alice: FlaskClient, name: bytes
) -> None:
    imap.answers["LIST"] = [b'* LIST () "/" INBOX\r\n* LIST () "/" {%d}\r\n%b\r\nTAG OK\r\n' % (len(name), name)]
    imap.answers["SELECT {"] = [b"TAG BAD no literals\r\n"]
    listed = get(alice, "/api/folders").get_json()["folders"]
    assert [folder["name"] for folder in listed][:1] == ["INBOX"]
    assert len(listed) == 2
    path = f"/api/folders/{listed[1]['id']}/messages"
    assert name.decode("latin-1") not in path
    if all(32 <= byte < 127 for byte in name):
        assert [row["uid"] for row in get(alice, path).get_json()["messages"]] == [7, 5]
    else:
        assert get(alice, path).get_json()["code"] == "mail-server-refused"
