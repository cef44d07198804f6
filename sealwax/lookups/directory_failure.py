"""The reasons why a directory gave no answer, in words for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.errors import SmimeError

UNREADABLE_OR_TOO_LARGE: Final = "it gives an answer that cannot be read, or that is too large"


class DirectoryProblem(StrEnum):
    """The reasons why no answer came. An answer without an entry for the address is no problem."""

    BAD_ADDRESS = "bad-address"
    """The text that was looked up is no mail address that this directory could have."""
    BAD_URL = "bad-url"
    NOT_INSTALLED = "not-installed"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    LOGIN_REFUSED = "login-refused"
    REFUSED = "refused"
    TOO_MANY = "too-many"
    """More entries, records or bytes than the certificates of one address can need."""
    NOT_AUTHENTIC = "not-authentic"
    """According to DNSSEC, the answer is not from the domain."""


class DirectoryFailed(SmimeError):
    """A directory gave no answer. `problem` says why, for programs."""

    code = "directory-failed"

    def __init__(self, problem: DirectoryProblem, text: str) -> None:
        super().__init__(text)
        self.problem = problem
