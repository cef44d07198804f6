"""Header fields of a reply that give away nothing that the original kept confidential (RFC 9788 section 6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.header_policies import HeaderConfidentialityPolicy, hcp_baseline
from smime_core.header_protection import ProtectedHeaders
from smime_core.mime import Field, Headers, Mailbox, addresses

_MAX_REFERENCES: Final = 20  # the first and the latest of a thread; RFC 5322 section 2.1.1 bounds the line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHeaders:
    """What a reply starts from. `policy` is for `protect_headers`: it hides again what was hidden in the original.

    `reply_to_differs` says that the answer would go to somebody other than the author: ask before sending.
    """

    to: tuple[Mailbox, ...]
    subject: str
    in_reply_to: str
    references: str
    reply_to_differs: bool
    policy: HeaderConfidentialityPolicy


def reply_headers(original: ProtectedHeaders, *, policy: HeaderConfidentialityPolicy = hcp_baseline) -> ReplyHeaders:
    """The fields of a reply to a message as it is shown, and the policy under which it is encrypted."""
    shown = original.headers
    generated = _generate(shown.fields)
    outside = _generate(original.recorded_outer)
    hidden = {name: outside.get(name) for name, value in generated.items() if outside.get(name) != value}

    def reply_policy(name: str, value: str) -> str | None:
        wanted = name.lower()
        given = policy(name, value)
        # The stricter of the two: the writer's own policy first, then what the author of the original hid.
        if given == value and wanted in hidden and _squeeze(value) == _squeeze(generated[wanted]):
            return hidden[wanted]
        return given

    authors = _mailboxes(shown, "From")
    to = _mailboxes(shown, "Reply-To") or authors
    return ReplyHeaders(
        to=to,
        subject=generated.get("subject", ""),
        in_reply_to=generated.get("in-reply-to", ""),
        references=generated.get("references", ""),
        reply_to_differs={one.address.casefold() for one in to} != {one.address.casefold() for one in authors},
        policy=reply_policy,
    )


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
