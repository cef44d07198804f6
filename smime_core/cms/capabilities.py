"""SMIMECapabilities: the algorithms that a signer can read, and those that we can read (RFC 8551 section 2.5.2).

Unknown capabilities are kept in `entries` and otherwise ignored, as the same section asks. Use capabilities only from a
verified signature with a plausible signing time (RFC 8551 section 2.7.1, MUSTS 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_GCM,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_GCM,
    AES_256_WRAP,
    CHACHA20_POLY1305,
    CONTENT_CIPHERS,
    ECDH_HKDF_SHA256,
    ECDH_SHA256,
    ECDH_SHA384,
    HASH_OIDS,
    KEY_AGREEMENTS,
    KEY_WRAPS,
    MGF1,
    NULL,
    RC2_CBC,
    RSA_ENCRYPTION,
    RSAES_OAEP,
    ContentCipher,
    HashName,
    KeyAgreement,
    KeyTransport,
    KeyWrap,
    TransportScheme,
    parse_transport_identifier,
    rc2_cbc,
)
from smime_core.asn1 import der
from smime_core.cms.attributes import SMIME_CAPABILITIES, Attributes, build_attribute, find_fields
from smime_core.errors import SmimeError
from smime_core.limits import MAX_CAPABILITIES, check_limit

HEADER_PROTECTION: Final = "2.25.236207443901122355391373723761262601458"
"""Our note in a contact's stored capabilities that the contact's program protects header fields (RFC 9788).

No message has this note. Versions that do not know the note ignore it, as RFC 8551 section 2.5.2 asks.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One SMIMECapability. `parameters` is DER, or None if absent."""

    oid: str
    parameters: bytes | None

    @property
    def der(self) -> bytes:
        return der.sequence(der.oid(self.oid), self.parameters or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A signer's capabilities, in the order of preference. The properties return the `entries` that we support."""

    entries: tuple[Capability, ...]

    @property
    def content_ciphers(self) -> tuple[ContentCipher, ...]:
        return tuple(cipher for entry in self.entries if (cipher := _content_cipher(entry)) is not None)

    @property
    def key_transports(self) -> tuple[KeyTransport, ...]:
        return tuple(transport for entry in self.entries if (transport := _key_transport(entry)) is not None)

    @property
    def key_agreements(self) -> tuple[tuple[KeyAgreement, KeyWrap], ...]:
        """(agreement, key wrap) pairs. The parameters name the wrap (RFC 5753 section 6, RFC 8418 section 8)."""
        return tuple(agreement for entry in self.entries if (agreement := _key_agreement(entry)) is not None)

    @property
    def reads_header_protection(self) -> bool:
        """Whether the list notes that a verified mail by the same program had protected header fields (RFC 9788)."""
        return any(entry.oid == HEADER_PROTECTION for entry in self.entries)

    @property
    def hashes(self) -> tuple[HashName, ...]:
        known = {oid: name for name, oid in HASH_OIDS.items()}
        return tuple(known[entry.oid] for entry in self.entries if entry.oid in known)


def parse_capabilities(attributes: Attributes) -> Capabilities | None:
    """The SMIMECapabilities of a signed set, or None if absent. Raises MalformedMessage or LimitExceeded."""
    members = find_fields(attributes, SMIME_CAPABILITIES, "SMIMECapabilities")
    if members is None:
        return None
    check_limit("capabilities", len(members), MAX_CAPABILITIES)
    return Capabilities(entries=tuple(_parse_capability(member) for member in members))


def with_header_protection(capabilities: Capabilities | None) -> Capabilities:
    """The capabilities with the note that this program protects header fields, unless the list is full."""
    entries = capabilities.entries if capabilities else ()
    if len(entries) >= MAX_CAPABILITIES or (capabilities and capabilities.reads_header_protection):
        return Capabilities(entries=entries)
    return Capabilities(entries=(*entries, Capability(oid=HEADER_PROTECTION, parameters=None)))


def build_capabilities(entries: tuple[Capability, ...]) -> bytes:
    """DER of an SMIMECapabilities attribute."""
    return build_attribute(SMIME_CAPABILITIES, der.sequence(*(entry.der for entry in entries)))


def _parse_capability(tlv: der.Tlv) -> Capability:
    where = "SMIMECapability"
    fields = der.read_fields(tlv, where, 1, 2)
    parameters = bytes(fields[1].encoded) if len(fields) == 2 else None
    return Capability(oid=der.parse_oid(fields[0], where), parameters=parameters)


def _content_cipher(entry: Capability) -> ContentCipher | None:
    if entry.oid != RC2_CBC:
        return CONTENT_CIPHERS.get(entry.oid)
    # In messages RFC 3370 section 5.2 uses a version code. In a capability the parameter is the number of bits.
    bits = {b"\x02\x01\x28": 40, b"\x02\x01\x40": 64, b"\x02\x02\x00\x80": 128}.get(entry.parameters or b"")
    return rc2_cbc(bits) if bits else None


def _key_transport(entry: Capability) -> KeyTransport | None:
    if entry.oid == RSA_ENCRYPTION:
        return KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
    if entry.oid != RSAES_OAEP:
        return None
    for hash_name in HashName:
        if entry.parameters == _oaep_parameters(hash_name):
            return KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=hash_name)
    try:
        return parse_transport_identifier(entry.der)
    except SmimeError:
        return None


def _key_agreement(entry: Capability) -> tuple[KeyAgreement, KeyWrap] | None:
    agreement = KEY_AGREEMENTS.get(entry.oid)
    if agreement is None or entry.parameters is None:
        return None
    for wrap in KEY_WRAPS.values():
        if entry.parameters in (der.sequence(der.oid(wrap.oid)), der.sequence(der.oid(wrap.oid), NULL)):
            return agreement, wrap
    return None


def _oaep_parameters(hash_name: HashName) -> bytes:
    # RFC 3560 section 5 requires exactly these bytes, without the tags [0] and [1] of RFC 4055.
    identifier = der.sequence(der.oid(HASH_OIDS[hash_name]), NULL)
    return der.sequence(identifier, der.sequence(der.oid(MGF1), identifier))


def _agreement(agreement: KeyAgreement, wrap: KeyWrap) -> Capability:
    return Capability(oid=agreement.oid, parameters=der.sequence(der.oid(wrap.oid)))


# The algorithms that we read, best first within each category. Outlook uses the first cipher that it supports.
OUR_CAPABILITIES: Final = (
    *(
        Capability(oid=cipher.oid, parameters=None)
        for cipher in (
            AES_256_GCM,
            CHACHA20_POLY1305,
            AES_192_GCM,
            AES_128_GCM,
            AES_256_CBC,
            AES_192_CBC,
            AES_128_CBC,
        )
    ),
    Capability(oid=RSAES_OAEP, parameters=_oaep_parameters(HashName.SHA256)),
    Capability(oid=RSAES_OAEP, parameters=b"\x30\x00"),  # SHA-1 for hash and MGF, the default of RFC 4055
    _agreement(ECDH_SHA256, AES_256_WRAP),
    _agreement(ECDH_SHA384, AES_256_WRAP),
    _agreement(ECDH_HKDF_SHA256, AES_256_WRAP),
)
OUR_CAPABILITIES_DER: Final = build_capabilities(OUR_CAPABILITIES)
"""The SMIMECapabilities attribute of every signature that we make."""
