"""The verbs that make an account at a key server and fetch its keys, by the protocol of `roaming_keys`."""

from __future__ import annotations

import datetime
import json
from typing import Final

from roaming_keys.calls import SessionKey
from roaming_keys.changes import build_registration
from roaming_keys.known import Known
from roaming_keys.protocol import AccountKeys, KeyAccount, normalise_user
from roaming_keys.session import OnDevice, PendingLogin, Place, prepare_login
from roaming_keys.wire import Device, LoginTerms, Parameters
from smime_core.errors import MalformedMessage
from smime_core.identity import load_identity
from smime_core.keys import raw_private_key, read_raw_private
from smime_core.provider import CryptoProvider, KeyType
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class
from wasm_build.vault.python.sealed import seal_secret, unseal_secret

_PURPOSE: Final = b"sealwax login at a key server 2: "


@request_class
class GivenAccount:
    """A person's account at a key server."""

    server: str
    user: str
    passphrase: Secret


@request_class
class Register:
    account: GivenAccount = group_of(GivenAccount)
    ticket: str
    p12: bytes
    p12_passphrase: Secret


@request_class
class LogIn:
    account: GivenAccount = group_of(GivenAccount)
    parameters: Json
    at: datetime.datetime
    device_token: bytes
    device_name: str
    known: bytes = b""
    seal_key: Secret


@request_class
class OpenRecord:
    user: str
    login: bytes
    response: Json
    known: bytes = b""
    seal_key: Secret


async def register(request: Register, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page makes the account at the server. Raises SmimeError."""
    identity = await load_identity(request.p12, request.p12_passphrase, provider)
    registration = await build_registration(_parse_account(request.account), [identity], request.ticket, provider)
    return {"request": registration.to_json()}


async def log_in(request: LogIn, provider: CryptoProvider) -> Reply:
    """Returns `{request, login}`: the page asks the server for the record of keys by the request.

    `login` is sealed for the session, with the key that opens the record. So only one Worker gets the passphrase, which
    is stretched once. `known` is what this device knows of the account. Raises SmimeError.
    """
    account = _parse_account(request.account)
    here = OnDevice(
        device=Device(token=request.device_token, name=request.device_name),
        known=_parse_known(request.known),
        at=request.at,
    )
    login, pending = await prepare_login(account, LoginTerms.from_json(request.parameters), here, provider)
    sealed = await seal_secret(_write(pending), _purpose_for(account.user), request.seal_key, provider)
    return {"request": login.to_json(), "login": sealed}


async def open_response(request: OpenRecord, provider: CryptoProvider) -> Reply:
    """Returns `{identities, known}`: the keys in the record, sealed for the session, and what to keep of the account.

    Raises SmimeError, ServerLies among them.
    """
    user = normalise_user(request.user)
    pending = _read(await unseal_secret(request.login, _purpose_for(user), request.seal_key, provider))
    session = await pending.open(request.response, _parse_known(request.known), provider)
    identities = session.opened.identities
    if not identities:
        raise MalformedMessage("the record holds no private key together with its certificate", where="bundle")
    return {**await seal_all(identities, request.seal_key, provider), "known": session.known.to_json()}


def _write(pending: PendingLogin) -> bytes:
    """The login as JSON, which is sealed at once."""
    secret = pending.secret
    if not isinstance(secret, AccountKeys):
        raise TypeError("expected a login by the passphrase")
    return json.dumps(
        {
            "server": pending.place.server,
            "user": pending.place.user,
            "parameters": pending.parameters.members(),
            "session_key": pending.session_key.seed.hex(),
            "login_key": read_raw_private(secret.login_key).hex(),
            "wrap_key": secret.wrap_key.hex(),
        }
    ).encode()


def _read(data: bytes) -> PendingLogin:
    members = json.loads(data)
    return PendingLogin(
        place=Place(server=members["server"], user=members["user"]),
        parameters=Parameters.from_members(members["parameters"]),
        session_key=SessionKey(bytes.fromhex(members["session_key"])),
        secret=AccountKeys(
            login_key=raw_private_key(KeyType.ED25519, bytes.fromhex(members["login_key"])),
            wrap_key=bytes.fromhex(members["wrap_key"]),
        ),
    )


def _parse_known(known: bytes) -> Known | None:
    return Known.from_json(known) if known else None


def _purpose_for(user: str) -> bytes:
    return _PURPOSE + user.encode()


def _parse_account(account: GivenAccount) -> KeyAccount:
    return KeyAccount(server=account.server, user=account.user, passphrase=account.passphrase)
