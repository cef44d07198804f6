"""The sentences about groups that `sealwax roam group` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roaming_keys.protocol.groups.calls import OpenGroup
from roaming_keys.protocol.groups.known import KnownGroup
from roaming_keys.protocol.groups.messages import ListedGroup
from sealwax.cli.streams.files import write_json, write_line


def say_listed(listed: Sequence[ListedGroup], known: Mapping[str, KnownGroup], user: str, *, as_json: bool) -> None:
    """Print the groups of a person, and former groups whose keys the account still has."""
    ids = {entry.id for entry in listed}
    left = {id: known_group for id, known_group in known.items() if id not in ids}
    if as_json:
        rows = [
            {
                "id": entry.id,
                "name": known[entry.id].name if entry.id in known else None,
                "owner": entry.owner,
                "version": entry.version,
                "taken": known[entry.id].version if entry.id in known else None,
            }
            for entry in listed
        ]
        gone = [{"id": id, "name": known_group.name, "owner": known_group.owner} for id, known_group in left.items()]
        write_json({"groups": rows, "left": gone})
        return
    for entry in listed:
        write_line(f"{entry.id}  {_words_of(entry, known.get(entry.id), user)}")
    for id, group in left.items():
        write_line(f"{id}  {group.name}, which you are not in any more: your keys still read old mail")
    if not ids and not left:
        write_line("You are in no group.")


def say_members(group: OpenGroup, *, as_json: bool) -> None:
    """Print the members of a group, and those who were removed and still have its key."""
    if as_json:
        rows = [
            {
                "user": member.user,
                "certificate": member.certificate.fingerprint,
                "isOwner": member.user == group.version.owner,
                "hasLeft": member.user in group.left,
            }
            for member in group.content.members
        ]
        write_json({"name": group.content.name, "members": rows, "removed": list(group.content.removed)})
        return
    for person in group.content.members:
        owner = ", the owner" if person.user == group.version.owner else ""
        left = ", who has left, or was removed by the key server" if person.user in group.left else ""
        write_line(f"{person.user}, certificate until {person.certificate.not_after:%Y-%m-%d}{owner}{left}")
    _say_who_still_has_the_key(group)


def say_stored(group: OpenGroup) -> None:
    """Print the group's version and members after it was stored."""
    write_line(f"{_title(group)}: version {group.version.number}, {_members(group)}")
    _say_who_still_has_the_key(group)


def say_taken(group: OpenGroup) -> None:
    """Print a group after its keys were added to the account."""
    write_line(f"{_title(group)}, owned by {group.version.owner}: version {group.version.number}, {_members(group)}")
    write_line(f"The owner's certificate: {group.certificate.fingerprint}")
    _say_who_still_has_the_key(group)


def say_removed(group: OpenGroup, users: Sequence[str]) -> None:
    """Print what removed members can no longer do, and what they still can."""
    who, name, address = ", ".join(users), group.content.name, _address(group)
    write_line(f"Removed from {name}: {who}. Version {group.version.number} has a new key, for {_members(group)}.")
    write_line(f"Mail that was encrypted for {address} so far was readable for {who}, and stays so.")
    if group.content.removed:
        _say_who_still_has_the_key(group)
    else:
        write_line("New mail is not, once its senders use the new certificate. Until the one of before is revoked,")
        write_line(f"{who} can still sign as {address}: ask its authority to revoke it.")


def _say_who_still_has_the_key(group: OpenGroup) -> None:
    if group.content.removed:
        who, address = ", ".join(group.content.removed), _address(group)
        write_line(f"Removed, but still with the key of {address}: {who}. They can read new mail and sign as it.")
        write_line("The owner gets a certificate with a new key, has the one of before revoked, and runs")
        write_line(f'sealwax roam group renew "{group.content.name}" NEW.p12')


def _words_of(group: ListedGroup, known: KnownGroup | None, user: str) -> str:
    if known is None:
        return f"a group of {group.owner}, not taken yet: sealwax roam group take {group.id}"
    owner = "yours" if group.owner == user else f"owned by {group.owner}"
    newer = f", version {group.version} is there: sealwax roam group take" if group.version > known.version else ""
    return f"{known.name}, {owner}, version {known.version}{newer}"


def _title(group: OpenGroup) -> str:
    return f"{group.content.name} <{_address(group)}>"


def _address(group: OpenGroup) -> str:
    return ", ".join(group.content.identities[0].certificate.email_addresses)


def _members(group: OpenGroup) -> str:
    count = len(group.content.members)
    return f"{count} member{'' if count == 1 else 's'}"
