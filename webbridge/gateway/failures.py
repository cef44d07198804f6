"""The four kinds of a mail server's failure, and the gateway's errors for the response codes of RFC 5530."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Final

from webbridge.gateway.door import Busy, GatewayCode, GatewayError, NotConnected, clean_text


class Failure(StrEnum):
    """The kind of a mail server's failure, as a stable word for programs. Each has its own remedy."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 (a word, not a password)
    """The only failure that ends a session. The person signs in again."""
    TRY_LATER = "try-later"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"
    """Only the administrator of the bridge or of the mail server can remedy this failure."""


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
    "AUTHORIZATIONFAILED",  # RFC 5530: the password is right, but the person may not open this mailbox.
    "PRIVACYREQUIRED",
    "CONTACTADMIN",
    "CORRUPTION",
    "CLIENTBUG",
)
_LATER = ("UNAVAILABLE", "EXPUNGEISSUED", "INUSE", "LIMIT", "SERVERBUG")
# With these codes the server works, but refuses one operation.
_OF_A_RIGHT = ("NOPERM", "CANNOT")
_OF_ONE_OPERATION = (*_OF_A_RIGHT, "OVERQUOTA", "ALREADYEXISTS", "NONEXISTENT")
_OF_THE_PASSWORD = ("AUTHENTICATIONFAILED", "EXPIRED")

# Lists of words in the texts of refused logins. The first list that matches decides whether the refusal is about the
# name or the password. A server may give AUTHENTICATIONFAILED for any reason (RFC 5530 section 3), so the first three
# lists count more than the code. Examples of such reasons are Gmail's "Too many simultaneous connections", Exchange's
# "Request is throttled", and the locks of POP3 servers. The last two lists are read only if no code names the password.
# A server that refuses a password may write "try again" and close the connection.
_FOR_ANOTHER_REASON: Final = re.compile(
    r"too many|\bb?lock|simultaneous|concurrent|throttl|"
    r"(?:maximum|number|limit) [a-z ]{0,20}connections?\b|connections?[a-z ]{0,20} (?:limit|exceeded|reached)",
    re.IGNORECASE,
)
_WRONG_PASSWORD: Final = re.compile(
    r"(?:wrong|invalid|incorrect|bad|unknown)"
    r"(?:[ /]+(?:or|and|the|your|log[io]n|user|account|e-?mail|address|id|name|user[ -]?name)){0,5}"
    r"[ /]+(?:password|passwd|passphrase|user[ -]?name|credential)|"
    r"(?:password|passwd|passphrase|credentials?) (?:is |are |was |were )?"
    r"(?:wrong|invalid|incorrect|not (?:valid|correct))",
    re.IGNORECASE,
)
_FOR_LATER: Final = re.compile(
    r"temporar|\blater\b|unavailable|not available|\bbusy\b|overload|\bin use\b|already (?:open|in)|"
    r"time[d-]? ?out|back-?off|rate[- ]?limit|limit (?:exceeded|reached)|maintenance|shut|"
    r"internal (?:server )?error",
    re.IGNORECASE,
)
_PERHAPS_LATER: Final = re.compile(r"connection|try again|exceeded", re.IGNORECASE)
_OF_A_LOGIN: Final = re.compile(
    r"password|passwd|passphrase|credential|log[io]n (?:failed|failure|incorrect|invalid|denied)|"
    r"(?:authentication|authorization|auth) (?:failed|failure|error|rejected)|invalid (?:log[io]n|user)|"
    r"(?:invalid|unknown|no such) (?:user|account|mailbox)|user ?name",
    re.IGNORECASE,
)
_ABOVE_THE_CODE: Final = ((_FOR_ANOTHER_REASON, False), (_WRONG_PASSWORD, True), (_FOR_LATER, False))
_BELOW_THE_CODE: Final = ((_PERHAPS_LATER, False), (_OF_A_LOGIN, True))
_MECHANISM_WORDS = re.compile(
    r"mechanism|authentication (?:type|method)|(?:unsupported|unrecogni[sz]ed|unknown|disabled) auth|"
    r"(?:unknown|invalid|unrecogni[sz]ed|bad) command|not (?:implemented|supported)|unsupported",
    re.IGNORECASE,
)

# Temporary reasons for which a server may refuse a command without a code. Exchange does so with NO or BAD to any
# command.
_NOT_CONNECTED_WORDS = re.compile(rb"authenticated but not connected", re.IGNORECASE)
_THROTTLED_WORDS = re.compile(rb"throttl|back-?off", re.IGNORECASE)
_PASSING_WORDS = re.compile(
    rb"too many|simultaneous|temporar(?:y|ily)|try again|server (?:is )?(?:busy|unavailable|overloaded)|time[d-]? ?out|"
    rb"overload|\block(?:ed)? by",
    re.IGNORECASE,
)
_FULL_WORDS = re.compile(
    rb"over ?quota|quota (?:is )?(?:exceeded|exceeds|full|reached)|"
    rb"exceed(?:s|ed)? (?:the |your )?(?:storage |mail )?quota|not enough (?:disk )?quota|"
    rb"mailbox (?:is )?(?:full|over)|mailbox size limit|disk quota",
    re.IGNORECASE,
)
_LARGE_WORDS = re.compile(rb"(?:message|append)[a-z ]{0,20} too (?:big|large)|too large a message", re.IGNORECASE)
_READ_ONLY_WORDS = re.compile(rb"\bread[- ]?only\b", re.IGNORECASE)
# Gmail gives OVERQUOTA also for too many requests or downloads in a day.
_RATE_WORDS = re.compile(r"bandwidth|(?:command|rate)[- ]?limit", re.IGNORECASE)
_WAIT = re.compile(rb"(\d{1,9}) ?(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?)\b", re.IGNORECASE)
MOST_WAIT_SECONDS: Final = 3600  # Our own bound.

LOGIN_CODES: Final[Mapping[str, GatewayCode]] = MappingProxyType(
    # Many servers send no code. A NO without a code, or with a code that gives no reason, means a wrong password.
    dict.fromkeys(("", "ALERT", *_OF_THE_PASSWORD), GatewayCode.LOGIN_REFUSED)
    | dict.fromkeys(_LATER, GatewayCode.BUSY)
    | dict.fromkeys((*_FOR_THE_ADMINISTRATOR, *_OF_ONE_OPERATION), GatewayCode.MISCONFIGURED)
)
"""The errors of a login that ends with NO, by response code (RFC 5530 section 3). Other codes mean MISCONFIGURED."""
COMMAND_CODES: Final[Mapping[str, GatewayCode]] = MappingProxyType(
    dict.fromkeys(_LATER, GatewayCode.BUSY)
    # The password was right at the login. For a later command, a code about it means a fault of the server.
    | dict.fromkeys((*_FOR_THE_ADMINISTRATOR, *_OF_THE_PASSWORD), GatewayCode.MISCONFIGURED)
    | dict.fromkeys(("", *_OF_ONE_OPERATION), GatewayCode.SERVER_REFUSED)
)
"""The errors of any other command that ends with NO. Other codes mean SERVER_REFUSED."""


def login_code(code: str, text: str) -> GatewayCode:
    """Return the error of a login that ends with NO, this response code ("" for none) and this text."""
    if code == "OVERQUOTA" and _RATE_WORDS.search(text):
        return GatewayCode.BUSY
    meaning = LOGIN_CODES.get(code, GatewayCode.MISCONFIGURED)
    is_later = meaning is GatewayCode.LOGIN_REFUSED and _names_login(code, text) is False
    return GatewayCode.BUSY if is_later else meaning


def names_password(code: str, text: str) -> bool:
    """Return whether the answer to a login says that the name or the password is wrong."""
    return _names_login(code, text) is True


def _names_login(code: str, text: str) -> bool | None:
    """Return whether an answer names the name or the password; None if it gives no reason."""
    is_coded = code in _OF_THE_PASSWORD
    for words, is_named in _ABOVE_THE_CODE if is_coded else (*_ABOVE_THE_CODE, *_BELOW_THE_CODE):
        if words.search(text):
            return is_named
    return True if is_coded else None


def names_mechanism(text: str) -> bool:
    """Return whether the answer to a login says that the server does not know the mechanism."""
    return _MECHANISM_WORDS.search(text) is not None and not names_password("", text)


def failure_of(code: GatewayCode) -> Failure | None:
    """Return the kind of failure that an error reports, or None if the error is about the request."""
    return _FAILURES.get(code)


def circumstance(code: str, text: bytes) -> GatewayError | None:
    """Return the error of a refusal whose cause is the server or the mailbox, and not the command.

    `code` is the response code ("" for none). Returns None if the cause may be the command.
    """
    # ALERT says only that people must see the text (RFC 9051 section 7.1).
    code = "" if code == "ALERT" else code
    if code in ("", "OVERQUOTA") and _RATE_WORDS.search(text.decode("latin-1")):
        return _passing(text)
    if code == "OVERQUOTA" or (not code and _FULL_WORDS.search(text)):
        return GatewayError(
            GatewayCode.MAILBOX_FULL, "The mailbox is full. Delete messages and empty the trash, then try again."
        )
    if code == "TOOBIG" or (not code and _LARGE_WORDS.search(text)):  # RFC 7889 section 4
        return GatewayError(GatewayCode.MESSAGE_TOO_LARGE, "The mail server takes no message of this size.")
    if names_read_only(code, text):
        return read_only()
    if code:
        return None
    if _NOT_CONNECTED_WORDS.search(text):
        return NotConnected(_not_now(text))
    is_throttled = _THROTTLED_WORDS.search(text) is not None
    if is_throttled or _PASSING_WORDS.search(text):
        return _passing(text, ends_connection=is_throttled)
    return None


def _passing(text: bytes, *, ends_connection: bool = False) -> Busy:
    return Busy(_not_now(text), retry_seconds=_wait_in(text), ends_connection=ends_connection)


def _not_now(text: bytes) -> str:
    return f"The mail server cannot do this at the moment: {clean_text(text)}"


def names_read_only(code: str, text: bytes) -> bool:
    """Return whether an answer says that the folder can only be read."""
    is_unclear = code in ("", *_OF_A_RIGHT)
    return code == "READ-ONLY" or (is_unclear and _READ_ONLY_WORDS.search(text) is not None)


def read_only() -> GatewayError:
    """Return the error of a change in a folder that can only be read."""
    text = "The mail server lets you only read this folder. Nothing in it was changed."
    return GatewayError(GatewayCode.FOLDER_READ_ONLY, text)


def _wait_in(text: bytes) -> int | None:
    """Return the seconds that a server asks to wait, or None if the text names no time."""
    match = _WAIT.search(text)
    if match is None:
        return None
    number, unit = int(match[1]), match[2].lower()
    per_second = 0.001 if unit.startswith(b"m") and not unit.startswith(b"min") else 60 if unit.startswith(b"m") else 1
    return max(1, min(ceil(number * per_second), MOST_WAIT_SECONDS))
