"""Fetch and decrypt groups for the commands: the person's own, and those of other owners whom the person trusts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import click

from roaming_keys.client.command.login import Roaming
from roaming_keys.protocol.groups.calls import (
    AddressOfOtherKeys,
    OpenGroup,
    OwnerChanged,
    fetch_group,
    list_groups,
    open_group,
    open_own_group,
)
from roaming_keys.protocol.groups.known import known_groups
from roaming_keys.protocol.groups.messages import ListedGroup
from roaming_keys.protocol.groups.owners import examine_owner
from sealwax.cli.judging.looking_up import judge
from sealwax.cli.messages.operations import Examined
from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, group_of
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from smime_core import blocking
from smime_core.errors import GroupKeyRefused, NoMatchingRecipient
from smime_core.own_content import read_group_key
from smime_core.pkix import TrustStore
from smime_core.trust import Judging

_NOT_FOR_YOU: Final = (
    "the group's key is encrypted for a certificate that your account does not have: ask {owner} to add you again"
)
_TRUST_OWNER: Final = "trust the owner's authority by --anchor or --mozilla, or the certificate by --accept-owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerTrust:
    """How the owners of groups are judged."""

    trust: TrustOptions = group_of(TrustOptions)
    accepted: str | None = given_by(
        click.Option(
            ["--accept-owner", "accepted"],
            metavar="FINGERPRINT",
            help="Take a group whose owner has this certificate, as SHA-256. Ask the owner first.",
        )
    )


def find_listed(roaming: Roaming, name: str) -> ListedGroup:
    """Return the group with this name or id. Raises ClickException."""
    known = known_groups(roaming.session.opened.state)
    groups = [
        group
        for group in blocking.run(list_groups(roaming.session, roaming.setting))
        if name == group.id or (group.id in known and known[group.id].name == name)
    ]
    if not groups:
        raise click.ClickException(f"you are in no group {name}: sealwax roam group list lists your groups")
    if len(groups) > 1:
        raise click.ClickException(f"several groups are named {name}: give the id")
    return groups[0]


def find_own_group(roaming: Roaming, name: str) -> OpenGroup:
    """Return a group that the person owns, decrypted. Raises ClickException for the group of another owner."""
    listed = find_listed(roaming, name)
    if listed.owner != roaming.session.account_id.user:
        raise click.ClickException(f"{listed.owner} owns this group, and only the owner changes it")
    return _open_own(roaming, listed)


def open_mine(roaming: Roaming, name: str) -> OpenGroup:
    """Return a decrypted group: the person's own, or one whose owner the person has accepted before."""
    return open_listed(roaming, find_listed(roaming, name), _NO_TRUST)


def open_listed(roaming: Roaming, listed: ListedGroup, owner: OwnerTrust) -> OpenGroup:
    """Return a group, decrypted. Raises ClickException, GroupKeyRefused, ServerLies or MalformedMessage."""
    if listed.owner == roaming.session.account_id.user:
        return _open_own(roaming, listed)
    session = roaming.session
    stored = blocking.run(fetch_group(session, roaming.setting, listed.id))
    accepted = owner.accepted or ""

    def examine(store: TrustStore) -> Examined:
        judging = Judging(trust_store=store, at=now())
        reports = examine_owner(session, listed.id, stored, judging, PROVIDER, accepted=accepted)
        return Examined(blocking.run(reports).counting, None)

    try:
        judged = judge(examine, owner.trust.load_store(), owner.trust)
        owned = read_group_key(judged.report)
        return blocking.run(open_group(session, listed.id, stored, owned, PROVIDER, accepted=accepted))
    except NoMatchingRecipient:
        raise click.ClickException(_NOT_FOR_YOU.format(owner=listed.owner)) from None
    except OwnerChanged as error:
        remedy = f"ask {listed.owner}, and repeat this with --accept-owner {error.fingerprint}"
        raise click.ClickException(f"{error}. If you did not expect that, {remedy}") from None
    except AddressOfOtherKeys as error:
        remedy = f"ask {listed.owner}, and repeat this with --accept-owner {owned.certificate.fingerprint}"
        raise click.ClickException(f"{error}. If you expect that, {remedy}") from None
    except GroupKeyRefused as error:
        raise click.ClickException(f"{error}; {judged.hint or _TRUST_OWNER}") from None


def _open_own(roaming: Roaming, listed: ListedGroup) -> OpenGroup:
    stored = blocking.run(fetch_group(roaming.session, roaming.setting, listed.id))
    try:
        return blocking.run(open_own_group(roaming.session, listed.id, stored, PROVIDER, at=now()))
    except NoMatchingRecipient:
        text = "the group's key is encrypted for a certificate that your account does not have any more"
        raise click.ClickException(f"{text}: add it by sealwax roam push, or make a new group") from None


_NO_TRUST: Final = OwnerTrust(
    trust=TrustOptions(
        anchors=(),
        mozilla=False,
        decisions_file=None,
        timestamp_anchors=(),
        revocation=None,
        no_revocation=False,
        crl_files=(),
        ocsp_files=(),
        certificate_files=(),
        fetch=False,
        fetch_issuers=False,
        fetch_hosts=(),
    ),
    accepted=None,
)
