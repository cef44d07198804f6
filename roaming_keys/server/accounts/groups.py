"""The groups in the key server's database. A user who is neither owner nor member learns nothing of a group."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, func, insert, literal, or_, select, update

from roaming_keys.protocol.groups.messages import MAX_LISTED, MAX_OWNED, GroupPush, ListedGroup, Member, StoredGroup
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import GROUP_BUNDLE, GROUP_MEMBER
from roaming_keys.server.master_key import Sealed
from roaming_keys.server.replaced_accounts import find_reset_time
from roaming_keys.server.sessions import Caller, StorePart
from sealwax.service import ServiceError, insert_into


class NoSuchGroup(ServiceError):
    """There is no such group, or the caller is not in it: status 404."""

    def __init__(self) -> None:
        super().__init__(404, "no-such-group", "You are in no such group.")


class GroupChanged(Exception):
    """The stored group is not the version from which the next version was made."""


class GroupStore(StorePart):
    """Bundles of groups and the wraps of their members, in the key server's database."""

    def list_of(self, user: str) -> list[ListedGroup]:
        """Return the groups of a user: those that the user owns, those that the user has asked for, then the others.

        Anybody can add the user to groups, and the list has a limit. So new groups come after those that were asked
        for, and the second group of an owner comes after the first groups of other owners.
        """
        mine = and_(GROUP_MEMBER.c.group == GROUP_BUNDLE.c.id, GROUP_MEMBER.c.user == user)
        of_owner = func.row_number().over(
            partition_by=GROUP_BUNDLE.c.user, order_by=(GROUP_MEMBER.c.since, GROUP_BUNDLE.c.id)
        )
        query = (
            select(GROUP_BUNDLE.c.id, GROUP_BUNDLE.c.user, GROUP_BUNDLE.c.version)
            .select_from(GROUP_BUNDLE.outerjoin(GROUP_MEMBER, mine))
            .where(or_(GROUP_BUNDLE.c.user == user, GROUP_MEMBER.c.user == user))
            .order_by(
                (GROUP_BUNDLE.c.user != literal(user)),
                GROUP_MEMBER.c.asked.is_(None),
                GROUP_MEMBER.c.asked,
                of_owner,
                GROUP_MEMBER.c.since,
                GROUP_BUNDLE.c.id,
            )
            .limit(MAX_LISTED)
        )
        with self._database.reading() as rows:
            return [ListedGroup(id=row.id, owner=row.user, version=row.version) for row in rows.execute(query)]

    def find(self, group: str, user: str) -> StoredGroup:
        """Return a group, in the form for its owner or for a member. Raises NoSuchGroup."""
        with self._database.reading() as rows:
            row = rows.execute(select(GROUP_BUNDLE).where(GROUP_BUNDLE.c.id == group)).first()
            if row is None:
                raise NoSuchGroup
            wraps = select(GROUP_MEMBER).where(GROUP_MEMBER.c.group == group).order_by(GROUP_MEMBER.c.user)
            if row.user != user:
                # A member gets only the member's own wrap, and does not learn who the other members are.
                wraps = wraps.where(GROUP_MEMBER.c.user == user)
            member_rows = rows.execute(wraps).all()
        if row.user != user and not member_rows:
            raise NoSuchGroup
        members = [
            Member(user=member.user, wrap=self._keys.unseal(Sealed.GROUP_WRAP, bytes(member.sealed), member.user))
            for member in member_rows
        ]
        bundle = self._keys.unseal(Sealed.GROUP_BUNDLE, bytes(row.sealed), row.user)
        return StoredGroup(owner=row.user, version=row.version, bundle=bundle, members=members)

    def note_asked(self, group: str, user: str, at: datetime.datetime) -> None:
        """Store the time at which a member asks for a group for the first time."""
        is_new = GROUP_MEMBER.c.group == group, GROUP_MEMBER.c.user == user, GROUP_MEMBER.c.asked.is_(None)
        with self._database.reading() as rows:
            if rows.execute(select(GROUP_MEMBER.c.user).where(*is_new)).first() is None:
                return
        with self._database.transaction() as rows:
            rows.execute(update(GROUP_MEMBER).where(*is_new).values(asked=at.timestamp()))

    def replace(self, caller: Caller, group: str, before: int, push: GroupPush, at: datetime.datetime) -> None:
        """Store the version after `before` of a group of the caller, or a new group if `before` is 0.

        Raises GroupChanged, NoSuchGroup, SessionEnded, or another ServiceError if the caller owns too many groups, or
        if the group is of the account from before a reset.
        """
        with self._sessions.locked(caller, at) as rows:
            sealed = self._keys.seal_in(rows, Sealed.GROUP_BUNDLE, push.bundle, caller.user)
            if before == 0:
                self._add(rows, caller.user, group, sealed, at)
            else:
                self._update(rows, caller.user, group, before, sealed)
                _check_of_this_account(rows, caller.user, group, at)
            self._replace_members(rows, group, push.members, at)
            note = f"group {group}, version {before + 1}, {len(push.members)} members"
            self._trail.add(rows, AuditEvent(kind=AuditKind.GROUP_STORED, at=at, user=caller.user, note=note))

    def delete(self, caller: Caller, group: str, at: datetime.datetime) -> None:
        """Delete a group of the caller. Raises NoSuchGroup, SessionEnded or another ServiceError."""
        with self._sessions.locked(caller, at) as rows:
            _check_of_this_account(rows, caller.user, group, at)
            is_own = GROUP_BUNDLE.c.id == group, GROUP_BUNDLE.c.user == caller.user
            if rows.execute(delete(GROUP_BUNDLE).where(*is_own).returning(GROUP_BUNDLE.c.id)).first() is None:
                raise NoSuchGroup
            rows.execute(delete(GROUP_MEMBER).where(GROUP_MEMBER.c.group == group))
            event = AuditEvent(kind=AuditKind.GROUP_DELETED, at=at, user=caller.user, note=f"group {group}")
            self._trail.add(rows, event)
        self._database.erase_deleted()

    def leave(self, caller: Caller, group: str, at: datetime.datetime) -> None:
        """Remove the caller from another owner's group. Raises NoSuchGroup, SessionEnded or another ServiceError."""
        with self._sessions.locked(caller, at) as rows:
            _check_of_this_account(rows, caller.user, group, at)
            is_own = GROUP_MEMBER.c.group == group, GROUP_MEMBER.c.user == caller.user
            if rows.execute(delete(GROUP_MEMBER).where(*is_own).returning(GROUP_MEMBER.c.user)).first() is None:
                raise NoSuchGroup
        self._database.erase_deleted()

    def is_owner(self, group: str, user: str) -> bool:
        """Return whether a user owns a group."""
        with self._database.reading() as rows:
            return rows.execute(select(GROUP_BUNDLE.c.user).where(GROUP_BUNDLE.c.id == group)).scalar() == user

    def _add(self, rows: Connection, owner: str, group: str, sealed: bytes, at: datetime.datetime) -> None:
        # The caller has locked the account, so two simultaneous calls cannot both take the last free place.
        count = rows.execute(
            select(func.count()).select_from(GROUP_BUNDLE).where(GROUP_BUNDLE.c.user == owner)
        ).scalar()
        if (count or 0) >= MAX_OWNED:
            raise ServiceError(409, "too-many-groups", f"An account owns at most {MAX_OWNED} groups.")
        new = {"id": group, "user": owner, "version": 1, "created": at.timestamp(), "sealed": sealed}
        added = insert_into(rows, GROUP_BUNDLE).values(new)
        added = added.on_conflict_do_nothing(index_elements=["id"])
        if rows.execute(added.returning(GROUP_BUNDLE.c.id)).first() is None:
            raise GroupChanged

    def _update(self, rows: Connection, owner: str, group: str, before: int, sealed: bytes) -> None:
        query = select(GROUP_BUNDLE.c.user, GROUP_BUNDLE.c.version).where(GROUP_BUNDLE.c.id == group)
        row = rows.execute(query.with_for_update()).first()
        if row is None or row.user != owner:
            raise NoSuchGroup
        if row.version != before:
            raise GroupChanged
        rows.execute(update(GROUP_BUNDLE).where(GROUP_BUNDLE.c.id == group).values(version=before + 1, sealed=sealed))

    def _replace_members(self, rows: Connection, group: str, members: Sequence[Member], at: datetime.datetime) -> None:
        is_in = GROUP_MEMBER.c.group == group
        before = {row.user: row for row in rows.execute(select(GROUP_MEMBER).where(is_in))}
        rows.execute(delete(GROUP_MEMBER).where(is_in))
        # The rows are written in a fixed order, so that two transactions do not wait for each other.
        for person in sorted(members, key=lambda member: member.user):
            sealed = self._keys.seal_in(rows, Sealed.GROUP_WRAP, person.wrap, person.user)
            known = before.get(person.user)
            since, asked = (known.since, known.asked) if known else (at.timestamp(), None)
            new = {"group": group, "user": person.user, "sealed": sealed, "since": since, "asked": asked}
            rows.execute(insert(GROUP_MEMBER).values(new))


def _check_of_this_account(rows: Connection, user: str, group: str, at: datetime.datetime) -> None:
    """Check that the group is not from before a reset whose earlier account is kept. Raises ServiceError."""
    reset = find_reset_time(rows, user, at)
    created = rows.execute(select(GROUP_BUNDLE.c.created).where(GROUP_BUNDLE.c.id == group)).scalar()
    if reset is not None and created is not None and created < reset.timestamp():
        raise ServiceError(
            409,
            "account-reset",
            "This group is of the account from before the reset. It can be changed when that one is deleted.",
        )
