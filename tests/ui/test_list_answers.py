"""The pages keep every member of the rows that the bridge gives."""

from __future__ import annotations

from datetime import UTC, datetime

from smime_core.mime import Mailbox
from tests.support.node_tests import check_in_node
from webbridge.blueprints.mail_calls import render_page
from webbridge.gateway import MessagePage
from webbridge.gateway.summary import HeaderProblem, MessageSummary, Protection

ROWS = [
    MessageSummary(uid=1),
    MessageSummary(
        uid=2,
        sender="Bob <bob@example.test>",
        recipients=("alice@example.test", "Carol <carol@example.test>"),
        author=Mailbox(name="Bob", address="bob@example.test"),
        subject="Thursday",
        date=datetime(2026, 11, 20, 10, tzinfo=UTC),
        size_bytes=10,
        flags=("\\Seen", "\\Flagged"),
        protection=Protection.SIGNED,
        openpgp=True,
        problem=HeaderProblem.TOO_LONG,
    ),
]


def test_no_member_of_a_row_is_lost() -> None:
    page = render_page(MessagePage(uid_validity=9, total=2, rows=ROWS, token="token"))
    check_in_node("list_answers", "no member of a row is lost", page)
