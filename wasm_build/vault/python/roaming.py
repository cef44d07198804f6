"""The verbs that make an account at a key server and fetch its bundle of keys, by the protocol of `roaming_keys`."""

from __future__ import annotations

from roaming_keys.protocol import KeyAccount, build_login, build_registration, open_bundle
from roaming_keys.wire import Parameters, SealedBundle
from smime_core.errors import MalformedMessage
from smime_core.identity import load_identity
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Json, Secret, group_of, request_class


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


@request_class
class OpenBundle:
    account: GivenAccount = group_of(GivenAccount)
    parameters: Json
    response: Json
    seal_key: Secret


async def register(request: Register, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page makes the account at the server. Raises SmimeError."""
    identity = await load_identity(request.p12, request.p12_passphrase, provider)
    registration = await build_registration(_parse_account(request.account), identity, request.ticket, provider)
    return {"request": registration.to_json()}


async def log_in(request: LogIn, provider: CryptoProvider) -> Reply:
    """Returns `{request}`, with which the page asks the server for the bundle of keys. Raises SmimeError."""
    parameters = Parameters.from_json(request.parameters)
    login = await build_login(_parse_account(request.account), parameters, provider)
    return {"request": login.to_json()}


async def open_response(request: OpenBundle, provider: CryptoProvider) -> Reply:
    """Returns `{identities}` of the bundle, sealed for the session. Raises SmimeError."""
    sealed = SealedBundle.from_json(request.response)
    parameters = Parameters.from_json(request.parameters)
    identities = await open_bundle(sealed, _parse_account(request.account), parameters, provider)
    if not identities:
        raise MalformedMessage("the bundle holds no private key together with its certificate", where="bundle")
    return await seal_all(identities, request.seal_key, provider)


def _parse_account(account: GivenAccount) -> KeyAccount:
    return KeyAccount(server=account.server, user=account.user, passphrase=account.passphrase)
