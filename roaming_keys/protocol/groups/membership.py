"""The changes of a group by its owner: members added and removed, and a new certificate. This module sends nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace

from roaming_keys.protocol.groups.content import GroupContent, GroupMember
from roaming_keys.protocol.records.record import merge_identities
from smime_core.cms import choose_signature_algorithm
from smime_core.errors import SmimeError
from smime_core.identity import Identity
from smime_core.pkix import Purpose, check_end_entity
from smime_core.text import address_key, addresses_match
from smime_core.x509 import Certificate


class NotInGroup(SmimeError):
    """The person to remove is no member of the group, or owns it."""

    code = "not-in-group"


class NoOwnIdentity(SmimeError):
    """The account has no usable certificate of its address, which a group's owner needs to sign and to be a member."""

    code = "no-own-identity"


def with_members(content: GroupContent, added: Sequence[GroupMember]) -> GroupContent:
    """Return the content with more members. A new certificate of a present member replaces the earlier one."""
    by_user = {member.user: member for member in (*content.members, *added)}
    removed = tuple(user for user in content.removed if user not in by_user)
    return replace(content, members=tuple(by_user.values()), removed=removed)


def without_members(content: GroupContent, users: Sequence[str], owner: str) -> GroupContent:
    """Return the content without some members, whom `removed` names, because they know the keys. Raises NotInGroup."""
    known = {member.user for member in content.members}
    for user in users:
        if user == owner:
            raise NotInGroup(f"{user} owns the group: delete it instead")
        if user not in known:
            raise NotInGroup(f"{user} is not in the group")
    members = tuple(member for member in content.members if member.user not in users)
    return replace(content, members=members, removed=tuple(dict.fromkeys((*content.removed, *users))))


def with_identities(content: GroupContent, new: Sequence[Identity]) -> GroupContent:
    """Return the content with new certificates. The earlier ones stay, for old mail.

    `removed` becomes empty only if the new certificates replace all earlier ones, because removed members know the
    earlier keys. A new certificate for an earlier key does not help. If it is for another address, or for signatures
    only, people still encrypt mail for an earlier key.
    """
    keys = {identity.certificate.public_key.spki_der for identity in content.identities}
    is_new = bool(new) and all(identity.certificate.public_key.spki_der not in keys for identity in new)
    is_whole = is_new and _uses_of(content.identities) <= _uses_of(new)
    identities = merge_identities(new, content.identities)
    return replace(content, identities=identities, removed=() if is_whole else content.removed)


def _uses_of(identities: Sequence[Identity]) -> set[tuple[tuple[str, str], Purpose]]:
    """The addresses of certificates, each with the purposes for which they may be used."""
    return {
        (address_key(address), purpose)
        for identity in identities
        for purpose in (Purpose.SIGN, Purpose.ENCRYPT)
        if _may(identity.certificate, purpose)
        for address in identity.certificate.email_addresses
    }


def _may(certificate: Certificate, purpose: Purpose) -> bool:
    try:
        check_end_entity(certificate, purpose)
    except SmimeError:
        return False
    return True


def find_signer(identities: Sequence[Identity], user: str, at: datetime.datetime) -> Identity:
    """Return the person's identity that signs the keys of a group. Raises NoOwnIdentity."""

    def check(identity: Identity) -> None:
        check_end_entity(identity.certificate, Purpose.SIGN)
        choose_signature_algorithm(identity.private_key, pss=identity.certificate.public_key.pss)

    return _find(identities, user, at, check, "sign")


def find_own_certificate(identities: Sequence[Identity], user: str, at: datetime.datetime) -> Certificate:
    """Return the person's certificate for which the key of the person's group is encrypted. Raises NoOwnIdentity."""
    return _find(
        identities, user, at, lambda identity: check_end_entity(identity.certificate, Purpose.ENCRYPT), "encrypt"
    ).certificate


def _find(
    identities: Sequence[Identity], user: str, at: datetime.datetime, check: Callable[[Identity], None], verb: str
) -> Identity:
    for identity in identities:
        certificate = identity.certificate
        if not any(addresses_match(user, address) for address in certificate.email_addresses):
            continue
        if not certificate.not_before <= at <= certificate.not_after:
            continue
        try:
            check(identity)
        except SmimeError:
            continue
        return identity
    raise NoOwnIdentity(f"your account has no valid certificate of {user} that may {verb}: add it by sealwax roam push")
