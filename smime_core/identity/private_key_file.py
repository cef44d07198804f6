"""Private keys in their own files: PKCS#8, encrypted or not (RFC 5958), PKCS#1 and SEC 1, in DER or PEM (RFC 7468).

Reads every encryption of `pbes`, including OpenSSL's old `DEK-Info`. Writes PKCS#8, encrypted by PBES2.
"""

from __future__ import annotations

from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.asn1.pem import PemBlock, build_pem, find_damaged_pem_blocks
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase, decrypt_private_key_info, encrypt_pbes2
from smime_core.identity.pbes import parse_dek_info
from smime_core.keys import parse_ec_private_key, parse_private_key, parse_rsa_private_key
from smime_core.limits import MAX_PKCS12_BYTES, check_limit
from smime_core.provider import CryptoProvider, PrivateKey

DEFAULT_ITERATIONS: Final = 600_000  # OWASP's figure for PBKDF2-HMAC-SHA-256; about 0.2 s natively
_PKCS8: Final = "PRIVATE KEY"
_ENCRYPTED_PKCS8: Final = "ENCRYPTED PRIVATE KEY"
_RSA: Final = "RSA PRIVATE KEY"
_EC: Final = "EC PRIVATE KEY"


async def load_private_key(data: Buffer, passphrase: bytes | None, provider: CryptoProvider) -> PrivateKey:
    """The first private key in a file in DER or PEM. `passphrase` is UTF-8.

    Raises WrongPassphrase, also for an encrypted key without a passphrase, MalformedMessage, LimitExceeded or
    UnsupportedAlgorithm.
    """
    check_limit("private key bytes", len(data), MAX_PKCS12_BYTES)
    data = bytes(data)
    file_passphrase = None if passphrase is None else FilePassphrase(bytes(passphrase), provider)
    if data[:1] == bytes([der.SEQUENCE]):
        return await _load_der(data, file_passphrase)
    for block in find_damaged_pem_blocks(data):
        if is_private_key(block):
            if block.problem:
                raise MalformedMessage(block.problem, where=block.label)
            return await load_pem_key(block, file_passphrase)
    raise MalformedMessage("found neither DER nor a PEM block of a private key", where="private key")


async def export_private_key(
    key: PrivateKey, passphrase: bytes | None, provider: CryptoProvider, *, iterations: int = DEFAULT_ITERATIONS
) -> bytes:
    """PEM of a PKCS#8 key, encrypted by PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256.

    The key stays unencrypted only if `passphrase` is None; an empty passphrase encrypts it. Raises ProviderError.
    """
    if passphrase is None:
        return build_pem(_PKCS8, key.pkcs8_der)
    algorithm, ciphertext = await encrypt_pbes2(key.pkcs8_der, bytes(passphrase), provider, iterations)
    return build_pem(_ENCRYPTED_PKCS8, der.sequence(algorithm, der.octet_string(ciphertext)))


def is_private_key(block: PemBlock) -> bool:
    """Whether the label of a PEM block names a private key of any kind."""
    return block.label.endswith("PRIVATE KEY")


async def load_pem_key(block: PemBlock, passphrase: FilePassphrase | None) -> PrivateKey:
    """The key in one PEM block. Raises the errors of `load_private_key`."""
    octets = block.octets
    if block.label == _ENCRYPTED_PKCS8:
        return await _load_encrypted(octets, passphrase)
    dek_info = block.find_header("DEK-Info")
    if dek_info is not None:
        # DEK-Info is a header of encrypted mail (RFC 1421 section 4.6.1.3). OpenSSL uses it for keys.
        octets = await _expect_passphrase(passphrase).decrypt(parse_dek_info(dek_info), octets)
    if block.label == _PKCS8:
        return parse_private_key(octets)
    if block.label == _RSA:
        return parse_rsa_private_key(octets)
    if block.label == _EC:
        return parse_ec_private_key(octets)
    # DSA, OPENSSH and other kinds.
    raise UnsupportedAlgorithm(block.label, "private key")


async def _load_der(octets: bytes, passphrase: FilePassphrase | None) -> PrivateKey:
    where = "private key"
    tags = [field.tag for field in der.read_sequence(octets, where)[:2]]
    if tags == [der.SEQUENCE, der.OCTET_STRING]:
        return await _load_encrypted(octets, passphrase)
    if tags == [der.INTEGER, der.SEQUENCE]:
        return parse_private_key(octets)
    if tags == [der.INTEGER, der.INTEGER]:
        return parse_rsa_private_key(octets)
    if tags == [der.INTEGER, der.OCTET_STRING]:
        return parse_ec_private_key(octets)
    raise MalformedMessage("expected PKCS#8, PKCS#1 or SEC 1", where)


async def _load_encrypted(octets: bytes, passphrase: FilePassphrase | None) -> PrivateKey:
    return parse_private_key(await decrypt_private_key_info(octets, _expect_passphrase(passphrase)))


def _expect_passphrase(passphrase: FilePassphrase | None) -> FilePassphrase:
    if passphrase is None:
        raise WrongPassphrase
    return passphrase
