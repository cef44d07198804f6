"""The verbs that make an account at a key server and fetch its keys, by the protocol of `roaming_keys`."""

from __future__ import annotations

import datetime
import json
from typing import Final

from roaming_keys.protocol.calls import SessionKey
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import AccountKeys, KeyAccount, LoginWay, normalise_origin, normalise_user
from roaming_keys.protocol.known import Known
from roaming_keys.protocol.messages.accounts import Device, Login, LoginTerms, Parameters
from roaming_keys.protocol.records.recovery_codes import RecoveryKeys, read_code, recovery_keys
from roaming_keys.protocol.session import OnDevice, PendingLogin, Place, prepare_login, prepare_recovery
from smime_core.errors import MalformedMessage
from smime_core.identity import load_identity
from smime_core.keys import raw_private_key, read_raw_private
from smime_core.provider import CryptoProvider, KeyType
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class
from wasm_build.vault.python.roaming_session import open_reply
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
class Recover:
    server: str
    user: str
    code: Secret
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
    agreed: str = ""
    seal_key: Secret


@request_class
class ProveFactor:
    user: str
    login: bytes
    seal_key: Secret
    call: int
    proof: bytes


async def register(request: Register, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page makes the account at the server. Raises SmimeError."""
    identity = await load_identity(request.p12, request.p12_passphrase, provider)
    registration = await build_registration(parse_account(request.account), [identity], request.ticket, provider)
    return {"request": registration.to_json()}


async def log_in(request: LogIn, provider: CryptoProvider) -> Reply:
    """Returns `{request, login}`: the page asks the server for the record of keys by the request.

    `login` is sealed for the session, with the key that opens the record. So only one Worker gets the passphrase, which
    is stretched once. `known` is what this device knows of the account. Raises SmimeError.
    """
    account = parse_account(request.account)
    login, pending = await prepare_login(account, LoginTerms.from_json(request.parameters), _here(request), provider)
    return await login_reply(login, pending, request.seal_key, provider)


async def recover(request: Recover, provider: CryptoProvider) -> Reply:
    """Returns `{request, login}` as `log_in`, for a recovery code that a person typed. Raises WrongRecoveryCode."""
    place = Place(server=normalise_origin(request.server), user=normalise_user(request.user))
    secret = read_code(request.code.decode("ascii", "replace"))
    keys, terms = await recovery_keys(secret, provider), LoginTerms.from_json(request.parameters)
    login, pending = await prepare_recovery(place, terms, keys, _here(request), provider)
    return await login_reply(login, pending, request.seal_key, provider)


async def prove_factor(request: ProveFactor, provider: CryptoProvider) -> Reply:
    """Returns `{authorization}` of the call with a second factor, for a login that waits for it. Raises SmimeError."""
    purpose = _purpose_for(normalise_user(request.user))
    pending = _read(await unseal_secret(request.login, purpose, request.seal_key, provider))
    pending.session_key.counter = request.call - 1
    _, authorization = await pending.sign_proof(request.proof, provider)
    return {"authorization": authorization}


async def open_response(request: OpenRecord, provider: CryptoProvider) -> Reply:
    """Returns `{identities, session, known, hasLostCode}`: the keys in the record, the session, and what to keep.

    Keys and session are sealed. `agreed` is the reset of the account that the person has agreed to. Raises SmimeError,
    ServerLies and AccountReset among them.
    """
    user = normalise_user(request.user)
    pending = _read(await unseal_secret(request.login, _purpose_for(user), request.seal_key, provider))
    session = await pending.open(request.response, _parse_known(request.known), provider, agreed=request.agreed)
    if not session.opened.identities:
        raise MalformedMessage("the record holds no private key together with its certificate", where="bundle")
    return {**await open_reply(session, request.seal_key, provider), "hasLostCode": session.own.has_lost_some}


async def login_reply(login: Login, pending: PendingLogin, seal_key: Secret, provider: CryptoProvider) -> Reply:
    """Returns `{request, login}` of a login that was prepared."""
    sealed = await seal_secret(_write(pending), _purpose_for(pending.place.user), seal_key, provider)
    return {"request": login.to_json(), "login": sealed}


def parse_account(account: GivenAccount) -> KeyAccount:
    """Return the account with its passphrase."""
    return KeyAccount(server=account.server, user=account.user, passphrase=account.passphrase)


def _here(request: LogIn | Recover) -> OnDevice:
    device = Device(token=request.device_token, name=request.device_name)
    return OnDevice(device=device, known=_parse_known(request.known), at=request.at)


def _write(pending: PendingLogin) -> bytes:
    """The login as JSON, which is sealed at once."""
    secret = pending.secret
    return json.dumps(
        {
            "server": pending.place.server,
            "user": pending.place.user,
            "parameters": pending.parameters.members(),
            "session_key": pending.session_key.seed.hex(),
            "login_key": read_raw_private(secret.login_key).hex(),
            "way": LoginWay.PASSPHRASE if isinstance(secret, AccountKeys) else LoginWay.RECOVERY_CODE,
            "secret": (secret.wrap_key if isinstance(secret, AccountKeys) else secret.secret).hex(),
            "authenticating_key": secret.authenticating_key.hex() if isinstance(secret, AccountKeys) else "",
        }
    ).encode()


def _read(data: bytes) -> PendingLogin:
    members = json.loads(data)
    login_key = raw_private_key(KeyType.ED25519, bytes.fromhex(members["login_key"]))
    secret = bytes.fromhex(members["secret"])
    is_by_passphrase = members["way"] == LoginWay.PASSPHRASE
    return PendingLogin(
        place=Place(server=members["server"], user=members["user"]),
        parameters=Parameters.from_members(members["parameters"]),
        session_key=SessionKey(bytes.fromhex(members["session_key"])),
        secret=AccountKeys(
            login_key=login_key,
            wrap_key=secret,
            authenticating_key=bytes.fromhex(members["authenticating_key"]),
        )
        if is_by_passphrase
        else RecoveryKeys(login_key=login_key, secret=secret),
    )


def _parse_known(known: bytes) -> Known | None:
    return Known.from_json(known) if known else None


def _purpose_for(user: str) -> bytes:
    return _PURPOSE + user.encode()
