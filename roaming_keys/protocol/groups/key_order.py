"""The order of an account's keys: where the keys of a group go, so that they take no address from other keys."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from roaming_keys.protocol.groups.content import GroupContent
from roaming_keys.protocol.groups.known import KnownGroup, known_groups, with_group
from roaming_keys.protocol.records.record import OpenRecord
from smime_core.identity import Identity, as_shared, is_shared
from smime_core.limits import check_limit
from smime_core.text import address_key

# A record has room for a hundred keys. This limit for the keys of groups leaves room for the person's own keys.
MAX_SHARED_IDENTITIES: Final = 60


def with_shared_identities(
    opened: OpenRecord, id: str, newest: Sequence[Identity], seen: KnownGroup, at: datetime.datetime
) -> OpenRecord:
    """Return the record with the identities of a group, or the same record if it has them. Raises LimitExceeded.

    The newest certificate of the group comes before its other certificates, because programs sign with the first
    certificate of an address. The group keeps its position among the account's keys, so that a later version of it
    takes no address from another group.
    """
    before = known_groups(opened.state).get(id)
    known, group_identities = seen.after(before), tuple(map(as_shared, newest))
    shared = {identity.certificate.der for identity in group_identities}
    if before == known and shared <= {
        identity.certificate.der for identity in opened.identities if is_shared(identity)
    }:
        return opened
    earlier = (
        identity for identity in opened.identities if _is_of(known, identity) and identity.certificate.der not in shared
    )
    index = _index_of(opened.identities, None if before is None else known)
    first, others = (
        [identity for identity in part if not _is_of(known, identity)]
        for part in (opened.identities[:index], opened.identities[index:])
    )
    identities = (*first, *group_identities, *map(as_shared, earlier), *others)
    check_limit("keys of shared identities", sum(map(is_shared, identities)), MAX_SHARED_IDENTITIES)
    return replace(opened, identities=identities, state=with_group(opened.state, id, known, at))


def find_other_address(opened: OpenRecord, content: GroupContent, known: KnownGroup | None, owner: str) -> str | None:
    """Return an address of a group for which the account has other keys, or None.

    Other keys are the person's own keys, unless the group has them too, and the keys of groups of other owners.
    """
    groups = [group for group in known_groups(opened.state).values() if group.owner == owner]
    of_owner = {certificate for group in (*groups, *([known] if known else [])) for certificate in group.certificates}
    keys = {identity.certificate.public_key.spki_der for identity in content.identities}
    others = [
        identity
        for identity in opened.identities
        if identity.certificate.fingerprint not in of_owner
        and (is_shared(identity) or identity.certificate.public_key.spki_der not in keys)
    ]
    before = [identity for identity in opened.identities if known is not None and _is_of(known, identity)]
    taken = set(map(address_key, addresses_of(others))) - set(map(address_key, addresses_of(before)))
    return next((address for address in addresses_of(content.identities) if address_key(address) in taken), None)


def addresses_of(identities: Iterable[Identity]) -> list[str]:
    """Return the addresses in the certificates of identities."""
    return [address for identity in identities for address in identity.certificate.email_addresses]


def _index_of(identities: Sequence[Identity], known: KnownGroup | None) -> int:
    """The index of a group's first identity. For a new group, the index of the first shared identity."""
    for index, identity in enumerate(identities):
        if is_shared(identity) and (known is None or _is_of(known, identity)):
            return index
    return len(identities)


def _is_of(known: KnownGroup, identity: Identity) -> bool:
    return identity.certificate.fingerprint in known.certificates
