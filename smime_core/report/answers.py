"""The people whom an answer to a message may address, and whether the writer must be asked first.

A verified message is answered to its proved sender, whatever the form of its From. Any other address in a signed or
encrypted message is sure only if a verified signature of the message's author covers the field with the address.
Somebody who changed the message in transit could have added all other addresses, and would get the text that the answer
quotes. Such an attacker can also remove the signature, and sign anew with another key. Encryption without a signature
proves nothing here, because anybody can encrypt, and a ciphertext without an authentication tag can be altered (RFC
8551 section 6).

A plain message is answered to the addresses that it names. The caller leaves out the person's own addresses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smime_core.mail.header_protection import FieldProtection
from smime_core.mail.people import FieldPeople, NamedMailbox
from smime_core.mime.addresses import Mailbox
from smime_core.report.report import LayerKind, MessageReport, State
from smime_core.text.mail_address import address_key, addresses_match

_SIGNED = (FieldProtection.SIGNED, FieldProtection.SIGNED_AND_ENCRYPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMailbox:
    """A mailbox with a readable address. If it is not sure, the writer must be asked before mail is sent to it.

    `name` is empty if only an unprotected field of a signed or encrypted message has the name.
    """

    name: str
    address: str
    is_sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPeople:
    """The people whom an answer may address.

    `senders` is the proved sender, or the authors that the message claims. `reply_to` are the mailboxes of Reply-To
    other than the senders; they are never sure. `to` and `cc` are the recipients. `count` is the number of mailboxes in
    To and Cc. If `is_whole` is False, some of these mailboxes are missing here, so an answer to all would not reach
    them.
    """

    senders: tuple[AnswerMailbox, ...]
    reply_to: tuple[AnswerMailbox, ...]
    to: tuple[AnswerMailbox, ...]
    cc: tuple[AnswerMailbox, ...]
    count: int
    is_whole: bool


def find_proved_sender(report: MessageReport) -> Mailbox | None:
    """The sender of a verified message. None for any other message, and for a form field's text, which nobody sent."""
    return None if report.field_origin is not None else find_proved_author(report)


def find_proved_author(report: MessageReport) -> Mailbox | None:
    """The author of a verified mail, field or file, as all views name them. Returns None for another state.

    The name is from the certificate of the signer who proves the address. The address of a mail's author is the address
    in From. The address of a field's or file's author is the first address of the certificate, or "" if there is none.
    """
    if report.state is not State.VERIFIED:
        return None
    verified = [signer for signer in report.deciding_signers if signer.state is State.VERIFIED]
    theirs = [
        candidate
        for candidate in verified
        if any(addresses_match(report.sender or "", address) for address in candidate.addresses)
    ]
    signer = next(iter([*theirs, *verified]), None)
    address = report.sender or next(iter(signer.addresses if signer else ()), "")
    name = signer.certificate.common_name if signer and signer.certificate else ""
    return Mailbox(name, address) if name or address else None


def find_answer_people(report: MessageReport) -> AnswerPeople:
    """The people whom an answer to this message may address. No address is listed twice in one field."""
    people = report.people
    senders = _senders(report)
    others = (
        mailbox
        for mailbox in people.reply_to.mailboxes
        if not any(addresses_match(sender.address, mailbox.address) for sender in senders)
    )
    return AnswerPeople(
        senders=senders,
        reply_to=_unique(_mailbox(report, other, is_sure=False) for other in others),
        to=_recipients(report, people.to),
        cc=_recipients(report, people.cc),
        count=people.to.count + people.cc.count,
        is_whole=all(field.count == len(field.mailboxes) for field in (people.to, people.cc)),
    )


def _senders(report: MessageReport) -> tuple[AnswerMailbox, ...]:
    proved = find_proved_sender(report)
    if proved is not None and proved.address:
        return (AnswerMailbox(name=proved.name, address=proved.address, is_sure=True),)
    authors = report.people.authors
    is_one = authors.count == 1
    return _unique(
        _mailbox(report, mailbox, is_sure=is_one and _is_sure(report, mailbox)) for mailbox in authors.mailboxes
    )


def _recipients(report: MessageReport, field: FieldPeople) -> tuple[AnswerMailbox, ...]:
    return _unique(_mailbox(report, mailbox, is_sure=_is_sure(report, mailbox)) for mailbox in field.mailboxes)


def _is_sure(report: MessageReport, mailbox: NamedMailbox) -> bool:
    return _is_ordinary(report) or (mailbox.protection in _SIGNED and _is_by_author(report))


def _is_by_author(report: MessageReport) -> bool:
    # If the outer header was changed in transit, the state is lower, but the signed fields are still the author's.
    if report.state is State.VERIFIED:
        return True
    authors, signers = report.people.authors, report.deciding_signers
    if authors.count != 1 or authors.mailboxes[0].protection not in _SIGNED or not signers:
        return False
    author = authors.mailboxes[0].address
    return all(
        signer.state is State.VERIFIED and any(addresses_match(author, address) for address in signer.addresses)
        for signer in signers
    )


def _is_ordinary(report: MessageReport) -> bool:
    # The message has no signature, and no part of it was encrypted.
    return report.state is State.PLAIN and not any(layer.kind is LayerKind.ENCRYPTED for layer in report.layers)


def _mailbox(report: MessageReport, mailbox: NamedMailbox, *, is_sure: bool) -> AnswerMailbox:
    name = mailbox.name if _is_sure(report, mailbox) else ""
    return AnswerMailbox(name=name, address=mailbox.address, is_sure=is_sure)


def _unique(mailboxes: Iterable[AnswerMailbox]) -> tuple[AnswerMailbox, ...]:
    # Returns each readable address once. If two fields name an address, the mailbox that is sure counts.
    by_address: dict[tuple[str, str], AnswerMailbox] = {}
    for mailbox in mailboxes:
        key = address_key(mailbox.address)
        if mailbox.address and (key not in by_address or (mailbox.is_sure and not by_address[key].is_sure)):
            by_address[key] = mailbox
    return tuple(by_address.values())
