"""Messages that came after a connection has selected their folder: another connection or process has listed them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webbridge.gateway import ImapConnection, Mailbox, OutgoingMessage

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nSubject: Later\r\n\r\nThis came later.\r\n"
Later = tuple[ImapConnection, ImapConnection, Mailbox, int]


@pytest.fixture
def later(connect: Callable[[], ImapConnection]) -> Later:
    """A connection that has selected the inbox, another one, and the UID of a message that came since."""
    early, other = connect(), connect()
    early.append("INBOX", OutgoingMessage.of(MESSAGE), [])
    page = early.list_messages("INBOX", limit=1)
    mailbox = Mailbox("INBOX", page.uid_validity)
    assert b"".join(early.open_raw(mailbox, page.rows[0].uid, max_bytes=1000).chunks) == MESSAGE
    other.append("INBOX", OutgoingMessage.of(MESSAGE), [])
    return early, other, mailbox, other.list_messages("INBOX", limit=1).rows[0].uid


def test_a_later_message_is_opened(later: Later) -> None:
    early, _, mailbox, uid = later
    assert b"".join(early.open_raw(mailbox, uid, max_bytes=1000).chunks) == MESSAGE


def test_the_flags_of_a_later_message_are_changed(later: Later) -> None:
    early, other, mailbox, uid = later
    assert early.change_flags(mailbox, [uid], add=["\\Flagged"]).undo
    assert "\\Flagged" in other.list_messages("INBOX", limit=1).rows[0].flags


def test_a_later_message_is_copied(later: Later) -> None:
    early, _, mailbox, uid = later
    assert early.copy(mailbox, [uid], "INBOX").undo
    assert early.list_messages("INBOX", limit=1).rows[0].uid == uid + 1


def test_a_later_message_is_deleted(later: Later) -> None:
    early, other, mailbox, uid = later
    early.move(mailbox, [uid], other.sent_folder())
    assert other.list_messages("INBOX", limit=1).rows[0].uid < uid
