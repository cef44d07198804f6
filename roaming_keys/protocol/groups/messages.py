"""The messages about groups, as frozen dataclasses and as JSON (docs/roaming_protocol.md, "Groups").

Every `from_json` raises MalformedMessage, or LimitExceeded if a value is too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from roaming_keys.protocol.key_account import check_readable_user, normalise_user
from roaming_keys.protocol.messages.accounts import (
    MAX_ANSWER_BYTES,
    MAX_RECORD_BYTES,
    MAX_VERSION,
    PROTOCOL,
    STEP_BYTES,
    parse_request,
)
from roaming_keys.protocol.messages.written import to_base64, write
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject, parse_address

MAX_MEMBERS: Final = 100
MAX_OWNED: Final = 20  # The largest number of groups of one owner.
MAX_LISTED: Final = 200
MAX_WRAP_BYTES: Final = 16_384
MAX_GROUP_BUNDLE_BYTES: Final = 24 * STEP_BYTES  # With all members' certificates, a bundle fits into a record's body.
GROUP_CHANGED: Final = "group-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a group, and the key of the group's bundle, encrypted for this member's certificate."""

    user: str
    wrap: bytes = field(repr=False)

    def members(self) -> dict[str, Any]:
        return {"user": self.user, "wrap": to_base64(self.wrap)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> Member:
        member = reader.whole(cls(user=reader.short_text("user"), wrap=reader.data("wrap", MAX_WRAP_BYTES)))
        check_readable_user(member.user, "members")
        return member


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPush:
    """The body of `PUT /groups/ID`: the next bundle, and all members."""

    bundle: bytes = field(repr=False)
    members: Sequence[Member]

    def to_json(self) -> bytes:
        members = [member.members() for member in self.members]
        return write({"protocol": PROTOCOL, "bundle": to_base64(self.bundle), "members": members})

    @classmethod
    def from_json(cls, data: bytes) -> GroupPush:
        reader = parse_request(data, "group", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(cls(bundle=_read_bundle(reader), members=_read_members(reader)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGroup:
    """The answer to `GET /groups/ID`. `members` has all members for the owner, and only the caller for a member."""

    owner: str
    version: int
    bundle: bytes = field(repr=False)
    members: Sequence[Member]

    def to_json(self) -> bytes:
        members = [member.members() for member in self.members]
        return write(
            {"owner": self.owner, "version": self.version, "bundle": to_base64(self.bundle), "members": members}
        )

    @classmethod
    def from_json(cls, data: bytes) -> StoredGroup:
        reader = JsonObject(data, "group", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(
                owner=reader.short_text("owner"),
                version=reader.number("version", 1, MAX_VERSION),
                bundle=_read_bundle(reader),
                members=_read_members(reader),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """A group of which the caller is the owner or a member."""

    id: str
    owner: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroups:
    """The answer to `GET /groups`."""

    groups: Sequence[ListedGroup]

    def to_json(self) -> bytes:
        return write(
            {"groups": [{"id": group.id, "owner": group.owner, "version": group.version} for group in self.groups]}
        )

    @classmethod
    def from_json(cls, data: bytes) -> ListedGroups:
        reader = JsonObject(data, "groups", max_bytes=MAX_ANSWER_BYTES)
        groups = reader.whole([_read_listed(group) for group in reader.objects("groups", MAX_LISTED)])
        # A group is skipped if its owner's address is unreadable. Otherwise a stranger could make the whole list
        # unreadable.
        listed = cls(groups=tuple(group for group in groups if parse_address(group.owner) is not None))
        if len({group.id for group in listed.groups}) != len(listed.groups):
            raise MalformedMessage("a group appears twice", where="groups")
        return listed


def _read_listed(reader: JsonObject) -> ListedGroup:
    listed = reader.whole(
        ListedGroup(
            id=reader.id("id"), owner=reader.short_text("owner"), version=reader.number("version", 1, MAX_VERSION)
        )
    )
    if normalise_user(listed.owner) != listed.owner:
        raise MalformedMessage("expected a normalised address", where="groups")
    return listed


def _read_bundle(reader: JsonObject) -> bytes:
    bundle = reader.data("bundle", MAX_GROUP_BUNDLE_BYTES)
    if not bundle or len(bundle) % STEP_BYTES:
        raise MalformedMessage(f"expected a multiple of {STEP_BYTES} bytes", where="bundle")
    return bundle


def _read_members(reader: JsonObject) -> tuple[Member, ...]:
    members = tuple(Member.read_from(member) for member in reader.objects("members", MAX_MEMBERS))
    if len({member.user for member in members}) != len(members):
        raise MalformedMessage("a member appears twice", where="members")
    return members
