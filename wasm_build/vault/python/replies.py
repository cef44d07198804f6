"""Members of replies: the verdict, the header fields of an answer (RFC 9788 section 6.1), and possible look-ups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from smime_core.mail import HiddenField, find_message_ids, reply_headers
from smime_core.pkix import LookupKind, PathTrail
from smime_core.report import AnswerMailbox, MessageReport, find_answer_people, report_to_json
from wasm_build.vault.python.requests import Reply
from wasm_build.vault.python.trust import lookup_id

MAX_SHOWN_VALUE_CHARACTERS: Final = 16_384  # Some hundred recipients.


def describe_verdict(report: MessageReport) -> Reply:
    """Returns `{report, lookups, certificates}`: the verdict, the look-ups that could change it, its certificates."""
    return {
        "report": {**report_to_json(report), "headers": describe_headers(report.headers)},
        "lookups": describe_lookups(signer.trail for signer in report.signers),
        "certificates": _describe_certificates(report),
    }


def describe_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Returns the fields as `[name, value]` pairs for a view. Very long values are cut.

    A megabyte of recipients would stop the view. A space before the ellipsis separates it from the last address.
    """
    return [
        [name, value if len(value) <= MAX_SHOWN_VALUE_CHARACTERS else f"{value[:MAX_SHOWN_VALUE_CHARACTERS]} …"]
        for name, value in headers
    ]


def describe_reply(report: MessageReport) -> Reply:
    """Returns `{inReplyTo, references, hidden, people}` for the draft of an answer.

    The answer joins the thread and hides every header field that this message hid. `people` are the people that the
    answer may address: `{senders, replyTo, to, cc, count, isWhole}`, as in `smime_core.report.AnswerPeople`.
    """
    in_reply_to, references, hidden = _thread(report)
    return {
        "inReplyTo": next(iter(find_message_ids(in_reply_to)), None),
        "references": list(find_message_ids(references)),
        "hidden": [{"name": field.name, "value": field.value, "outside": field.outside} for field in hidden],
        "people": _describe_people(report),
    }


def _describe_people(report: MessageReport) -> Reply:
    people = find_answer_people(report)
    return {
        "senders": _describe_mailboxes(people.senders),
        "replyTo": _describe_mailboxes(people.reply_to),
        "to": _describe_mailboxes(people.to),
        "cc": _describe_mailboxes(people.cc),
        "count": people.count,
        "isWhole": people.is_whole,
    }


def _describe_mailboxes(mailboxes: Iterable[AnswerMailbox]) -> list[Reply]:
    return [{"name": mailbox.name, "address": mailbox.address, "isSure": mailbox.is_sure} for mailbox in mailboxes]


def describe_lookups(trails: Iterable[PathTrail | None]) -> list[Reply]:
    """The look-ups that could still change the verdict on these paths. Each is listed only once, and has an `id`.

    Look-ups of issuers' certificates are left out. The maker of a message chooses the URLs of such look-ups, so a
    request would show the maker that the message is read.
    """
    named = [lookup for trail in trails if trail is not None for lookup in trail.lookups]
    lookups = [lookup for lookup in named if lookup.kind is not LookupKind.ISSUER]
    described = {lookup_id(lookup): lookup for lookup in lookups}
    return [
        {
            "id": name,
            "kind": str(lookup.kind),
            "url": lookup.url,
            "body": lookup.body,
            "path": [certificate.der for certificate in lookup.path],
        }
        for name, lookup in described.items()
    ]


def _describe_certificates(report: MessageReport) -> list[Reply]:
    # The page shows these certificates in detail, and the person can decide about them.
    named = [signer.certificate for signer in report.signers if signer.certificate is not None]
    judged = [
        certificate
        for signer in report.signers
        if signer.trail is not None
        for certificate in signer.trail.certificates
    ]
    certificates = dict.fromkeys([*report.certificates, *named, *judged])
    return [{"fingerprint": certificate.fingerprint, "certificate": certificate.der} for certificate in certificates]


def _thread(report: MessageReport) -> tuple[str, str, Sequence[HiddenField]]:
    if report.protected_headers is not None:
        reply = reply_headers(report.protected_headers)
        return reply.in_reply_to, reply.references, reply.hidden
    # If a field occurs several times, the first counts, as in views and rows.
    headers = {name.lower(): value for name, value in reversed(report.headers)}
    message_id = headers.get("message-id", "")
    return message_id, f"{headers.get('references', '')} {message_id}", ()
