"""Recovery by officers on the owner's devices: the confirmed policy, and the copy of the keys for its officers.

The confirmed policy is an entry of the account's encrypted state. Copies are made only for the officers of this policy,
whatever policy the server names. The keys of groups are not copied, because only the groups' owners share them.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Final

from roaming_keys.organisation.protocol.copies import (
    build_copy,
    build_empty_copy,
    fingerprints_of,
    left_out,
    recoverable,
)
from roaming_keys.organisation.protocol.messages import CaseFacts, CopyFacts, RecoveryStatus, StoreCopy
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.known import own_identities
from roaming_keys.protocol.records.record import OpenRecord
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.session import Session, Setting
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

POLICY_ENTRY: Final = "recovery policy"
FIRST_LOGIN_ENTRY: Final = "first login"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRecovery:
    """The facts for the owner: the confirmed policy, and the policy that waits for confirmation; each may be None.

    The identities `left_out` encrypt, but their keys are never shared, because the keys may sign too. `is_copied` says
    whether the officers can recover all other encryption keys. `must_renew` is true if an administrator has asked for a
    new certificate, until there is a later one.
    """

    confirmed: RecoveryPolicy | None
    offered: RecoveryPolicy | None
    left_out: tuple[Identity, ...]
    is_copied: bool
    cases: tuple[CaseFacts, ...]
    must_renew: bool
    has_first_passphrase: bool


def judge_recovery(opened: OpenRecord, status: RecoveryStatus) -> OwnerRecovery:
    """Return the facts for the owner, from the open record and the server's answer. Raises MalformedMessage."""
    confirmed = confirmed_policy(opened.state)
    offered = status.policy
    newest = max((identity.certificate.not_before for identity in opened.identities), default=None)
    request_time = datetime.datetime.fromtimestamp(status.renew, datetime.UTC)
    return OwnerRecovery(
        confirmed=confirmed,
        offered=None if offered is None or _same(offered, confirmed) else offered,
        left_out=left_out(own_identities(opened)),
        is_copied=confirmed is not None and status.copy == _copy_for(opened, confirmed),
        cases=status.cases,
        must_renew=status.renew > 0 and (newest is None or newest < request_time),
        has_first_passphrase=has_first_passphrase(opened.state),
    )


def confirmed_policy(state: AccountState) -> RecoveryPolicy | None:
    """Return the policy that the owner has confirmed."""
    entry = state.entries.get(POLICY_ENTRY)
    return None if entry is None or entry.value is None else RecoveryPolicy.from_json(entry.value.encode())


def with_policy(state: AccountState, policy: RecoveryPolicy, at: datetime.datetime) -> AccountState:
    """Return the state with a policy that the owner confirms."""
    return state.with_entry(POLICY_ENTRY, policy.to_json().decode(), int(at.timestamp() * 1_000))


def has_first_passphrase(state: AccountState) -> bool:
    """Return whether the passphrase is still the one that an administrator has made, and so knows."""
    entry = state.entries.get(FIRST_LOGIN_ENTRY)
    return entry is not None and entry.value is not None


def with_first_passphrase(state: AccountState, at: datetime.datetime) -> AccountState:
    """Return the state of an account whose passphrase an administrator has made."""
    return state.with_entry(FIRST_LOGIN_ENTRY, "", int(at.timestamp() * 1_000))


def with_own_passphrase(state: AccountState) -> AccountState:
    """Return the state of an account whose owner has chosen the passphrase."""
    return state.with_entry(FIRST_LOGIN_ENTRY, None, 0) if has_first_passphrase(state) else state


async def fetch_recovery_status(session: Session, setting: Setting) -> RecoveryStatus:
    """Return the answer to `GET /recovery`. Raises KeyServerError or MalformedMessage."""
    return RecoveryStatus.from_json(await session.send(setting, Call(method="GET", path="/recovery")))


async def confirm_policy(session: Session, setting: Setting, policy: RecoveryPolicy, at: datetime.datetime) -> Session:
    """Confirm a policy, store a copy for its officers, and return the changed session.

    Raises KeyServerError, or KeyMaySign if no key can be copied.
    """
    body = await _build_body(session, policy, setting.provider)
    content = replace(session.opened, state=with_policy(session.opened.state, policy, at))
    after = await session.push(setting, content)
    await after.send(setting, Call(method="PUT", path="/recovery", body=body))
    return after


async def renew_copy(session: Session, setting: Setting) -> bool:
    """Store a new copy if the server's copy is not for the confirmed policy and keys. Return whether one was stored.

    A key is no longer copied once it has a certificate that may sign. If no other key is left, the new copy is empty.
    Raises KeyServerError or MalformedMessage.
    """
    policy = confirmed_policy(session.opened.state)
    if policy is None:
        return False
    status, due_copy = await fetch_recovery_status(session, setting), _copy_for(session.opened, policy)
    if status.copy == due_copy or (status.copy is None and not due_copy.certificates):
        return False
    if due_copy.certificates:
        body = await _build_body(session, policy, setting.provider)
    else:
        body = StoreCopy(copy=await build_empty_copy(session.account_id.user, policy, setting.provider)).to_json()
    await session.send(setting, Call(method="PUT", path="/recovery", body=body))
    return True


async def _build_body(session: Session, policy: RecoveryPolicy, provider: CryptoProvider) -> bytes:
    copy = await build_copy(session.account_id.user, policy, own_identities(session.opened), provider)
    return StoreCopy(copy=copy).to_json()


def _copy_for(opened: OpenRecord, policy: RecoveryPolicy) -> CopyFacts:
    return CopyFacts(policy=policy.fingerprint, certificates=fingerprints_of(recoverable(own_identities(opened))))


def _same(offered: RecoveryPolicy, confirmed: RecoveryPolicy | None) -> bool:
    return confirmed is not None and offered.fingerprint == confirmed.fingerprint
