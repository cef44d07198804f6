"""Read PKCS#12 files (RFC 7292) of Windows, macOS, NSS, OpenSSL, GnuTLS and Java, in BER or DER.

The content that the MAC covers is parsed only after the MAC was checked (MUSTS 40). A damaged or unknown part does not
affect the other parts; its error is in `Pkcs12Contents.failures`. Public-key modes are not supported. Bags with CRLs or
secrets are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, SmimeError, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase, decrypt_private_key_info
from smime_core.identity.pbes import parse_encryption
from smime_core.identity.pkcs12.contents import (
    BMP_STRING,
    CERT_BAG,
    DATA,
    ENCRYPTED_DATA,
    FRIENDLY_NAME,
    KEY_BAG,
    LOCAL_KEY_ID,
    PFX_VERSION,
    SAFE_CONTENTS_BAG,
    SHROUDED_KEY_BAG,
    X509_CERTIFICATE,
    Pkcs12Certificate,
    Pkcs12Contents,
    Pkcs12Key,
)
from smime_core.identity.pkcs12.integrity import check_mac
from smime_core.limits import MAX_BER_DEPTH, MAX_CERTIFICATES, MAX_PKCS12_BYTES, check_limit
from smime_core.provider import CryptoProvider

_MAX_KEYS: Final = 100  # Keys in one file, unreadable ones included; each may cost a key derivation.
_MAX_SAFES: Final = 100  # Safes in one file; each may cost a key derivation. NSS writes two, Java up to three.


async def parse_pkcs12(p12: Buffer, passphrase: bytes, provider: CryptoProvider) -> Pkcs12Contents:
    """The content of a PKCS#12 file. `passphrase` is UTF-8; it is empty if the file has no passphrase.

    Raises MalformedMessage, LimitExceeded, UnsupportedAlgorithm (for a file signed with a key, or an unknown MAC), and
    WrongPassphrase if the MAC is wrong. Without a MAC, WrongPassphrase is raised if nothing can be decrypted.
    """
    check_limit("PKCS#12 bytes", len(p12), MAX_PKCS12_BYTES)
    # The bytes are copied, because the caller may overwrite its buffers while this function awaits the provider.
    p12, file_passphrase = bytes(p12), FilePassphrase(bytes(passphrase), provider)
    # RFC 7292 section 4: PFX ::= SEQUENCE { version 3, authSafe ContentInfo, macData OPTIONAL }
    fields = der.read_sequence(p12, where="PFX")
    if len(fields) not in (2, 3) or der.parse_integer(fields[0], where="PFX") != PFX_VERSION:
        raise MalformedMessage("expected version 3, authSafe and macData", where="PFX")
    auth_safe = bytes(_read_data(fields[1], where="authSafe"))
    if len(fields) == 3:
        await check_mac(fields[2], auth_safe, file_passphrase)
    reader = _Reader(file_passphrase)
    for number, content_info in enumerate(_elements(auth_safe, where="AuthenticatedSafe"), 1):
        check_limit("PKCS#12 safes", number, _MAX_SAFES)
        await reader.read_safe(content_info)
    return reader.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bag:
    oid: str
    value: memoryview
    friendly_name: str | None
    local_key_id: bytes | None


class _Reader:
    """Reads the safes of one file. Collects their keys, their certificates and the errors of unreadable parts."""

    def __init__(self, passphrase: FilePassphrase) -> None:
        self._passphrase = passphrase
        self._keys: list[Pkcs12Key] = []
        self._certificates: list[Pkcs12Certificate] = []
        self._failures: list[SmimeError] = []
        self._bags = 0

    async def read_safe(self, content_info: Tlv) -> None:
        # A fault inside one safe does not affect the other safes. The limits apply to all safes of the file together.
        try:
            for bag in _split_bags(await self._open_safe(content_info), depth=0):
                self._bags += 1
                if self._bags > MAX_CERTIFICATES or self._count_keys() > _MAX_KEYS:
                    break
                await self._try_bag(bag)
        except SmimeError as error:
            self._failures.append(error)
        check_limit("PKCS#12 bags", self._bags, MAX_CERTIFICATES)
        check_limit("PKCS#12 keys", self._count_keys(), _MAX_KEYS)

    def finish(self) -> Pkcs12Contents:
        # Without a MAC, a wrong passphrase is noticed only now.
        if not self._keys and not self._certificates:
            for failure in self._failures:
                if isinstance(failure, WrongPassphrase):
                    raise failure
        return Pkcs12Contents(
            keys=tuple(self._keys), certificates=tuple(self._certificates), failures=tuple(self._failures)
        )

    async def _open_safe(self, content_info: Tlv) -> Buffer:
        # RFC 7292 section 4.1: unencrypted data, or encryptedData under the passphrase.
        where = "AuthenticatedSafe"
        oid, content = _read_content_info(content_info, where)
        if oid == DATA:
            return _read_data(content_info, where)
        if oid != ENCRYPTED_DATA:
            raise UnsupportedAlgorithm(oid, "PKCS#12 content")
        encrypted_data = der.read_sequence(der.expect(content, 0xA0, where).content, where)
        info = der.read_fields(encrypted_data[1], where) if len(encrypted_data) >= 2 else []
        if len(info) != 3:
            raise MalformedMessage("encryptedContentInfo is incomplete", where)
        ciphertext = der.read_octets(info[2], where, tag=0x80)
        return await self._passphrase.decrypt(parse_encryption(info[1].encoded), ciphertext)

    def _count_keys(self) -> int:
        return len(self._keys) + len(self._failures)

    async def _try_bag(self, tlv: Tlv) -> None:
        try:
            await self._read_bag(_parse_bag(tlv))
        except SmimeError as error:
            self._failures.append(error)

    async def _read_bag(self, bag: _Bag) -> None:
        if bag.oid == CERT_BAG:
            certificate = _read_certificate(bag)
            if certificate is not None:
                self._certificates.append(certificate)
        elif bag.oid in (KEY_BAG, SHROUDED_KEY_BAG):
            is_clear = bag.oid == KEY_BAG
            pkcs8_der = bytes(bag.value) if is_clear else await decrypt_private_key_info(bag.value, self._passphrase)
            key = Pkcs12Key(pkcs8_der=pkcs8_der, friendly_name=bag.friendly_name, local_key_id=bag.local_key_id)
            self._keys.append(key)


def _read_data(content_info: Tlv, where: str) -> Buffer:
    oid, content = _read_content_info(content_info, where)
    if oid != DATA:
        raise UnsupportedAlgorithm(oid, "PKCS#12 integrity", text="PKCS#12 files signed with a key are not supported")
    wrapped = der.expect(content, 0xA0, where)
    return der.read_octets(der.read_one(wrapped.content, where), where)


def _read_content_info(content_info: Tlv, where: str) -> tuple[str, Tlv]:
    # Returns (the OID of the content, the content with its tag [0]).
    fields = der.read_fields(content_info, where)
    if len(fields) != 2:
        raise MalformedMessage(f"a ContentInfo of {len(fields)} fields", where)
    return der.parse_oid(fields[0], where), fields[1]


def _split_bags(safe_contents: Buffer, *, depth: int) -> Iterator[Tlv]:
    # The SafeBags. A nested SafeContents is replaced by its SafeBags (RFC 7292 section 4.2.6).
    check_limit("PKCS#12 bags in one another", depth, MAX_BER_DEPTH)
    for safe_bag in _elements(safe_contents, where="SafeContents"):
        nested = _find_nested(safe_bag)
        if nested is None:
            yield safe_bag
        else:
            yield from _split_bags(nested, depth=depth + 1)


def _find_nested(safe_bag: Tlv) -> Buffer | None:
    # Returns None for a damaged bag. The error is raised later, when the bag is read.
    try:
        bag = _parse_bag(safe_bag)
    except MalformedMessage:
        return None
    return bag.value if bag.oid == SAFE_CONTENTS_BAG else None


def _elements(sequence: Buffer, where: str) -> Iterator[Tlv]:
    # This is a generator, so that the caller can refuse millions of elements before they fill the memory.
    content = der.expect(der.read_one(sequence, where), der.SEQUENCE, where).content
    offset = 0
    while offset < len(content):
        element, offset = der.read_tlv(content, offset, where)
        yield element


def _parse_bag(safe_bag: Tlv) -> _Bag:
    # SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT, bagAttributes SET OF OPTIONAL }; RFC 7292 section 4.2
    fields = der.read_fields(safe_bag, "SafeBag", 2, 3)
    attributes = _read_attributes(fields[2]) if len(fields) == 3 else {}
    name, key_id = attributes.get(FRIENDLY_NAME), attributes.get(LOCAL_KEY_ID)
    return _Bag(
        oid=der.parse_oid(fields[0], where="SafeBag"),
        value=der.expect(fields[1], 0xA0, where="SafeBag").content,
        # Some writers end the name with two zero bytes, as they end a passphrase.
        friendly_name=None
        if name is None or name.tag != BMP_STRING
        else bytes(name.content).decode("utf-16-be", "replace").rstrip("\0"),
        local_key_id=None if key_id is None else bytes(der.read_octets(key_id, where="localKeyID")),
    )


def _read_attributes(attributes: Tlv) -> dict[str, Tlv]:
    # Returns the first value of each attribute: friendlyName and localKeyID have only one value (RFC 2985 sections
    # 5.5.1 and 5.5.2). Other attributes, such as Java's trustedKeyUsage and Microsoft's provider names, are not used.
    values: dict[str, Tlv] = {}
    for attribute in der.read_children(attributes, where="bagAttributes"):
        fields = der.read_fields(attribute, "bagAttributes")
        if len(fields) != 2:
            raise MalformedMessage(f"an attribute of {len(fields)} fields", where="bagAttributes")
        value = next(iter(der.read_children(fields[1], where="bagAttributes")), None)
        if value is not None:
            values.setdefault(der.parse_oid(fields[0], where="bagAttributes"), value)
    return values


def _read_certificate(bag: _Bag) -> Pkcs12Certificate | None:
    # CertBag ::= SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }; SDSI certificates are skipped.
    fields = der.expect_count(der.read_sequence(bag.value, where="CertBag"), "CertBag", 2)
    if der.parse_oid(fields[0], where="CertBag") != X509_CERTIFICATE:
        return None
    value = der.read_one(der.expect(fields[1], 0xA0, where="CertBag").content, where="CertBag")
    return Pkcs12Certificate(
        certificate_der=bytes(der.read_octets(value, where="CertBag")),
        friendly_name=bag.friendly_name,
        local_key_id=bag.local_key_id,
    )
