"""SignedData: parsing and building (RFC 5652 section 5).

A SignerInfo that cannot be read never spoils the others (section 5.1): it stands as its error.
Leaves out: CRLs, which are skipped.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from smime_core import der
from smime_core.algorithms import SignatureScheme, build_hash_identifier
from smime_core.certificate import Certificate, parse_certificate
from smime_core.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from smime_core.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.key_management import CertificateId, KeyHolder, choose_signature_algorithm
from smime_core.limits import MAX_CERTIFICATES, MAX_SIGNERS, check_limit
from smime_core.provider import CryptoProvider
from smime_core.signer_info import SignerInfo, build_signer_info, parse_signer_info


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """`e_content` is None when detached; `certificates` leaves out those that could not be read."""

    e_content_type: str
    e_content: Buffer | None
    certificates: tuple[Certificate, ...]
    signer_infos: tuple[SignerInfo | SmimeError, ...]


def parse_signed_data(signed_data: Tlv) -> SignedData:
    """The SignedData inside a ContentInfo. Raises MalformedMessage or LimitExceeded."""
    where = "SignedData"
    fields = der.read_children(der.expect(signed_data, der.SEQUENCE, where=where), where=where)
    if len(fields) < 4:
        raise MalformedMessage(f"{len(fields)} fields, expected at least 4", where=where)
    der.parse_integer(fields[0], where=where)
    der.expect(fields[1], der.SET, where="digestAlgorithms")
    signers = der.read_children(der.expect(fields[-1], der.SET, where="signerInfos"), where="signerInfos")
    check_limit("signers", len(signers), MAX_SIGNERS)
    e_content_type, e_content = _parse_encapsulated(fields[2])
    if any(field.tag not in (0xA0, 0xA1) for field in fields[3:-1]):
        raise MalformedMessage("unexpected field before signerInfos", where=where)
    return SignedData(
        e_content_type=e_content_type,
        e_content=e_content,
        certificates=tuple(
            certificate for field in fields[3:-1] if field.tag == 0xA0 for certificate in _parse_certificate_set(field)
        ),
        signer_infos=tuple(_parse_signer_or_error(signer) for signer in signers),
    )


def find_certificate(sid: CertificateId, certificates: Sequence[Certificate]) -> Certificate | None:
    """The certificate that `sid` names; never merely one whose key would fit (MUSTS 9)."""
    return next((certificate for certificate in certificates if sid.matches(certificate)), None)


async def build_signed_data(
    content: Buffer,
    *,
    holders: Sequence[KeyHolder],
    content_type: str,
    detached: bool,
    signing_time: datetime.datetime,
    provider: CryptoProvider,
    scheme: SignatureScheme | None = None,
) -> bytes:
    """DER of a ContentInfo with SignedData by every holder, each certificate and its chain carried along.

    Raises UnsupportedAlgorithm for a scheme that a key cannot sign with.
    """
    algorithms = [choose_signature_algorithm(holder.private_key, scheme) for holder in holders]
    digests = {name: await provider.digest(name, content) for name in {a.hash_name for a in algorithms}}
    signer_infos = [
        await build_signer_info(
            holder,
            algorithm,
            content_type=content_type,
            message_digest=digests[algorithm.hash_name],
            signing_time=signing_time,
            provider=provider,
        )
        for holder, algorithm in zip(holders, algorithms, strict=True)
    ]
    carried = dict.fromkeys(c.der for holder in holders for c in (holder.certificate, *holder.chain))
    # RFC 5652 section 5.1: version 3 when eContentType is not id-data; all our SignerInfos are version 1.
    version = der.integer(1 if content_type == ID_DATA else 3)
    before = version + der.set_of([build_hash_identifier(name) for name in digests])
    after = der.set_of(list(carried), tag=0xA0) + der.set_of(signer_infos)
    encapsulated = _build_encapsulated(content_type, None if detached else content)
    length = len(before) + sum(map(len, encapsulated)) + len(after)
    return build_content_info(ID_SIGNED_DATA, der.header(der.SEQUENCE, length), before, *encapsulated, after)


def _parse_encapsulated(tlv: Tlv) -> tuple[str, Buffer | None]:
    # RFC 5652 section 5.2: detached means eContent absent, not empty.
    where = "encapContentInfo"
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    if not 1 <= len(fields) <= 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 1 or 2", where=where)
    content_type = der.parse_oid(fields[0], where=where)
    if len(fields) == 1:
        return content_type, None
    explicit = der.expect(fields[1], 0xA0, where=where)
    return content_type, der.read_octets(der.read_one(explicit.content, where="eContent"), where="eContent")


def _parse_certificate_set(field: Tlv) -> list[Certificate]:
    # One damaged certificate in the bag must not hide the others; the signer's own is then simply missing.
    members = der.read_children(field, where="certificates")
    check_limit("certificates", len(members), MAX_CERTIFICATES)
    certificates: list[Certificate] = []
    for member in members:
        if member.tag != der.SEQUENCE:  # attribute certificates and other formats, which nothing here uses
            continue
        try:
            certificates.append(parse_certificate(member.encoded))
        except SmimeError:
            continue
    return certificates


def _parse_signer_or_error(tlv: Tlv) -> SignerInfo | SmimeError:
    try:
        return parse_signer_info(tlv)
    except SmimeError as error:
        return error


def _build_encapsulated(content_type: str, content: Buffer | None) -> tuple[Buffer, ...]:
    # In pieces, so that bulk content is copied once, into the whole.
    type_der = der.oid(content_type)
    if content is None:
        return (der.sequence(type_der),)
    string_header = der.header(der.OCTET_STRING, len(content))
    explicit_header = der.header(0xA0, len(string_header) + len(content))
    length = len(type_der) + len(explicit_header) + len(string_header) + len(content)
    return der.header(der.SEQUENCE, length), type_der, explicit_header, string_header, content
