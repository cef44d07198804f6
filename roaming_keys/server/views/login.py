"""The key server's routes before a session: parameters, registrations and logins.

A user who is not registered gets the same answers, in the same time, as a registered user with a wrong passphrase.
"""

from __future__ import annotations

import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Response, request

from roaming_keys.protocol.key_account import LoginMethod, login_record, normalise_user
from roaming_keys.protocol.messages.accounts import (
    Login,
    LoginTerms,
    Parameters,
    ParametersRequest,
    Registration,
    write_login_answer,
)
from roaming_keys.protocol.messages.factors import FactorDemand
from roaming_keys.protocol.records.record import FIRST_VERSION
from roaming_keys.protocol.tickets import BadTicket, check_ticket
from roaming_keys.server.accounts.resets import ResetStore
from roaming_keys.server.accounts.store import Account, AccountExists, SealedRecord, Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.limits import LoginLimits
from roaming_keys.server.master_key import Sealed
from roaming_keys.server.sessions import (
    AccountDisabled,
    NewSession,
    NoSuchAccount,
    RightLogin,
    StartedSession,
    UsedBefore,
)
from roaming_keys.server.views.calls import StoreViews, expect_record, json_answer, json_body
from sealwax.service import ServiceError, client_site
from smime_core.errors import MalformedMessage

MAX_CLOCK_SECONDS: Final = 300
_REFUSALS: Final = {
    LoginMethod.PASSPHRASE: "The address or the passphrase is not right.",
    LoginMethod.RECOVERY_CODE: "The address or the recovery code is not right.",
    LoginMethod.UNDO_BY_PASSPHRASE: "No account from before a reset is kept that this passphrase opens.",
    LoginMethod.UNDO_BY_CODE: "No account from before a reset is kept that this recovery code opens.",
}


class LoginViews(StoreViews):
    """The routes of logins."""

    def __init__(self, config: KeyServerConfig, store: Store) -> None:
        super().__init__(config, store)
        self._resets = ResetStore(store)
        self._limits = LoginLimits(store.database, store.keys.counter_name)
        # A key under which no login is valid.
        false_key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        self._false_login_key = store.keys.seal(Sealed.LOGIN_KEY, false_key, user="")

    def parameters(self) -> Response:
        """Return the parameters for stretching a user's passphrase, or false ones if the user is not registered."""
        user = normalise_user(ParametersRequest.from_json(json_body()).user)
        # Both are computed for every user, so that the time does not reveal who is registered.
        false_parameters = Parameters(salt=self._keys.false_salt(user))
        account = self._store.find_account(user)
        terms = LoginTerms(
            parameters=account.parameters if account else false_parameters,
            nonce=self._keys.make_nonce(user, self._config.clock()),
        )
        return json_answer(terms.to_json())

    def register(self) -> Response:
        """Store the account of a user whose ticket is valid."""
        expect_record()
        registration = Registration.from_json(json_body())
        user, record = normalise_user(registration.user), registration.record
        if record.version != FIRST_VERSION:
            raise MalformedMessage(f"{record.version}, expected {FIRST_VERSION}", where="version")
        at = self._config.clock()
        ticket = check_ticket(
            self._config.ticket_key, registration.ticket, audience=self._config.origin, user=user, at=at
        )
        account = Account.sealed_by(self._keys, user, registration.keys)
        sealed = SealedRecord.sealed_by(self._keys, user, record)
        try:
            self._store.add_account(account, sealed, ticket, at)
        except UsedBefore:
            self._store.note_second_use(ticket, user, at)
            if self._store.find_account(user) is None:
                raise BadTicket from None
            # The client may repeat the request because the answer to its first use of the ticket was lost.
            raise _account_exists() from None
        except AccountExists:
            raise _account_exists() from None
        return json_answer(b"{}", status=201)

    def start_session(self, method: LoginMethod) -> Response:
        """Start a session for a login that the account's key has signed, and return the record.

        The attempt is counted before the signature is checked. Undoing a reset puts the earlier account back.
        """
        attempt = Login.from_json(json_body())
        user = normalise_user(attempt.user)
        at = self._config.clock()
        # Clock and nonce do not depend on the passphrase, so these refusals do not count as failed logins.
        _check_clock(attempt, at)
        nonce_ends = self._keys.check_nonce(attempt.nonce, user, at)
        if nonce_ends is None:
            raise ServiceError(409, "login-too-late", "The login took too long. Log in again.")
        token_hash = self._keys.counter_name("device", f"{attempt.device.token.hex()} {user}")
        account, is_known = self._store.find_account_and_device(user, token_hash)
        if method.is_undo:
            account = self._resets.find_replaced_account(user, at)
        device = token_hash if is_known else None
        counted = self._limits.start(user, client_site(request.remote_addr), device=device, at=at)
        login_key = self._key_that_signed(attempt, user, method, account)
        if login_key is None:
            raise ServiceError(401, "login-refused", _REFUSALS[method])
        new = NewSession(
            user=user,
            method=method,
            login_key=login_key,
            nonce=attempt.nonce,
            nonce_ends=nonce_ends,
            key=attempt.session_key,
            token_hash=token_hash,
            sealed_name=self._keys.seal(Sealed.DEVICE_NAME, attempt.device.name.encode(), user),
        )
        try:
            started = self._store.sessions.start(new, at, lambda rows: self._limits.succeeded(rows, counted, at))
        except UsedBefore:
            raise ServiceError(409, "login-too-late", "This login was sent before. Log in again.") from None
        except NoSuchAccount:
            raise ServiceError(401, "login-refused", _REFUSALS[method]) from None
        except AccountDisabled:
            # Only somebody who knows the passphrase or the code gets this answer.
            raise account_disabled() from None
        self._resets.sweep(at)
        if isinstance(started, FactorDemand):
            return json_answer(started.to_json())
        return session_answer(self._store, new, started)

    def _key_that_signed(self, attempt: Login, user: str, method: LoginMethod, account: Account | None) -> bytes | None:
        """Return the account's public key for this kind of login, if its private key has signed the login."""
        stored = account and account.sealed_key_for(method)
        # If the account has no such key, a false key is checked in the same way, so that the time is equal.
        sealed, owner = (stored, user) if stored else (self._false_login_key, "")
        login_key = self._keys.unseal(Sealed.LOGIN_KEY, sealed, owner)
        key = Ed25519PublicKey.from_public_bytes(login_key)
        try:
            key.verify(attempt.signature, login_record(self._config.origin, user, method, attempt))
        except InvalidSignature:
            return None
        return login_key if stored else None


def session_answer(store: Store, login: RightLogin, started: StartedSession) -> Response:
    """Return the answer to a login whose session has started."""
    if login.method.is_undo:
        # Undoing a reset has deleted the account after the reset, so its rows are erased from the file.
        store.database.erase_deleted()
    # The JSON from `KeyRecord.to_json`, which the answer contains unchanged.
    record = store.keys.unseal(Sealed.RECORD, started.sealed_record, login.user)
    return json_answer(write_login_answer(int(started.ends.timestamp()), record, reset_ready=started.reset_ready))


def account_disabled() -> ServiceError:
    """Return the refusal for the owner of an account that an administrator has disabled."""
    return ServiceError(403, "account-disabled", "Your administrator has disabled this account.")


def _account_exists() -> ServiceError:
    return ServiceError(409, "exists", "This address is registered already.")


def _check_clock(attempt: Login, at: datetime.datetime) -> None:
    wrong_seconds = attempt.at - at.timestamp()
    if abs(wrong_seconds) > MAX_CLOCK_SECONDS:
        minutes = round(abs(wrong_seconds) / 60)
        direction = "fast" if wrong_seconds > 0 else "slow"
        text = f"The clock of this device is {minutes} minutes {direction}. Correct it, and log in again."
        raise ServiceError(400, "clock-wrong", text)
