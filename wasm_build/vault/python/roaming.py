"""The verbs that make an account at a key server and fetch its bundle of keys, by the protocol of `roaming_keys`."""

from __future__ import annotations

import datetime
from typing import Final

from roaming_keys.protocol import KeyAccount, build_registration, normalise_user, open_bundle, sign_login, stretch
from roaming_keys.wire import LoginTerms, SealedBundle
from smime_core.errors import MalformedMessage
from smime_core.identity import load_identity
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class
from wasm_build.vault.python.sealed import seal_secret, unseal_secret

_PURPOSE: Final = b"sealwax wrap key of a key server 1: "


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
    seal_key: Secret


@request_class
class OpenBundle:
    user: str
    wrap_key: bytes
    response: Json
    seal_key: Secret


async def register(request: Register, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page makes the account at the server. Raises SmimeError."""
    identity = await load_identity(request.p12, request.p12_passphrase, provider)
    registration = await build_registration(_parse_account(request.account), identity, request.ticket, provider)
    return {"request": registration.to_json()}


async def log_in(request: LogIn, provider: CryptoProvider) -> Reply:
    """Returns `{request, wrapKey}`: the page asks the server for the bundle of keys by the request.

    The key that opens the bundle is sealed for the session. So only one Worker gets the passphrase, which is stretched
    once. Raises SmimeError.
    """
    account = _parse_account(request.account)
    terms = LoginTerms.from_json(request.parameters)
    keys = await stretch(account, terms.parameters, provider)
    login = await sign_login(account, keys, terms.nonce, request.at, provider)
    return {
        "request": login.to_json(),
        "wrapKey": await seal_secret(keys.wrap_key, _purpose_for(account.user), request.seal_key, provider),
    }


async def open_response(request: OpenBundle, provider: CryptoProvider) -> Reply:
    """Returns `{identities}` of the bundle, sealed for the session. Raises SmimeError."""
    sealed = SealedBundle.from_json(request.response)
    user = normalise_user(request.user)
    wrap_key = await unseal_secret(request.wrap_key, _purpose_for(user), request.seal_key, provider)
    identities = await open_bundle(sealed, user, wrap_key, provider)
    if not identities:
        raise MalformedMessage("the bundle holds no private key together with its certificate", where="bundle")
    return await seal_all(identities, request.seal_key, provider)


def _purpose_for(user: str) -> bytes:
    return _PURPOSE + user.encode()


def _parse_account(account: GivenAccount) -> KeyAccount:
    return KeyAccount(server=account.server, user=account.user, passphrase=account.passphrase)
