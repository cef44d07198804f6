"""An operation of an account in steps, without I/O.

An operation is a coroutine that sends calls, asks the person, and makes results with random values. A command runs
until the operation ends, so it takes each step at once (`AtOnce`). A browser's vault ends after each request, so there
the operation starts again for each step. It finds the answers and results of earlier steps in a journal (`Journal`),
until it needs an answer that is not there yet (`Waiting`). So commands and the vault run the same code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.key_account import encode_fields
from roaming_keys.protocol.known import AccountReset
from roaming_keys.protocol.messages.accounts import KeyRecord
from roaming_keys.protocol.messages.answer_codes import KEY_SERVER_CODES
from smime_core.errors import SmimeError
from smime_core.provider import CryptoProvider

_ANSWER: Final = "answer"
_REFUSAL: Final = "refusal"
_QUESTION_ANSWER: Final = "told"
_MADE: Final = "made"


class KeyServerError(SmimeError):
    """The key server refused a request or cannot be reached.

    `code` is the code in the server's error, or `key-server-error` for an answer in another form, or
    `key-server-unreachable`. `record` is the record that the server has, if another one was expected.
    """

    def __init__(
        self, code: str, message: str, retry_after_seconds: int | None = None, record: KeyRecord | None = None
    ) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # here the code comes from the server
        self.retry_after_seconds = retry_after_seconds
        self.record = record


# Codes of failures that the command and the pages detect themselves. Codes of failed discovery begin with `discovery`.
_OF_CLIENTS: Final = frozenset(
    {
        *("key-server-error", "key-server-unreachable"),
        *("answer-too-large", "message-too-large", "server-error", "unreachable"),
    }
)
_OF_DISCOVERY: Final = "discovery-"


def known_refusal(call: Call, refusal: KeyServerError) -> KeyServerError:
    """Return the refusal of a call. Its code becomes `key-server-error` if the route does not have this code."""
    code = refusal.code
    if code in _OF_CLIENTS or code.startswith(_OF_DISCOVERY) or KEY_SERVER_CODES.has(call.method, call.path, code):
        return refusal
    text = f"the key server answers {call.method} {call.path} with the code {code}, which its protocol does not have"
    return KeyServerError("key-server-error", text, refusal.retry_after_seconds)


class AnswerOutOfOrder(SmimeError):
    """An answer belongs to another step of the operation, or to another operation."""

    code = "answer-out-of-order"


class Kept(Protocol):
    """A result that a journal can store as members of JSON, and read again."""

    def members(self) -> dict[str, Any]:
        """Return the result as members of JSON."""

    @classmethod
    async def revive(cls, members: Mapping[str, Any], provider: CryptoProvider) -> Any:
        """Return the result with these members."""


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """A result that is only bytes."""

    data: bytes = field(repr=False)

    def members(self) -> dict[str, Any]:
        return {"data": self.data.hex()}

    @classmethod
    async def revive(cls, members: Mapping[str, Any], _: CryptoProvider) -> KeptBytes:
        return cls(bytes.fromhex(members["data"]))


Result = TypeVar("Result", bound=Kept)


class Steps(Protocol):
    """The steps of an operation, as a command (`AtOnce`) or a vault (`Journal`) takes them."""

    async def once(self, kind: type[Result], make: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of `make`, which is called once in all runs of the operation."""

    def ask(self, kind: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer of the person or the page to a question."""

    def add_note(self, kind: str, members: Mapping[str, Any]) -> None:
        """Have the page store something before the next call is sent."""

    def agree(self, reset: AccountReset) -> None:
        """Return if the person agrees to go on with the account after a reset. Raises `reset` otherwise."""

    def reached(self, session: Kept) -> None:
        """Note the session with which the next operation begins, even if this operation fails later."""


class AtOnce:
    """The steps of a program that runs until the operation ends."""

    async def once(self, kind: type[Result], make: Callable[[], Awaitable[Result]]) -> Result:
        return await make()

    def ask(self, kind: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError(f"a command asks the person itself: {kind}")

    def add_note(self, kind: str, members: Mapping[str, Any]) -> None:
        """Do nothing, because a command has no page."""

    def agree(self, reset: AccountReset) -> None:
        raise reset

    def reached(self, session: Kept) -> None:
        """Do nothing, because a command returns its session."""


AT_ONCE: Final = AtOnce()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A call that has to be sent, with its header Authorization."""

    call: Call
    authorization: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to the person or the page. Its `kind` says what its `members` mean."""

    kind: str
    members: Mapping[str, Any]


class Waiting(BaseException):
    """The operation needs an answer. This is no Exception, so no `except Exception` in the operation catches it."""

    def __init__(self, need: SignedCall | Question) -> None:
        super().__init__("an operation waits for an answer")
        self.need = need


class Journal:
    """The steps of an operation that starts again for each step. The journal is also the operation's transport.

    `entries` has the answers and results so far, as members of JSON. New results are added. Answers that the page has
    fetched `ahead` are added when their calls come. `session` is the session that was reached after all entries, and
    `has_session` says whether any session was reached. `notes` has the texts that the page has to store before the next
    call.
    """

    def __init__(self, entries: list[dict[str, Any]], provider: CryptoProvider, *, ahead: Sequence[bytes] = ()) -> None:
        self.entries = entries
        self.notes: dict[str, Mapping[str, Any]] = {}
        self._ahead = list(ahead)
        self.session: Kept | None = None
        self.has_session = False
        self._position = 0
        self._provider = provider

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer. Raises KeyServerError, Waiting or AnswerOutOfOrder."""
        entry = self._next(digest_of_call(call), _ANSWER, _REFUSAL)
        if entry is None and self._ahead:
            self._add(answer_entry(digest_of_call(call), self._ahead.pop(0)))
            entry = self.entries[-1]
        if entry is None:
            raise Waiting(SignedCall(call=call, authorization=authorization))
        if _REFUSAL in entry:
            raise known_refusal(call, _read_refusal(entry[_REFUSAL]))
        return bytes.fromhex(entry[_ANSWER])

    async def once(self, kind: type[Result], make: Callable[[], Awaitable[Result]]) -> Result:
        entry = self._next(kind.__name__, _MADE)
        if entry is not None:
            revived: Result = await kind.revive(entry[_MADE], self._provider)
            return revived
        result = await make()
        self._add({"of": kind.__name__, _MADE: result.members()})
        return result

    def ask(self, kind: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        entry = self._next(kind, _QUESTION_ANSWER)
        if entry is None:
            raise Waiting(Question(kind=kind, members=members))
        answer: Mapping[str, Any] = entry[_QUESTION_ANSWER]
        return answer

    def add_note(self, kind: str, members: Mapping[str, Any]) -> None:
        if self._position == len(self.entries):
            self.notes[kind] = members

    def agree(self, reset: AccountReset) -> None:
        self.ask("reset", {"reset": reset.reset})

    def reached(self, session: Kept) -> None:
        self.has_session = True
        # Earlier runs have already reported the sessions before the last entry.
        if self._position == len(self.entries):
            self.session = session

    def _add(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        self._position += 1

    def _next(self, of: str, *members: str) -> dict[str, Any] | None:
        if self._position == len(self.entries):
            return None
        entry = self.entries[self._position]
        if entry["of"] != of or not any(name in entry for name in members):
            raise AnswerOutOfOrder("the answer belongs to another step")
        self._position += 1
        return entry


def digest_of_call(call: Call) -> str:
    """Return the digest by which a journal names a call."""
    fields = encode_fields(call.method, call.path, call.condition, hashlib.sha256(call.body).digest())
    return hashlib.sha256(fields).hexdigest()


def answer_entry(of: str, body: bytes) -> dict[str, Any]:
    """The entry for a server's answer to the call `of`."""
    return {"of": of, _ANSWER: body.hex()}


def refusal_entry(of: str, error: KeyServerError) -> dict[str, Any]:
    """The entry for a failure of the call `of`."""
    record = None if error.record is None else error.record.members()
    members = {"code": error.code, "message": str(error), "retry": error.retry_after_seconds, "record": record}
    return {"of": of, _REFUSAL: members}


def question_answer_entry(of: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """The entry for an answer to a question of the kind `of`."""
    return {"of": of, _QUESTION_ANSWER: dict(members)}


def _read_refusal(members: Mapping[str, Any]) -> KeyServerError:
    record = None if members["record"] is None else KeyRecord.from_members(members["record"])
    return KeyServerError(members["code"], members["message"], members["retry"], record)
