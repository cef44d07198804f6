"""The MAC of a PKCS#12 file: HMAC with the old KDF (RFC 7292 appendix A) and PBMAC1 (RFC 9579).

The MAC covers the content bytes of authSafe (MUSTS 40).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from smime_core.algorithms import (
    HASH_OIDS,
    NULL,
    HashName,
    Pbkdf2,
    RepeatedHash,
    hash_length,
    parse_algorithm_identifier,
    parse_hash_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase
from smime_core.identity.pbes import derivation_work
from smime_core.identity.pkcs12.contents import PBMAC1
from smime_core.keys.kdf import (
    Purpose,
    bmp_passphrase,
    build_hmac_identifier,
    build_pbkdf2,
    check_hash,
    derive_pkcs12,
    parse_derivation,
    parse_hmac_identifier,
    parse_iterations,
    weigh_iterations,
)
from smime_core.provider import CryptoProvider

_SALT_LENGTH: Final = 16  # bytes
# OpenSSL 3.0 also writes a salt of 8 bytes. A version of macOS refused a salt of 16 bytes.
_OLD_SALT_LENGTH: Final = 8  # bytes
# A short key would make the MAC easy to forge. We chose the bounds ourselves: the digests of the hashes in use have 20
# to 64 bytes.
_MIN_KEY_LENGTH: Final = 20  # bytes
_MAX_KEY_LENGTH: Final = 128  # bytes


async def check_mac(mac_data: Tlv, auth_safe: bytes, passphrase: FilePassphrase) -> None:
    """Verify the MAC with each form of the passphrase until one fits. Later steps try that form first.

    Raises WrongPassphrase, MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    # MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
    where = "macData"
    fields = der.read_fields(mac_data, where)
    digest_info = der.read_fields(fields[0], where) if fields else []
    if len(fields) not in (2, 3) or len(digest_info) != 2:
        raise MalformedMessage("expected mac, macSalt and iterations", where)
    expected = bytes(der.read_octets(digest_info[1], where))
    salt = bytes(der.read_octets(fields[1], where))
    oid, parameters = parse_algorithm_identifier(digest_info[0].encoded)
    if oid == PBMAC1:
        await _check_pbmac1(parameters, auth_safe, expected, passphrase)
        return
    hash_name = parse_hash_identifier(digest_info[0].encoded, role="PKCS#12 MAC")
    iterations = parse_iterations(fields[2], where) if len(fields) == 3 else 1
    loop = RepeatedHash(hash_name=hash_name, iterations=iterations)
    for form in passphrase.bmp_forms:
        passphrase.spend(weigh_iterations(iterations, hash_name))
        if hmac.compare_digest(expected, await _old_mac(loop, form, salt, auth_safe, passphrase.provider)):
            passphrase.prefer(form)
            return
    raise WrongPassphrase


async def build_pbmac1(auth_safe: bytes, passphrase: bytes, provider: CryptoProvider, iterations: int) -> bytes:
    """MacData with PBMAC1: HMAC-SHA-256 under PBKDF2-HMAC-SHA-256."""
    key_length = hash_length(HashName.SHA256)
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=provider.random_bytes(_SALT_LENGTH), iterations=iterations)
    key = await provider.derive_key(kdf, passphrase, key_length)
    parameters = der.sequence(build_pbkdf2(kdf, key_length=key_length), build_hmac_identifier(HashName.SHA256))
    mac = hmac.digest(key, auth_safe, hashlib.sha256)
    digest_info = der.sequence(der.sequence(der.oid(PBMAC1), parameters), der.octet_string(mac))
    # RFC 9579 section 4: with PBMAC1, macSalt and iterations have no meaning. OpenSSL writes this macSalt too. DER
    # leaves out iterations, because 1 is the default.
    return der.sequence(digest_info, der.octet_string(b"NOT USED"))


async def build_old_mac(
    auth_safe: bytes, passphrase: bytes, hash_name: HashName, provider: CryptoProvider, iterations: int
) -> bytes:
    """MacData with HMAC under the old KDF (RFC 7292 appendix A), for readers without PBMAC1."""
    salt = provider.random_bytes(_OLD_SALT_LENGTH)
    loop = RepeatedHash(hash_name=hash_name, iterations=iterations)
    mac = await _old_mac(loop, bmp_passphrase(passphrase), salt, auth_safe, provider)
    # Old readers accept the identifier only with NULL as its parameters.
    identifier = der.sequence(der.oid(HASH_OIDS[hash_name]), NULL)
    digest_info = der.sequence(identifier, der.octet_string(mac))
    count = der.integer(iterations) if iterations > 1 else b""
    return der.sequence(digest_info, der.octet_string(salt), count)


async def _check_pbmac1(
    parameters: bytes | None, auth_safe: bytes, expected: bytes, passphrase: FilePassphrase
) -> None:
    # RFC 9579 section 4: macSalt and iterations are ignored; keyLength MUST be present.
    where = "PBMAC1-params"
    fields = der.expect_count(der.read_sequence(parameters or b"", where), where, 2)
    kdf, key_length = parse_derivation(fields[0].encoded)
    hash_name = parse_hmac_identifier(fields[1].encoded)
    check_hash(hash_name)
    if key_length is None or not _MIN_KEY_LENGTH <= key_length <= _MAX_KEY_LENGTH:
        text = f"keyLength is {key_length}, expected {_MIN_KEY_LENGTH} to {_MAX_KEY_LENGTH}"
        raise MalformedMessage(text, where)
    for form in passphrase.octet_forms:
        passphrase.spend(derivation_work(kdf, key_length))
        key = await passphrase.provider.derive_key(kdf, form, key_length)
        if hmac.compare_digest(expected, hmac.digest(key, auth_safe, hash_name)):
            passphrase.prefer(form)
            return
    raise WrongPassphrase


async def _old_mac(
    loop: RepeatedHash, password: bytes, salt: bytes, auth_safe: bytes, provider: CryptoProvider
) -> bytes:
    key = await derive_pkcs12(loop, password, salt, Purpose.MAC, hash_length(loop.hash_name), provider)
    return hmac.digest(key, auth_safe, loop.hash_name)
