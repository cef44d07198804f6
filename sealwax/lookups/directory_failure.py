"""Why a directory gave no answer, in words for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.errors import SmimeError

UNREADABLE_OR_TOO_LARGE: Final = "it gives an answer that cannot be read, or that is too large"


class DirectoryProblem(StrEnum):
    """Why nothing came back; a directory that knows nobody by that address is no problem."""

    BAD_ADDRESS = "bad-address"
    """What was asked for is no mail address that this directory could know."""
    BAD_URL = "bad-url"
    NOT_ENCRYPTED = "not-encrypted"
    """The connection would be readable by everybody on the way, and nobody allowed that."""
    NOT_INSTALLED = "not-installed"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    LOGIN_REFUSED = "login-refused"
    REFUSED = "refused"
    TOO_MANY = "too-many"
    """More entries, records or octets than anybody has certificates."""
    NOT_AUTHENTIC = "not-authentic"
    """DNSSEC says that the answer is not the domain's."""


class DirectoryFailed(SmimeError):
    """A directory gave no answer; `problem` says why for programs."""

    code = "directory-failed"

    def __init__(self, problem: DirectoryProblem, text: str) -> None:
        super().__init__(text)
        self.problem = problem
