"""Mark the keys of groups among an account's keys, also when the records of two devices are merged.

An entry of the state names the certificates of its group. The keys themselves are marked too
(`smime_core.identity.shared`). So a group's key is recognised even if its entry is lost, or was written by a later
program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from roaming_keys.protocol.messages.written import write
from roaming_keys.protocol.records.entries import Entry, kind_of
from smime_core.errors import SmimeError
from smime_core.text import parse_json

if TYPE_CHECKING:
    from smime_core.identity import Identity

KIND: Final = "group key"
MAX_ENTRY_BYTES: Final = 262_144
_Entries = Mapping[str, Entry]


def mark_shared(identities: Sequence[Identity], entries: _Entries) -> tuple[Identity, ...]:
    """Return the identities. Those that an entry of a group names are marked as shared."""
    from smime_core.identity import as_shared  # Imported here because it takes long.

    shared = {
        fingerprint
        for name, entry in entries.items()
        if kind_of(name) == KIND
        for fingerprint in _certificates_of(entry)
    }
    return tuple(
        as_shared(identity) if identity.certificate.fingerprint in shared else identity for identity in identities
    )


def keep_marks(identities: Sequence[Identity], *sides: Sequence[Identity]) -> tuple[Identity, ...]:
    """Return the identities. Those that are marked on any side of a merge are marked."""
    from smime_core.identity import as_shared, is_shared  # Imported here because it takes long.

    marked = {identity.certificate.der for side in sides for identity in side if is_shared(identity)}
    return tuple(as_shared(identity) if identity.certificate.der in marked else identity for identity in identities)


def merge_group_entries(merged: _Entries, *sides: _Entries) -> dict[str, Entry]:
    """Return the merged entries with the later version of each group, and with the certificates of both sides.

    The times of the entries do not decide. Otherwise the entry of an earlier version could win, and a server could give
    that version again.
    """
    result = dict(merged)
    for name, entry in merged.items():
        if kind_of(name) != KIND:
            continue
        versions = [members for side in sides if name in side and (members := _members_of(side[name]))]
        if not versions or len(versions) < len([side for side in sides if name in side]):
            continue
        # If two entries have the same version, the bundle's digest decides, so that all devices keep the same entry.
        latest = max(versions, key=lambda members: (members["version"], str(members.get("bundle"))))
        certificates = sorted({member for members in versions for member in members["certificates"]})
        value = write({**latest, "certificates": certificates}).decode()
        result[name] = Entry(at=entry.at, value=value)
    return result


def _certificates_of(entry: Entry) -> list[str]:
    members = _members_of(entry)
    return [] if members is None else members["certificates"]


def _members_of(entry: Entry) -> dict[str, Any] | None:
    """The JSON members of an entry with a version and certificates, including members of later programs."""
    if entry.value is None:
        return None
    try:
        members = parse_json(entry.value.encode(), KIND, max_bytes=MAX_ENTRY_BYTES)
    except SmimeError:
        return None
    if not isinstance(members, dict) or type(members.get("version")) is not int:
        return None
    certificates = members.get("certificates")
    is_list = isinstance(certificates, list) and all(isinstance(certificate, str) for certificate in certificates)
    return members if is_list else None
