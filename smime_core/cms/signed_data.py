"""SignedData: parsing and building (RFC 5652 section 5).

A SignerInfo that cannot be read is replaced by its error and does not affect the others (section 5.1). digestAlgorithms
may be empty or incomplete (MUSTS 45), because each signer's own digestAlgorithm decides. `signed_data_editing` changes
an existing SignedData.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import SignatureAlgorithm, build_digest_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.certificate_id import CertificateId
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from smime_core.cms.signed_attributes import parse_signing_certificate
from smime_core.cms.signer_info import (
    SignerInfo,
    make_signer_infos,
    parse_signer_info,
)
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.cms.unreadable_certificates import UnreadableCertificate, read_certificates
from smime_core.errors import MalformedMessage, SmimeError, parse_or_error
from smime_core.limits import MAX_CERTIFICATES, MAX_SIGNERS, check_limit
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate

_CERTIFICATES: Final = 0xA0
_CRLS: Final = 0xA1
# The tags of CertificateChoices besides Certificate and the obsolete extendedCertificate [0] (RFC 5652 section 10.2.2),
# and of RevocationInfoChoice besides CertificateList (section 10.2.1).
_ATTRIBUTE_CERTIFICATE_V1: Final = 0xA1
_ATTRIBUTE_CERTIFICATE_V2: Final = 0xA2
_OTHER_CERTIFICATE: Final = 0xA3
_OTHER_REVOCATION_INFO: Final = 0xA1
_CONSTRUCTED: Final = 0x20
_INDEFINITE: Final = 0x80
_RI_OCSP_RESPONSE: Final = "1.3.6.1.5.5.7.16.2"  # RFC 5940 section 2
_PKIX_OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"  # the earlier form of CAdES: a bare BasicOCSPResponse
_SUCCESSFUL: Final = b"\x0a\x01\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """The parsed structure. `e_content` is None if detached. `certificates` leaves out those in `unreadable`.

    `crls` has the DER of each CertificateList, `ocsp_responses` the DER of each OCSPResponse (RFC 5940, or CAdES's
    earlier form). Other revocation formats are skipped.
    """

    e_content_type: str
    e_content: Buffer | None
    certificates: tuple[Certificate, ...]
    signer_infos: tuple[SignerInfo | SmimeError, ...]
    version: int = 1
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    unreadable: tuple[UnreadableCertificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDataFields:
    """The fields of a SignedData, not decoded. Members of the sets are in the order received."""

    version: int
    digest_algorithms: tuple[Tlv, ...]
    encapsulated: Tlv
    certificates: tuple[Tlv, ...]
    crls: tuple[Tlv, ...]
    signer_infos: tuple[Tlv, ...]


def parse_signed_data(signed_data: Tlv) -> SignedData:
    """Parse the SignedData inside a ContentInfo. Raises MalformedMessage or LimitExceeded."""
    fields = read_signed_data_fields(signed_data)
    e_content_type, e_content = parse_encapsulated(fields.encapsulated)
    # Attribute certificates and other formats are not used here.
    certificates, unreadable = read_certificates(
        bytes(member.encoded) for member in fields.certificates if member.tag == der.SEQUENCE
    )
    return SignedData(
        version=fields.version,
        e_content_type=e_content_type,
        e_content=e_content,
        certificates=certificates,
        unreadable=unreadable,
        crls=tuple(der.to_definite(crl, where="crls") for crl in fields.crls if crl.tag == der.SEQUENCE),
        ocsp_responses=tuple(_ocsp_responses(fields.crls)),
        signer_infos=tuple(parse_or_error(parse_signer_info, signer) for signer in fields.signer_infos),
    )


def read_signed_data_fields(signed_data: Tlv) -> SignedDataFields:
    """Parse the fields of a SignedData, but not their members. Raises MalformedMessage or LimitExceeded."""
    where = "SignedData"
    fields = der.read_fields(signed_data, where)
    if len(fields) < 4:
        raise MalformedMessage(f"{len(fields)} fields, expected at least 4", where)
    optional = {field.tag: field for field in fields[3:-1]}
    if [field.tag for field in fields[3:-1]] != sorted(optional) or not optional.keys() <= {_CERTIFICATES, _CRLS}:
        raise MalformedMessage("unexpected field before signerInfos", where)
    certificates = _members(optional.get(_CERTIFICATES), "certificates")
    crls = _members(optional.get(_CRLS), "crls")
    signers = _members(der.expect(fields[-1], der.SET, where="signerInfos"), "signerInfos")
    check_limit("certificates", len(certificates), MAX_CERTIFICATES)
    check_limit("CRLs", len(crls), MAX_CERTIFICATES)
    check_limit("signers", len(signers), MAX_SIGNERS)
    return SignedDataFields(
        version=der.parse_integer(fields[0], where),
        digest_algorithms=_members(der.expect(fields[1], der.SET, where="digestAlgorithms"), "digestAlgorithms"),
        encapsulated=fields[2],
        certificates=certificates,
        crls=crls,
        signer_infos=signers,
    )


def parse_encapsulated(tlv: Tlv) -> tuple[str, Buffer | None]:
    """Returns (eContentType, eContent) of an EncapsulatedContentInfo. Raises MalformedMessage.

    In a detached signature, eContent is absent, not empty (RFC 5652 section 5.2, MUSTS 8). PKCS #7 version 1.5 allows
    any type in place of the OCTET STRING. Its signature covers the content octets of the DER, without tag and length
    (section 5.2.1).
    """
    where = "encapContentInfo"
    fields = der.read_fields(tlv, where, 1, 2)
    content_type = der.parse_oid(fields[0], where)
    if len(fields) == 1:
        return content_type, None
    e_content = der.read_one(der.expect(fields[1], 0xA0, where).content, where="eContent")
    if is_any_content(content_type, e_content.tag) and e_content.encoded[1] != _INDEFINITE:
        return content_type, e_content.content
    return content_type, der.read_octets(e_content, where="eContent")


def is_any_content(content_type: str, tag: int) -> bool:
    """Whether content with this tag has the form of PKCS #7 version 1.5, which content of type id-data never has."""
    return content_type != ID_DATA and tag & ~_CONSTRUCTED != der.OCTET_STRING


def find_certificate(sid: CertificateId, certificates: Sequence[Certificate]) -> Certificate | None:
    """The certificate that `sid` names, or None. Another certificate with the same key does not count (MUSTS 9)."""
    return next((certificate for certificate in certificates if sid.matches(certificate)), None)


def only_signer(signed_data: SignedData, where: str) -> SignerInfo:
    """The SignerInfo of a structure that has exactly one. Raises MalformedMessage, or the error of its parsing."""
    if len(signed_data.signer_infos) != 1:
        raise MalformedMessage(f"{len(signed_data.signer_infos)} signers, expected 1", where)
    (signer,) = signed_data.signer_infos
    if isinstance(signer, SmimeError):
        raise signer
    return signer


def find_signer_certificates(signer: SignerInfo, certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """All certificates that may be the signer's. There are several if the key was certified again.

    The sid must name them. The signingCertificate attribute, if present, must name them too (MUSTS 17). Raises
    MalformedMessage or UnsupportedAlgorithm for a damaged attribute.
    """
    named = [certificate for certificate in dict.fromkeys(certificates) if signer.sid.matches(certificate)]
    own = parse_signing_certificate(signer.attributes)[:1]
    return tuple(certificate for certificate in named if not own or own[0].matches(certificate))


async def build_signed_data(
    content: Buffer,
    signing: Signing,
    provider: CryptoProvider,
    content_type: str,
    *,
    certificates: Sequence[Certificate] = (),
) -> bytes:
    """DER of a ContentInfo with SignedData, signed by every identity.

    The SignedData has the certificate and chain of each identity, and `certificates`. The content is inside unless
    `signing.form` is DETACHED. Raises UnsupportedAlgorithm for a scheme that a key cannot sign with, MalformedMessage
    for options that contradict the content.
    """
    signer_infos = await make_signer_infos(content, signing, provider, content_type)
    chains = (c.der for holder in signing.identities for c in (holder.certificate, *holder.chain))
    return assemble_signed_data(
        version=signed_data_version(
            content_type=content_type,
            certificate_tags=(),
            crl_tags=(),
            signer_versions=[signing.options.sid_form.value],
        ),
        digest_algorithms=digest_identifiers(signing.algorithms),
        encapsulated=build_encapsulated(content_type, None if signing.form is SignatureForm.DETACHED else content),
        certificates=[*chains, *(c.der for c in certificates)],
        crls=signing.crls,
        signer_infos=signer_infos,
    )


def digest_identifiers(algorithms: Iterable[SignatureAlgorithm]) -> list[bytes]:
    """DER of the DigestAlgorithmIdentifiers of several signers, each once."""
    return list(dict.fromkeys(build_digest_identifier(algorithm) for algorithm in algorithms))


def signed_data_version(
    *, content_type: str, certificate_tags: Iterable[int], crl_tags: Iterable[int], signer_versions: Iterable[int]
) -> int:
    """The CMSVersion that the tags of the members require (RFC 5652 section 5.1, MUSTS 32)."""
    certificate_kinds = set(certificate_tags)
    if _OTHER_CERTIFICATE in certificate_kinds or _OTHER_REVOCATION_INFO in crl_tags:
        return 5
    if _ATTRIBUTE_CERTIFICATE_V2 in certificate_kinds:
        return 4
    if _ATTRIBUTE_CERTIFICATE_V1 in certificate_kinds or 3 in signer_versions or content_type != ID_DATA:
        return 3
    return 1


def assemble_signed_data(
    *,
    version: int,
    digest_algorithms: Sequence[bytes],
    encapsulated: Sequence[Buffer],
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    signer_infos: Sequence[bytes],
) -> bytes:
    """DER of a ContentInfo with SignedData, from the DER of its members. Repeated certificates and CRLs are dropped.

    `encapsulated` is given in pieces, so that bulk content is copied only once.
    """
    before = der.integer(version) + der.set_of(list(digest_algorithms))
    after = _build_members(certificates, crls, signer_infos)
    length = len(before) + sum(map(len, encapsulated)) + len(after)
    return build_content_info(ID_SIGNED_DATA, der.header(der.SEQUENCE, length), before, *encapsulated, after)


def frame_signed_data(
    content_length: int,
    *,
    content_type: str,
    version: int,
    digest_algorithms: Sequence[bytes],
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    signer_infos: Sequence[bytes],
) -> tuple[bytes, bytes]:
    """The bytes that `assemble_signed_data` writes before and after embedded content of this length."""
    return der.frame(
        content_length,
        (der.OCTET_STRING, b"", b""),
        (0xA0, b"", b""),
        (der.SEQUENCE, der.oid(content_type), b""),
        (
            der.SEQUENCE,
            der.integer(version) + der.set_of(list(digest_algorithms)),
            _build_members(certificates, crls, signer_infos),
        ),
        (0xA0, b"", b""),
        (der.SEQUENCE, der.oid(ID_SIGNED_DATA), b""),
    )


def _build_members(certificates: Sequence[bytes], crls: Sequence[bytes], signer_infos: Sequence[bytes]) -> bytes:
    # `dict.fromkeys` drops repeated certificates and CRLs. The signers stay in their order, because Thunderbird reads
    # only the first one. RFC 5652 section 5.3 does not ask for DER here.
    return b"".join(
        (
            der.set_of(list(dict.fromkeys(certificates)), tag=_CERTIFICATES) if certificates else b"",
            der.set_of(list(dict.fromkeys(crls)), tag=_CRLS) if crls else b"",
            der.element(der.SET, *signer_infos),
        )
    )


def build_encapsulated(content_type: str, content: Buffer | None) -> tuple[Buffer, ...]:
    """DER of an EncapsulatedContentInfo, in pieces around the content. Without content, eContent is absent."""
    type_der = der.oid(content_type)
    if content is None:
        return (der.sequence(type_der),)
    string_header = der.header(der.OCTET_STRING, len(content))
    explicit_header = der.header(0xA0, len(string_header) + len(content))
    length = len(type_der) + len(explicit_header) + len(string_header) + len(content)
    return der.header(der.SEQUENCE, length), type_der, explicit_header, string_header, content


def build_ocsp_choice(response_der: bytes) -> bytes:
    """DER of a RevocationInfoChoice with an OCSPResponse (RFC 5940 section 2)."""
    return der.element(_OTHER_REVOCATION_INFO, der.oid(_RI_OCSP_RESPONSE), response_der)


def wrap_basic_response(basic_response_der: bytes) -> bytes:
    """DER of the OCSPResponse around a BasicOCSPResponse (RFC 6960 section 4.2.1)."""
    response_bytes = der.sequence(der.oid(_PKIX_OCSP_BASIC), der.octet_string(basic_response_der))
    return der.sequence(_SUCCESSFUL, der.explicit(0, response_bytes))


def _members(tlv: Tlv | None, where: str) -> tuple[Tlv, ...]:
    return tuple(der.read_children(tlv, where)) if tlv is not None else ()


def _ocsp_responses(members: Iterable[Tlv]) -> Iterable[bytes]:
    # OtherRevocationInfoFormat is a type and a value. Damaged values and unknown types are skipped.
    for member in members:
        if member.tag != _OTHER_REVOCATION_INFO:
            continue
        try:
            fields = der.read_children(member, where="crls")
            kind = der.parse_oid(fields[0], where="crls") if len(fields) == 2 else ""
            if kind == _RI_OCSP_RESPONSE:
                yield der.to_definite(fields[1], where="crls")
            elif kind == _PKIX_OCSP_BASIC:
                yield wrap_basic_response(der.to_definite(fields[1], where="crls"))
        except MalformedMessage:
            continue
