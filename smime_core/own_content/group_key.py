"""The key of a group's bundle at a key server, for one member: signed by the group's owner, encrypted for the member.

The bundle has the keys of an identity that several people share. The signed content is JSON:

    {"version": "sealwax-group-key-1", "group": the group's id, "number": the version of the group, "owner": address,
    "user": the member's address, "bundle": SHA-256 of the bundle in hexadecimal, "key": base64 of the key}

So a server can neither give the key to somebody else, nor give a member the key of another group, version or bundle.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms import Encrypting, KeyHolder, Keys, Signing
from smime_core.cms.content_info import GROUP_KEY, SIGNED_GROUP_KEY
from smime_core.errors import GroupKeyRefused, MalformedMessage, NoMatchingRecipient
from smime_core.limits import check_limit
from smime_core.own_content.own_content import (
    ContentKind,
    build_members,
    examine_content,
    protect_content,
    was_opened,
)
from smime_core.own_content.pinned_signer import examine_as_own
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, State
from smime_core.text import JsonObject, addresses_match, base64_text
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate

VERSION: Final = "sealwax-group-key-1"
KEY_BYTES: Final = 32
MAX_WRAP_BYTES: Final = 16_384  # The chains of two RSA-4096 certificates have about 8,000.

_WHERE: Final = "group key"
_KIND: Final = ContentKind(name=_WHERE, content_type=GROUP_KEY, encrypted_signed_type=SIGNED_GROUP_KEY)
_MEMBERS: Final = ("version", "group", "number", "owner", "user", "bundle", "key")
_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKey:
    """The key of one version of a group's bundle, for one member. `bundle` is the SHA-256 of the bundle."""

    group: str
    number: int
    owner: str
    user: str
    bundle: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedGroupKey:
    """A key of a group, and the certificate of the owner who has signed it."""

    key: GroupKey
    certificate: Certificate


async def wrap_group_key(
    key: GroupKey,
    member: Certificate,
    provider: CryptoProvider,
    *,
    owner: KeyHolder,
    signing_time: datetime.datetime,
) -> bytes:
    """DER of the key, signed by `owner` and encrypted for the member's certificate.

    Raises UnsupportedAlgorithm for a certificate that may not be used for encryption, or LimitExceeded.
    """
    content = build_members(
        version=VERSION,
        group=key.group,
        number=key.number,
        owner=key.owner,
        user=key.user,
        bundle=key.bundle,
        key=base64_text(key.key),
    )
    signing, encrypting = Signing(identities=[owner], signing_time=signing_time), Encrypting(recipients=[member])
    wrap = await protect_content(content, _KIND, provider, signing, encrypting)
    check_limit(f"bytes of {_WHERE}", len(wrap), MAX_WRAP_BYTES)
    return wrap


async def examine_group_key(
    wrap: Buffer, judging: Judging, provider: CryptoProvider, *, identities: Sequence[KeyHolder]
) -> MessageReport:
    """The report on a wrapped key, for a member with these identities. Pass it to `read_group_key`.

    Raises NoMatchingRecipient, DecryptionError, ContentTypeMismatch or MalformedMessage.
    """
    check_limit(f"bytes of {_WHERE}", len(wrap), MAX_WRAP_BYTES)
    report = await examine_content(wrap, _KIND, judging, provider, Keys(identities=identities))
    if not was_opened(report):
        raise NoMatchingRecipient(())
    return report


def read_group_key(report: MessageReport) -> OwnedGroupKey:
    """The key in a report, and the certificate with which its owner has signed it.

    (1) The key is encrypted, and its signature is verified. (2) Its JSON has the right members. (3) The signer's
    certificate is trusted for the owner's address in the JSON. Raises GroupKeyRefused or MalformedMessage.
    """
    # (1) The encryption and the signature.
    if report.state is not State.VERIFIED or not report.is_encrypted:
        why = "; ".join(reason.sentence for reason in report.reasons)
        raise GroupKeyRefused(f"the owner's signature does not count: {why or report.state}", report=report)
    # (2) The JSON.
    key = _parse(report.content)
    # (3) The owner.
    for signer in report.deciding_signers:
        is_owner = any(addresses_match(key.owner, address) for address in signer.addresses)
        if signer.state is State.VERIFIED and signer.certificate is not None and is_owner:
            return OwnedGroupKey(key=key, certificate=signer.certificate)
    raise GroupKeyRefused(f"the signer's certificate is not one of {key.owner}", report=report)


async def unwrap_own_group_key(
    wrap: Buffer, provider: CryptoProvider, *, identities: Sequence[KeyHolder], at: datetime.datetime
) -> OwnedGroupKey:
    """The key that the owner of the group has wrapped with one of their `identities`, even one that has expired.

    Raises the errors of `examine_group_key` and `read_group_key`.
    """
    check_limit(f"bytes of {_WHERE}", len(wrap), MAX_WRAP_BYTES)
    report = await examine_as_own(wrap, _KIND, provider, identities=identities, at=at)
    if not was_opened(report):
        raise NoMatchingRecipient(())
    return read_group_key(report)


def _parse(content: bytes) -> GroupKey:
    members = JsonObject.of_version(content, _MEMBERS, VERSION, _WHERE, max_bytes=MAX_WRAP_BYTES)
    if not _DIGEST.fullmatch(members.text("bundle")):
        raise MalformedMessage("bundle is not SHA-256 in hexadecimal", where=_WHERE)
    return GroupKey(
        group=members.text("group"),
        number=members.number("number"),
        owner=members.text("owner"),
        user=members.text("user"),
        bundle=members.text("bundle"),
        key=members.exactly("key", KEY_BYTES),
    )
