"""The four failures of a mail server, and the response codes of RFC 5530 as errors of the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from webbridge.gateway.door import GatewayCode


class Failure(StrEnum):
    """The kind of a mail server's failure, as a stable word for programs. Each has its own remedy."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 (a word, not a password)
    """The only one that ends a session. The person signs in again."""
    TRY_LATER = "try-later"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"
    """Only the administrator of the bridge or of the mail server can remedy it."""


_FAILURES: Final[Mapping[GatewayCode, Failure]] = MappingProxyType(
    {
        GatewayCode.LOGIN_REFUSED: Failure.WRONG_PASSWORD,
        GatewayCode.BUSY: Failure.TRY_LATER,
        GatewayCode.UNREACHABLE: Failure.UNREACHABLE,
        GatewayCode.MISCONFIGURED: Failure.MISCONFIGURED,
        GatewayCode.UNREADABLE: Failure.MISCONFIGURED,
    }
)

_FOR_THE_ADMINISTRATOR = (
    "AUTHORIZATIONFAILED",  # RFC 5530: the password is right, but may not open this mailbox.
    "PRIVACYREQUIRED",
    "CONTACTADMIN",
    "CORRUPTION",
    "CLIENTBUG",
)
_LATER = ("UNAVAILABLE", "EXPUNGEISSUED", "INUSE", "LIMIT", "SERVERBUG")
# These are about one operation: the server works, and refuses this one.
_OF_ONE_OPERATION = ("NOPERM", "OVERQUOTA", "ALREADYEXISTS", "NONEXISTENT", "CANNOT")
_OF_THE_PASSWORD = ("AUTHENTICATIONFAILED", "EXPIRED")

# What servers write that refuse a login for another reason, with no code or with ALERT (RFC 9051 section 7.1): Gmail's
# "[ALERT] Too many simultaneous connections", Exchange's "Request is throttled", the locks of POP3 servers.
_LATER_WORDS = re.compile(
    r"too many (?!(?:failed|invalid|wrong|bad) )|simultaneous|concurrent|throttl|connection|temporar|try again|later|"
    r"unavailable|not available|\bbusy\b|overload|\block|in use|already (?:open|in)|time[- ]?out|back-?off|"
    r"rate[- ]?limit|limit (?:exceeded|reached)|exceeded|maintenance|shut",
    re.IGNORECASE,
)
_PASSWORD_WORDS = re.compile(
    r"password|passwd|passphrase|credential|log[io]n(?:\.\w+)* (?:failed|failure|incorrect|invalid|denied)|"
    r"(?:authentication|authorization|auth) (?:failed|failure|error|rejected)|invalid (?:log[io]n|user)|"
    r"(?:invalid|unknown|no such) (?:user|account|mailbox)|user ?name",
    re.IGNORECASE,
)
_MECHANISM_WORDS = re.compile(
    r"mechanism|authentication (?:type|method)|(?:unsupported|unrecogni[sz]ed|unknown|disabled) auth|"
    r"(?:unknown|invalid|unrecogni[sz]ed|bad) command|not (?:implemented|supported)|unsupported",
    re.IGNORECASE,
)

LOGIN_CODES: Final[Mapping[str, GatewayCode]] = MappingProxyType(
    # Many servers send no code. A NO without one, or with a code that gives no reason, means a wrong password.
    dict.fromkeys(("", "ALERT", *_OF_THE_PASSWORD), GatewayCode.LOGIN_REFUSED)
    | dict.fromkeys(_LATER, GatewayCode.BUSY)
    | dict.fromkeys((*_FOR_THE_ADMINISTRATOR, *_OF_ONE_OPERATION), GatewayCode.MISCONFIGURED)
)
"""The errors of a login that ends with NO and this response code (RFC 5530 section 3). Another code: MISCONFIGURED."""
COMMAND_CODES: Final[Mapping[str, GatewayCode]] = MappingProxyType(
    dict.fromkeys(_LATER, GatewayCode.BUSY)
    # The password was right at the login, so a command cannot refuse it.
    | dict.fromkeys((*_FOR_THE_ADMINISTRATOR, *_OF_THE_PASSWORD), GatewayCode.MISCONFIGURED)
    | dict.fromkeys(("", *_OF_ONE_OPERATION), GatewayCode.SERVER_REFUSED)
)
"""The errors of any other command that ends with NO. Another code: SERVER_REFUSED."""


def login_code(code: str, text: str) -> GatewayCode:
    """Return the error of a login that ends with NO, this response code ("" for none) and this text."""
    meaning = LOGIN_CODES.get(code, GatewayCode.MISCONFIGURED)
    is_unclear = meaning is GatewayCode.LOGIN_REFUSED and code not in _OF_THE_PASSWORD
    return GatewayCode.BUSY if is_unclear and _LATER_WORDS.search(text) else meaning


def names_password(code: str, text: str) -> bool:
    """Return whether the answer to a login says that the name or the password is wrong."""
    return code in _OF_THE_PASSWORD or (_PASSWORD_WORDS.search(text) is not None and not _LATER_WORDS.search(text))


def names_mechanism(text: str) -> bool:
    """Return whether the answer to a login says that the server does not know the mechanism."""
    return _MECHANISM_WORDS.search(text) is not None and not _PASSWORD_WORDS.search(text)


def failure_of(code: GatewayCode) -> Failure | None:
    """Return the failure of the mail server that an error is, or None if the error is about the request."""
    return _FAILURES.get(code)
