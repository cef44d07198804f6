"""The checks on arguments for mail servers, the addresses of mail servers, and the errors of the gateway.

CR, LF and NUL would end or split a command of IMAP (RFC 9051 section 4) and SMTP (RFC 5321 section 2.3.8), so the
checks refuse them in arguments. Addresses are strict addr-specs (RFC 5322 section 3.4.1 without quoted and obsolete
forms). `outgoing` checks outgoing messages. Hosts come only from the configuration, and every connection uses TLS with
a verified certificate.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache
from pathlib import Path

# RFC 5321 section 4.5.3.1: 64 bytes of local part, 255 of domain, and 254 in all to fit a path of 256.
MAX_ADDRESS_BYTES = 254
MAX_LOCAL_PART_BYTES = 64
# The bounds from here on are our own.
MAX_RECIPIENTS = 500  # Servers accept at least 100 in one transaction (RFC 5321 section 4.5.3.1.8).
MAX_FOLDER_NAME_CHARACTERS = 500
MAX_PASSWORD_CHARACTERS = 1000
MAX_TOKEN_CHARACTERS = 8000  # Its base64 fits into a line of 12,288 bytes (RFC 4954 section 4).
MAX_UIDS = 1000  # The most messages in one request.
MAX_FLAGS = 20  # The most flags in one request. The undoing of each flag may need a separate step.
MAX_REASON_CHARACTERS = 300  # The gateway cuts longer error texts of a server before it passes them on.

# RFC 9051 section 2.3.2. The flags are sent in this spelling.
SETTABLE_FLAGS = frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Draft"})
_KEYWORD = re.compile(r"[A-Za-z0-9$_.+:!#&/=?^`|~-]{1,64}")

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDR_SPEC = re.compile(rf"({_ATEXT}(?:\.{_ATEXT})*)@({_LABEL}(?:\.{_LABEL})*)")
_UTF8_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_UTF8_LABEL = r"[A-Za-z0-9\x80-\U0010ffff](?:[A-Za-z0-9\x80-\U0010ffff-]{0,61}[A-Za-z0-9\x80-\U0010ffff])?"
_UTF8_ADDR_SPEC = re.compile(rf"({_UTF8_ATEXT}(?:\.{_UTF8_ATEXT})*)@({_UTF8_LABEL}(?:\.{_UTF8_LABEL})*)")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,498}>")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1: b64token
_COMMAND_BREAKERS = re.compile("[\r\n\0]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class GatewayCode(StrEnum):
    """The reasons why the gateway failed, as stable words for programs."""

    UNREACHABLE = "mail-server-unreachable"
    LOGIN_REFUSED = "login-refused"
    MESSAGE_REFUSED = "message-refused"
    MESSAGE_TOO_LARGE = "message-too-large"
    NO_SUCH_FOLDER = "no-such-folder"
    NO_SUCH_MESSAGE = "no-such-message"
    FOLDER_EXISTS = "folder-exists"
    FOLDER_NOT_EMPTY = "folder-not-empty"
    IN_TRASH = "in-trash"
    """The messages are in the trash already. Deleting them for ever needs an explicit request."""
    NOT_IN_TRASH = "not-in-trash"
    """Only messages in the trash are deleted for ever."""
    FOLDER_CHANGED = "folder-changed"
    """The folder's messages have new UIDs. The earlier UIDs are not valid any more."""
    SERVER_REFUSED = "mail-server-refused"
    """The server works, but refuses this operation."""
    MISCONFIGURED = "mail-server-misconfigured"
    """The administrator has to correct the server's certificate, or its mechanisms for logins."""
    BUSY = "mail-server-busy"
    """A later try may succeed. The password was not refused."""
    UNREADABLE = "mail-server-unreadable"
    """The server broke its protocol. Only its administrator can remedy that."""
    MAILBOX_FULL = "mailbox-full"
    """The mailbox is full. The person has to delete messages, or to get more room."""
    FOLDER_READ_ONLY = "folder-read-only"
    """The person may read the folder, but change nothing in it."""
    NOT_OFFERED = "not-offered"
    """The protocol of the mailbox lacks the operation."""
    BAD_ARGUMENT = "bad-argument"


class GatewayError(Exception):
    """The base class of the gateway's errors. The error's text is for people and contains no secret."""

    def __init__(self, code: GatewayCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ConnectionLost(GatewayError):
    """The connection broke in the middle of a command. A fresh connection may succeed."""

    def __init__(self) -> None:
        super().__init__(GatewayCode.UNREACHABLE, "The mail server closed the connection. Try again in a moment.")


class ServerTooSlow(GatewayError):
    """The call took too long. It is not repeated, because a second call would take as long."""

    def __init__(self) -> None:
        super().__init__(GatewayCode.UNREACHABLE, "The mail server did not answer in time. Try again in a moment.")


class UnreadableAnswer(GatewayError):
    """The server's answer violates its protocol, or is longer than any useful answer."""

    def __init__(self) -> None:
        super().__init__(
            GatewayCode.UNREADABLE, "The bridge cannot read the mail server's answer. Tell your administrator."
        )


class Busy(GatewayError):
    """The server refuses the command for now. `retry_seconds` is the time to wait that the server names, if any.

    With `ends_connection`, the server refuses every command on this connection.
    """

    def __init__(self, message: str, *, retry_seconds: int | None = None, ends_connection: bool = False) -> None:
        super().__init__(GatewayCode.BUSY, message)
        self.retry_seconds = retry_seconds
        self.ends_connection = ends_connection


class NotConnected(Busy):
    """The server has lost its own connection to the mailbox. A fresh connection to the server may succeed at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ends_connection=True)


class LoginRefused(GatewayError):
    """The server refused a login. `names_password` says whether the server gave the secret as the reason."""

    def __init__(
        self,
        *,
        names_password: bool,
        message: str = "The mail server did not accept this address and password. Check both.",
    ) -> None:
        super().__init__(GatewayCode.LOGIN_REFUSED, message)
        self.names_password = names_password


class Security(Enum):
    """The two ways in which TLS starts."""

    IMPLICIT_TLS = "tls"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """The address of a server. With `is_public_only`, the host may have only public IP addresses."""

    host: str
    port: int
    security: Security = Security.IMPLICIT_TLS
    is_public_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The mail servers of an account: an IMAP or POP3 server for the mailbox, and a server for outgoing mail.

    `sieve`, if given, is the ManageSieve server for the filters of the mailbox. It needs the folders of IMAP.
    `ca_file`, if given, replaces the system's authorities. With `takes_tokens`, a bearer token may be used in place of
    a password, with SASL OAUTHBEARER (RFC 7628). One call waits for a server at most `timeout_seconds` in total, and
    longer only to transfer a large message.
    """

    smtp: ServerAddress
    imap: ServerAddress | None = None
    pop3: ServerAddress | None = None
    sieve: ServerAddress | None = None
    ca_file: Path | None = None
    timeout_seconds: float = 30.0
    takes_tokens: bool = False

    def __post_init__(self) -> None:
        if (self.imap is None) == (self.pop3 is None):
            raise ValueError("a mail server has either imap or pop3")
        if self.sieve is not None and self.imap is None:
            raise ValueError("sieve needs a mail server with imap")

    @property
    def mailbox(self) -> ServerAddress:
        """The address of the server that has the mailbox."""
        address = self.imap or self.pop3
        assert address is not None  # noqa: S101 (`__post_init__` has checked it)
        return address

    def tls_context(self) -> ssl.SSLContext:
        """Return a context that verifies chain and host name. The standard library's starttls() verifies nothing.

        Connections share a context until `ca_file` changes, because a context with the system's authorities takes half
        a megabyte.
        """
        changed_ns = 0 if self.ca_file is None else self.ca_file.stat().st_mtime_ns
        return _tls_context(self.ca_file, changed_ns)


@lru_cache(maxsize=64)
def _tls_context(ca_file: Path | None, _changed_ns: int) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """A person's account: its address, which identifies it in the bridge, its login name, and its servers."""

    address: str
    login: str
    server: MailServer


class Secret(Enum):
    """The two kinds of secrets with which a person logs in."""

    PASSWORD = "password"  # noqa: S105 (a word, not a password)
    TOKEN = "token"  # noqa: S105 (a word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An account, and the password or bearer token for its servers."""

    account: MailAccount
    password: str = field(repr=False)
    kind: Secret = Secret.PASSWORD


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder while its UIDs are valid (RFC 9051 section 2.3.1.1). `uid_validity` is 0 if the server gives none."""

    name: str
    uid_validity: int


def check_credentials(account: MailAccount, password: str) -> Credentials:
    """Return credentials that AUTH PLAIN can send (RFC 4616 section 2: no NUL). Raises GatewayError."""
    check_text(account.login, what="The login name", max_characters=MAX_ADDRESS_BYTES)
    check_text(password, what="The password", max_characters=MAX_PASSWORD_CHARACTERS)
    if not password:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The password is empty.")
    return Credentials(account=account, password=password)


def check_token(account: MailAccount, token: str) -> Credentials:
    """Return credentials with a bearer token. Raises GatewayError: NOT_OFFERED if the account's servers take none."""
    if not account.server.takes_tokens:
        text = "The mail servers of this account take no tokens. Sign in with the mail password."
        raise GatewayError(GatewayCode.NOT_OFFERED, text)
    check_text(account.login, what="The login name", max_characters=MAX_ADDRESS_BYTES)
    check_text(token, what="The token", max_characters=MAX_TOKEN_CHARACTERS)
    if not _TOKEN.fullmatch(token):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The token has a character that no bearer token has.")
    return Credentials(account=account, password=token, kind=Secret.TOKEN)


def check_address(text: str) -> str:
    """Return `text` if it is one strict addr-spec in ASCII. Raises GatewayError."""
    return _check_match(text, _ADDR_SPEC.fullmatch(text[: MAX_ADDRESS_BYTES + 1]))


def check_recipient(text: str) -> str:
    """Return `text` if it is one strict addr-spec, in ASCII or UTF-8 (RFC 6531 section 3.3). Raises GatewayError."""
    if text.isascii() or not text.isprintable():
        return check_address(text)
    return _check_match(text, _UTF8_ADDR_SPEC.fullmatch(text[: MAX_ADDRESS_BYTES + 1]))


def _check_match(text: str, match: re.Match[str] | None) -> str:
    # The limits count bytes (RFC 5321 section 4.5.3.1, RFC 6531 section 3.3).
    if match is None or len(match[0].encode()) > MAX_ADDRESS_BYTES or len(match[1].encode()) > MAX_LOCAL_PART_BYTES:
        raise GatewayError(
            GatewayCode.BAD_ARGUMENT, f"{clean_text(text)!r} is not an e-mail address. Write it as name@example.org."
        )
    return text


def check_recipients(addresses: list[str]) -> list[str]:
    """Return the addresses without repetitions, in their order. Raises GatewayError."""
    checked = list(dict.fromkeys(check_recipient(address) for address in addresses))
    if not checked:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message has no recipient. Add one.")
    if len(checked) > MAX_RECIPIENTS:
        raise GatewayError(
            GatewayCode.BAD_ARGUMENT, f"The message has {len(checked)} recipients, at most {MAX_RECIPIENTS} are taken."
        )
    return checked


def check_folder_name(name: str) -> str:
    """Return a folder name that can be one IMAP argument. Raises GatewayError."""
    if not name:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The folder's name is empty.")
    return check_text(name, what="The folder's name", max_characters=MAX_FOLDER_NAME_CHARACTERS)


def check_text(text: str, *, what: str, max_characters: int) -> str:
    """Return `text` if it fits into one command. Raises GatewayError."""
    if _COMMAND_BREAKERS.search(text):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{what} contains a line break or a NUL.")
    if len(text) > max_characters:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{what} is longer than {max_characters} characters.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{what} contains half a character.") from error
    return text


def check_message_id(text: str) -> str:
    """Return `text` if it is one Message-ID in angle brackets (RFC 5322 section 3.6.4). Raises GatewayError."""
    if not _MESSAGE_ID.fullmatch(text):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{clean_text(text)!r} is not a Message-ID.")
    return text


def check_uid(uid: int) -> int:
    """Return a message's UID (RFC 9051 section 9: nz-number of 32 bits). Raises GatewayError."""
    if not 0 < uid < 2**32:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{uid} is not the number of a message.")
    return uid


def check_uids(uids: Sequence[int]) -> list[int]:
    """Return the UIDs in their order, each once. Raises GatewayError."""
    checked = sorted({check_uid(uid) for uid in uids})
    if not checked:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The request names no message.")
    if len(checked) > MAX_UIDS:
        raise GatewayError(
            GatewayCode.BAD_ARGUMENT, f"The request names {len(checked)} messages, at most {MAX_UIDS} are taken."
        )
    return checked


def check_flags(add: Sequence[str], remove: Sequence[str]) -> None:
    """Check the flags of one change. Raises GatewayError."""
    if len(add) + len(remove) > MAX_FLAGS:
        text = f"The request names {len(add) + len(remove)} flags, at most {MAX_FLAGS} are taken."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    for flag in (*add, *remove):
        check_flag(flag)


def check_flag(flag: str) -> str:
    """Return a flag that may be set on a message. Raises GatewayError.

    It is one of the system flags in SETTABLE_FLAGS, or a keyword (RFC 9051 section 9: flag-keyword), such as
    `$Forwarded`. `\\Deleted` is refused, because the next EXPUNGE of any program deletes messages with this flag.
    """
    if flag not in SETTABLE_FLAGS and not _KEYWORD.fullmatch(flag):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, f"{clean_text(flag)!r} is not a flag that can be changed.")
    return flag


def clean_text(text: str | bytes) -> str:
    """Return a server's or a caller's text as one short line that is safe to show and to log."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = _CONTROLS.sub(" ", decoded).strip()
    return line if len(line) <= MAX_REASON_CHARACTERS else line[: MAX_REASON_CHARACTERS - 1] + "…"
