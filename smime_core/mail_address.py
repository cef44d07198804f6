"""When two mail addresses are the same, and which a condition covers (RFC 8550 section 3, RFC 9598 section 5).

For who somebody is: the author check, trust decisions, directories. Name constraints compare local parts exactly, by
rules of their own (RFC 5280 section 4.2.1.10).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import Final

_CONDITION: Final = re.compile(r"[^\s@]*@[^\s@.]+(?:\.[^\s@.]+)*")
_MAX_CONDITION_CHARACTERS: Final = 320  # RFC 5321 section 4.5.3.1: 64 and 255 octets, and the @


def addresses_match(one: str, other: str) -> bool:
    """Whether two mail addresses are the same for the author check.

    The local part without regard to case (RFC 8550 section 3: SHOULD), the domain likewise and in either of its forms,
    as SmtpUTF8Mailbox has U-labels and mail often has A-labels (RFC 9598 section 5).
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
    if not domain.isascii():
        # What is no domain name stays as it is, and equals nothing but itself.
        with contextlib.suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    return f"{local_part.casefold()}{at}{domain.casefold()}"
