"""The verbs of a forgotten passphrase without a recovery code: the end of a reset, and its undoing."""

from __future__ import annotations

import datetime

from roaming_keys.protocol.changes import ReplacedAccount, build_reset
from roaming_keys.protocol.key_account import KeyAccount, normalise_origin, normalise_user
from roaming_keys.protocol.messages.accounts import Device, LoginTerms
from roaming_keys.protocol.records.recovery_codes import read_code, recovery_keys
from roaming_keys.protocol.session import OnDevice, Place, prepare_undo, prepare_undo_by_code
from smime_core.errors import MalformedMessage
from smime_core.identity import load_identities
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class
from wasm_build.vault.python.roaming import GivenAccount, login_reply, parse_account


@request_class
class FinishReset:
    account: GivenAccount = group_of(GivenAccount)
    ticket: str
    p12: bytes
    p12_passphrase: Secret
    parameters: Json
    version: int
    at: datetime.datetime


@request_class
class UndoReset:
    server: str
    user: str
    passphrase: Secret | None = None
    code: Secret | None = None
    parameters: Json
    at: datetime.datetime
    device_token: bytes
    device_name: str
    seal_key: Secret


async def finish_reset(request: FinishReset, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page puts a new account in the place of the forgotten one.

    `parameters` are those of the account that it replaces, and `version` is that of its record. Raises SmimeError.
    """
    identities = await load_identities(request.p12, request.p12_passphrase, provider)
    if not identities:
        raise MalformedMessage("the file holds no private key together with its certificate", where="p12")
    replaced = ReplacedAccount(parameters=LoginTerms.from_json(request.parameters).parameters, version=request.version)
    registration = await build_reset(
        parse_account(request.account), identities, request.ticket, provider, replaced=replaced, at=request.at
    )
    return {"request": registration.to_json()}


async def undo_reset(request: UndoReset, provider: CryptoProvider) -> Reply:
    """Returns `{request, login}` as `roaming.log_in`, for the account from before a reset.

    `parameters` are those of that account, and the secret is its passphrase or its recovery code. Nothing that this
    device knows is compared, because it may know the account after the reset. Raises SmimeError.
    """
    here = OnDevice(device=Device(token=request.device_token, name=request.device_name), known=None, at=request.at)
    terms = LoginTerms.from_json(request.parameters)
    server, user = normalise_origin(request.server), normalise_user(request.user)
    if request.passphrase is not None:
        account = KeyAccount(server=server, user=user, passphrase=request.passphrase)
        login, pending = await prepare_undo(account, terms, here, provider)
    elif request.code is not None:
        keys = await recovery_keys(read_code(request.code.decode("ascii", "replace")), provider)
        login, pending = await prepare_undo_by_code(Place(server=server, user=user), terms, keys, here, provider)
    else:
        raise MalformedMessage("expected a passphrase or a recovery code", where="request")
    return await login_reply(login, pending, request.seal_key, provider)
