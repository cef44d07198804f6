"""Private keys in separate files: PKCS#8, encrypted or not (RFC 5958), PKCS#1 and SEC 1, in a file of any form.

This module reads every encryption of `pbes`, including OpenSSL's old `DEK-Info`. It writes PKCS#8, encrypted with
PBES2.
"""

from __future__ import annotations

from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.asn1.file_values import FileValue, parse_file_values
from smime_core.asn1.pem import build_pem
from smime_core.asn1.value_kinds import ValueKind
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase, decrypt_private_key_info, encrypt_pbes2
from smime_core.identity.pbes import parse_dek_info
from smime_core.keys import parse_ec_private_key, parse_private_key, parse_rsa_private_key
from smime_core.limits import MAX_PKCS12_BYTES, check_limit
from smime_core.provider import CryptoProvider, PrivateKey

DEFAULT_ITERATIONS: Final = 600_000  # OWASP's figure for PBKDF2-HMAC-SHA-256; about 0.2 s natively
_PKCS8: Final = "PRIVATE KEY"
_ENCRYPTED_PKCS8: Final = "ENCRYPTED PRIVATE KEY"
_NUMBERS_OF_DSA: Final = 6  # An RSA key has nine numbers.
_LOOKED_AT_FIELDS: Final = 7


async def load_private_key(data: Buffer, passphrase: bytes | None, provider: CryptoProvider) -> PrivateKey:
    """The first private key in a file of any form (`asn1.file_values`). `passphrase` is UTF-8.

    Raises WrongPassphrase, also for an encrypted key without a passphrase, MalformedMessage, LimitExceeded or
    UnsupportedAlgorithm.
    """
    where = "private key"
    check_limit("private key bytes", len(data), MAX_PKCS12_BYTES)
    file_passphrase = None if passphrase is None else FilePassphrase(bytes(passphrase), provider)
    values = parse_file_values(data, where)
    # A damaged block does not hide a key beside it.
    keys = values.find(ValueKind.PRIVATE_KEY) or values.take(ValueKind.PRIVATE_KEY, where=where)
    return await load_key_value(keys[0], file_passphrase)


async def export_private_key(
    key: PrivateKey, passphrase: bytes | None, provider: CryptoProvider, *, iterations: int = DEFAULT_ITERATIONS
) -> bytes:
    """PEM of a PKCS#8 key, encrypted with PBES2 (AES-256-CBC and PBKDF2-HMAC-SHA-256).

    The key stays unencrypted only if `passphrase` is None; an empty passphrase encrypts it. Raises ProviderError.
    """
    if passphrase is None:
        return build_pem(_PKCS8, key.pkcs8_der)
    algorithm, ciphertext = await encrypt_pbes2(key.pkcs8_der, bytes(passphrase), provider, iterations)
    return build_pem(_ENCRYPTED_PKCS8, der.sequence(algorithm, der.octet_string(ciphertext)))


async def load_key_value(value: FileValue, passphrase: FilePassphrase | None) -> PrivateKey:
    """The key in one value of a file. Raises the errors of `load_private_key`."""
    dek_info = value.block.find_header("DEK-Info") if value.block is not None else None
    if dek_info is None:
        return await _load_der(value.der, passphrase)
    # DEK-Info is a header of encrypted mail (RFC 1421 section 4.6.1.3). OpenSSL uses it for keys.
    return await _load_der(
        await _expect_passphrase(passphrase).decrypt(parse_dek_info(dek_info), value.der), passphrase
    )


async def _load_der(octets: bytes, passphrase: FilePassphrase | None) -> PrivateKey:
    where = "private key"
    tags = [field.tag for field in der.read_sequence(octets, where)[:_LOOKED_AT_FIELDS]]
    match tags:
        case [der.SEQUENCE, der.OCTET_STRING, *_]:
            return parse_private_key(await decrypt_private_key_info(octets, _expect_passphrase(passphrase)))
        case [der.INTEGER, der.SEQUENCE, *_]:
            return parse_private_key(octets)
        case [der.INTEGER, der.OCTET_STRING, *_]:
            return parse_ec_private_key(octets)
    if tags == [der.INTEGER] * _NUMBERS_OF_DSA:
        raise UnsupportedAlgorithm("DSA", where)
    if tags[:2] == [der.INTEGER, der.INTEGER]:
        return parse_rsa_private_key(octets)
    raise MalformedMessage("expected PKCS#8, PKCS#1 or SEC 1", where)


def _expect_passphrase(passphrase: FilePassphrase | None) -> FilePassphrase:
    if passphrase is None:
        raise WrongPassphrase
    return passphrase
