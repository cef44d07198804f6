"""The authors that the displayed header fields name, and signs of deceit in these fields (RFC 5322 section 3.6.2).

Only From counts for a verdict (MUSTS 37). A misleading display name or Sender field is reported as a note; notes change
no state. A signed Sender field is no deceit, because it can name the person who wrote from a shared address. Leaves
out: which addresses of a certificate are proved (`signers`).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.limits import MAX_ADDRESS_CHARACTERS, MAX_NAME_TEXT_CHARACTERS
from smime_core.mime import Headers, Mailbox, addresses, from_addresses, is_read_alike
from smime_core.report.reasons import reason
from smime_core.report.report import Reason
from smime_core.text import addresses_match, write_proved, write_unread

_BETWEEN_WORDS: Final = re.compile(r"""[\s<>()\[\]{}"'`,;:|/\\]+""")
_DOMAIN_LIKE: Final = re.compile(r"[^.]+(?:\.[^.]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authors:
    """The people whom the displayed header fields name: the addresses in From, and the address in Sender.

    `sent_by` is the only mailbox in Sender, if it differs from the author's.
    """

    authors: tuple[str, ...] = ()
    sender: str | None = None
    sent_by: Mailbox | None = None
    notes: tuple[Reason, ...] = ()


def names_somebody(headers: Headers) -> bool:
    """Whether readers may see a person above the message: a From or Sender field, whatever its value."""
    return bool(headers.find("From") or headers.find("Sender"))


def read_authors(headers: Headers | None, *, given: str | None) -> Authors:
    """The authors of a message. If it has no From and no Sender field, the author is `given`, or nobody for None."""
    if headers is None or not names_somebody(headers):
        return Authors(authors=() if given is None else (given,))
    authors = from_addresses(headers)
    senders = [mailbox for field in headers.find("Sender") for mailbox in addresses(field.unfolded)]
    is_other = len(senders) == 1 and len(authors) == 1 and not addresses_match(senders[0].address, authors[0].address)
    return Authors(
        authors=tuple(mailbox.address for mailbox in authors),
        sender=senders[0].address if len(senders) == 1 else None,
        sent_by=senders[0] if is_other and senders[0].address else None,
        notes=_notes(headers, authors[0] if authors else Mailbox("", ""), senders) if len(authors) < 2 else (),
    )


def find_mismatch(claimed: Authors, addresses: Sequence[str]) -> Reason | None:
    """Why a signer with these addresses is not the claimed author. None if the signer is the author.

    RFC 8550 section 3: exactly one mailbox in From, and only From counts (MUSTS 37).
    """
    if len(claimed.authors) != 1:
        return reason("several-senders" if claimed.authors else "no-sender")
    if any(addresses_match(claimed.authors[0], address) for address in addresses):
        return None
    if claimed.sender and any(addresses_match(claimed.sender, address) for address in addresses):
        return reason("signed-by-sender-field", {"address": claimed.sender})
    if not addresses:
        return reason("no-address-in-certificate")
    return reason("sender-mismatch", {"addresses": ", ".join(addresses)})


def name_sender(mailbox: Mailbox, *, proved: Mapping[str, str]) -> Reason:
    """The note that a mailbox in a signed Sender field has sent a message.

    `proved` has the addresses of verified signers, with the names in their certificates. The note names a proved sender
    as the certificate does, because the name in the field is only a claim. If the named person has not signed, anybody
    with the author's key could have written the field.
    """
    names = [name for address, name in proved.items() if addresses_match(mailbox.address, address)]
    person = write_proved(names[0] if names else mailbox.name, mailbox.address)
    text = person if len(person) <= MAX_ADDRESS_CHARACTERS else mailbox.address[:MAX_ADDRESS_CHARACTERS]
    return reason("sent-by-proved" if names else "sent-by", {"person": text})


def find_other_address(mailbox: Mailbox) -> str | None:
    """An address in a display name that differs from the mailbox's own, or None."""
    # Full-width signs are normalised and invisible characters dropped, because readers do not notice them. A long text
    # is cut, because nobody reads it to the end.
    visible = (character for character in mailbox.name if unicodedata.category(character) != "Cf")
    shown = "".join(itertools.islice(visible, MAX_NAME_TEXT_CHARACTERS))
    name = unicodedata.normalize("NFKC", shown)
    joined = "@".join(part.strip() for part in name.split("@"))
    for word in _BETWEEN_WORDS.split(joined):
        local_part, at, domain = word.strip(".!?").partition("@")
        looks_like_one = bool(local_part and at) and _DOMAIN_LIKE.fullmatch(domain) is not None
        if looks_like_one and not addresses_match(f"{local_part}@{domain}", mailbox.address):
            return f"{local_part}@{domain}"[:MAX_ADDRESS_CHARACTERS]
    return None


def _notes(headers: Headers, author: Mailbox, senders: list[Mailbox]) -> tuple[Reason, ...]:
    notes = [] if is_read_alike(headers) else [reason("sender-read-otherwise")]
    other = find_other_address(author)
    if other is not None:
        notes.append(reason("display-name-differs", {"address": other}))
    others = [
        sender.address or write_unread(sender.name)
        for sender in senders
        if not addresses_match(sender.address, author.address)
    ]
    if others:
        notes.append(reason("sender-field-differs", {"address": ", ".join(others)[:MAX_ADDRESS_CHARACTERS]}))
    return tuple(notes)
