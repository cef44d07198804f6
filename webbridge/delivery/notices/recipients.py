"""The addresses that get no notices (RFC 3834 section 2): those of lists, of programs, and of the service itself.

Refused are names such as `owner-…`, `…-request`, `noreply`, `mailer-daemon`, `devnull` and `root`. A list with an
ordinary name as its address cannot be distinguished from a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sealwax.notices.writing import UNUSABLE_ADDRESS, is_plain
from sealwax.service import ServiceError
from smime_core.text import normalise_without_detail, parse_address, without_detail

# RFC 3834 section 2 and RFC 2142 section 6, and the addresses of list programs for commands and returned mail. The
# signs between words are left out, because people write them in many ways: "no-reply", "no_reply", "no.reply".
_PROGRAMS: Final = frozenset(
    {
        "abusereport",
        "autoreply",
        "bounce",
        "bounces",
        "daemon",
        "devnull",
        "donotreply",
        "ecartis",
        "listproc",
        "listserv",
        "mailer",
        "mailerdaemon",
        "majordomo",
        "nobody",
        "noreply",
        "notreply",
        "null",
        "root",
        "sympa",
        "uucp",
        "vacation",
    }
)
_BETWEEN_WORDS: Final = {ord(sign): None for sign in "-_."}
_OF_LIST: Final = re.compile(
    r"(?:owner|request|bounce|bounces|noreply|no-reply|donotreply|do-not-reply|mailer-daemon)[-+._=].*"
    r"|.*-(?:owner|request|admin|bounce|bounces|confirm|join|leave|subscribe|unsubscribe|relay|outgoing|noreply|no-reply)"
)


class Unreachable(StrEnum):
    """The reasons for which an address gets no notice, as stable codes."""

    NO_ADDRESS = "not-an-address"
    ADDRESS = UNUSABLE_ADDRESS
    LIST = "list-address"
    OWN = "own-address"


_WORDS: Final = {
    Unreachable.NO_ADDRESS: "A recipient is no mail address. Look at the spelling.",
    Unreachable.ADDRESS: "The service cannot write to addresses with quotes, with letters beyond ASCII, or so long.",
    Unreachable.LIST: "An address belongs to a list or to a program, which cannot open a parcel. Name a person.",
    Unreachable.OWN: "An address is that of this service, which cannot open a parcel. Name a person.",
}


class NoPerson(ServiceError):
    """An address that gets no notice. `reason` is the code."""

    def __init__(self, reason: Unreachable) -> None:
        super().__init__(422, reason.value, _WORDS[reason])
        self.reason = reason


def check_recipient(address: str, *, own: Collection[str]) -> None:
    """Check that a notice may go to an address. `own` are the service's addresses. Raises NoPerson."""
    parsed = parse_address(address)
    if parsed is None:
        raise NoPerson(Unreachable.NO_ADDRESS)
    local_part = parsed.local_part.lower()
    if _is_of_program(local_part) or _is_of_program(without_detail(local_part)):
        raise NoPerson(Unreachable.LIST)
    if normalise_without_detail(address) in map(normalise_without_detail, own):
        raise NoPerson(Unreachable.OWN)
    if not is_plain(address):
        raise NoPerson(Unreachable.ADDRESS)


def _is_of_program(local_part: str) -> bool:
    return local_part.translate(_BETWEEN_WORDS) in _PROGRAMS or _OF_LIST.fullmatch(local_part) is not None
