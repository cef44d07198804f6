"""The verbs of a session at a key server: they sign calls, and make and open the records that go with them.

The session goes through the page, sealed. A verb that prepares a change returns the session after it, which the page
takes when the server has answered. The page counts the calls.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final

from roaming_keys.organisation.protocol.messages import Standing
from roaming_keys.organisation.protocol.owner import judge_recovery, with_own_passphrase
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.calls import Call, SessionKey
from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.messages.accounts import KeyRecord, Parameters
from roaming_keys.protocol.messages.reader import Reader
from roaming_keys.protocol.records.own_wrap_keys import OwnWrapKeys
from roaming_keys.protocol.records.record import open_record
from roaming_keys.protocol.records.recovery_codes import CODE_BYTES, recovery_keys, write_code
from roaming_keys.protocol.records.state import WrapKey
from roaming_keys.protocol.session import Place, Prepared, Session
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, request_class
from wasm_build.vault.python.sealed import seal_secret, unseal_identities, unseal_secret
from wasm_build.vault.python.signers import identity_of

_PURPOSE: Final = b"sealwax session at a key server 2: "
# The calls that the page may ask for by `sign_call`. Other calls have a record, which only their own verbs make.
_PLAIN_CALLS: Final = re.compile(
    r"GET /(?:devices|bundle|factors|recovery)|DELETE /(?:account|reset)|POST /(?:factors|export)"
    r"|DELETE /factors/[0-9a-f]{32}|GET /groups|(?:GET|DELETE) /groups/[A-Za-z0-9]{1,64}"
)


@request_class
class SignCall:
    user: str
    session: bytes
    seal_key: Secret
    call: int
    method: str
    path: str
    body: bytes = b""


@request_class
class PreparePush:
    user: str
    session: bytes
    call: int
    identities: tuple[bytes, ...]
    seal_key: Secret


@request_class
class PrepareRotation:
    user: str
    session: bytes
    seal_key: Secret
    call: int
    passphrase: Secret
    revoked: tuple[str, ...]
    new_code: bool = False


@request_class
class TakeRecord:
    user: str
    session: bytes
    seal_key: Secret
    record: Json


@request_class
class JudgeRecovery:
    user: str
    session: bytes
    seal_key: Secret
    standing: Json


async def sign_call(request: SignCall, provider: CryptoProvider) -> Reply:
    """Returns `{authorization}` of a call without a record. Raises SmimeError."""
    if not _PLAIN_CALLS.fullmatch(f"{request.method} {request.path}"):
        raise MalformedMessage("expected a call without a record", where="path")
    session = await read_session(request.session, request.user, request.seal_key, provider)
    session.session_key.counter = request.call - 1
    call = Call(method=request.method, path=request.path, body=request.body)
    return {"authorization": await session.sign(call, provider)}


async def prepare_push(request: PreparePush, provider: CryptoProvider) -> Reply:
    """Returns a call that stores the identities beside those of the record. Raises SmimeError."""
    session = await read_session(request.session, request.user, request.seal_key, provider)
    unsealed = await unseal_identities(request.identities, request.seal_key, provider)
    added = [identity_of(one) for one in unsealed]
    content = replace(session.opened, identities=(*session.opened.identities, *added))
    prepared = await session.prepare_push(content, provider)
    return await prepared_reply(session, prepared, request.call, request.seal_key, provider)


async def prepare_rotation(request: PrepareRotation, provider: CryptoProvider) -> Reply:
    """Returns a call that stores a new key under a passphrase, and with `new_code` also `{code}`. Raises SmimeError."""
    session = await read_session(request.session, request.user, request.seal_key, provider)
    if not request.revoked and not request.new_code:
        # The person chooses a passphrase. The other changes keep it.
        opened = session.opened
        session = replace(session, opened=replace(opened, state=with_own_passphrase(opened.state)))
    secret = provider.random_bytes(CODE_BYTES)
    prepared = await session.prepare_rotation(
        request.passphrase,
        provider,
        revoked=request.revoked,
        recovery=await recovery_keys(secret, provider) if request.new_code else None,
    )
    code = {"code": write_code(secret).encode()} if request.new_code else {}
    return {**await prepared_reply(session, prepared, request.call, request.seal_key, provider), **code}


async def take_record(request: TakeRecord, provider: CryptoProvider) -> Reply:
    """Returns `{session, identities, known}` with the server's record. Raises SmimeError, ServerLies among them."""
    session = await read_session(request.session, request.user, request.seal_key, provider)
    taken = await session.with_record(KeyRecord.from_json(request.record), provider)
    return await open_reply(taken, request.seal_key, provider)


async def judge_owner_recovery(request: JudgeRecovery, provider: CryptoProvider) -> Reply:
    """Returns `{recovery}`: who can recover the encryption keys, and what the owner has to know. Raises SmimeError."""
    session = await read_session(request.session, request.user, request.seal_key, provider)
    found = judge_recovery(session.opened, Standing.from_json(request.standing))
    return {
        "recovery": {
            "confirmed": _policy_members(found.confirmed),
            "offered": _policy_members(found.offered),
            "leftOut": len(found.left_out),
            "cases": [one.members() for one in found.cases],
            "mustRenew": found.must_renew,
            "hasFirstPassphrase": found.has_first_passphrase,
        }
    }


async def open_reply(session: Session, seal_key: Secret, provider: CryptoProvider) -> Reply:
    """Returns `{identities, session, known}` of a session."""
    identities = await seal_all(session.opened.identities, seal_key, provider)
    return {**identities, "session": await seal_session(session, seal_key, provider), "known": session.known.to_json()}


async def prepared_reply(
    session: Session, prepared: Prepared, call: int, seal_key: Secret, provider: CryptoProvider
) -> Reply:
    """Returns `{request, condition, authorization, session, known}` of a call that stores a record."""
    session.session_key.counter = call - 1
    return {
        "request": prepared.call.body,
        "condition": prepared.call.condition,
        "authorization": await session.sign(prepared.call, provider),
        "known": prepared.after.known.to_json(),
        "session": await seal_session(prepared.after, seal_key, provider),
    }


async def read_session(sealed: bytes, user: str, seal_key: Secret, provider: CryptoProvider) -> Session:
    """Return the session of a request. Raises DecryptionError for another seal key or user."""
    members = json.loads(await unseal_secret(sealed, _purpose_for(normalise_user(user)), seal_key, provider))
    place = Place(server=members["server"], user=members["user"])
    record = KeyRecord.from_members(members["record"])
    opened = await open_record(record, place.user, bytes.fromhex(members["key"]), provider)
    return Session(
        place=place,
        parameters=Parameters.from_members(members["parameters"]),
        session_key=SessionKey(bytes.fromhex(members["session_key"])),
        opened=opened,
        own=OwnWrapKeys(
            keys=tuple(WrapKey.from_reader(Reader(one, "own wrap key")) for one in members["own_wrap_keys"]),
            has_lost_some=members["has_lost_wrap_keys"],
        ),
    )


async def seal_session(session: Session, seal_key: Secret, provider: CryptoProvider) -> bytes:
    """Return the session encrypted under the key of the page's session."""
    members = {
        "server": session.place.server,
        "user": session.place.user,
        "parameters": session.parameters.members(),
        "session_key": session.session_key.seed.hex(),
        "key": session.opened.key.hex(),
        "record": session.opened.record.members(),
        "own_wrap_keys": [one.members() for one in session.own.keys],
        "has_lost_wrap_keys": session.own.has_lost_some,
    }
    return await seal_secret(json.dumps(members).encode(), _purpose_for(session.place.user), seal_key, provider)


def _policy_members(policy: RecoveryPolicy | None) -> dict[str, object] | None:
    if policy is None:
        return None
    return {
        "organisation": policy.organisation,
        "needed": policy.needed,
        "officers": [
            {"name": ", ".join(one.email_addresses) or one.common_name, "fingerprint": one.fingerprint}
            for one in policy.officers
        ],
        "fingerprint": policy.fingerprint,
    }


def _purpose_for(user: str) -> bytes:
    return _PURPOSE + user.encode()
