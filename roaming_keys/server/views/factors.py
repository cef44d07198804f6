"""The key server's routes of second factors."""

from __future__ import annotations

from flask import Response
from sqlalchemy import Connection

from roaming_keys.protocol.messages.factors import (
    AssertionProof,
    CodeProof,
    Factors,
    KnownFactor,
    NewCodes,
    NewSecurityKey,
    read_new_factor,
    read_proof,
)
from roaming_keys.server.accounts.factors import AddedFactor, TooManyFactors, WaitingEnded
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.factors.kept import SharedSecret
from roaming_keys.server.factors.limits import FactorLimits
from roaming_keys.server.factors.security_keys import FactorRefused, register_key
from roaming_keys.server.factors.totp import find_step
from roaming_keys.server.sessions import Caller, NoSuchAccount, UsedBefore
from roaming_keys.server.views.calls import StoreViews, check_call, check_fresh, json_answer, json_body
from roaming_keys.server.views.login import session_answer
from sealwax.service import ServiceError

_WRONG = {
    CodeProof: "The code is not right, or was used already. Wait for the next one.",
    AssertionProof: "The key server does not know this security key.",
    NewCodes: "The code is not right. Compare the key in the app, and the clock of the phone.",
    NewSecurityKey: "The security key was not added. Try again.",
}


class FactorViews(StoreViews):
    """The routes of second factors."""

    def __init__(self, config: KeyServerConfig, store: Store) -> None:
        super().__init__(config, store)
        self._factors = store.factors
        self._limits = FactorLimits(store.database, store.keys.counter_name)

    def prove(self) -> Response:
        """Check a second factor, start the session of the waiting login, and return the record.

        The try is counted before it is checked.
        """
        waiting = check_call(self._config, self._factors.find_waiting, self._factors.count)
        proof, user, at = read_proof(json_body()), waiting.user, self._config.clock()
        device = waiting.token_hash if self._factors.knows_device(user, waiting.token_hash) else None
        counted = self._limits.start(user, device=device, at=at)

        def take_back(rows: Connection) -> None:
            self._limits.succeeded(rows, counted, at)

        try:
            if isinstance(proof, CodeProof):
                started = self._factors.prove_by_code(waiting, proof, at, take_back)
            else:
                challenge = self._factors.take_challenge(waiting.key)
                started = self._factors.prove_by_key(
                    waiting, proof, challenge, self._config.pages_origins, at, take_back
                )
        except FactorRefused:
            raise ServiceError(401, "factor-refused", _WRONG[type(proof)]) from None
        except (WaitingEnded, NoSuchAccount, UsedBefore):
            raise ServiceError(401, "login-ended", "Log in again.") from None
        return session_answer(self._store, waiting, started)

    def list(self) -> Response:
        """Return the factors of the caller, and a challenge for a security key that is to be added."""
        caller = self._check_call()
        factors = tuple(
            KnownFactor(
                id=factor.id,
                kind=factor.kind.value,
                name=factor.name,
                created=int(factor.created),
                latest=int(factor.latest),
            )
            for factor in self._factors.factors(caller.user)
        )
        return json_answer(
            Factors(factors=factors, challenge=self._keys.make_nonce(caller.user, self._config.clock())).to_json()
        )

    def add(self) -> Response:
        """Store a factor that was tried once."""
        caller = self._check_call()
        check_fresh(self._config, caller)
        new = read_new_factor(json_body())
        try:
            added = self._tried_codes(new) if isinstance(new, NewCodes) else self._tried_key(new, caller)
            self._factors.add(caller, added, self._config.clock())
        except (FactorRefused, UsedBefore):
            raise ServiceError(400, "factor-refused", _WRONG[type(new)]) from None
        except TooManyFactors:
            raise ServiceError(409, "too-many-factors", "Remove a second factor first.") from None
        return json_answer(b"{}", status=201)

    def remove(self, id: str) -> Response:
        """Delete a factor of the caller."""
        caller = self._check_call()
        check_fresh(self._config, caller)
        # The route accepts any text as an id, but PostgreSQL accepts no U+0000.
        if not (id.isascii() and id.isalnum()) or not self._factors.remove(caller, id, self._config.clock()):
            raise ServiceError(404, "no-such-factor", "The account has no such second factor.")
        return json_answer(b"{}")

    def _tried_codes(self, new: NewCodes) -> AddedFactor:
        step = find_step(new.secret, new.code, self._config.clock(), after=0)
        if step is None:
            raise FactorRefused
        return AddedFactor(name=new.name, means=SharedSecret(secret=new.secret), counter=step)

    def _tried_key(self, new: NewSecurityKey, caller: Caller) -> AddedFactor:
        ends = self._keys.check_nonce(new.challenge, caller.user, self._config.clock())
        if ends is None:
            raise FactorRefused
        key, count = register_key(new, self._config.pages_origins)
        return AddedFactor(name=new.name, means=key, counter=count, used=new.challenge, used_until=ends)
