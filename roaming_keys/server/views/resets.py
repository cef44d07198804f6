"""The key server's routes for a forgotten passphrase without a recovery code (`accounts/resets.py`)."""

from __future__ import annotations

import datetime

from flask import Response

from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.messages.accounts import LoginTerms, Parameters, ParametersRequest, Registration
from roaming_keys.protocol.messages.resets import ResetAnswer, ResetRequest
from roaming_keys.protocol.tickets import BadTicket, Purpose, Ticket, check_ticket
from roaming_keys.server.accounts.resets import ResetNotReady, ResetStore, StartedReset
from roaming_keys.server.accounts.store import Account, RecordChanged, SealedRecord, Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.sessions import AccountDisabled, NoSuchAccount, UsedBefore
from roaming_keys.server.views.calls import StoreViews, expect_record, json_answer, json_body
from roaming_keys.server.views.login import account_disabled
from sealwax.service import ServiceError


class ResetViews(StoreViews):
    """The routes of resets."""

    def __init__(self, config: KeyServerConfig, store: Store) -> None:
        super().__init__(config, store)
        self._resets = ResetStore(store)

    def start(self) -> Response:
        """Start a reset with a ticket, or return the running reset."""
        request = ResetRequest.from_json(json_body())
        user, at = normalise_user(request.user), self._config.clock()
        ticket = self._ticket(request.ticket, user, at)
        try:
            started = self._resets.start(user, ticket, self._config.reset_delay, at)
        except UsedBefore:
            raise self._refused_again(ticket, user, at) from None
        except NoSuchAccount:
            raise ServiceError(404, "no-account", "This address has no account: register it.") from None
        except AccountDisabled:
            raise account_disabled() from None
        return _answer(started, status=201 if started.is_new else 200)

    def find(self) -> Response:
        """Return the running reset. The ticket stays unused, and no reset is started."""
        request = ResetRequest.from_json(json_body())
        user, at = normalise_user(request.user), self._config.clock()
        self._ticket(request.ticket, user, at)
        started_reset = self._resets.find_with_version(user, at)
        return Response(status=204) if started_reset is None else _answer(started_reset)

    def finish(self) -> Response:
        """Replace the account whose passphrase is forgotten with a new account."""
        expect_record()
        registration = Registration.from_json(json_body())
        user, record, at = normalise_user(registration.user), registration.record, self._config.clock()
        ticket = self._ticket(registration.ticket, user, at)
        account = Account.sealed_by(self._keys, user, registration.keys)
        sealed = SealedRecord.sealed_by(self._keys, user, record)
        try:
            self._resets.finish(account, sealed, ticket, at)
        except UsedBefore:
            raise self._refused_again(ticket, user, at) from None
        except NoSuchAccount:
            raise ServiceError(404, "no-account", "This address has no account: register it.") from None
        except AccountDisabled:
            raise account_disabled() from None
        except ResetNotReady:
            raise ServiceError(
                409, "reset-not-ready", "No reset of this account may be finished now. It was stopped, or must wait."
            ) from None
        except RecordChanged:
            text = "A device has stored keys meanwhile. Try again."
            raise ServiceError(409, "reset-outdated", text) from None
        return json_answer(b"{}", status=201)

    def stop(self) -> Response:
        """Stop the reset of the caller's account."""
        caller = self._check_call()
        if not self._resets.stop(caller, self._config.clock()):
            raise ServiceError(404, "no-reset", "No reset of this account goes on.")
        return json_answer(b"{}")

    def kept_parameters(self) -> Response:
        """Return the parameters of the account from before a reset, or false ones if none is kept."""
        user, at = normalise_user(ParametersRequest.from_json(json_body()).user), self._config.clock()
        # This false salt differs from that of `/parameters`, so that comparing both does not reveal who is registered.
        false_parameters = Parameters(salt=self._keys.false_salt(f"reset {user}"))
        account = self._resets.find_replaced_account(user, at)
        terms = LoginTerms(
            parameters=account.parameters if account else false_parameters, nonce=self._keys.make_nonce(user, at)
        )
        return json_answer(terms.to_json())

    def _ticket(self, ticket: str, user: str, at: datetime.datetime) -> Ticket:
        return check_ticket(
            self._config.ticket_key, ticket, audience=self._config.origin, user=user, at=at, purpose=Purpose.RESET
        )

    def _refused_again(self, ticket: Ticket, user: str, at: datetime.datetime) -> BadTicket:
        self._store.note_second_use(ticket, user, at)
        return BadTicket()


def _answer(started_reset: StartedReset, *, status: int = 200) -> Response:
    reset = started_reset.reset
    answer = ResetAnswer(
        started=int(reset.started.timestamp()),
        ready=int(reset.ready.timestamp()),
        ends=int(reset.ends.timestamp()),
        version=started_reset.version,
    )
    return json_answer(answer.to_json(), status=status)
