"""DigestedData: content with its digest (RFC 5652 section 7). The digest reveals accidental damage, not attacks."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from smime_core.algorithms import HashName, build_hash_identifier, parse_hash_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.content_info import ID_DATA, ID_DIGESTED_DATA, build_content_info
from smime_core.cms.signed_data import build_encapsulated, parse_encapsulated
from smime_core.errors import MalformedMessage, MessageDigestMismatch
from smime_core.provider import CryptoProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestedData:
    """The parsed structure. `e_content` is None if detached."""

    hash_name: HashName
    e_content_type: str
    e_content: Buffer | None
    digest: bytes


def parse_digested_data(content: Tlv) -> DigestedData:
    """Parse the structure inside a ContentInfo. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    where = "DigestedData"
    algorithm, encapsulated, digest = der.pass_version(der.read_fields(content, where, 4), where)
    e_content_type, e_content = parse_encapsulated(encapsulated)
    return DigestedData(
        hash_name=parse_hash_identifier(der.to_definite(algorithm, where)),
        e_content_type=e_content_type,
        e_content=e_content,
        digest=bytes(der.read_octets(digest, where="digest")),
    )


async def check_digested_data(
    digested: DigestedData, provider: CryptoProvider, *, detached_content: Buffer | None = None
) -> Buffer:
    """The content, after its digest was checked.

    Raises MessageDigestMismatch, or MalformedMessage if the content is missing or present twice.
    """
    content = one_content(digested.e_content, detached_content, where="DigestedData")
    if not hmac.compare_digest(await provider.digest(digested.hash_name, content), digested.digest):
        raise MessageDigestMismatch("the content does not match its digest")
    return content


def one_content(inside: Buffer | None, beside: Buffer | None, where: str) -> Buffer:
    """The content, given either inside the structure or apart from it. Raises MalformedMessage for both or neither."""
    if inside is not None and beside is None:
        return inside
    if beside is not None and inside is None:
        return beside
    raise MalformedMessage("expected the content either inside the structure or apart from it", where)


async def build_digested_data(
    content: Buffer,
    provider: CryptoProvider,
    *,
    content_type: str,
    hash_name: HashName = HashName.SHA256,
    detached: bool = False,
) -> bytes:
    """DER of a ContentInfo with DigestedData."""
    # RFC 5652 section 7: version 0 for id-data, otherwise 2.
    before = der.integer(0 if content_type == ID_DATA else 2) + build_hash_identifier(hash_name)
    encapsulated = build_encapsulated(content_type, None if detached else content)
    after = der.octet_string(await provider.digest(hash_name, content))
    length = len(before) + sum(map(len, encapsulated)) + len(after)
    return build_content_info(ID_DIGESTED_DATA, der.header(der.SEQUENCE, length), before, *encapsulated, after)
