"""Header fields of a reply that reveal nothing that the original kept confidential (RFC 9788 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smime_core.mail.header_policies import OBSCURED_SUBJECT, HeaderConfidentialityPolicy, hcp_baseline
from smime_core.mail.header_protection import ProtectedHeaders
from smime_core.mime import Field, Headers, addresses
from smime_core.text.mail_address import address_key

_MAX_REFERENCES: Final = 20  # Fits in a line (RFC 5322 section 2.1.1). The first id and the latest ids are kept.
# Values that may stay outside unchanged: ASCII text that is short enough for a line (RFC 5322 section 2.1.1).
_SAFE_VALUE: Final = re.compile(r"[ -~]{1,900}")


class HiddenField(NamedTuple):
    """A field of the reply that would reveal a hidden field of the original.

    `value` is the field's protected value in the reply. `outside` is the value of the outer field, or None if there
    should be no outer field.
    """

    name: str
    value: str
    outside: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHeaders:
    """The basis of a reply. `policy` is for `protect_headers`: it hides the fields that were hidden in the original.

    `hidden` has these fields, from which `keep_hidden` can make the policy again later. The recipients come from
    `report.find_answer_people`, which considers the verdict.
    """

    subject: str
    in_reply_to: str
    references: str
    hidden: tuple[HiddenField, ...]
    policy: HeaderConfidentialityPolicy


def reply_headers(original: ProtectedHeaders, *, policy: HeaderConfidentialityPolicy = hcp_baseline) -> ReplyHeaders:
    """The fields of a reply to a displayed message, and the policy for encrypting it."""
    generated = _generate(original.headers.fields)
    outside = _generate(original.recorded_outer)
    hidden = tuple(
        HiddenField(name=name, value=value, outside=outside.get(name))
        for name, value in generated.items()
        if outside.get(name) != value
    )
    return ReplyHeaders(
        subject=generated.get("subject", ""),
        in_reply_to=generated.get("in-reply-to", ""),
        references=generated.get("references", ""),
        hidden=hidden,
        policy=keep_hidden(hidden, policy),
    )


def keep_hidden(
    hidden: Sequence[HiddenField], policy: HeaderConfidentialityPolicy = hcp_baseline
) -> HeaderConfidentialityPolicy:
    """A policy that hides all fields hidden by `policy` or by the original of the reply."""
    fields = {field.name.lower(): field for field in hidden}

    def reply_policy(name: str, value: str) -> str | None:
        result = policy(name, value)
        field = fields.get(name.lower())
        # If `policy` hides the field, its result counts. Otherwise a hidden field gets its outside form. A subject or
        # addressees that the writer has changed are not hidden, because the new value reveals nothing of the original.
        # People do not write In-Reply-To and References themselves, so these fields always get the outside form.
        if result != value or field is None:
            return result
        is_thread = name.lower() in ("in-reply-to", "references")
        if not is_thread and _squeeze(value) != _squeeze(field.value):
            return result
        # An outer To with other addresses is left out, because anybody could have added those addresses in transit.
        return None if name.lower() == "to" and not _name_the_same(field) else _outside(field)

    return reply_policy


def _name_the_same(field: HiddenField) -> bool:
    inside, outside = (
        [address_key(address.address) for address in addresses(text)] for text in (field.value, field.outside or "")
    )
    return inside == outside


def _outside(field: HiddenField) -> str | None:
    if field.outside is None or _SAFE_VALUE.fullmatch(field.outside):
        return field.outside
    return OBSCURED_SUBJECT if field.name.lower() == "subject" else None


def _generate(fields: Sequence[Field]) -> dict[str, str]:
    # Returns the fields of a reply to these fields (RFC 9788 section 6.1). `reply_headers` calls this for the protected
    # and for the outer fields of the original. If the two results differ in a field, that field was hidden.
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


def _squeeze(value: str) -> str:
    return " ".join(value.split())
