"""An organisation's rows at the key server: its recovery policy, copies of encryption keys, cases, restrictions.

Each change and its event in the audit trail are one transaction.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from roaming_keys.organisation.protocol.copies import RecoveryCopy
from roaming_keys.organisation.protocol.messages import (
    MAX_CASES,
    MAX_EVENTS,
    MAX_NOTE_CHARACTERS,
    MAX_USERS,
    CaseFacts,
    Change,
    CopyFacts,
    NewCase,
    OfficersCase,
    OpenCase,
    RecoveryStatus,
    Role,
    ShownEvent,
    ShownUser,
    name_of_recipient,
)
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.organisation.server.staff import Member
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.server.accounts.store import Account, SealedRecord, Store
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import (
    ACCOUNT,
    RECOVERY_APPROVAL,
    RECOVERY_CASE,
    RECOVERY_COPY,
    RECOVERY_POLICY,
    RESET,
    RESTRICTION,
    SESSION,
    STAFF,
    WAITING_LOGIN,
)
from roaming_keys.server.master_key import Sealed
from roaming_keys.server.replaced_accounts import find_replaced_account
from roaming_keys.server.sessions import Caller, NoSuchAccount
from sealwax.service import ServiceError, insert_into
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, parse_certificate

CASE_LASTS: Final = datetime.timedelta(days=30)
_ID_BYTES: Final = 16
_MAX_CASE_BYTES: Final = 65_536
_NOTES: Final = {
    Change.DISABLE: "disabled",
    Change.ENABLE: "enabled",
    Change.RENEW: "asked for a renewal",
    Change.PASSWORD: "sets the mail password",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """The decrypted row of a case."""

    facts: CaseFacts
    recipient: Certificate
    copy: RecoveryCopy


class OrganisationStore:
    """The organisation's rows, in the database of the accounts."""

    def __init__(self, accounts: Store) -> None:
        self._accounts = accounts
        self._database = accounts.database
        self._keys = accounts.keys
        self.trail = accounts.trail

    def add_user(
        self, account: Account, record: SealedRecord, copy: RecoveryCopy | None, member: Member, at: datetime.datetime
    ) -> None:
        """Store an account that an administrator makes. Raises AccountExists."""
        with self._database.transaction() as rows:
            self._keys.hold(rows)
            self._accounts.insert_account(rows, account, record)
            if copy is not None:
                self._write_copy(rows, account.user, copy)
            note = "with a recovery copy" if copy else ""
            event = AuditEvent(kind=AuditKind.REGISTERED, at=at, user=account.user, actor=member.name, note=note)
            self.trail.add(rows, event)

    def list_users(self, after: str) -> tuple[ShownUser, ...]:
        """Return the first MAX_USERS accounts whose addresses come after `after`, in the order of their characters."""
        rows_of = ACCOUNT.outerjoin(RESTRICTION, RESTRICTION.c.user == ACCOUNT.c.user).outerjoin(
            RECOVERY_COPY, RECOVERY_COPY.c.user == ACCOUNT.c.user
        )
        columns = ACCOUNT.c.user, RESTRICTION.c.disabled, RESTRICTION.c.renew, RECOVERY_COPY.c.user.label("copy")
        query = select(*columns).select_from(rows_of).limit(MAX_USERS)
        with self._database.reading() as rows:
            # The order of a language, PostgreSQL's usual one, would differ from the order that clients check.
            user = ACCOUNT.c.user.collate("C" if rows.dialect.name == "postgresql" else "BINARY")
            found = rows.execute(query.where(user > after).order_by(user)).all()
        return tuple(
            ShownUser(
                user=row.user,
                disabled=int(row.disabled or 0),
                renew=int(row.renew or 0),
                has_copy=row.copy is not None,
            )
            for row in found
        )

    def change_user(self, user: str, change: Change, member: Member, at: datetime.datetime) -> None:
        """Change an account, or note that its mail password is set. Raises ServiceError if there is no account."""
        if change is Change.DELETE:
            with _refusing_missing_account():
                self._accounts.delete_account_of(user, at, actor=member.name)
            return
        now = at.timestamp()
        columns: dict[Change, dict[str, float | None]] = {
            Change.PASSWORD: {},
            Change.DISABLE: {"disabled": now},
            Change.ENABLE: {"disabled": None},
            Change.RENEW: {"renew": now},
        }
        values = columns[change]
        with self._locked(user, at) as rows:
            if values:
                added = insert_into(rows, RESTRICTION).values(user=user, **values)
                rows.execute(added.on_conflict_do_update(index_elements=["user"], set_=values))
            if change is Change.DISABLE:
                self._end_access(rows, user, member, at)
            kind, note = AuditKind.ADMINISTRATOR_ACTED, _NOTES[change]
            self.trail.add(rows, AuditEvent(kind=kind, at=at, user=user, actor=member.name, note=note))

    def _end_access(self, rows: Connection, user: str, member: Member, at: datetime.datetime) -> None:
        """End the sessions of a disabled account, and its reset, because no device could stop the reset."""
        for table in (SESSION, WAITING_LOGIN):
            rows.execute(delete(table).where(table.c.user == user))
        goes_on = RESET.c.user == user, RESET.c.ends > at.timestamp()
        if rows.execute(delete(RESET).where(*goes_on).returning(RESET.c.user)).first() is not None:
            self.trail.add(rows, AuditEvent(kind=AuditKind.RESET_STOPPED, at=at, user=user, actor=member.name))

    def set_policy(self, policy: RecoveryPolicy, member: Member, at: datetime.datetime) -> None:
        """Put a policy in force. Raises ServiceError, also if an officer in the policy is no staff member."""
        with self._database.transaction() as rows:
            known = select(STAFF.c.certificate).where(STAFF.c.role == Role.OFFICER.value)
            officers = set(rows.execute(known).scalars())
            for certificate in policy.officers:
                if certificate.fingerprint not in officers:
                    text = f"{certificate.common_name} is no officer: sealwax keys staff add, with the certificate"
                    raise ServiceError(409, "no-such-officer", text)
            number = rows.execute(select(func.coalesce(func.max(RECOVERY_POLICY.c.number), 0))).scalar_one() + 1
            try:
                rows.execute(insert(RECOVERY_POLICY).values(number=number, content=policy.to_json()))
            except IntegrityError:
                text = "Another administrator has set a policy at this moment."
                raise ServiceError(409, "policy-changed", text) from None
            note = f"recovery policy {policy.fingerprint}"
            self.trail.add(rows, AuditEvent(kind=AuditKind.ADMINISTRATOR_ACTED, at=at, actor=member.name, note=note))

    def find_policy(self) -> RecoveryPolicy | None:
        """Return the policy in force."""
        query = select(RECOVERY_POLICY.c.content).order_by(RECOVERY_POLICY.c.number.desc()).limit(1)
        with self._database.reading() as rows:
            content = rows.execute(query).scalar()
        return None if content is None else RecoveryPolicy.from_json(bytes(content))

    def store_copy(self, caller: Caller, copy: RecoveryCopy, at: datetime.datetime) -> None:
        """Store a copy in place of the earlier copy. Raises SessionEnded."""
        with self._accounts.sessions.locked(caller, at) as rows:
            self._write_copy(rows, caller.user, copy)
            event = AuditEvent(kind=AuditKind.RECOVERY_COPY_STORED, at=at, user=caller.user, note=f"copy {copy.id}")
            self.trail.add(rows, event)

    def recovery_status(self, user: str, at: datetime.datetime) -> RecoveryStatus:
        """Return the policy, copy, cases and renewal of a user. Notes that the owner was shown the cases."""
        is_not_shown = RECOVERY_CASE.c.user == user, RECOVERY_CASE.c.told.is_(None)
        with self._database.reading() as rows:
            renew = rows.execute(select(RESTRICTION.c.renew).where(RESTRICTION.c.user == user)).scalar()
            is_new = rows.execute(select(RECOVERY_CASE.c.id).where(*is_not_shown)).first() is not None
            cases = self._facts(rows, _shown_to(user, at))
        if is_new:
            cases = self._note_shown_cases(user, at)
        copy = self._find_copy(user)
        return RecoveryStatus(
            policy=self.find_policy(),
            copy=None if copy is None else CopyFacts.of(copy),
            cases=cases,
            renew=int(renew or 0),
        )

    def _note_shown_cases(self, user: str, at: datetime.datetime) -> tuple[CaseFacts, ...]:
        """Return the cases to show to the owner, and note that they were shown."""
        with self._locked(user, at) as rows:
            shown = rows.execute(_shown_to(user, at)).all()
            # Only the cases in this answer are noted, because the owner sees no other case.
            for case in (row.id for row in shown if row.told is None):
                rows.execute(update(RECOVERY_CASE).where(RECOVERY_CASE.c.id == case).values(told=at.timestamp()))
                kind = AuditKind.RECOVERY_OWNER_TOLD
                self.trail.add(rows, AuditEvent(kind=kind, at=at, user=user, note=f"case {case}"))
            return self._facts(rows, _shown_to(user, at))

    def ask(self, new: NewCase, user: str, member: Member, at: datetime.datetime) -> CaseFacts:
        """Open a case. Raises ServiceError if the server has no copy of the user's keys, or too many cases.

        If the account was reset and has no copy, the case is for the copy of the account from before the reset.
        """
        copy = self._find_copy(user) or self._find_copy_before_reset(user, at)
        if copy is None or not copy.certificates:
            text = "The key server has no recovery copy of this account."
            raise ServiceError(404, "no-recovery-copy", text)
        case = os.urandom(_ID_BYTES).hex()
        content = {"reason": new.reason, "asked_by": member.name, "recipient": to_base64(new.recipient.der)}
        with self._locked(user, at) as rows:
            asked_since = RECOVERY_CASE.c.user == user, RECOVERY_CASE.c.asked > (at - CASE_LASTS).timestamp()
            if rows.execute(select(func.count()).where(*asked_since)).scalar_one() >= MAX_CASES:
                # The owner sees at most MAX_CASES cases, so more cases would hide earlier ones.
                raise ServiceError(409, "too-many-cases", f"The account has {MAX_CASES} cases that have not ended.")
            values = {
                "id": case,
                "user": user,
                "asked": at.timestamp(),
                "sealed": self._keys.seal(Sealed.RECOVERY_CASE, write(content), user),
                "sealed_copy": self._keys.seal(Sealed.RECOVERY_COPY, copy.to_json(), user),
            }
            rows.execute(insert(RECOVERY_CASE).values(values))
            note = f"case {case} for {new.recipient.fingerprint}"
            event = AuditEvent(kind=AuditKind.RECOVERY_ASKED, at=at, user=user, actor=member.name, note=note)
            self.trail.add(rows, event)
        return self._find_case(case, at).facts

    def cases(self, at: datetime.datetime) -> tuple[CaseFacts, ...]:
        """Return the cases that have not ended, the latest first."""
        query = select(RECOVERY_CASE).where(RECOVERY_CASE.c.asked > (at - CASE_LASTS).timestamp())
        with self._database.reading() as rows:
            return self._facts(rows, query.order_by(RECOVERY_CASE.c.asked.desc()).limit(MAX_CASES))

    def _facts(self, rows: Connection, query: Select[Any]) -> tuple[CaseFacts, ...]:
        return tuple(self._read_case(rows, row).facts for row in rows.execute(query).all())

    def officers_case(self, case: str, member: Member, at: datetime.datetime) -> OfficersCase:
        """Return a case with the share of an officer. Raises ServiceError."""
        stored_case = self._find_case(case, at)
        number = self._number_of(stored_case, member)
        return OfficersCase(
            facts=stored_case.facts,
            recipient=stored_case.recipient,
            copy_id=stored_case.copy.id,
            number=number,
            share=stored_case.copy.shares[number - 1],
        )

    def approve(self, case: str, share: bytes, member: Member, at: datetime.datetime) -> None:
        """Store the share that an officer passes on. Raises ServiceError, also while the wait of the policy goes on."""
        stored_case = self._find_case(case, at)
        number = self._number_of(stored_case, member)
        waits_until = stored_case.facts.asked + stored_case.copy.policy.wait_hours * 3_600
        if at.timestamp() < waits_until:
            ends = datetime.datetime.fromtimestamp(waits_until, datetime.UTC)
            raise ServiceError(409, "owner-has-time", f"The owner has time to object until {ends:%Y-%m-%d %H:%M} UTC.")
        user = stored_case.facts.user
        with self._locked(user, at) as rows:
            values = {
                "case": case,
                "number": number,
                "user": user,
                "officer": member.name,
                "sealed": self._keys.seal(Sealed.RECOVERY_APPROVAL, share, user),
            }
            added = (
                insert_into(rows, RECOVERY_APPROVAL)
                .values(values)
                .on_conflict_do_nothing(index_elements=["case", "number"])
            )
            if rows.execute(added.returning(RECOVERY_APPROVAL.c.case)).first() is None:
                raise ServiceError(409, "approved-before", "You have approved this case already.")
            note = f"case {case}, share {number}"
            event = AuditEvent(kind=AuditKind.RECOVERY_APPROVED, at=at, user=user, actor=member.name, note=note)
            self.trail.add(rows, event)

    def open_case(self, case: str, member: Member, at: datetime.datetime) -> OpenCase:
        """Return the copy and the shares of a case that enough officers have approved. Raises ServiceError."""
        stored_case = self._find_case(case, at)
        user, needed = stored_case.facts.user, stored_case.copy.policy.needed
        query = select(RECOVERY_APPROVAL.c.sealed).where(RECOVERY_APPROVAL.c.case == case)
        with self._locked(user, at) as rows:
            sealed = rows.execute(query.order_by(RECOVERY_APPROVAL.c.number)).scalars().all()
            if len(sealed) < needed:
                text = f"{len(sealed)} officers have approved, {needed} are needed."
                raise ServiceError(409, "approvals-missing", text)
            is_first = RECOVERY_CASE.c.id == case, RECOVERY_CASE.c.opened.is_(None)
            rows.execute(update(RECOVERY_CASE).where(*is_first).values(opened=at.timestamp()))
            event = AuditEvent(kind=AuditKind.RECOVERY_OPENED, at=at, user=user, actor=member.name, note=f"case {case}")
            self.trail.add(rows, event)
        shares = tuple(self._keys.unseal(Sealed.RECOVERY_APPROVAL, bytes(share), user) for share in sealed)
        return OpenCase(facts=stored_case.facts, copy=stored_case.copy, shares=shares)

    def events(self, user: str, after: int) -> tuple[ShownEvent, ...]:
        """Return the audit trail's events with numbers above `after`, of one user or of all users."""
        shown: list[ShownEvent] = []
        for entry in self.trail.entries(self._database, user=user, after=after):
            details = self.trail.details_of(entry)
            texts = ("", "", "") if details is None else (details.user, details.actor, details.note)
            of, actor, note = texts
            # The event that reports a deleted account names all events of this account, perhaps hundreds of thousands.
            note = note if len(note) <= MAX_NOTE_CHARACTERS else f"{note[: MAX_NOTE_CHARACTERS - 1]}…"
            shown.append(ShownEvent(number=entry.number, at=entry.at, kind=entry.kind, user=of, actor=actor, note=note))
            if len(shown) == MAX_EVENTS:
                break
        return tuple(shown)

    def _find_copy(self, user: str) -> RecoveryCopy | None:
        with self._database.reading() as rows:
            sealed = rows.execute(select(RECOVERY_COPY.c.sealed).where(RECOVERY_COPY.c.user == user)).scalar()
        if sealed is None:
            return None
        return RecoveryCopy.from_json(self._keys.unseal(Sealed.RECOVERY_COPY, bytes(sealed), user))

    def _find_copy_before_reset(self, user: str, at: datetime.datetime) -> RecoveryCopy | None:
        with self._database.reading() as rows:
            account = find_replaced_account(rows, user, at)
        if account is None or account.sealed_copy is None:
            return None
        return RecoveryCopy.from_json(self._keys.unseal(Sealed.RECOVERY_COPY, bytes(account.sealed_copy), user))

    def _write_copy(self, rows: Connection, user: str, copy: RecoveryCopy) -> None:
        values = {"sealed": self._keys.seal_in(rows, Sealed.RECOVERY_COPY, copy.to_json(), user)}
        added = insert_into(rows, RECOVERY_COPY).values(user=user, **values)
        rows.execute(added.on_conflict_do_update(index_elements=["user"], set_=values))

    def _find_case(self, case: str, at: datetime.datetime) -> _Case:
        is_open = RECOVERY_CASE.c.id == case, RECOVERY_CASE.c.asked > (at - CASE_LASTS).timestamp()
        with self._database.reading() as rows:
            row = rows.execute(select(RECOVERY_CASE).where(*is_open)).first()
            if row is None:
                raise ServiceError(404, "no-such-case", "There is no such case, or it has ended.")
            return self._read_case(rows, row)

    def _read_case(self, rows: Connection, row: Row[Any]) -> _Case:
        copy = RecoveryCopy.from_json(self._keys.unseal(Sealed.RECOVERY_COPY, bytes(row.sealed_copy), row.user))
        content = json.loads(self._keys.unseal(Sealed.RECOVERY_CASE, bytes(row.sealed), row.user))
        reader = JsonObject(content, "case", max_bytes=_MAX_CASE_BYTES)
        recipient = parse_certificate(reader.data("recipient", _MAX_CASE_BYTES))
        approved = select(RECOVERY_APPROVAL.c.officer).where(RECOVERY_APPROVAL.c.case == row.id)
        facts = CaseFacts(
            id=row.id,
            user=row.user,
            reason=reader.short_text("reason"),
            asked=int(row.asked),
            asked_by=reader.short_text("asked_by"),
            recipient=name_of_recipient(recipient),
            recipient_fingerprint=recipient.fingerprint,
            needed=copy.policy.needed,
            approved_by=tuple(rows.execute(approved.order_by(RECOVERY_APPROVAL.c.number)).scalars()),
            shown=int(row.told or 0),
            opened=int(row.opened or 0),
        )
        return _Case(facts=facts, recipient=recipient, copy=copy)

    def _number_of(self, case: _Case, member: Member) -> int:
        for number, officer in enumerate(case.copy.policy.officers, start=1):
            if officer.fingerprint == member.certificate:
                return number
        raise ServiceError(403, "not-your-case", "You are no officer for this account.")

    @contextmanager
    def _locked(self, user: str, at: datetime.datetime) -> Iterator[Connection]:
        """A transaction that has locked an account, as each one does that changes the account's rows.

        An account from before a reset counts too, because the officers have shares of its keys. Raises ServiceError if
        there is no account.
        """
        with self._database.transaction() as rows:
            self._keys.hold(rows)
            with _refusing_missing_account():
                self._accounts.sessions.lock_account_or_replaced(rows, user, at)
            yield rows


def _shown_to(user: str, at: datetime.datetime) -> Select[Any]:
    """The query for the cases to show to an owner: opened or first shown within CASE_LASTS, or not shown yet."""
    since, case = (at - CASE_LASTS).timestamp(), RECOVERY_CASE.c
    is_shown = (case.asked > since) | case.told.is_(None) | (case.told > since)
    query = select(RECOVERY_CASE).where(case.user == user, is_shown)
    return query.order_by(case.asked.desc()).limit(MAX_CASES)


@contextmanager
def _refusing_missing_account() -> Iterator[None]:
    try:
        yield
    except NoSuchAccount:
        raise ServiceError(404, "no-such-account", "There is no such account.") from None
