"""Requests for a certificate, PKCS#10 (RFC 2986, RFC 2985 section 5.4.2): built by the key's holder, read by the CA.

The signature of a request proves that its sender has the private key. A key that cannot sign (X25519, X448, ML-KEM)
cannot give this proof and is refused. A request does not prove who its sender is. The sender only claims the names in
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.asn1 import Buffer, ValueKind, build_pem, der
from smime_core.asn1.distinguished_name import comparable_name, name_text
from smime_core.asn1.file_values import is_whole_element, parse_single_value
from smime_core.ca.extensions import build_subject_alt_name, encode_extension
from smime_core.ca.names import COMMON_NAME, EMPTY_NAME, build_name
from smime_core.ca.signing import choose_signature_algorithm, sign_structure
from smime_core.cms.attributes import build_attribute, parse_unsigned_attributes
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm, UnsupportedByProvider
from smime_core.keys import parse_public_key, public_key_of
from smime_core.limits import MAX_CERTIFICATION_REQUEST_BYTES, MAX_GENERAL_NAMES, check_limit
from smime_core.provider import CryptoProvider, PrivateKey, PublicKey
from smime_core.x509.certificate import (
    SUBJECT_ALT_NAME,
    Extension,
    parse_extensions,
)
from smime_core.x509.mail_names import find_alternative_mail_names

EXTENSION_REQUEST: Final = "1.2.840.113549.1.9.14"
PEM_LABEL: Final = "CERTIFICATE REQUEST"
_VERSION_1: Final = 0
_ATTRIBUTES: Final = 0xA0


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationRequest:
    """One request: its key, and the names and extensions that its sender asks for.

    The signature covers `signed_der`. `open_certification_request` checks the signature.
    """

    signed_der: bytes
    subject_der: bytes
    public_key: PublicKey
    addresses: tuple[str, ...]
    extensions: tuple[Extension, ...]
    signature_algorithm_der: bytes
    signature: bytes

    @property
    def subject(self) -> str:
        """The requested name, for people."""
        return name_text(self.subject_der)


async def build_certification_request(
    key: PrivateKey, addresses: Sequence[str], provider: CryptoProvider, *, common_name: str = ""
) -> bytes:
    """DER of a request for a certificate of `key` for these mail addresses, signed with that key.

    Raises UnsupportedAlgorithm for a key that cannot sign, and MalformedMessage for text that is no address.
    """
    if not addresses:
        raise MalformedMessage("no address to ask a certificate for", where="certification request")
    try:
        choose_signature_algorithm(key)
    except UnsupportedByProvider:
        raise UnsupportedAlgorithm(
            key.key_type,
            "certification request",
            text=f"a key of type {key.key_type} cannot sign, and so cannot prove in a request that it is yours",
        ) from None
    wishes = der.sequence(encode_extension(build_subject_alt_name(addresses)))
    subject_der = build_name((COMMON_NAME, common_name)) if common_name else EMPTY_NAME
    return await _build(key, subject_der, [build_attribute(EXTENSION_REQUEST, wishes)], provider)


async def build_authority_request(key: PrivateKey, subject_der: bytes, provider: CryptoProvider) -> bytes:
    """DER of a request for a CA's certificate, with only a name and a key. The signing CA decides all other fields.

    Raises UnsupportedByProvider for a key that cannot sign.
    """
    return await _build(key, subject_der, [], provider)


async def _build(key: PrivateKey, subject_der: bytes, attributes: list[bytes], provider: CryptoProvider) -> bytes:
    info_der = der.sequence(
        der.integer(_VERSION_1),
        subject_der,
        public_key_of(key).spki_der,
        der.set_of(attributes, tag=_ATTRIBUTES),
    )
    return await sign_structure(info_der, key, provider)


def certification_request_to_pem(request_der: bytes) -> bytes:
    """The request as a PEM block (RFC 7468 section 7)."""
    return build_pem(PEM_LABEL, request_der)


async def open_certification_request(data: Buffer, provider: CryptoProvider) -> CertificationRequest:
    """Parse a request from a file in any form, and check that its sender has the private key.

    This is the proof of RFC 2986 section 3, note 2. Raises SignatureMismatch if the proof is wrong, MalformedMessage,
    LimitExceeded or UnsupportedAlgorithm.
    """
    request = parse_certification_request(data)
    algorithm = parse_signature_identifier(request.signature_algorithm_der)
    await provider.verify(request.public_key, algorithm, request.signature, request.signed_der)
    return request


def parse_certification_request(data: Buffer) -> CertificationRequest:
    """Parse a request from a file in any form without checking its proof.

    Raises MalformedMessage, LimitExceeded, or UnsupportedAlgorithm for an unknown kind of key.
    """
    where = "certification request"
    check_limit("bytes of a certification request", len(data), MAX_CERTIFICATION_REQUEST_BYTES)
    fields = der.read_sequence(_read_der(data), where)
    if len(fields) != 3:
        raise MalformedMessage(f"{len(fields)} fields, expected 3", where)
    info, algorithm, signature = fields
    parts = der.read_children(der.expect(info, der.SEQUENCE, where), where)
    if len(parts) not in (3, 4) or der.parse_integer(parts[0], where) != _VERSION_1:
        raise MalformedMessage("expected version, subject, key and attributes", where)
    extensions = _requested_extensions(parts[3]) if len(parts) == 4 else ()
    subject_der = bytes(der.expect(parts[1], der.SEQUENCE, where).encoded)
    comparable_name(subject_der)  # Raises MalformedMessage here if the name is damaged.
    return CertificationRequest(
        signed_der=bytes(info.encoded),
        subject_der=subject_der,
        public_key=parse_public_key(bytes(parts[2].encoded)),
        addresses=_requested_addresses(extensions),
        extensions=extensions,
        signature_algorithm_der=bytes(algorithm.encoded),
        signature=_read_signature(signature),
    )


def _read_der(data: Buffer) -> bytes:
    if is_whole_element(data):
        return bytes(data)
    return parse_single_value(data, ValueKind.REQUEST, where=PEM_LABEL.lower())


def _requested_extensions(attributes: der.Tlv) -> tuple[Extension, ...]:
    where = "extensionRequest"
    der.expect(attributes, _ATTRIBUTES, where)
    values = parse_unsigned_attributes(attributes, where).get(EXTENSION_REQUEST, ())
    if len(values) > 1:
        raise MalformedMessage(f"{len(values)} values, expected one", where)
    return parse_extensions(values[0]) if values else ()


def _requested_addresses(extensions: tuple[Extension, ...]) -> tuple[str, ...]:
    value = next((extension.value for extension in extensions if extension.oid == SUBJECT_ALT_NAME), None)
    names = find_alternative_mail_names(value)
    check_limit("addresses of a certification request", len(names), MAX_GENERAL_NAMES)
    addresses = [name.address.text for name in names if name.address is not None]
    if len(addresses) != len(names):
        raise MalformedMessage("a name that is no mail address", where="certification request")
    return tuple(dict.fromkeys(addresses))


def _read_signature(tlv: der.Tlv) -> bytes:
    content = bytes(der.expect(tlv, 0x03, where="signature").content)
    if content[:1] != b"\0":
        raise MalformedMessage("a BIT STRING of odd bits", where="signature")
    return content[1:]
