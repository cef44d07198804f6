"""When two mail addresses are the same, and which a condition covers (RFC 8550 section 3, RFC 9598 section 5).

For who somebody is: the author check, trust decisions, directories. Name constraints compare local parts exactly, by
rules of their own (RFC 5280 section 4.2.1.10).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_CONDITION: Final = re.compile(r"[^\s@]*@[^\s@.]+(?:\.[^\s@.]+)*")
_MAX_CONDITION_CHARACTERS: Final = 320  # RFC 5321 section 4.5.3.1: 64 and 255 octets, and the @


def addresses_match(one: str, other: str) -> bool:
    """Whether two mail addresses are the same for the author check.

    The local part without regard to the case of ASCII letters (RFC 8550 section 3: SHOULD; others compare as they
    stand, RFC 9598 section 5), the domain likewise and in either of its forms, as SmtpUTF8Mailbox has U-labels and mail
    often has A-labels.
    """
    return comparable_address(one) == comparable_address(other)


def is_covered(address: str, conditions: Iterable[str]) -> bool:
    """Whether one of the conditions, "a@example.test" or "@example.test" for a whole domain, covers the address.

    A domain covers no subdomain.
    """
    whole = comparable_address(address)
    local_part, at, domain = whole.rpartition("@")
    return bool(local_part) and any(comparable_address(one) in (whole, at + domain) for one in conditions)


def is_condition(text: str) -> bool:
    """Whether it is what an anchor may be limited to: "a@example.test" or "@example.test"."""
    return len(text) <= _MAX_CONDITION_CHARACTERS and text.isprintable() and _CONDITION.fullmatch(text) is not None


def comparable_address(address: str) -> str:
    """The form in which addresses and conditions are equal when they mean the same."""
    local_part, at, domain = address.strip().rpartition("@")
    # What is no domain name stays as it is, and equals nothing but itself.
    return f"{_lower_ascii(local_part)}{at}{_lower_ascii(find_a_labels(domain) or domain)}"


def find_a_labels(domain: str) -> str | None:
    """A domain in A-labels, None where it has none that everybody agrees on.

    IDNA 2003, which Python has, takes "\u00df" for "ss" and full-width letters for ASCII; to IDNA 2008 the first is
    another domain, which belongs to somebody else, and the second is none (RFC 5891 section 5.4). So only what comes
    back as it went in.
    """
    if domain.isascii():
        return domain
    try:
        labels = domain.encode("idna").decode("ascii")
        is_same = labels.encode("ascii").decode("idna").lower() == unicodedata.normalize("NFC", domain.lower())
    except UnicodeError:
        return None
    return labels if is_same else None


def _lower_ascii(text: str) -> str:
    # Of other letters nobody knows which mailboxes are the same: the Kelvin sign is no k, and the sharp s no ss.
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
