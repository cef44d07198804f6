"""PKCS#12 (RFC 7292) built by hand, so that a test can write it as other programs do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from smime_core.asn1 import der
from smime_core.cms.content_info import ID_DATA
from tests.support.command.reported import Key, der_of, pkcs8

_BAGS: Final = "1.2.840.113549.1.12.10.1"
_KEY_BAG: Final = f"{_BAGS}.2"
_CERTIFICATE_BAG: Final = f"{_BAGS}.3"
_SECRET_BAG: Final = f"{_BAGS}.5"
_FRIENDLY_NAME: Final = "1.2.840.113549.1.9.20"
_LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"
_PBKDF2: Final = "1.2.840.113549.1.5.12"
_PBES2: Final = "1.2.840.113549.1.5.13"
_PBMAC1: Final = "1.2.840.113549.1.5.14"
_HMAC_SHA256: Final = "1.2.840.113549.2.9"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_AES_256_CBC: Final = "2.16.840.1.101.3.4.1.42"
_NULL: Final = b"\x05\x00"
_SALT: Final = b"8 octets"
_ROUNDS: Final = 2_048


def bmp_string(password: str) -> bytes:
    """The password as RFC 7292 appendix B.1 has it, with two zero bytes at its end."""
    return password.encode("utf-16-be") + b"\0\0"


def named(name: str) -> bytes:
    return der.sequence(der.oid(_FRIENDLY_NAME), der.set_of([der.element(0x1E, name.encode("utf-16-be"))]))


def identified(key_id: bytes) -> bytes:
    return der.sequence(der.oid(_LOCAL_KEY_ID), der.set_of([der.octet_string(key_id)]))


def certificate_bag(certificate: x509.Certificate, *attributes: bytes) -> bytes:
    inside = der.explicit(0, der.octet_string(der_of(certificate)))
    return _bag(_CERTIFICATE_BAG, der.sequence(der.oid("1.2.840.113549.1.9.22.1"), inside), attributes)


def key_bag(private: Key, password: bytes, *attributes: bytes) -> bytes:
    return _bag(_KEY_BAG, _encrypted(pkcs8(private), password), attributes)


def secret_bag(secret: bytes, password: bytes, *attributes: bytes) -> bytes:
    """An AES key, as Java's KeyStore keeps it."""
    plain = der.sequence(der.integer(0), _algorithm("2.16.840.1.101.3.4.1"), der.octet_string(secret))
    inside = der.explicit(0, der.octet_string(_encrypted(plain, password)))
    return _bag(_SECRET_BAG, der.sequence(der.oid(_KEY_BAG), inside), attributes)


def store(bags: Sequence[bytes], mac_password: bytes | None) -> bytes:
    """A PFX with these bags. `mac_password` has its two zero bytes; without it there is no MAC."""
    safe = _safe_of(bags)
    if mac_password is None:
        return der.sequence(der.integer(3), _data(safe))
    mac = hmac.digest(_mac_key(mac_password), safe, "sha256")
    info = der.sequence(_algorithm(_SHA256, _NULL), der.octet_string(mac))
    return der.sequence(der.integer(3), _data(safe), der.sequence(info, der.octet_string(_SALT), der.integer(_ROUNDS)))


def store_with_pbmac1(bags: Sequence[bytes], password: bytes, length: int, *, states_length: bool) -> bytes:
    """A PFX whose MAC is PBMAC1 (RFC 9579) with a key of `length` bytes."""
    safe = _safe_of(bags)
    mac_key = hashlib.pbkdf2_hmac("sha256", password, _SALT, _ROUNDS, length)
    kdf = [der.octet_string(_SALT), der.integer(_ROUNDS), *([der.integer(length)] if states_length else [])]
    function = _algorithm(_PBKDF2, der.sequence(*kdf, _algorithm(_HMAC_SHA256, _NULL)))
    scheme = _algorithm(_PBMAC1, der.sequence(function, _algorithm(_HMAC_SHA256, _NULL)))
    info = der.sequence(scheme, der.octet_string(hmac.digest(mac_key, safe, "sha256")))
    return der.sequence(der.integer(3), _data(safe), der.sequence(info, der.octet_string(_SALT), der.integer(1)))


def as_ber(octets: bytes) -> bytes:
    """DER with indefinite lengths, and with octet strings in pieces of 100 bytes."""
    result = b""
    for value in _values(octets):
        encoded = bytes(value.encoded)
        if value.is_constructed:
            result += encoded[:1] + b"\x80" + as_ber(bytes(value.content)) + b"\0\0"
        elif value.tag == der.OCTET_STRING and len(value.content) > 100:
            content = bytes(value.content)
            pieces = [content[start : start + 100] for start in range(0, len(content), 100)]
            result += b"\x24\x80" + b"".join(map(der.octet_string, pieces)) + b"\0\0"
        else:
            result += encoded
    return result


def _values(octets: bytes) -> list[der.Tlv]:
    values, start = [], 0
    while start < len(octets):
        value, start = der.read_tlv(octets, start)
        values.append(value)
    return values


def _bag(kind: str, value: bytes, attributes: Sequence[bytes]) -> bytes:
    return der.sequence(der.oid(kind), der.explicit(0, value), *([der.set_of(list(attributes))] if attributes else []))


def _algorithm(oid: str, *parameters: bytes) -> bytes:
    return der.sequence(der.oid(oid), *parameters)


def _data(content: bytes) -> bytes:
    return der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(content)))


def _safe_of(bags: Sequence[bytes]) -> bytes:
    return der.sequence(_data(der.sequence(*bags)))


def _encrypted(plain: bytes, password: bytes) -> bytes:
    # EncryptedPrivateKeyInfo by PBES2. Constant salt and IV do no harm to keys that only a test has.
    derived = hashlib.pbkdf2_hmac("sha256", password, _SALT, _ROUNDS, 32)
    padding = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES256(derived), modes.CBC(bytes(16))).encryptor()
    encrypted = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    kdf = der.sequence(der.octet_string(_SALT), der.integer(_ROUNDS), _algorithm(_HMAC_SHA256, _NULL))
    cipher = _algorithm(_AES_256_CBC, der.octet_string(bytes(16)))
    scheme = _algorithm(_PBES2, der.sequence(_algorithm(_PBKDF2, kdf), cipher))
    return der.sequence(scheme, der.octet_string(encrypted))


def _mac_key(password: bytes) -> bytes:
    # RFC 7292 appendix B.2 for SHA-256 and one block of output, with the diversifier of a MAC.
    block = hashlib.sha256(b"\x03" * 64 + _fill(_SALT) + _fill(password)).digest()
    for _ in range(_ROUNDS - 1):
        block = hashlib.sha256(block).digest()
    return block


def _fill(octets: bytes) -> bytes:
    length = -(-len(octets) // 64) * 64
    return (octets * (length // len(octets) + 1))[:length] if octets else b""
