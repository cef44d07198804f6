"""Change an existing SignedData: add signers, countersignatures, unsigned attributes, certificates, revocation data.

No signed byte changes. Signers, certificates, CRLs and content are copied unchanged, even if they are not DER. Only the
fields around them are written again, in DER (RFC 5652 section 5.1).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Final

from smime_core.algorithms import (
    SignatureScheme,
    build_digest_identifier,
    parse_algorithm_identifier,
    parse_digest_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.attributes import COUNTERSIGNATURE, ML_EXPANSION_HISTORY, SECURITY_LABEL, build_attribute
from smime_core.cms.content_info import parse_signed_content
from smime_core.cms.countersignature import build_countersignature
from smime_core.cms.key_holder import Encoded, KeyHolder, choose_holder_algorithm
from smime_core.cms.signed_data import (
    SignedDataFields,
    assemble_signed_data,
    parse_encapsulated,
    read_signed_data_fields,
    signed_data_version,
)
from smime_core.cms.signer_info import SignerInfo, make_signer_infos, parse_signer_info
from smime_core.cms.signing import Signing
from smime_core.errors import MalformedMessage, SmimeError, parse_readable
from smime_core.limits import MAX_CERTIFICATES, MAX_SIGNERS, check_limit
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate

# RFC 2634 section 1.4: a new SignerInfo copies these attributes from the others. So a recipient finds them in each
# SignerInfo that it can verify.
_INHERITED: Final = (ML_EXPANSION_HISTORY, SECURITY_LABEL)


async def add_signer(
    cms: Buffer,
    signing: Signing,
    provider: CryptoProvider,
    *,
    detached_content: Buffer | None = None,
    first: bool = False,
) -> bytes:
    """DER of the same SignedData with a parallel signature by each identity. Their certificates are added.

    The new signatures use the hash of the existing signatures where their keys allow it. They come last, or first if
    `first` is True. `detached_content` is the content of a detached signature. The other signatures are not checked
    here. Raises MalformedMessage, also if the content is missing or present twice (MUSTS 8), or if labels of other
    signers differ.
    """
    fields = _read(cms)
    content_type, content = _find_content(fields, detached_content)
    options = signing.options
    signers = list(parse_readable(parse_signer_info, fields.signer_infos))
    _check_label(signers, options.further_attributes)
    inherited = _inherited_attributes(signers)
    options = dataclasses.replace(options, further_attributes=(*inherited, *options.further_attributes))
    hashes = parse_readable(parse_digest_identifier, (signer.digest_algorithm_der for signer in signers))
    signing = dataclasses.replace(signing, options=options, beside=frozenset(hashes))
    added, others = await make_signer_infos(content, signing, provider, content_type), _encodings(fields.signer_infos)
    return _write(
        fields,
        signer_infos=[*added, *others] if first else [*others, *added],
        digest_algorithms=[build_digest_identifier(algorithm) for algorithm in signing.algorithms],
        certificates=[c for holder in signing.identities for c in (holder.certificate, *holder.chain)],
        crls=signing.crls,
    )


async def add_countersignature(
    cms: Buffer,
    holder: KeyHolder,
    provider: CryptoProvider,
    *,
    signing_time: datetime.datetime,
    path: Sequence[int] = (0,),
    scheme: SignatureScheme | None = None,
) -> bytes:
    """DER of the same SignedData with a countersignature by `holder` (RFC 5652 section 11.4).

    `path` names the signature to countersign, in numbers from 0. (2,) is the third signer in `cms`, (2, 0) the first
    countersignature on that signer, and so on. The signers stay in their order. Raises MalformedMessage.
    """
    fields = _read(cms)
    if not path:
        raise MalformedMessage("there is no signer []", where="SignedData")
    algorithm = choose_holder_algorithm(holder, scheme)
    target = _follow(_signer_at(fields, path[0]), path[1:])
    countersignature = await build_countersignature(
        parse_signer_info(target), holder, algorithm, provider, signing_time=signing_time
    )
    signer_infos = _encodings(fields.signer_infos)
    signer_infos[path[0]] = _attach(fields.signer_infos[path[0]], path[1:], countersignature)
    return _write(fields, signer_infos=signer_infos, certificates=(holder.certificate, *holder.chain))


def add_unsigned_attribute(cms: Buffer, attribute: bytes, number: int = 0) -> bytes:
    """DER of the same SignedData with one more unsigned attribute, given as DER of a whole Attribute.

    `number` is the signer's number in `cms`. The signers stay in their order. Raises MalformedMessage.
    """
    fields = _read(cms)
    signer_infos = _encodings(fields.signer_infos)
    signer_infos[number] = _with_unsigned(_signer_at(fields, number), [attribute])
    return _write(fields, signer_infos=signer_infos)


def add_revocation_data(cms: Buffer, *, certificates: Sequence[Certificate] = (), crls: Sequence[bytes] = ()) -> bytes:
    """DER of the same SignedData with `certificates` and `crls` (DER of each RevocationInfoChoice) added.

    Members that are already there are not repeated. Raises MalformedMessage or LimitExceeded.
    """
    fields = _read(cms)
    check_limit("certificates", len(fields.certificates) + len(certificates), MAX_CERTIFICATES)
    check_limit("CRLs", len(fields.crls) + len(crls), MAX_CERTIFICATES)
    return _write(fields, signer_infos=_encodings(fields.signer_infos), certificates=certificates, crls=crls)


def _read(cms: Buffer) -> SignedDataFields:
    return read_signed_data_fields(parse_signed_content(cms, where="SignedData"))


def _find_content(fields: SignedDataFields, detached_content: Buffer | None) -> tuple[str, Buffer]:
    content_type, e_content = parse_encapsulated(fields.encapsulated)
    if e_content is not None and detached_content is not None:
        raise MalformedMessage("the content is both inside the signature and given apart", where="SignedData")
    content = detached_content if e_content is None else e_content
    if content is None:
        raise MalformedMessage("the content is detached: give its file too", where="SignedData")
    return content_type, content


def _write(
    fields: SignedDataFields,
    *,
    signer_infos: list[bytes],
    digest_algorithms: Sequence[bytes] = (),
    certificates: Sequence[Encoded] = (),
    crls: Sequence[bytes] = (),
) -> bytes:
    check_limit("signers", len(signer_infos), MAX_SIGNERS)
    present = {parse_algorithm_identifier(encoding)[0]: encoding for encoding in _encodings(fields.digest_algorithms)}
    added = {parse_algorithm_identifier(algorithm)[0]: algorithm for algorithm in digest_algorithms}
    content_type, _ = parse_encapsulated(fields.encapsulated)
    return assemble_signed_data(
        version=signed_data_version(
            content_type=content_type,
            certificate_tags=[member.tag for member in fields.certificates],
            crl_tags=[*(member.tag for member in fields.crls), *(crl[0] for crl in crls)],
            signer_versions=[_signer_version(signer_info) for signer_info in signer_infos],
        ),
        digest_algorithms=[*_encodings(fields.digest_algorithms), *(added[oid] for oid in added if oid not in present)],
        encapsulated=(fields.encapsulated.encoded,),
        certificates=[*_encodings(fields.certificates), *(certificate.der for certificate in certificates)],
        crls=[*_encodings(fields.crls), *crls],
        signer_infos=signer_infos,
    )


def _signer_at(fields: SignedDataFields, number: int) -> Tlv:
    if not 0 <= number < len(fields.signer_infos):
        raise MalformedMessage(f"there is no signer [{number}]", where="SignedData")
    return fields.signer_infos[number]


def _encodings(members: Sequence[Tlv]) -> list[bytes]:
    return [bytes(member.encoded) for member in members]


def _signer_version(signer_info: bytes) -> int:
    try:
        return parse_signer_info(der.read_one(signer_info)).version
    except SmimeError:
        return 1  # an unreadable signer requires no higher version


def _check_label(signers: Sequence[SignerInfo], further_attributes: Sequence[bytes]) -> None:
    # RFC 2634 section 3.1.1: if one signer gives a label, all signers must.
    types = {der.parse_oid(der.read_sequence(attribute, where="attribute")[0]) for attribute in further_attributes}
    if SECURITY_LABEL in types and any(SECURITY_LABEL not in signer.attributes for signer in signers):
        raise MalformedMessage("the other signers give no label", where="SignedData")


def _inherited_attributes(signers: Sequence[SignerInfo]) -> tuple[bytes, ...]:
    inherited: list[bytes] = []
    for attribute_type in _INHERITED:
        values = {signer.attributes[attribute_type] for signer in signers if attribute_type in signer.attributes}
        if len(values) > 1:
            # RFC 2634 sections 3.1.1 and 4.1: these attributes are identical in all signers.
            raise MalformedMessage(f"the signers differ in attribute {attribute_type}", where="SignedData")
        inherited += [build_attribute(attribute_type, *value) for value in values]
    return tuple(inherited)


def _follow(signer_info: Tlv, path: Sequence[int]) -> Tlv:
    for number in path:
        values = _countersignature_values(signer_info)
        if not 0 <= number < len(values):
            raise MalformedMessage(f"there is no countersignature {number}", where="SignedData")
        signer_info = values[number]
    return signer_info


def _attach(signer_info: Tlv, path: Sequence[int], countersignature: bytes) -> bytes:
    # Returns the SignerInfo with `countersignature` on the signature at `path`. All other bytes are copied.
    values = [bytes(value.encoded) for value in _countersignature_values(signer_info)]
    if path:
        values[path[0]] = _attach(_countersignature_values(signer_info)[path[0]], path[1:], countersignature)
    else:
        values.append(countersignature)
    return _with_unsigned(signer_info, [build_attribute(COUNTERSIGNATURE, *values)], without=COUNTERSIGNATURE)


def _with_unsigned(signer_info: Tlv, attributes: Sequence[bytes], *, without: str = "") -> bytes:
    # Returns the SignerInfo with `attributes` added and the unsigned attributes of type `without` removed.
    fields = der.read_children(signer_info, where="SignerInfo")
    others = [bytes(a.encoded) for a in _unsigned_attributes(signer_info) if _type_of(a) != without]
    signed_fields = [field.encoded for field in fields if field.tag != 0xA1]
    return der.sequence(*signed_fields, der.set_of([*others, *attributes], tag=0xA1))


def _unsigned_attributes(signer_info: Tlv) -> list[Tlv]:
    last = der.read_children(signer_info, where="SignerInfo")[-1]
    return der.read_children(last, where="unsignedAttrs") if last.tag == 0xA1 else []


def _type_of(attribute: Tlv) -> str:
    fields = der.read_children(attribute, where="unsignedAttrs")
    return der.parse_oid(fields[0], where="unsignedAttrs") if fields else ""


def _countersignature_values(signer_info: Tlv) -> list[Tlv]:
    return [
        value
        for attribute in _unsigned_attributes(signer_info)
        if _type_of(attribute) == COUNTERSIGNATURE
        for value in der.read_children(der.read_children(attribute)[1], where="countersignature")
    ]
