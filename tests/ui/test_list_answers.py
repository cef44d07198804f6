"""The pages keep every member of the rows that the bridge gives."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core.mime import Mailbox
from webbridge.blueprints.mail_calls import render_page
from webbridge.gateway import MessagePage
from webbridge.gateway.summary import HeaderProblem, MessageSummary, Protection

SCRIPT = Path(__file__).with_name("list_answers.mjs")
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


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_no_member_of_a_row_is_lost() -> None:
    given = json.dumps(render_page(MessagePage(uid_validity=9, total=2, rows=ROWS, token="token")))
    done = subprocess.run(["node", SCRIPT], input=given, capture_output=True, text=True, timeout=60, check=True)
    for row, expected in zip(json.loads(done.stdout), json.loads(given)["messages"], strict=True):
        assert {**row, "date": row["date"] and datetime.fromisoformat(row["date"]).isoformat()} == expected
