"""Trust lists: the anchors that an organisation trusts for the mail of its people, signed by the operator of the list.

The operator signs the list, with a content type of its own. Each follower has pinned the operator's certificate. Each
list has a serial number and a time of expiry. A list that is older than a known one, or that has expired, is refused.
Therefore the server that distributes lists can neither bring back an authority that was removed nor hide the removal
for long. The signed content is JSON:

    {"version": "sealwax-trust-list-1", "name", "serialNumber", "issued", "expires", "anchors": [{"certificate": base64
    DER, "addresses": [...], "exact": boolean, "distrustAfter": time or null}], "revocation", "requirements":
    {"policies": [OID], "requireExplicitPolicy", "inhibitPolicyMapping", "inhibitAnyPolicy"}, "directories": [URL]}
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from smime_core.asn1.der import Buffer
from smime_core.cms import KeyHolder, Signing
from smime_core.cms.content_info import TRUST_LIST, unarmor
from smime_core.errors import MalformedMessage, TrustListRefused
from smime_core.limits import (
    MAX_DECISION_ADDRESSES,
    MAX_LISTED_ANCHORS,
    MAX_LISTED_DIRECTORIES,
    MAX_TRUST_LIST_BYTES,
    check_limit,
)
from smime_core.own_content.own_content import ContentKind, build_members, protect_content
from smime_core.own_content.pinned_signer import examine_pinned, find_named_signer
from smime_core.pkix import PolicyRequirements, RevocationPolicy, TrustAnchor, TrustSource, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, anchor_to_json, certificate_to_json, time_to_json
from smime_core.text import JsonObject, base64_text, utc_text
from smime_core.text.mail_address import is_condition
from smime_core.trust.certificate_member import certificate_text, read_certificate
from smime_core.x509.certificate import Certificate

VERSION: Final = "sealwax-trust-list-1"
FOLLOWED_VERSION: Final = "sealwax-followed-list-1"
MAX_LIFETIME: Final = datetime.timedelta(days=366)  # The longest time for which a server can hide a removal.
MAX_CLOCK_DIFFERENCE: Final = datetime.timedelta(minutes=10)

_KIND: Final = ContentKind(name="trust list", content_type=TRUST_LIST)
_WHERE: Final = "trust list"
_MEMBERS: Final = (
    "version",
    "name",
    "serialNumber",
    "issued",
    "expires",
    "anchors",
    "revocation",
    "requirements",
    "directories",
)
_REQUIREMENTS: Final = ("policies", "requireExplicitPolicy", "inhibitPolicyMapping", "inhibitAnyPolicy")
_OID: Final = re.compile(r"[0-2](?:\.[0-9]{1,20}){1,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """A parsed list. `name` is the name of the organisation, `directories` are the URLs of its certificate directories.

    The anchors of a verified list have the source OPERATOR.
    """

    name: str
    serial_number: int
    issued: datetime.datetime
    expires: datetime.datetime
    anchors: tuple[TrustAnchor, ...]
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
    requirements: PolicyRequirements = field(default_factory=PolicyRequirements)
    directories: tuple[str, ...] = ()

    @property
    def trust_store(self) -> TrustStore:
        """The trust store for judging signers and recipients with this list only.

        Each anchor gets the list's revocation policy, so that the policy also counts in a store with other anchors.
        """
        return TrustStore(
            anchors=tuple(replace(anchor, revocation=self.revocation) for anchor in self.anchors),
            revocation=self.revocation,
            requirements=self.requirements,
        )


def find_operator(cms: Buffer) -> Certificate:
    """The certificate of the signer that a list names, to be pinned or compared. Nothing is verified.

    Raises MalformedMessage, LimitExceeded, ContentTypeMismatch or UnsupportedAlgorithm.
    """
    return find_named_signer(cms, where=_WHERE, max_bytes=MAX_TRUST_LIST_BYTES)


async def sign_trust_list(
    trust_list: TrustList, provider: CryptoProvider, *, identity: KeyHolder, signing_time: datetime.datetime
) -> bytes:
    """DER of the list, signed by the operator. Raises MalformedMessage for a list that readers would refuse."""
    content = _build(trust_list)
    # Parsing raises an error for a list that readers would refuse.
    _parse(content)
    return await protect_content(content, _KIND, provider, Signing(identities=[identity], signing_time=signing_time))


async def verify_trust_list(
    cms: Buffer, provider: CryptoProvider, operator: Certificate, at: datetime.datetime, *, least_serial_number: int = 0
) -> TrustList:
    """Verify a list and return it parsed.

    (0) It is signed with its content type by `operator`, the pinned certificate. (1) Its JSON has the right members.
    (2) At the time `at` it has been issued and has not expired. (3) Its serial number is not below
    `least_serial_number`, the number of the newest known list. Raises TrustListRefused, ContentTypeMismatch or
    MalformedMessage.
    """
    check_limit(f"bytes of {_WHERE}", len(cms), MAX_TRUST_LIST_BYTES)
    # (0) The signature.
    report = await examine_pinned(cms, _KIND, provider, operator, at=at, refuse=_refuse)
    # (1) The JSON.
    trust_list = _parse(report.content)
    # (2) The times.
    if at + MAX_CLOCK_DIFFERENCE < trust_list.issued:
        raise TrustListRefused(f"the list is not valid before {utc_text(trust_list.issued)}", report=report)
    if at > trust_list.expires:
        raise TrustListRefused(f"the list ended on {utc_text(trust_list.expires)}", report=report)
    # (3) The serial number.
    if trust_list.serial_number < least_serial_number:
        raise TrustListRefused(
            f"the list is number {trust_list.serial_number}, and number {least_serial_number} was seen already",
            report=report,
        )
    return trust_list


def _refuse(why: str, report: MessageReport) -> TrustListRefused:
    return TrustListRefused(f"the list is not its operator's: {why}", report=report)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedList:
    """A list that a client follows: the pinned certificate, the newest list as DER or PEM, and its serial number."""

    operator: Certificate
    serial_number: int
    cms: bytes

    async def open(self, provider: CryptoProvider, *, at: datetime.datetime) -> TrustList:
        """The parsed list, verified again at the time `at`. Raises the errors of `verify_trust_list`."""
        return await verify_trust_list(self.cms, provider, self.operator, at, least_serial_number=self.serial_number)


async def follow_trust_list(
    cms: bytes, provider: CryptoProvider, operator: Certificate, at: datetime.datetime
) -> FollowedList:
    """Begin to follow a list: verify it and pin `operator`. Raises the errors of `verify_trust_list`."""
    trust_list = await verify_trust_list(cms, provider, operator, at)
    return FollowedList(operator=operator, serial_number=trust_list.serial_number, cms=bytes(unarmor(cms)))


async def renew_trust_list(
    followed: FollowedList, cms: bytes, provider: CryptoProvider, at: datetime.datetime
) -> FollowedList:
    """Replace the followed list with a newer one. The same list again changes nothing.

    Raises the errors of `verify_trust_list`, and TrustListRefused for another list that is not newer.
    """
    newer = await follow_trust_list(cms, provider, followed.operator, at)
    if newer.cms == followed.cms:
        return followed
    if newer.serial_number <= followed.serial_number:
        raise TrustListRefused(
            f"the list is number {newer.serial_number}, and number {followed.serial_number} was seen already"
        )
    return newer


def build_followed_list(followed: FollowedList) -> bytes:
    """The JSON form of a followed list, for the client's own storage."""
    return build_members(
        version=FOLLOWED_VERSION,
        operator=certificate_text(followed.operator),
        serialNumber=followed.serial_number,
        list=base64_text(followed.cms),
    )


def parse_followed_list(data: bytes) -> FollowedList:
    """Parse the JSON form of a followed list. Raises MalformedMessage or LimitExceeded."""
    names = ("version", "operator", "serialNumber", "list")
    members = JsonObject.of_version(data, names, FOLLOWED_VERSION, "followed list", max_bytes=2 * MAX_TRUST_LIST_BYTES)
    return FollowedList(
        operator=read_certificate(members, "operator"),
        serial_number=members.number("serialNumber"),
        cms=members.data("list", MAX_TRUST_LIST_BYTES),
    )


def trust_list_to_json(trust_list: TrustList, operator: Certificate) -> dict[str, Any]:
    """All members of a list as JSON for display, with the facts of each certificate instead of its bytes."""
    return {
        "name": trust_list.name,
        "operator": certificate_to_json(operator),
        "serialNumber": trust_list.serial_number,
        "issued": time_to_json(trust_list.issued),
        "expires": time_to_json(trust_list.expires),
        "revocation": str(trust_list.revocation),
        "directories": list(trust_list.directories),
        "anchors": [
            {**anchor_to_json(anchor), "certificate": certificate_to_json(anchor.certificate)}
            for anchor in trust_list.anchors
        ],
    }


def _check_dates(trust_list: TrustList) -> None:
    if not datetime.timedelta(0) < trust_list.expires - trust_list.issued <= MAX_LIFETIME:
        raise MalformedMessage(f"it lasts at most {MAX_LIFETIME.days} days, and some time", where=_WHERE)


def _build(trust_list: TrustList) -> bytes:
    requirements = trust_list.requirements
    return build_members(
        version=VERSION,
        name=trust_list.name,
        serialNumber=trust_list.serial_number,
        issued=utc_text(trust_list.issued),
        expires=utc_text(trust_list.expires),
        anchors=[_anchor_to_json(anchor) for anchor in trust_list.anchors],
        revocation=str(trust_list.revocation),
        requirements={
            "policies": sorted(requirements.initial_policies),
            "requireExplicitPolicy": requirements.require_explicit_policy,
            "inhibitPolicyMapping": requirements.inhibit_policy_mapping,
            "inhibitAnyPolicy": requirements.inhibit_any_policy,
        },
        directories=list(trust_list.directories),
    )


def _anchor_to_json(anchor: TrustAnchor) -> dict[str, object]:
    return {
        "certificate": certificate_text(anchor.certificate),
        "addresses": list(anchor.addresses),
        "exact": anchor.is_exact,
        "distrustAfter": utc_text(anchor.distrust_after) if anchor.distrust_after else None,
    }


def _parse(content: bytes) -> TrustList:
    members = JsonObject.of_version(content, _MEMBERS, VERSION, _WHERE, max_bytes=MAX_TRUST_LIST_BYTES)
    trust_list = TrustList(
        name=members.text("name"),
        serial_number=members.number("serialNumber"),
        issued=members.time("issued"),
        expires=members.time("expires"),
        anchors=tuple(map(_parse_anchor, members.values("anchors", limit=MAX_LISTED_ANCHORS))),
        revocation=_parse_revocation(members.text("revocation")),
        requirements=_parse_requirements(members.value("requirements")),
        directories=members.texts("directories", limit=MAX_LISTED_DIRECTORIES),
    )
    _check_dates(trust_list)
    return trust_list


def _parse_anchor(value: object) -> TrustAnchor:
    members = JsonObject.of(value, ("certificate", "addresses", "exact", "distrustAfter"), where=_WHERE)
    addresses = members.texts("addresses", limit=MAX_DECISION_ADDRESSES)
    if not all(map(is_condition, addresses)):
        raise MalformedMessage("an anchor's addresses are no addresses or domains", where=_WHERE)
    return TrustAnchor(
        certificate=read_certificate(members, "certificate"),
        source=TrustSource.OPERATOR,
        addresses=addresses,
        is_exact=members.boolean("exact"),
        distrust_after=members.time_or_null("distrustAfter"),
    )


def _parse_revocation(text: str) -> RevocationPolicy:
    try:
        return RevocationPolicy(text)
    except ValueError as error:
        raise MalformedMessage(f"revocation is none of {', '.join(RevocationPolicy)}", where=_WHERE) from error


def _parse_requirements(value: object) -> PolicyRequirements:
    members = JsonObject.of(value, _REQUIREMENTS, where=_WHERE)
    policies = members.texts("policies", limit=MAX_LISTED_ANCHORS)
    if not all(map(_OID.fullmatch, policies)):
        raise MalformedMessage("a policy is no object identifier", where=_WHERE)
    return PolicyRequirements(
        initial_policies=frozenset(policies),
        require_explicit_policy=members.boolean("requireExplicitPolicy"),
        inhibit_policy_mapping=members.boolean("inhibitPolicyMapping"),
        inhibit_any_policy=members.boolean("inhibitAnyPolicy"),
    )
