"""`sealwax roam group`: identities that several people share. Only the owner of a group changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from roaming_keys.client.command.groups.opening import OwnerTrust, find_listed, find_own_group, open_listed, open_mine
from roaming_keys.client.command.groups.words import say_listed, say_members, say_removed, say_stored, say_taken
from roaming_keys.client.command.login import AccountLogin, KeyFiles, Roaming, open_session, remember
from roaming_keys.protocol.groups.calls import (
    OpenGroup,
    OwnAddressInGroup,
    end_group,
    first_of,
    keep_group,
    list_groups,
    next_of,
    store_group,
)
from roaming_keys.protocol.groups.content import GroupContent, GroupMember, GroupVersion, check_group_name
from roaming_keys.protocol.groups.known import known_groups
from roaming_keys.protocol.groups.membership import (
    with_identities,
    with_members,
    without_members,
)
from roaming_keys.protocol.key_account import normalise_user
from sealwax.cli.group import Verbs
from sealwax.cli.judging.recipients import RecipientOptions
from sealwax.cli.options.directories import DirectoryOptions
from sealwax.cli.options.parameters import FILE, JSON, now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error, write_line
from smime_core import blocking
from smime_core.errors import SmimeError
from smime_core.text import addresses_match
from smime_core.x509 import Certificate

_HERE = "roaming_keys.client.command.groups.verbs"
_GROUP = click.Argument(["group"], metavar="GROUP")


@click.group(
    cls=Verbs,
    own={
        "create": f"{_HERE}:create",
        "list": f"{_HERE}:list_all",
        "add": f"{_HERE}:add",
        "remove": f"{_HERE}:remove",
        "renew": f"{_HERE}:renew",
        "take": f"{_HERE}:take",
        "leave": f"{_HERE}:leave",
        "delete": f"{_HERE}:delete",
    },
    entry_points="sealwax.roam.group",
)
def group() -> None:
    """Share the keys of an identity, such as Ward 3, with several people.

    \b
    create  makes a group with the keys of identity files
    list    lists your groups, or the members of one
    add     adds members, or gives them the keys for a new certificate
    remove  removes members, who keep the keys that they have
    renew   gives the members the keys of a new certificate
    take    adds the keys of the groups that others share to your account
    leave   leaves a group of somebody else
    delete  deletes a group of yours
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """The name of a new group, and its identities."""

    name: str = given_by(click.Argument(["name"], metavar="NAME"))
    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    login: AccountLogin = group_of(AccountLogin)
    files: KeyFiles = group_of(KeyFiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The account, and the group whose members are listed, if one is named."""

    group: str | None = given_by(click.Argument(["group"], metavar="[GROUP]", required=False))
    login: AccountLogin = group_of(AccountLogin)
    as_json: bool = given_by(JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """A group, its new members, and how their certificates are found and judged."""

    group: str = given_by(_GROUP)
    members: tuple[str, ...] = given_by(
        click.Argument(["members"], metavar="CERT|ADDRESS...", nargs=-1, required=True, type=FILE)
    )
    login: AccountLogin = group_of(AccountLogin)
    trust: TrustOptions = group_of(TrustOptions)
    directories: DirectoryOptions = group_of(DirectoryOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest:
    """A group, the members to remove, and the group's new identities."""

    group: str = given_by(_GROUP)
    members: tuple[str, ...] = given_by(click.Argument(["members"], metavar="ADDRESS...", nargs=-1, required=True))
    names: tuple[str, ...] = given_by(
        click.Option(
            ["--identity", "names"],
            multiple=True,
            metavar="P12",
            type=FILE,
            help="A new certificate of the group with a new key, for the members who stay. Repeatable.",
        )
    )
    login: AccountLogin = group_of(AccountLogin)
    files: KeyFiles = group_of(KeyFiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewRequest:
    """A group, and its new identities."""

    group: str = given_by(_GROUP)
    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    login: AccountLogin = group_of(AccountLogin)
    files: KeyFiles = group_of(KeyFiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRequest:
    """One group or all groups, and how the signatures of their owners are judged."""

    group: str | None = given_by(click.Argument(["group"], metavar="[GROUP]", required=False))
    login: AccountLogin = group_of(AccountLogin)
    owner: OwnerTrust = group_of(OwnerTrust)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRequest:
    """A group of somebody else."""

    group: str = given_by(_GROUP)
    login: AccountLogin = group_of(AccountLogin)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest:
    """A group of the person."""

    group: str = given_by(_GROUP)
    login: AccountLogin = group_of(AccountLogin)
    is_confirmed: bool = given_by(click.Option(["--yes", "is_confirmed"], is_flag=True, help="Do not ask."))


@verb(CreateRequest)
def create(request: CreateRequest) -> None:
    """Make a group with the keys of identity files, such as those of ward3@example.org.

    You own the group, and are its first member. The key server cannot open the keys.
    """
    check_group_name(request.name)
    identities = request.files.load(request.names)
    roaming = open_session(request.login)
    version, content = first_of(request.name, identities, roaming.session, PROVIDER, at=now())
    stored = _store(roaming, version, content)
    write_line(f"{request.name} is made, with the id {version.id}. Its only member is you.")
    say_stored(stored)


@verb(ListRequest, "list")
def list_all(request: ListRequest) -> None:
    """List the groups that you own or are a member of. With GROUP, list its members.

    A group is named by its name or its id.
    """
    roaming = open_session(request.login)
    if request.group is not None:
        opened = open_mine(roaming, request.group)
        say_members(opened, as_json=request.as_json)
        return
    listed = blocking.run(list_groups(roaming.session, roaming.setting))
    say_listed(
        listed, known_groups(roaming.session.opened.state), roaming.session.account_id.user, as_json=request.as_json
    )


@verb(AddRequest)
def add(request: AddRequest) -> None:
    """Add members to a group of yours. They also get the keys of before, and can read old mail of the group.

    A member who has a new certificate, such as after a reset of the account, is added again.
    """
    options = RecipientOptions(
        to=request.members, allow_expired=False, allow_weak=False, trust=request.trust, directories=request.directories
    )
    certificates = options.load().certificates
    added = [
        GroupMember(user=_address_of(name, certificate), certificate=certificate)
        for name, certificate in zip(request.members, certificates, strict=True)
    ]
    roaming = open_session(request.login)
    before = find_own_group(roaming, request.group)
    stored = _store_next(roaming, before, with_members(before.content, added))
    for member in added:
        write_line(f"{member.user} is in {stored.content.name}, and gets its keys by: sealwax roam group take")
    say_stored(stored)


@verb(RemoveRequest)
def remove(request: RemoveRequest) -> None:
    """Remove members from a group of yours. The group gets a new key at the key server.

    Members who were removed keep the keys that they have. Old mail was readable for them and stays so. They can also
    read new mail for the same certificate, and sign as the group: so give a new certificate with a new key by
    --identity, and have the one of before revoked.
    """
    identities = request.files.load(request.names) if request.names else ()
    roaming = open_session(request.login)
    before = find_own_group(roaming, request.group)
    users = tuple(normalise_user(member) for member in request.members)
    content = without_members(before.content, users, before.version.owner)
    stored = _store_next(roaming, before, with_identities(content, identities) if identities else content)
    say_removed(stored, users)


@verb(RenewRequest)
def renew(request: RenewRequest) -> None:
    """Give the members of a group of yours the keys of a new certificate. Those of before stay, for old mail."""
    identities = request.files.load(request.names)
    roaming = open_session(request.login)
    before = find_own_group(roaming, request.group)
    stored = _store_next(roaming, before, with_identities(before.content, identities))
    write_line(f"{stored.content.name} has the new certificate. The members get it by: sealwax roam group take")
    say_stored(stored)


@verb(TakeRequest)
def take(request: TakeRequest) -> None:
    """Add the keys of a group to your account, or those of all your groups: what cannot be taken is named at the end.

    The group has to be signed by its owner, whose certificate is judged as that of a signed mail at the first time, and
    is remembered then.
    """
    roaming = open_session(request.login)
    listed = blocking.run(list_groups(roaming.session, roaming.setting))
    chosen = listed if request.group is None else [find_listed(roaming, request.group)]
    if not chosen:
        write_line("You are in no group.")
    refused = []
    for listed_group in chosen:
        try:
            opened = open_listed(roaming, listed_group, request.owner)
        except (click.ClickException, SmimeError) as error:
            # Anybody with an account can add the person to a group. So a refused group does not stop the other groups.
            refused.append(f"{listed_group.id}, a group of {listed_group.owner}: {error}")
            continue
        session = blocking.run(keep_group(roaming.session, roaming.setting, opened, at=now()))
        remember(session)
        roaming = replace(roaming, session=session)
        say_taken(opened)
    if refused:
        raise click.ClickException("not taken: " + "; ".join(refused))


@verb(LeaveRequest)
def leave(request: LeaveRequest) -> None:
    """Leave a group of somebody else. Your account keeps the keys that it has, for old mail."""
    roaming = open_session(request.login)
    listed = find_listed(roaming, request.group)
    if listed.owner == roaming.session.account_id.user:
        raise click.ClickException("you own this group: delete it instead")
    blocking.run(end_group(roaming.session, roaming.setting, listed.id))
    write_line(f"You have left {request.group}. Your account keeps the keys that it has.")


@verb(DeleteRequest)
def delete(request: DeleteRequest) -> None:
    """Delete a group of yours at the key server. The members keep the keys that they have."""
    roaming = open_session(request.login)
    listed = find_listed(roaming, request.group)
    if listed.owner != roaming.session.account_id.user:
        raise click.ClickException(f"{listed.owner} owns this group: leave it instead")
    if not request.is_confirmed:
        click.confirm(f"Delete {request.group} for all its members?", abort=True)
    blocking.run(end_group(roaming.session, roaming.setting, listed.id))
    write_line(f"{request.group} is deleted. Your account and the members keep the keys that they have.")


def _store_next(roaming: Roaming, before: OpenGroup, content: GroupContent) -> OpenGroup:
    version, content, gone = next_of(before, content)
    for user in gone:
        write_error(f"{user} has left the group, or the key server has removed this member")
    return _store(roaming, version, content)


def _store(roaming: Roaming, version: GroupVersion, content: GroupContent) -> OpenGroup:
    try:
        session, stored = blocking.run(store_group(roaming.session, roaming.setting, version, content, at=now()))
    except OwnAddressInGroup as error:
        # The person has named the wrong file. This is no failed verification.
        raise click.ClickException(str(error)) from error
    remember(session)
    return stored


def _address_of(name: str, certificate: Certificate) -> str:
    """The address of a member: the typed one, or the only address of the certificate in a file."""
    addresses = certificate.email_addresses
    typed = [address for address in addresses if addresses_match(address, name)]
    if len(typed or addresses) != 1:
        raise click.ClickException(f"{name}: say which address the member has at the key server, and not a file")
    return normalise_user((typed or list(addresses))[0])
