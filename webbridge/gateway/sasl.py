"""The client's side of SASL (RFC 4422) for IMAP, POP3 and SMTP: the choice of a mechanism, and its messages.

The login comes after TLS has verified the server, so the server may see the password. The first of these mechanisms
that the server offers is used. PLAIN takes one message. For SCRAM a server has to store a separate record of each
password. LOGIN is specified only in an expired draft (draft-murchison-sasl-login). Tokens are sent with OAUTHBEARER, or
with XOAUTH2 if only that is offered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from typing import Final, TypeVar

from scramp import ScramClient, ScramException

from webbridge.gateway import bearer
from webbridge.gateway.door import (
    ConnectionLost,
    Credentials,
    GatewayCode,
    GatewayError,
    Secret,
    ServerAddress,
    UnreadableAnswer,
)

Connection = TypeVar("Connection")

# Our own bound. A million rounds take about a second of the processor, and servers ask for at least 4,096 (RFC 7677).
MAX_ITERATIONS: Final = 1_000_000


class Mechanism(StrEnum):
    """The registered names of the mechanisms, in the order in which they are tried."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    LOGIN = "LOGIN"
    OAUTHBEARER = "OAUTHBEARER"
    XOAUTH2 = "XOAUTH2"


OF_PASSWORDS: Final = (Mechanism.PLAIN, Mechanism.SCRAM_SHA_256, Mechanism.LOGIN)
OF_TOKENS: Final = (Mechanism.OAUTHBEARER, Mechanism.XOAUTH2)
_WITH: Final = {Secret.PASSWORD: "this password", Secret.TOKEN: "a token"}


class Exchange(ABC):
    """One login with one mechanism. `first` is the client's first message, or None if the server begins."""

    mechanism: Mechanism
    first: bytes | None = None

    @abstractmethod
    def answer(self, challenge: bytes) -> bytes:
        """Return the message that answers a challenge. Raises GatewayError if there is none."""

    def answer_line(self, challenge: bytes) -> bytes:
        """Return the base64 that answers the base64 of a challenge. Raises GatewayError."""
        try:
            decoded = b64decode(challenge.strip(), validate=True)
        except Base64Error:
            raise UnreadableAnswer from None
        return b64encode(self.answer(decoded))

    def check_end(self) -> None:  # noqa: B027 (most mechanisms need no check)
        """Raise GatewayError if the server reports success before the exchange is complete."""

    def refused(self, refusal: GatewayError) -> GatewayError:
        """Return the error that the server's refusal means in this mechanism."""
        return refusal


class MechanismRefused(GatewayError):
    """The server refuses a mechanism that it has offered, whatever the password is. Another mechanism may succeed."""

    def __init__(self, message: str = "The mail server refused to sign you in. Tell your administrator.") -> None:
        super().__init__(GatewayCode.MISCONFIGURED, message)


class SaidGoodbye(GatewayError):
    """The server ended the connection instead of answering."""

    def __init__(self) -> None:
        super().__init__(GatewayCode.BUSY, "The mail server takes no connection at the moment. Try again later.")


def with_mechanisms_left(connect: Callable[[set[str]], Connection]) -> Connection:
    """Connect and log in. Connect again whenever the server ends the connection after it has refused a mechanism.

    `connect` makes a connection. It adds mechanisms that the server refuses to the set, and does not try those in it.
    """
    refused: set[str] = set()
    while True:
        before = len(refused)
        try:
            return connect(refused)
        except (ConnectionLost, SaidGoodbye, UnreadableAnswer):
            if len(refused) == before:
                raise


def log_in_by(
    offered: Collection[str],
    credentials: Credentials,
    address: ServerAddress,
    attempt: Callable[[Exchange], None],
    *,
    refused: set[str],
) -> GatewayError | None:
    """Log in with the first mechanism that is not in `refused`, and that the server does not refuse now.

    `attempt` makes one login, and raises GatewayError if it is refused. Returns None after a login, or the last refusal
    if no mechanism is left. The caller may then log in without SASL. Raises GatewayError.
    """
    reason: GatewayError | None = MechanismRefused() if refused else None
    for exchange in exchanges(set(offered) - refused, credentials, address):
        try:
            attempt(exchange)
        except MechanismRefused as error:
            reason = error
            refused.add(exchange.mechanism)
        except GatewayError as error:
            raise exchange.refused(error) from None
        else:
            exchange.check_end()
            return None
    text = f"The mail server offers no way to sign in with {_WITH[credentials.kind]}. Tell your administrator."
    return reason or GatewayError(GatewayCode.MISCONFIGURED, text)


def exchanges(offered: Collection[str], credentials: Credentials, address: ServerAddress) -> Iterator[Exchange]:
    """Yield an Exchange for each mechanism that a server offers, the best first.

    `offered` has the names in capitals.
    """
    for mechanism in OF_TOKENS if credentials.kind is Secret.TOKEN else OF_PASSWORDS:
        if mechanism in offered and (exchange := _exchange(mechanism, credentials, address)):
            yield exchange


def _exchange(mechanism: Mechanism, credentials: Credentials, address: ServerAddress) -> Exchange | None:
    match mechanism:
        case Mechanism.PLAIN:
            return _Plain(credentials)
        case Mechanism.SCRAM_SHA_256:
            try:
                return _Scram(credentials)
            except ScramException:  # The password has letters that SASLprep forbids (RFC 4013).
                return None
        case Mechanism.LOGIN:
            return _Login(credentials)
        case Mechanism.OAUTHBEARER:
            return _OauthBearer(credentials, address)
        case Mechanism.XOAUTH2:
            return _Xoauth2(credentials)


class _Plain(Exchange):
    """RFC 4616. The message is UTF-8."""

    mechanism = Mechanism.PLAIN

    def __init__(self, credentials: Credentials) -> None:
        self.first = f"\0{credentials.account.login}\0{credentials.password}".encode()

    def answer(self, challenge: bytes) -> bytes:
        raise UnreadableAnswer


class _Login(Exchange):
    """The server asks for the name, then for the password, each time with any text."""

    mechanism = Mechanism.LOGIN

    def __init__(self, credentials: Credentials) -> None:
        self._left = [credentials.password.encode(), credentials.account.login.encode()]

    def answer(self, challenge: bytes) -> bytes:
        if not self._left:
            raise UnreadableAnswer
        return self._left.pop()


class _Scram(Exchange):
    """RFC 7677, RFC 5802. The server also proves that it knows the password."""

    mechanism = Mechanism.SCRAM_SHA_256

    def __init__(self, credentials: Credentials) -> None:
        self._client = ScramClient([self.mechanism.value], credentials.account.login, credentials.password)
        self.first = self._client.get_client_first().encode()
        self._steps = 0
        self._is_proved = False

    def answer(self, challenge: bytes) -> bytes:
        self._steps += 1
        try:
            text = challenge.decode()
            if self._steps == 1:
                return self._final_message(text)
            self._client.set_server_final(text)
        except (ScramException, UnicodeDecodeError, ValueError):
            raise _unproved() from None
        self._is_proved = True
        return b""

    def check_end(self) -> None:
        if not self._is_proved:
            raise _unproved()

    def _final_message(self, server_first: str) -> bytes:
        self._client.set_server_first(server_first)
        if int(self._client.iterations) > MAX_ITERATIONS:
            raise UnreadableAnswer
        return bytes(self._client.get_client_final().encode())


class _OauthBearer(Exchange):
    """RFC 7628."""

    mechanism = Mechanism.OAUTHBEARER
    _last = bearer.LAST_MESSAGE

    def __init__(self, credentials: Credentials, address: ServerAddress) -> None:
        self.first = bearer.first_message(credentials, address)
        self._reason: bytes | None = None

    def answer(self, challenge: bytes) -> bytes:
        if self._reason is not None:
            raise UnreadableAnswer
        self._reason = challenge
        return self._last

    def answer_line(self, challenge: bytes) -> bytes:
        # Only the administrator needs the reason of a refusal. So a damaged reason changes nothing.
        try:
            return super().answer_line(challenge)
        except UnreadableAnswer:
            return b64encode(self.answer(b""))

    def check_end(self) -> None:
        if self._reason is not None:
            raise UnreadableAnswer

    def refused(self, refusal: GatewayError) -> GatewayError:
        if refusal.code is not GatewayCode.LOGIN_REFUSED:
            return refusal
        return bearer.meaning_of(self._reason or b"")


class _Xoauth2(_OauthBearer):
    """The older mechanism of Google and Microsoft for tokens. It has no RFC."""

    mechanism = Mechanism.XOAUTH2
    _last = b""

    def __init__(self, credentials: Credentials) -> None:
        self.first = f"user={credentials.account.login}\x01auth=Bearer {credentials.password}\x01\x01".encode()
        self._reason = None


def _unproved() -> GatewayError:
    text = "The mail server did not prove that it knows your password. Nothing was done. Tell your administrator."
    return GatewayError(GatewayCode.MISCONFIGURED, text)
