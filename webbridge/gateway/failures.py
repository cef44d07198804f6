"""The four failures of a mail server, and the response codes of RFC 5530 as errors of the gateway."""

from __future__ import annotations

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


def failure_of(code: GatewayCode) -> Failure | None:
    """Return the failure of the mail server that an error is, or None if the error is about the request."""
    return _FAILURES.get(code)
