"""A message with protected header fields says the same to views and answers, whatever is changed outside."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from smime_core import Judging, MessageReport, State
from smime_core.blocking import encrypt_entity, examine_message, sign_entity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail import ProtectionMode, protect_headers
from smime_core.provider import NewKey
from smime_core.report import find_answer_people
from tests.support.people import NOW, PROVIDER, person, trust
from wasm_build.vault.python.replies import describe_reply

_FIELDS: Final = {
    "From": "Bob <bob@example.test>",
    "Sender": "Carol <carol@example.test>",
    "Reply-To": "list@example.test",
    "To": "Alice <alice@example.test>, dave@example.test",
    "Cc": "erin@example.test",
    "Subject": "The lighthouse",
    "Date": "Mon, 01 Jun 2026 12:00:00 +0000",
    "Message-ID": "<1@example.test>",
    "In-Reply-To": "<0@example.test>",
    "References": "<a@example.test> <0@example.test>",
    "List-Unsubscribe": "<https://example.test/leave>",
    "Auto-Submitted": "no",
    "Sealwax-Service": "none",
}
# Fields that only somebody on the way has put outside.
_FURTHER: Final = (
    "Resent-From",
    "Resent-To",
    "Bcc",
    "Keywords",
    "List-Post",
    "Disposition-Notification-To",
    "HP-Outer",
)
_FORMS: Final = ("replaced", "doubled", "before", "removed")
_OTHER: Final = {"Date": "Tue, 02 Jun 2026 12:00:00 +0000", "Subject": "Overdue"}


def _entity(mode: ProtectionMode) -> tuple[bytes, bytes]:
    header = "".join(f"{name}: {value}\r\n" for name, value in _FIELDS.items()).encode()
    outer, entity = protect_headers(header, b"Content-Type: text/plain\r\n\r\nHello\r\n", mode)
    signed = sign_entity(entity, Signing(identities=[person("bob", NewKey.P256)], signing_time=NOW), provider=PROVIDER)
    if mode is ProtectionMode.CLEAR:
        return outer, signed
    recipients = [person("alice").certificate]
    return outer, encrypt_entity(signed, Encrypting(recipients=recipients), provider=PROVIDER)


def _change(outer: bytes, name: str, form: str) -> bytes:
    value = _OTHER.get(
        name, "<9@evil.test>" if name in ("Message-ID", "In-Reply-To", "References") else "eve@evil.test"
    )
    line = f"{name}: {value}\r\n".encode()
    header, is_kept = b"", True
    for outer_line in outer.splitlines(keepends=True):
        if not outer_line.startswith((b" ", b"\t")):
            is_kept = form in ("doubled", "before") or outer_line.partition(b":")[0].lower() != name.lower().encode()
        header += outer_line if is_kept else b""
    return {"removed": header, "before": line + header}.get(form, header + line)


def _examine(message: bytes) -> MessageReport:
    keys = Keys(identities=[person("alice")])
    return examine_message(message, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=keys)


def _said(report: MessageReport) -> object:
    # All that views and answers take from the header.
    return report.headers, report.header_protections, report.people, find_answer_people(report), describe_reply(report)


@pytest.mark.parametrize("mode", list(ProtectionMode))
def test_nothing_that_is_changed_outside_changes_what_is_said(mode: ProtectionMode) -> None:
    outer, entity = _entity(mode)
    sent = _examine(outer + entity)
    assert sent.state is State.VERIFIED
    for name, form in itertools.product((*_FIELDS, *_FURTHER), _FORMS):
        changed = _examine(_change(outer, name, form) + entity)
        if name == "From" and form != "removed":
            # The list of messages has shown another sender.
            assert changed.state is State.SIGNED_UNVERIFIED
            assert {sender.address for sender in find_answer_people(changed).senders} == {"bob@example.test"}
            continue
        assert changed.state is State.VERIFIED, (name, form)
        assert _said(changed) == _said(sent), (name, form)
