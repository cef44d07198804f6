"""AuthenticatedData: content with a MAC, whose key is encrypted for recipients (RFC 5652 section 9).

We read this structure and never write it. The MAC is HMAC with SHA-1 or SHA-2 (RFC 3370 section 3.1, RFC 8018 appendix
B.1). The MAC key is as long as the hash.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    HashName,
    check_absent_or_null,
    hash_length,
    parse_algorithm_identifier,
    parse_hash_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, Attributes, parse_attributes, single_value
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.digested_data import one_content
from smime_core.cms.originator_info import ORIGINATOR_INFO, OriginatorInfo, parse_originator_info, with_originators
from smime_core.cms.recipients.content_keys import CekUse, Decrypted, try_content_keys
from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import RecipientInfo, parse_recipient_infos
from smime_core.cms.signed_data import parse_encapsulated
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    MessageDigestMismatch,
    UnsupportedAlgorithm,
)
from smime_core.keys.kdf import parse_hmac_identifier
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider

_DIGEST_ALGORITHM: Final = 0xA1
_AUTH_ATTRS: Final = 0xA2
_UNAUTH_ATTRS: Final = 0xA3
_HMAC_SHA1: Final = "1.3.6.1.5.5.8.1.2"  # RFC 3370 section 3.1; RFC 8018 has the OIDs for the other hashes
_HASHES: Final = (HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthAttributes:
    """`received_der` is the SET OF form that the MAC covers. `digest_hash` is the hash function of message-digest."""

    received_der: bytes
    attributes: Attributes
    digest_hash: HashName


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedData:
    """The parsed structure. `e_content` is None if detached."""

    recipients: tuple[RecipientInfo, ...]
    originator_info: OriginatorInfo | None
    mac_hash: HashName
    e_content_type: str
    e_content: Buffer | None
    auth_attrs: AuthAttributes | None
    mac: bytes


def parse_authenticated_data(content: Tlv) -> AuthenticatedData:
    """Parse the structure inside a ContentInfo. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    where = "AuthenticatedData"
    fields = der.pass_version(der.read_fields(content, where), where)
    originator_info = _take(fields, ORIGINATOR_INFO)
    if len(fields) < 4:
        raise MalformedMessage("cut short", where)
    recipients = parse_recipient_infos(fields.pop(0))
    mac_hash = _parse_mac_algorithm(der.to_definite(fields.pop(0), where))
    digest_algorithm = _take(fields, _DIGEST_ALGORITHM)
    e_content_type, e_content = parse_encapsulated(fields.pop(0))
    auth_attrs = _take(fields, _AUTH_ATTRS)
    if not fields:
        raise MalformedMessage("the mac is missing", where)
    mac = bytes(der.read_octets(fields.pop(0), where="mac"))
    _take(fields, _UNAUTH_ATTRS)
    if fields:
        raise MalformedMessage(f"{len(fields)} fields too many", where)
    return AuthenticatedData(
        recipients=recipients,
        originator_info=parse_originator_info(originator_info) if originator_info else None,
        mac_hash=mac_hash,
        e_content_type=e_content_type,
        e_content=e_content,
        auth_attrs=_parse_auth_attrs(auth_attrs, digest_algorithm, e_content_type),
        mac=mac,
    )


async def verify_authenticated_data(
    authenticated: AuthenticatedData,
    keys: Keys,
    provider: CryptoProvider,
    *,
    detached_content: Buffer | None = None,
    policy: Policy = Policy.RECEIVE,
) -> Decrypted[Buffer]:
    """The content, after its MAC was checked. The MAC key is decrypted with one of `keys`.

    A recipient that can check the MAC can also make it. So the MAC proves nothing to third parties. With several
    recipients, it does not even prove to a recipient who the author is. Raises NoMatchingRecipient, DecryptionError for
    a wrong MAC, MessageDigestMismatch, UnsupportedAlgorithm or MalformedMessage.
    """
    content = one_content(authenticated.e_content, detached_content, where="AuthenticatedData")
    attrs = authenticated.auth_attrs

    async def check_mac(key: bytes) -> Buffer:
        # RFC 5652 section 9.2: the MAC covers the attributes, if there are any. They include the digest of the content.
        computed = hmac.digest(key, content if attrs is None else attrs.received_der, authenticated.mac_hash)
        if not hmac.compare_digest(computed, authenticated.mac):
            raise DecryptionError
        return content

    budget = DecryptionBudget()
    cek_use = CekUse(
        use=budget.limit_content(check_mac, len(content)),
        cek_length=hash_length(authenticated.mac_hash),
        is_plausible=_is_proved,
    )
    all_keys = with_originators(keys, authenticated.originator_info)
    opened = await try_content_keys(authenticated.recipients, cek_use, all_keys, provider, policy=policy, budget=budget)
    if attrs is not None:
        await _check_digest(content, attrs, provider)
    return opened


async def _check_digest(content: Buffer, attrs: AuthAttributes, provider: CryptoProvider) -> None:
    expected = single_value(attrs.attributes, MESSAGE_DIGEST, "message-digest")
    computed = await provider.digest(attrs.digest_hash, content)
    if not hmac.compare_digest(computed, bytes(der.read_octets(expected, where="message-digest"))):
        raise MessageDigestMismatch("the content does not have the digest that is authenticated")


async def _is_proved(_: Buffer) -> bool:
    # The MAC was checked.
    return True


def _take(fields: list[Tlv], tag: int) -> Tlv | None:
    return fields.pop(0) if fields and fields[0].tag == tag else None


def _parse_mac_algorithm(identifier_der: bytes) -> HashName:
    role = "macAlgorithm"
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == _HMAC_SHA1:
        check_absent_or_null(parameters, where=role)
        return HashName.SHA1
    hash_name = parse_hmac_identifier(identifier_der)
    if hash_name not in _HASHES:
        raise UnsupportedAlgorithm(oid, role)
    return hash_name


def _parse_auth_attrs(
    auth_attrs: Tlv | None, digest_algorithm: Tlv | None, e_content_type: str
) -> AuthAttributes | None:
    # RFC 5652 section 9.1: digestAlgorithm and authAttrs are both present or both absent. They are required if the
    # content is not id-data.
    where = "authAttrs"
    if (auth_attrs is None) is not (digest_algorithm is None):
        raise MalformedMessage("authAttrs and digestAlgorithm appear together or not at all", where)
    if auth_attrs is None or digest_algorithm is None:
        if e_content_type != ID_DATA:
            raise MalformedMessage("absent, though the content is not id-data", where)
        return None
    received_der, attributes = parse_attributes(auth_attrs, where)
    authenticated_type = der.parse_oid(single_value(attributes, CONTENT_TYPE, "content-type"), where)
    if authenticated_type != e_content_type:
        raise ContentTypeMismatch(f"authenticated as {authenticated_type}, presented as {e_content_type}")
    single_value(attributes, MESSAGE_DIGEST, "message-digest")
    identifier_der = b"\x30" + der.to_definite(digest_algorithm, where)[1:]
    return AuthAttributes(
        received_der=received_der, attributes=attributes, digest_hash=parse_hash_identifier(identifier_der)
    )
