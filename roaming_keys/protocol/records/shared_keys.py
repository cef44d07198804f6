"""The marks that distinguish keys of groups from an account's other keys, also after two devices have stored at once.

An entry names the certificates of its group. The keys are marked too (`smime_core.identity.shared`), so that a group's
key is still recognised when its entry is lost, or is of a later program.
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
    """Return the identities with a mark on each that an entry names."""
    from smime_core.identity import as_shared  # Imported here as in `open_record`.

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
    """Return the identities with the marks that they have on any side of a merge."""
    from smime_core.identity import as_shared, is_shared  # Imported here as in `open_record`.

    marked = {identity.certificate.der for side in sides for identity in side if is_shared(identity)}
    return tuple(as_shared(identity) if identity.certificate.der in marked else identity for identity in identities)


def merge_group_entries(merged: _Entries, *sides: _Entries) -> dict[str, Entry]:
    """Return the merged entries with the later version of each group, and with the certificates of both sides.

    The clocks of devices do not decide, because an entry of an earlier version would let a server give that version
    again.
    """
    result = dict(merged)
    for name, entry in merged.items():
        if kind_of(name) != KIND:
            continue
        versions = [members for side in sides if name in side and (members := _members_of(side[name]))]
        if not versions or len(versions) < len([side for side in sides if name in side]):
            continue
        # If two groups have the same version, all devices keep the same group.
        latest = max(versions, key=lambda members: (members["version"], str(members.get("bundle"))))
        certificates = sorted({member for members in versions for member in members["certificates"]})
        value = write({**latest, "certificates": certificates}).decode()
        result[name] = Entry(at=entry.at, value=value)
    return result


def _certificates_of(entry: Entry) -> list[str]:
    members = _members_of(entry)
    return [] if members is None else members["certificates"]


def _members_of(entry: Entry) -> dict[str, Any] | None:
    """The members of an entry that has a version and certificates, also if a later program has added others."""
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
