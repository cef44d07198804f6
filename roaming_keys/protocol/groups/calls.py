"""A person's groups at a key server: list, open, store, leave and delete, inside a session and without I/O."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.content import (
    GroupContent,
    GroupMember,
    GroupVersion,
    digest_of_bundle,
    open_group_bundle,
    seal_group,
)
from roaming_keys.protocol.groups.key_order import addresses_of, find_other_address, with_shared_identities
from roaming_keys.protocol.groups.known import KnownGroup, known_groups, own_identities
from roaming_keys.protocol.groups.membership import find_own_certificate, find_signer, without_members
from roaming_keys.protocol.groups.messages import GroupPush, ListedGroup, ListedGroups, Member, StoredGroup
from roaming_keys.protocol.key_account import KEY_BYTES, is_address_of
from roaming_keys.protocol.known import ServerLies
from roaming_keys.protocol.records.record import OpenRecord
from roaming_keys.protocol.session import Session, Setting
from smime_core.errors import GroupKeyRefused, SmimeError
from smime_core.identity import Identity
from smime_core.own_content import GroupKey, OwnedGroupKey, unwrap_own_group_key, wrap_group_key
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate

_ID_BYTES: Final = 16


class OwnAddressInGroup(GroupKeyRefused):
    """A group has a certificate of the person's own address. Mail to the person would use the group's key."""

    code = "group-of-own-address"


class AddressOfOtherKeys(GroupKeyRefused):
    """A group has a certificate of an address for which the account has other keys: its own, or of another group."""

    code = "group-of-known-address"


class OwnerChanged(SmimeError):
    """A group's owner has signed with another certificate than before. `fingerprint` is that of the new certificate."""

    code = "group-owner-changed"

    def __init__(self, owner: str, certificate: Certificate) -> None:
        super().__init__(f"{owner} signs the group with another certificate than before: {certificate.fingerprint}")
        self.fingerprint = certificate.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGroup:
    """A group that was decrypted. `certificate` is the one with which the owner has signed the group's key.

    `left` has the members for whom the server no longer has the group's key. Only the owner's device can know them.
    """

    version: GroupVersion
    bundle: str
    certificate: Certificate
    content: GroupContent
    left: tuple[str, ...] = ()

    @property
    def known(self) -> KnownGroup:
        """The facts about this version that the account stores."""
        return KnownGroup(
            name=self.content.name,
            owner=self.version.owner,
            certificate=self.certificate,
            version=self.version.number,
            bundle=self.bundle,
            certificates=tuple(sorted(identity.certificate.fingerprint for identity in self.content.identities)),
        )


async def list_groups(session: Session, setting: Setting) -> tuple[ListedGroup, ...]:
    """Return the groups that the person owns or is a member of. Raises KeyServerError or MalformedMessage."""
    return tuple(ListedGroups.from_json(await session.send(setting, Call(method="GET", path="/groups"))).groups)


async def fetch_group(session: Session, setting: Setting, id: str) -> StoredGroup:
    """Return a group as the server has it. Raises KeyServerError or MalformedMessage."""
    return StoredGroup.from_json(await session.send(setting, Call(method="GET", path=f"/groups/{id}")))


def find_wrap(stored: StoredGroup, user: str) -> bytes:
    """Return the group's key as it is encrypted for a member. Raises ServerLies if the member has none."""
    for member in stored.members:
        if member.user == user:
            return member.wrap
    raise ServerLies("group-without-key", "the key server gives the group without your key")


async def open_own_group(
    session: Session, id: str, stored: StoredGroup, provider: CryptoProvider, *, at: datetime.datetime
) -> OpenGroup:
    """Decrypt a group of the person. Raises ServerLies, GroupKeyRefused, NoMatchingRecipient or MalformedMessage."""
    identities, wrap = own_identities(session.opened), find_wrap(stored, session.account_id.user)
    owned = await unwrap_own_group_key(wrap, provider, identities=identities, at=at)
    # No certificate has to be accepted here, because the signer may be any of the person's own certificates.
    opened = await _open(session, id, stored, owned, provider)
    have_keys = {member.user for member in stored.members}
    return replace(opened, left=tuple(member.user for member in opened.content.members if member.user not in have_keys))


async def open_group(
    session: Session,
    id: str,
    stored: StoredGroup,
    owned: OwnedGroupKey,
    provider: CryptoProvider,
    *,
    accepted: str = "",
) -> OpenGroup:
    """Decrypt a group of another owner, with a key whose signature was judged (`examine_group_key`, `read_group_key`).

    `accepted` is the fingerprint of the owner's new certificate, if the person has agreed to it. Raises ServerLies,
    OwnerChanged, GroupKeyRefused (also AddressOfOtherKeys), or MalformedMessage.
    """
    known, is_agreed = known_groups(session.opened.state).get(id), accepted == owned.certificate.fingerprint
    if known is not None and owned.certificate != known.certificate and not is_agreed:
        raise OwnerChanged(known.owner, owned.certificate)
    opened = await _open(session, id, stored, owned, provider)
    other = None if is_agreed else find_other_address(session.opened, opened.content, known, stored.owner)
    if other is not None:
        raise AddressOfOtherKeys(f"the group has a certificate of {other}, for which your account has other keys")
    return opened


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedGroup:
    """A call that stores a version of a group, and the group after this call."""

    call: Call
    group: OpenGroup


def first_of(
    name: str, identities: Sequence[Identity], session: Session, provider: CryptoProvider, *, at: datetime.datetime
) -> tuple[GroupVersion, GroupContent]:
    """Return the first version of a new group, whose owner and only member is the person, and its content.

    Raises MalformedMessage if the name is not one line or there are no identities, or NoOwnIdentity.
    """
    user = session.account_id.user
    myself = GroupMember(user=user, certificate=find_own_certificate(own_identities(session.opened), user, at))
    content = GroupContent(name=name, members=(myself,), identities=tuple(identities))
    return GroupVersion(id=provider.random_bytes(_ID_BYTES).hex(), owner=user, number=1), content


def next_of(before: OpenGroup, content: GroupContent) -> tuple[GroupVersion, GroupContent, tuple[str, ...]]:
    """Return the version after `before`, its content without members who have left, and these members."""
    version = replace(before.version, number=before.version.number + 1)
    # A member in `left` who is added again with this version gets the new key, and so has not left.
    unchanged_users = {member.user for member in content.members if member in before.content.members}
    gone = tuple(user for user in before.left if user in unchanged_users)
    return version, without_members(content, gone, version.owner) if gone else content, gone


async def prepare_group(
    session: Session, version: GroupVersion, content: GroupContent, provider: CryptoProvider, *, at: datetime.datetime
) -> PreparedGroup:
    """Return the call that stores a version of a group of the person under a new key.

    Raises OwnAddressInGroup, NoOwnIdentity, UnsupportedAlgorithm or LimitExceeded.
    """
    user = session.account_id.user
    if any(is_address_of(user, address) for address in addresses_of(content.identities)):
        # Programs refuse a group with a certificate of its owner's address.
        raise OwnAddressInGroup(f"this is your own certificate: a group has one of its own, and not of {user}")
    owner = find_signer(own_identities(session.opened), user, at)
    key = provider.random_bytes(KEY_BYTES)
    bundle = await seal_group(content, version, key, provider)
    opened = OpenGroup(version=version, bundle=digest_of_bundle(bundle), certificate=owner.certificate, content=content)
    bound = GroupKey(
        group=version.id, number=version.number, owner=version.owner, user=user, bundle=opened.bundle, key=key
    )
    members = [
        Member(
            user=member.user,
            wrap=await wrap_group_key(
                replace(bound, user=member.user), member.certificate, provider, owner=owner, signing_time=at
            ),
        )
        for member in content.members
    ]
    body = GroupPush(bundle=bundle, members=members).to_json()
    condition = f'"{version.id}.{version.number - 1}"'
    call = Call(method="PUT", path=f"/groups/{version.id}", condition=condition, body=body)
    return PreparedGroup(call=call, group=opened)


async def store_group(
    session: Session, setting: Setting, version: GroupVersion, content: GroupContent, *, at: datetime.datetime
) -> tuple[Session, OpenGroup]:
    """Store a version of a group of the person under a new key. Return the session and the group after that.

    Raises the errors of `prepare_group`, and KeyServerError, also if the stored version is not the one before.
    """
    prepared = await prepare_group(session, version, content, setting.provider, at=at)
    await session.send(setting, prepared.call)
    return await keep_group(session, setting, prepared.group, at=at), prepared.group


async def keep_group(session: Session, setting: Setting, group: OpenGroup, *, at: datetime.datetime) -> Session:
    """Add the keys of a group, and the facts about it, to the account. Raises the errors of `Session.push`."""
    content = with_keys_of(session.opened, group, at)
    return session if content is session.opened else await session.push(setting, content)


def with_keys_of(opened: OpenRecord, group: OpenGroup, at: datetime.datetime) -> OpenRecord:
    """Return the record with the keys of a group, or the same record if it has them. Raises LimitExceeded."""
    return with_shared_identities(opened, group.version.id, group.content.identities, group.known, at)


async def end_group(session: Session, setting: Setting, id: str) -> None:
    """Delete a group of the person, or remove the person from a group of another owner. Raises KeyServerError."""
    await session.send(setting, Call(method="DELETE", path=f"/groups/{id}"))


async def _open(
    session: Session, id: str, stored: StoredGroup, owned: OwnedGroupKey, provider: CryptoProvider
) -> OpenGroup:
    key, digest = owned.key, digest_of_bundle(stored.bundle)
    expected = GroupKey(
        group=id, number=stored.version, owner=stored.owner, user=session.account_id.user, bundle=digest, key=key.key
    )
    if key != expected:
        raise GroupKeyRefused("the key server gives a key of another group, version or member")
    known = known_groups(session.opened.state).get(id)
    if known is not None:
        known.check(owner=stored.owner, version=stored.version, bundle=digest)
    version = GroupVersion(id=id, owner=stored.owner, number=stored.version)
    content = await open_group_bundle(stored.bundle, version, key.key, provider)
    # The account gets the group's keys. A group key for the person's address would be used instead of the person's own
    # key.
    if any(is_address_of(session.account_id.user, address) for address in addresses_of(content.identities)):
        raise OwnAddressInGroup(
            f"the group has a certificate of {session.account_id.user}, who is a person and no group"
        )
    if all(member.user != session.account_id.user for member in content.members):
        raise GroupKeyRefused("the group's list of people lacks you")
    return OpenGroup(version=version, bundle=digest, certificate=owned.certificate, content=content)
