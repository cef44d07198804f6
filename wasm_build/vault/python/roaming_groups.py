"""The operations on identities that several people share through a key server (`roaming_keys.protocol.groups`)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from roaming_keys.protocol.groups.calls import (
    OpenGroup,
    OwnerChanged,
    end_group,
    fetch_group,
    first_of,
    keep_group,
    list_groups as list_at_server,
    next_of,
    open_group,
    open_own_group,
    prepare_group,
)
from roaming_keys.protocol.groups.content import GroupMember
from roaming_keys.protocol.groups.known import KnownGroup, known_groups
from roaming_keys.protocol.groups.membership import with_identities, with_members, without_members
from roaming_keys.protocol.groups.messages import ListedGroup, StoredGroup
from roaming_keys.protocol.groups.owners import REVOKED, OwnerReports, examine_owner
from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.known import ServerLies
from roaming_keys.protocol.session import KeptCall, Session, Setting
from smime_core.errors import GroupKeyRefused, NoMatchingRecipient, SmimeError
from smime_core.identity import Identity, load_identities
from smime_core.own_content import read_group_key
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, Reason, State, reasons_to_json, time_to_json
from smime_core.trust import Judging
from smime_core.x509 import Certificate, parse_certificate
from wasm_build.vault.python.certificates import describe_shortly
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import describe_lookups
from wasm_build.vault.python.requests import Json, Reply, Secret, group_of, request_class
from wasm_build.vault.python.roaming_session import InSession
from wasm_build.vault.python.roaming_steps import id_in_path
from wasm_build.vault.python.trust import GivenJudging, read_judging


class GroupNotForMember(SmimeError):
    """The key of a group is encrypted for a certificate that the account does not have."""

    code = "group-not-for-you"


class NoIdentityInFile(SmimeError):
    """A key file holds no private key with its certificate."""

    code = "no-identity-in-file"


@request_class
class NameGroup(InSession):
    id: str


@request_class
class GivenGroup:
    """A group as the key server has it. `accepted` is the owner's certificate to which the person has agreed."""

    id: str
    stored: Json
    accepted: str = ""


@request_class
class JudgeGroup(InSession):
    group: GivenGroup = group_of(GivenGroup)
    judging: GivenJudging = group_of(GivenJudging)


@request_class
class GivenMember:
    """A person who becomes a member, with the certificate that was judged for the address."""

    user: str
    certificate: bytes


@request_class
class CreateGroup(InSession):
    name: str
    p12: bytes
    passphrase: Secret
    at: datetime.datetime


@request_class
class ChangeGroup(NameGroup):
    removed: tuple[str, ...] = ()
    added: tuple[GivenMember, ...] = ()
    p12: bytes = b""
    passphrase: Secret = Secret(b"")
    at: datetime.datetime


async def list_groups(request: InSession, setting: Setting) -> Reply:
    """Returns `{groups}`: the groups in the server's answer, and those that the person has left. Raises SmimeError."""
    session = await request.session.open(setting)
    listed, known = await list_at_server(session, setting), known_groups(session.opened.state)
    ids = {group.id for group in listed}
    rows = [_describe_listed(group, known.get(group.id), session) for group in listed]
    left = [_describe_left(id, group, session) for id, group in known.items() if id not in ids]
    return {"groups": [*rows, *left]}


async def fetch_stored(request: NameGroup, setting: Setting) -> Reply:
    """Returns `{stored}`: the group as the server has it. Raises SmimeError."""
    stored = await fetch_group(await request.session.open(setting), setting, id_in_path(request.id))
    return {"stored": json.loads(stored.to_json())}


async def end(request: NameGroup, setting: Setting) -> Reply:
    """Takes the person out of somebody else's group, or deletes the person's own group. Raises SmimeError."""
    await end_group(await request.session.open(setting), setting, id_in_path(request.id))
    return {}


async def show_group(request: JudgeGroup, setting: Setting) -> Reply:
    """Returns `{group, refusal, lookups}`: the opened group, or the reason why its owner is not accepted.

    `lookups` are the look-ups that could still change the result. Raises SmimeError, including ServerLies.
    """
    session, provider = await request.session.open(setting), setting.provider
    stored = StoredGroup.from_json(request.group.stored)
    if stored.owner == session.account_id.user:
        opened = await _open_own(session, request.group.id, stored, request.judging.at, provider)
        return {"group": _describe_group(opened, session), "refusal": None, "lookups": []}
    judging = await read_judging(request.judging, provider)
    reports = await _examine(session, request.group, stored, judging, provider)
    report = reports.counting
    reply: Reply = {"lookups": describe_lookups(signer.trail for signer in reports.by_trust.signers)}
    try:
        opened = await _open_judged(session, request.group, stored, report, provider)
    except (GroupKeyRefused, OwnerChanged) as error:
        acceptable = await _find_acceptable(session, request.group, stored, report, judging, provider)
        return {**reply, "group": None, "refusal": _describe_refusal(error, acceptable)}
    return {**reply, "group": _describe_group(opened, session), "refusal": None}


async def take_group(request: JudgeGroup, setting: Setting) -> Reply:
    """Stores the keys of a group in the account. Returns `{identities, group}` with these keys.

    Raises SmimeError, including GroupKeyRefused and ServerLies.
    """
    session, provider, at = await request.session.open(setting), setting.provider, request.judging.at
    stored = StoredGroup.from_json(request.group.stored)
    if stored.owner == session.account_id.user:
        opened = await _open_own(session, request.group.id, stored, at, provider)
    else:
        judging = await read_judging(request.judging, provider)
        reports = await _examine(session, request.group, stored, judging, provider)
        opened = await _open_judged(session, request.group, stored, reports.counting, provider)
    after = await keep_group(session, setting, opened, at=at)
    keys = await seal_all(after.opened.identities, request.session.seal_key, provider)
    return {**keys, "group": _describe_group(opened, session)}


async def create_group(request: CreateGroup, setting: Setting) -> Reply:
    """Stores a new group with the keys of a file. Returns `{id}`. Raises SmimeError."""
    session, provider = await request.session.open(setting), setting.provider

    async def prepare() -> KeptCall:
        identities = await _load(request.p12, request.passphrase, provider)
        version, content = first_of(request.name, identities, session, provider, at=request.at)
        prepared = await prepare_group(session, version, content, provider, at=request.at)
        return KeptCall(call=prepared.call, facts={"id": version.id})

    return await _send_kept(await setting.steps.once(KeptCall, prepare), session, setting)


async def change_group(request: ChangeGroup, setting: Setting) -> Reply:
    """Stores the next version of a group of the person. Returns `{version, gone}`.

    `p12` is a key file with the group's new certificate. `gone` are members who have left meanwhile. Raises SmimeError,
    including NotInGroup.
    """
    session, provider = await request.session.open(setting), setting.provider
    stored = await fetch_group(session, setting, id_in_path(request.id))

    async def prepare() -> KeptCall:
        before = await _open_own(session, request.id, stored, request.at, provider)
        content = before.content
        if request.removed:
            content = without_members(content, request.removed, before.version.owner)
        if request.p12:
            content = with_identities(content, await _load(request.p12, request.passphrase, provider))
        version, content, gone = next_of(before, with_members(content, _read_members(request.added)))
        prepared = await prepare_group(session, version, content, provider, at=request.at)
        return KeptCall(call=prepared.call, facts={"version": version.number, "gone": list(gone)})

    return await _send_kept(await setting.steps.once(KeptCall, prepare), session, setting)


async def _send_kept(kept_call: KeptCall, session: Session, setting: Setting) -> Reply:
    await session.send(setting, kept_call.call)
    return dict(kept_call.facts)


def _read_members(members: Sequence[GivenMember]) -> list[GroupMember]:
    return [
        GroupMember(user=normalise_user(member.user), certificate=parse_certificate(member.certificate))
        for member in members
    ]


async def _load(p12: bytes, passphrase: Secret, provider: CryptoProvider) -> Sequence[Identity]:
    identities = await load_identities(p12, passphrase, provider)
    if not identities:
        raise NoIdentityInFile("the file holds no private key together with its certificate")
    return identities


async def _examine(
    session: Session, group: GivenGroup, stored: StoredGroup, judging: Judging, provider: CryptoProvider
) -> OwnerReports:
    try:
        return await examine_owner(session, group.id, stored, judging, provider, accepted=group.accepted)
    except NoMatchingRecipient:
        raise GroupNotForMember("the key is encrypted for a certificate that your account does not have") from None


async def _open_judged(
    session: Session, group: GivenGroup, stored: StoredGroup, report: MessageReport, provider: CryptoProvider
) -> OpenGroup:
    return await open_group(session, group.id, stored, read_group_key(report), provider, accepted=group.accepted)


async def _open_own(
    session: Session, id: str, stored: StoredGroup, at: datetime.datetime, provider: CryptoProvider
) -> OpenGroup:
    try:
        return await open_own_group(session, id, stored, provider, at=at)
    except NoMatchingRecipient:
        raise GroupNotForMember("the key is encrypted for a certificate that your account does not have") from None


async def _find_acceptable(
    session: Session,
    group: GivenGroup,
    stored: StoredGroup,
    report: MessageReport,
    judging: Judging,
    provider: CryptoProvider,
) -> Certificate | None:
    """The owner's certificate, if the group could be accepted as soon as the person agreed to this certificate."""
    for signer in report.deciding_signers:
        if signer.certificate is None or any(reason.code.startswith(REVOKED) for reason in signer.reasons):
            continue
        agreed = GivenGroup(id=group.id, stored=group.stored, accepted=signer.certificate.fingerprint)
        try:
            again = await _examine(session, agreed, stored, judging, provider)
            await _open_judged(session, agreed, stored, again.counting, provider)
        except SmimeError:
            continue
        return signer.certificate
    return None


def _describe_listed(listed: ListedGroup, known: KnownGroup | None, session: Session) -> Reply:
    is_own = listed.owner == session.account_id.user
    row: Reply = {"id": listed.id, "owner": listed.owner, "isOwn": is_own, "problem": None}
    if known is None:
        return {**row, "state": "new", "name": None, "addresses": []}
    try:
        known.check(owner=listed.owner, version=listed.version, bundle=known.bundle)
    except ServerLies as error:
        row["problem"] = {"code": error.code, "message": str(error)}
    state = "newer" if listed.version > known.version else "taken"
    return {**row, "state": state, **_describe_known(known, session)}


def _describe_left(id: str, known: KnownGroup, session: Session) -> Reply:
    is_own = known.owner == session.account_id.user
    row = {"id": id, "owner": known.owner, "isOwn": is_own, "problem": None, "state": "left"}
    return {**row, **_describe_known(known, session)}


def _describe_known(known: KnownGroup, session: Session) -> Reply:
    identities = (identity.certificate for identity in session.opened.identities)
    newest = next((identity for identity in identities if identity.fingerprint in known.certificates), None)
    return {"name": known.name, "addresses": [] if newest is None else list(newest.email_addresses)}


def _describe_group(group: OpenGroup, session: Session) -> Reply:
    content, owner = group.content, group.version.owner
    return {
        "id": group.version.id,
        "name": content.name,
        "owner": owner,
        "version": group.version.number,
        "isOwn": owner == session.account_id.user,
        "addresses": list(content.identities[0].certificate.email_addresses),
        "certificate": describe_shortly(group.certificate),
        "members": [
            {
                "user": member.user,
                "notAfter": time_to_json(member.certificate.not_after),
                "isOwner": member.user == owner,
                "hasLeft": member.user in group.left,
            }
            for member in content.members
        ],
        "removed": list(content.removed),
    }


def _describe_refusal(error: GroupKeyRefused | OwnerChanged, acceptable: Certificate | None) -> Reply:
    code = error.code
    reasons: tuple[Reason, ...] = ()
    if isinstance(error, GroupKeyRefused) and isinstance(error.report, MessageReport):
        is_verified = error.report.state is State.VERIFIED
        code = "group-signed-by-another" if is_verified else "group-owner-not-verified"
        reasons = () if is_verified else error.report.reasons
    return {
        "code": code,
        "message": str(error),
        "reasons": reasons_to_json(reasons),
        "acceptable": None if acceptable is None else describe_shortly(acceptable),
    }
