"""Header fields of a reply that give away nothing that the original kept confidential (RFC 9788 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.header_policies import OBSCURED_SUBJECT, HeaderConfidentialityPolicy, hcp_baseline
from smime_core.header_protection import ProtectedHeaders
from smime_core.mail_address import address_key
from smime_core.mime import Field, Headers, Mailbox, addresses

_MAX_REFERENCES: Final = 20  # the first and the latest of a thread; RFC 5322 section 2.1.1 bounds the line
# What may stand outside as it is: printable, and within a line (RFC 5322 section 2.1.1) together with its name.
_SAFE_VALUE: Final = re.compile(r"[ -~]{1,900}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenField:
    """A field that the original hid: what a reply's field would be, and what stands outside instead, if anything."""

    name: str
    value: str
    outside: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHeaders:
    """What a reply starts from. `policy` is for `protect_headers`: it hides again what was hidden in the original.

    `hidden` is what it hides, for who makes the policy later (`keep_hidden`). `reply_to_differs` says that the answer
    would go to somebody other than the author: ask before sending.
    """

    to: tuple[Mailbox, ...]
    subject: str
    in_reply_to: str
    references: str
    reply_to_differs: bool
    hidden: tuple[HiddenField, ...]
    policy: HeaderConfidentialityPolicy


def reply_headers(original: ProtectedHeaders, *, policy: HeaderConfidentialityPolicy = hcp_baseline) -> ReplyHeaders:
    """The fields of a reply to a message as it is shown, and the policy under which it is encrypted."""
    shown = original.headers
    generated = _generate(shown.fields)
    outside = _generate(original.recorded_outer)
    hidden = tuple(
        HiddenField(name=name, value=value, outside=outside.get(name))
        for name, value in generated.items()
        if outside.get(name) != value
    )
    authors = _mailboxes(shown, "From")
    to = _mailboxes(shown, "Reply-To") or authors
    return ReplyHeaders(
        to=to,
        subject=generated.get("subject", ""),
        in_reply_to=generated.get("in-reply-to", ""),
        references=generated.get("references", ""),
        reply_to_differs={address_key(one.address) for one in to} != {address_key(one.address) for one in authors},
        hidden=hidden,
        policy=keep_hidden(hidden, policy),
    )


def keep_hidden(
    hidden: Sequence[HiddenField], policy: HeaderConfidentialityPolicy = hcp_baseline
) -> HeaderConfidentialityPolicy:
    """The policy that hides what `policy` hides, and what the original of a reply hid."""
    fields = {field.name.lower(): field for field in hidden}

    def reply_policy(name: str, value: str) -> str | None:
        given = policy(name, value)
        field = fields.get(name.lower())
        # The stricter of the two: the writer's own policy first, then what the author of the original hid. A subject
        # or an addressee that the writer replaced is the writer's; the thread is never anybody's own words.
        if given != value or field is None:
            return given
        is_thread = name.lower() in ("in-reply-to", "references")
        return _outside(field) if is_thread or _squeeze(value) == _squeeze(field.value) else given

    return reply_policy


def _outside(field: HiddenField) -> str | None:
    if field.outside is None or _SAFE_VALUE.fullmatch(field.outside):
        return field.outside
    return OBSCURED_SUBJECT if field.name.lower() == "subject" else None


def _generate(fields: Sequence[Field]) -> dict[str, str]:
    # Section 6.1: what a reply's fields would be, made once from what was protected and once from what stood outside.
    headers = Headers(tuple(fields), b"")
    subject = headers.get("Subject")
    message_id = headers.get("Message-ID") or ""
    earlier = (headers.get("References") or headers.get("In-Reply-To") or "").split()
    thread = [*earlier, *message_id.split()]
    if len(thread) > _MAX_REFERENCES:
        thread = [thread[0], *thread[-_MAX_REFERENCES + 1 :]]
    answered = headers.get_unfolded("Reply-To") or headers.get_unfolded("From")
    generated = {
        "to": answered,
        "subject": None if subject is None else _answer(subject),
        "in-reply-to": message_id or None,
        "references": " ".join(thread) or None,
    }
    return {name: value for name, value in generated.items() if value is not None}


def _answer(subject: str) -> str:
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}".rstrip()


def _mailboxes(headers: Headers, name: str) -> tuple[Mailbox, ...]:
    return tuple(mailbox for field in headers.find(name) for mailbox in addresses(field.unfolded))


def _squeeze(value: str) -> str:
    return " ".join(value.split())
