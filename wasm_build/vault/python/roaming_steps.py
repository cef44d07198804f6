"""Operations of an account at a key server, step by step. Between two requests the page keeps their sealed state.

A verb that is an operation returns `{state, step}` with the `request` that the page has to send, or the `question` that
it has to answer. The page passes the answer to `roaming.answer`, with the state and the number of the step. The last
step returns `{result}`. Each step may also have `{session, known}`: the sealed session for the next operation, and what
this device now knows of the account. `calls` is the number of calls that were made in that session.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, NamedTuple, TypeVar

from roaming_keys.protocol.calls import Credentials
from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.messages.accounts import PROTOCOL, KeyRecord
from roaming_keys.protocol.messages.factors import FactorDemand, Proof, read_proof
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.steps import (
    AnswerOutOfOrder,
    Journal,
    KeyServerError,
    Question,
    SignedCall,
    Waiting,
    answer_entry,
    digest_of_call,
    question_answer_entry,
    refusal_entry,
)
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.requests import Json, Reply, Secret, parse_request, request_class
from wasm_build.vault.python.sealed import seal_secret, unseal_secret

_SESSION_PURPOSE: Final = b"sealwax session at a key server 3: "
_STATE_PURPOSE: Final = b"sealwax operation at a key server 1: "
# After these errors the person may try another factor in the same login.
_REPEATABLE: Final = frozenset({"factor-refused", "try-later", "unreachable"})

_MAX_ID_CHARACTERS: Final = 64

Request = TypeVar("Request")
Operate = Callable[[Request, Setting], Awaitable[Reply]]


class Operation(NamedTuple, Generic[Request]):
    """A verb that takes several steps: the class of its requests, and the coroutine that is run again at each step."""

    request: type[Request]
    operate: Operate[Request]


@request_class
class AnswerStep:
    """The answer to a step: the body or the refusal of a server's answer, or the answer to a question."""

    user: str
    state: bytes
    step: int
    seal_key: Secret
    body: bytes | None = None
    refusal: Json | None = None
    told: Json | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _State:
    """The state of an operation between two steps. `of` names the call or the question that waits for an answer.

    The state contains the person's secrets, so its `repr` shows no fields.
    """

    verb: str
    arguments: Mapping[str, Any]
    entries: list[dict[str, Any]]
    of: str
    step: int


async def begin_operation(
    verb: str, operation: Operation[Any], arguments: Mapping[str, Any], provider: CryptoProvider
) -> Reply:
    """The first step of an operation. Raises SmimeError.

    The argument `ahead` has the answers to the operation's first calls, which the page has fetched in advance.
    """
    seal_key = Secret(bytes(arguments["sealKey"]))
    state_arguments = {name: value for name, value in arguments.items() if name not in ("sealKey", "ahead")}
    state = _State(verb=verb, arguments=state_arguments, entries=[], of="", step=0)
    return await _run(state, operation, seal_key, provider, ahead=arguments.get("ahead") or ())


async def answer_step(request: AnswerStep, operations: Mapping[str, Operation[Any]], provider: CryptoProvider) -> Reply:
    """The next step of an operation. Raises AnswerOutOfOrder or another SmimeError."""
    user = normalise_user(request.user)
    state = _read_state(await unseal_secret(request.state, _purpose(_STATE_PURPOSE, user), request.seal_key, provider))
    if request.step != state.step:
        raise AnswerOutOfOrder(f"expected the answer to step {state.step}")
    state.entries.append(_entry_of(request, state.of))
    return await _run(state, operations[state.verb], request.seal_key, provider)


async def seal_session(session: Session, seal_key: Secret, provider: CryptoProvider) -> bytes:
    """The session encrypted under the key of the page's session."""
    plain = json.dumps(session.members()).encode()
    return await seal_secret(plain, _purpose(_SESSION_PURPOSE, session.account_id.user), seal_key, provider)


async def read_session(sealed: bytes, user: str, calls: int, seal_key: Secret, provider: CryptoProvider) -> Session:
    """The session, after `calls` calls. Raises DecryptionError for a session of another account or page."""
    plain = await unseal_secret(sealed, _purpose(_SESSION_PURPOSE, normalise_user(user)), seal_key, provider)
    session = await Session.revive(json.loads(plain), provider)
    session.session_key.counter = calls
    return session


async def _run(
    state: _State, operation: Operation[Any], seal_key: Secret, provider: CryptoProvider, *, ahead: Sequence[bytes] = ()
) -> Reply:
    journal = Journal(state.entries, provider, ahead=ahead)
    setting = Setting(transport=journal, provider=provider, ask_factor=_asking(journal), steps=journal)
    request = parse_request(operation.request, {**state.arguments, "sealKey": seal_key})
    reply: Reply
    try:
        result = await operation.operate(request, setting)
        # The extension's vault encrypts the code for the page that shows it.
        code = {name: result.pop(name) for name in ("code",) if name in result}
        reply = {"result": result, **code}
    except Waiting as waiting:
        later = replace(state, of=_name_of(waiting.need), step=state.step + 1)
        purpose = _purpose(_STATE_PURPOSE, normalise_user(str(state.arguments["user"])))
        sealed = await seal_secret(_write_state(later), purpose, seal_key, provider)
        reply = {"state": sealed, "step": later.step, **_describe_need(waiting.need)}
        # Before the end of a login there is no session that the page could continue, so its calls are not counted.
        if journal.has_session or "session" in state.arguments:
            reply |= _count_calls(waiting.need)
        reply |= await _foresee(waiting.need, later, operation, seal_key, provider)
    if journal.notes:
        reply["notes"] = dict(journal.notes)
    if isinstance(journal.session, Session):
        sealed_session = await seal_session(journal.session, seal_key, provider)
        known, calls = journal.session.known.to_json(), journal.session.session_key.counter
        reply = {"calls": calls, **reply, "session": sealed_session, "known": known}
    return reply


async def _foresee(
    need: SignedCall | Question, state: _State, operation: Operation[Any], seal_key: Secret, provider: CryptoProvider
) -> Reply:
    """Returns `{then}`, the last step, if this call ends the operation and the content of its answer does not matter.

    The page takes this step as soon as the server has answered, and needs no Worker for it.
    """
    if isinstance(need, Question) or need.call.method == "GET" or not need.authorization:
        return {}
    foreseen = replace(state, entries=[*state.entries, answer_entry(state.of, b"")])
    try:
        then = await _run(foreseen, operation, seal_key, provider)
    except SmimeError:
        # The operation needs the content of the answer.
        return {}
    return {"then": then} if "result" in then else {}


def _name_of(need: SignedCall | Question) -> str:
    return need.kind if isinstance(need, Question) else digest_of_call(need.call)


def _count_calls(need: SignedCall | Question) -> Reply:
    if isinstance(need, Question) or need.authorization is None:
        return {}
    return {"calls": Credentials.from_header(need.authorization).counter}


def _asking(journal: Journal) -> Callable[[FactorDemand, KeyServerError | None], Proof]:
    def ask(demand: FactorDemand, refusal: KeyServerError | None) -> Proof:
        if refusal is not None and refusal.code not in _REPEATABLE:
            raise refusal
        return read_proof(factor_body(journal.ask("factor", json.loads(demand.to_json()))))

    return ask


def factor_body(answer: Mapping[str, Any]) -> bytes:
    """The body of a request about a second factor, with the page's answer."""
    return json.dumps({"protocol": PROTOCOL, **answer}).encode()


def id_in_path(id: str) -> str:
    """The id of a factor or group, in the form for a part of a path. Raises MalformedMessage for anything else."""
    if not (id.isascii() and id.isalnum() and len(id) <= _MAX_ID_CHARACTERS):
        raise MalformedMessage("expected an id", where="request")
    return id


def _describe_need(need: SignedCall | Question) -> Reply:
    if isinstance(need, Question):
        return {"question": {"kind": need.kind, **need.members}}
    call = need.call
    path = {"method": call.method, "path": call.path}
    headers = {"condition": call.condition, "authorization": need.authorization or ""}
    return {"request": {**path, **headers, "body": call.body}}


def _entry_of(request: AnswerStep, of: str) -> dict[str, Any]:
    if request.body is not None:
        return answer_entry(of, request.body)
    if request.told is not None:
        return question_answer_entry(of, _object(request.told))
    if request.refusal is None:
        raise MalformedMessage("expected an answer", where="request")
    members = _object(request.refusal)
    record = members.get("record")
    known = KeyRecord.from_members(record) if isinstance(record, dict) else None
    return refusal_entry(of, KeyServerError(str(members.get("code")), str(members.get("message")), record=known))


def _object(data: bytes) -> dict[str, Any]:
    members = json.loads(data)
    if not isinstance(members, dict):
        raise MalformedMessage("expected an object", where="request")
    return members


def _write_state(state: _State) -> bytes:
    members = {field.name: getattr(state, field.name) for field in fields(state)}
    return json.dumps(members, default=_encode).encode()


def _read_state(data: bytes) -> _State:
    return _State(**json.loads(data, object_hook=_decode))


def _encode(value: object) -> dict[str, str]:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$octets": b64encode(value).decode()}
    raise TypeError


def _decode(members: dict[str, Any]) -> Any:
    return b64decode(members["$octets"]) if members.keys() == {"$octets"} else members


def _purpose(label: bytes, user: str) -> bytes:
    return label + user.encode()
