"""PKCS#12 files in and out (RFC 7292), with PBES2 (RFC 8018) and PBMAC1 (RFC 9579).

Reads HMAC with the old KDF and PBMAC1, PBES2 with PBKDF2 and AES-CBC; writes PBES2 with AES-256-CBC and PBMAC1.
What the MAC covers is parsed only after the MAC was checked. Leaves out: 3DES and RC2 (old files), public-key modes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from smime_core import der
from smime_core.algorithms import (
    AES_256_CBC,
    HashName,
    Pbkdf2,
    hash_length,
    parse_algorithm_identifier,
    parse_hash_identifier,
)
from smime_core.der import Buffer, Tlv
from smime_core.errors import DecryptionError, MalformedMessage, UnsupportedAlgorithm, WrongPassphrase
from smime_core.kdf import (
    Purpose,
    bmp_passphrase,
    build_hmac_identifier,
    build_pbes2,
    build_pbkdf2,
    derive_pkcs12,
    parse_hmac_identifier,
    parse_pbes2,
    parse_pbkdf2,
)
from smime_core.limits import MAX_BER_DEPTH, MAX_CERTIFICATES, MAX_PBKDF2_ITERATIONS, MAX_PKCS12_BYTES, check_limit
from smime_core.provider import CryptoProvider

DATA: Final = "1.2.840.113549.1.7.1"
ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
PBMAC1: Final = "1.2.840.113549.1.5.14"
KEY_BAG: Final = "1.2.840.113549.1.12.10.1.1"
SHROUDED_KEY_BAG: Final = "1.2.840.113549.1.12.10.1.2"
CERT_BAG: Final = "1.2.840.113549.1.12.10.1.3"
SAFE_CONTENTS_BAG: Final = "1.2.840.113549.1.12.10.1.6"
X509_CERTIFICATE: Final = "1.2.840.113549.1.9.22.1"
FRIENDLY_NAME: Final = "1.2.840.113549.1.9.20"
LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"

_BMP_STRING: Final = 0x1E
_VERSION: Final = 3
_SALT_LENGTH: Final = 16  # bytes
_MAX_KEYS: Final = 100
# All derivations of one file together: each key may have its own, and a file without a MAC is anybody's.
_MAX_TOTAL_ITERATIONS: Final = 10 * MAX_PBKDF2_ITERATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Key:
    """A private key in the file: its PrivateKeyInfo, decrypted, and the attributes of its bag."""

    pkcs8_der: bytes
    friendly_name: str | None = None
    local_key_id: bytes | None = None

    def __repr__(self) -> str:
        return f"Pkcs12Key(friendly_name={self.friendly_name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Certificate:
    certificate_der: bytes
    friendly_name: str | None = None
    local_key_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Contents:
    """All keys and all X.509 certificates of a file, each in the file's order."""

    keys: tuple[Pkcs12Key, ...]
    certificates: tuple[Pkcs12Certificate, ...]


async def parse_pkcs12(p12: Buffer, passphrase: bytes, *, provider: CryptoProvider) -> Pkcs12Contents:
    """What a PKCS#12 file holds. `passphrase` is UTF-8.

    Raises MalformedMessage, LimitExceeded, UnsupportedAlgorithm or WrongPassphrase.
    """
    check_limit("PKCS#12 bytes", len(p12), MAX_PKCS12_BYTES)
    # The caller may overwrite its buffers while this waits for the provider.
    return await _Reader(provider, bytes(passphrase)).read(bytes(p12))


async def build_pkcs12(
    contents: Pkcs12Contents, passphrase: bytes, *, provider: CryptoProvider, iterations: int
) -> bytes:
    """DER of a PKCS#12 file: PBES2 with AES-256-CBC, PBMAC1 with HMAC-SHA-256, each over PBKDF2-HMAC-SHA-256."""
    passphrase = bytes(passphrase)
    certificate_bags = der.sequence(*map(_build_certificate_bag, contents.certificates))
    encryption, ciphertext = await _encrypt(certificate_bags, passphrase, provider=provider, iterations=iterations)
    content_info = der.sequence(der.oid(DATA), encryption, der.element(0x80, ciphertext))
    encrypted_data = der.sequence(der.integer(0), content_info)
    key_bags: list[bytes] = []
    for key in contents.keys:
        encryption, ciphertext = await _encrypt(key.pkcs8_der, passphrase, provider=provider, iterations=iterations)
        shrouded = der.sequence(encryption, der.octet_string(ciphertext))
        key_bags.append(_build_bag(SHROUDED_KEY_BAG, shrouded, key.friendly_name, key.local_key_id))
    auth_safe = der.sequence(
        der.sequence(der.oid(ENCRYPTED_DATA), der.explicit(0, encrypted_data)),
        _build_data(der.sequence(*key_bags)),
    )
    mac_data = await _build_mac(auth_safe, passphrase, provider=provider, iterations=iterations)
    return der.sequence(der.integer(_VERSION), _build_data(auth_safe), mac_data)


class _Bag(NamedTuple):
    oid: str
    value: memoryview
    friendly_name: str | None
    local_key_id: bytes | None


class _Reader:
    """One reading of one file: the passphrase, and how much work it has cost so far."""

    def __init__(self, provider: CryptoProvider, passphrase: bytes) -> None:
        self._provider = provider
        self._passphrase = passphrase
        self._iterations = 0

    async def read(self, p12: bytes) -> Pkcs12Contents:
        # RFC 7292 section 4: PFX ::= SEQUENCE { version 3, authSafe ContentInfo, macData OPTIONAL }
        fields = der.read_sequence(p12, where="PFX")
        if len(fields) not in (2, 3) or der.parse_integer(fields[0], where="PFX") != _VERSION:
            raise MalformedMessage("expected version 3, authSafe and macData", where="PFX")
        auth_safe = bytes(_read_data(fields[1], where="authSafe"))
        if len(fields) == 3:
            await self._check_mac(fields[2], auth_safe)
        bags: list[_Bag] = []
        for content_info in der.read_sequence(auth_safe, where="AuthenticatedSafe"):
            bags += _read_bags(await self._open_safe(content_info), depth=0)
            check_limit("PKCS#12 bags", len(bags), MAX_CERTIFICATES)
        return Pkcs12Contents(
            keys=await self._read_keys(bags), certificates=tuple(filter(None, map(_read_certificate, bags)))
        )

    async def _check_mac(self, mac_data: Tlv, auth_safe: bytes) -> None:
        # MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
        where = "macData"
        fields = _read_fields(mac_data, where=where)
        digest_info = _read_fields(fields[0], where=where) if fields else []
        if len(fields) not in (2, 3) or len(digest_info) != 2:
            raise MalformedMessage("expected mac, macSalt and iterations", where=where)
        expected = bytes(der.read_octets(digest_info[1], where=where))
        salt = bytes(der.read_octets(fields[1], where=where))
        oid, parameters = parse_algorithm_identifier(digest_info[0].encoded)
        if oid == PBMAC1:
            computed = [await self._pbmac1(parameters, auth_safe)]
        else:
            hash_name = parse_hash_identifier(digest_info[0].encoded, role="PKCS#12 MAC")
            iterations = der.parse_integer(fields[2], where=where) if len(fields) == 3 else 1
            if iterations < 1:
                raise MalformedMessage(f"iterations is {iterations}", where=where)
            computed = [
                _legacy_mac(hash_name, password, salt, iterations, auth_safe)
                for password in _legacy_passwords(self._passphrase)
            ]
        if not any(hmac.compare_digest(expected, candidate) for candidate in computed):
            raise WrongPassphrase

    async def _pbmac1(self, parameters: bytes | None, auth_safe: bytes) -> bytes:
        # RFC 9579 section 4: macSalt and iterations are ignored, keyLength MUST be there.
        fields = der.read_sequence(parameters or b"", where="PBMAC1-params")
        if len(fields) != 2:
            raise MalformedMessage(f"{len(fields)} fields, expected 2", where="PBMAC1-params")
        kdf, key_length = parse_pbkdf2(fields[0].encoded)
        hash_name = parse_hmac_identifier(fields[1].encoded)
        # A short key would make the MAC easy to forge; the bounds are ours, far around the hash lengths in use.
        if key_length is None or not 20 <= key_length <= 128:
            raise MalformedMessage(f"keyLength is {key_length}, expected 20 to 128", where="PBMAC1-params")
        return hmac.digest(await self._derive(kdf, key_length), auth_safe, hash_name)

    async def _open_safe(self, content_info: Tlv) -> Buffer:
        # RFC 7292 section 4.1: data in clear, or encryptedData under the passphrase.
        where = "AuthenticatedSafe"
        fields = _read_fields(content_info, where=where)
        if len(fields) != 2:
            raise MalformedMessage(f"a ContentInfo of {len(fields)} fields", where=where)
        oid = der.parse_oid(fields[0], where=where)
        if oid == DATA:
            return _read_data(content_info, where=where)
        if oid != ENCRYPTED_DATA:
            raise UnsupportedAlgorithm(oid, "PKCS#12 content")
        encrypted_data = der.read_sequence(der.expect(fields[1], 0xA0, where=where).content, where=where)
        info = _read_fields(encrypted_data[1], where=where) if len(encrypted_data) >= 2 else []
        if len(info) != 3:
            raise MalformedMessage("encryptedContentInfo is incomplete", where=where)
        return await self._decrypt(info[1].encoded, der.read_octets(info[2], tag=0x80, where=where))

    async def _read_keys(self, bags: list[_Bag]) -> tuple[Pkcs12Key, ...]:
        keys: list[Pkcs12Key] = []
        for bag in bags:
            if bag.oid == SHROUDED_KEY_BAG:
                fields = der.read_sequence(bag.value, where="EncryptedPrivateKeyInfo")
                if len(fields) != 2:
                    raise MalformedMessage(f"{len(fields)} fields, expected 2", where="EncryptedPrivateKeyInfo")
                pkcs8_der = await self._decrypt(fields[0].encoded, der.read_octets(fields[1]))
            elif bag.oid == KEY_BAG:
                pkcs8_der = bytes(bag.value)
            else:
                continue
            check_limit("PKCS#12 keys", len(keys) + 1, _MAX_KEYS)
            keys.append(Pkcs12Key(pkcs8_der=pkcs8_der, friendly_name=bag.friendly_name, local_key_id=bag.local_key_id))
        return tuple(keys)

    async def _decrypt(self, identifier_der: Buffer, ciphertext: Buffer) -> bytes:
        kdf, cipher, iv = parse_pbes2(identifier_der)
        key = await self._derive(kdf, cipher.key_length)
        try:
            plaintext = await self._provider.decrypt_content(cipher, key, iv, ciphertext)
            # Without a MAC one wrong passphrase in 256 leaves good padding; what was encrypted is always a SEQUENCE.
            der.expect(der.read_one(plaintext), der.SEQUENCE)
        except (DecryptionError, MalformedMessage):
            raise WrongPassphrase from None
        return plaintext

    async def _derive(self, kdf: Pbkdf2, length: int) -> bytes:
        self._iterations += kdf.iterations
        check_limit("PBKDF2 iterations in one file", self._iterations, _MAX_TOTAL_ITERATIONS)
        return await self._provider.derive_key(kdf, self._passphrase, length)


def _read_data(content_info: Tlv, *, where: str) -> Buffer:
    fields = _read_fields(content_info, where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"a ContentInfo of {len(fields)} fields", where=where)
    oid = der.parse_oid(fields[0], where=where)
    if oid != DATA:
        raise UnsupportedAlgorithm(oid, "PKCS#12 integrity", text="PKCS#12 files signed with a key are not supported")
    wrapped = der.expect(fields[1], 0xA0, where=where)
    return der.read_octets(der.read_one(wrapped.content, where=where), where=where)


def _read_fields(tlv: Tlv, *, where: str) -> list[Tlv]:
    return der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)


def _legacy_passwords(passphrase: bytes) -> tuple[bytes, ...]:
    # No passphrase is written by some as an empty BMPString with its terminator, by others as nothing at all.
    return (bmp_passphrase(passphrase),) if passphrase else (b"\0\0", b"")


def _legacy_mac(hash_name: HashName, password: bytes, salt: bytes, iterations: int, auth_safe: bytes) -> bytes:
    key = derive_pkcs12(
        hash_name, password, salt, purpose=Purpose.MAC, iterations=iterations, length=hash_length(hash_name)
    )
    return hmac.digest(key, auth_safe, hash_name)


def _read_bags(safe_contents: Buffer, *, depth: int) -> Iterator[_Bag]:
    # SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT, bagAttributes SET OF OPTIONAL }; RFC 7292 section 4.2
    check_limit("PKCS#12 bags in one another", depth, MAX_BER_DEPTH)
    for safe_bag in der.read_sequence(safe_contents, where="SafeContents"):
        fields = _read_fields(safe_bag, where="SafeBag")
        if len(fields) not in (2, 3):
            raise MalformedMessage(f"{len(fields)} fields, expected 2 or 3", where="SafeBag")
        oid = der.parse_oid(fields[0], where="SafeBag")
        value = der.expect(fields[1], 0xA0, where="SafeBag").content
        if oid == SAFE_CONTENTS_BAG:
            yield from _read_bags(value, depth=depth + 1)
            continue
        attributes = _read_attributes(fields[2]) if len(fields) == 3 else {}
        name, key_id = attributes.get(FRIENDLY_NAME), attributes.get(LOCAL_KEY_ID)
        yield _Bag(
            oid,
            value,
            None if name is None else bytes(der.expect(name, _BMP_STRING).content).decode("utf-16-be", "replace"),
            None if key_id is None else bytes(der.read_octets(key_id, where="localKeyID")),
        )


def _read_attributes(attributes: Tlv) -> dict[str, Tlv]:
    # The first value of each attribute; RFC 2985 sections 5.5.1 and 5.5.2 make both single-valued.
    values: dict[str, Tlv] = {}
    for attribute in der.read_children(attributes, where="bagAttributes"):
        fields = _read_fields(attribute, where="bagAttributes")
        if len(fields) != 2:
            raise MalformedMessage(f"an attribute of {len(fields)} fields", where="bagAttributes")
        value = next(iter(der.read_children(fields[1], where="bagAttributes")), None)
        if value is not None:
            values.setdefault(der.parse_oid(fields[0], where="bagAttributes"), value)
    return values


def _read_certificate(bag: _Bag) -> Pkcs12Certificate | None:
    # CertBag ::= SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }; SDSI certificates are passed over.
    if bag.oid != CERT_BAG:
        return None
    fields = der.read_sequence(bag.value, where="CertBag")
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 2", where="CertBag")
    if der.parse_oid(fields[0], where="CertBag") != X509_CERTIFICATE:
        return None
    value = der.read_one(der.expect(fields[1], 0xA0, where="CertBag").content, where="CertBag")
    return Pkcs12Certificate(
        certificate_der=bytes(der.read_octets(value, where="CertBag")),
        friendly_name=bag.friendly_name,
        local_key_id=bag.local_key_id,
    )


async def _encrypt(
    plaintext: bytes, passphrase: bytes, *, provider: CryptoProvider, iterations: int
) -> tuple[bytes, bytes]:
    # (AlgorithmIdentifier of PBES2, ciphertext)
    cipher = AES_256_CBC
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=provider.random_bytes(_SALT_LENGTH), iterations=iterations)
    iv = provider.random_bytes(cipher.iv_length)
    key = await provider.derive_key(kdf, passphrase, cipher.key_length)
    identifier = build_pbes2(kdf, cipher, iv)
    return identifier, await provider.encrypt_content(cipher, key, iv, plaintext)


async def _build_mac(auth_safe: bytes, passphrase: bytes, *, provider: CryptoProvider, iterations: int) -> bytes:
    # RFC 9579 section 4: macSalt and iterations have no meaning there. OpenSSL writes this salt too; DER leaves out the
    # default count of 1.
    key_length = hash_length(HashName.SHA256)
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=provider.random_bytes(_SALT_LENGTH), iterations=iterations)
    key = await provider.derive_key(kdf, passphrase, key_length)
    parameters = der.sequence(build_pbkdf2(kdf, key_length=key_length), build_hmac_identifier(HashName.SHA256))
    digest_info = der.sequence(
        der.sequence(der.oid(PBMAC1), parameters), der.octet_string(hmac.digest(key, auth_safe, hashlib.sha256))
    )
    return der.sequence(digest_info, der.octet_string(b"NOT USED"))


def _build_data(content: bytes) -> bytes:
    return der.sequence(der.oid(DATA), der.explicit(0, der.octet_string(content)))


def _build_certificate_bag(certificate: Pkcs12Certificate) -> bytes:
    value = der.explicit(0, der.octet_string(certificate.certificate_der))
    bag = der.sequence(der.oid(X509_CERTIFICATE), value)
    return _build_bag(CERT_BAG, bag, certificate.friendly_name, certificate.local_key_id)


def _build_bag(oid: str, value: bytes, friendly_name: str | None, local_key_id: bytes | None) -> bytes:
    attributes: list[bytes] = []
    if friendly_name is not None:
        name = der.element(_BMP_STRING, friendly_name.encode("utf-16-be"))
        attributes.append(der.sequence(der.oid(FRIENDLY_NAME), der.element(der.SET, name)))
    if local_key_id is not None:
        key_id = der.octet_string(local_key_id)
        attributes.append(der.sequence(der.oid(LOCAL_KEY_ID), der.element(der.SET, key_id)))
    return der.sequence(der.oid(oid), der.explicit(0, value), der.set_of(attributes) if attributes else b"")
