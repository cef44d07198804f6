"""The material of the warm-up: two identities with fixed keys that are not secret, and a stand-in for WebCrypto.

The build makes the snapshot without WebCrypto, and the snapshot must be the same each time. The stand-in's results have
the right form but no secrecy. Its ciphertext is the plaintext, and every signature is valid. The stand-in exists only
while the snapshot is made. The identities have working keys, because each Worker rehearses with the real WebCrypto.
"""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

from smime_core.algorithms import (
    CURVE_OIDS,
    EC_PUBLIC_KEY,
    HASH_OIDS,
    NULL,
    RSA_ENCRYPTION,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.identity import Identity
from smime_core.keys import parse_private_key, public_key_of
from smime_core.provider import PrivateKey
from smime_core.x509 import EMAIL_PROTECTION, Certificate, parse_certificate

# The RSA key has two fixed primes of 1,024 bits. The EC key has the private number 1, so that its public point is the
# generator of P-256 (SEC 2 version 2, section 2.4.2). Both keys work and protect nothing.
_P: Final = 2**1024 - 105
_Q: Final = 2**1024 - 179
_EXPONENT: Final = 65537
_SECRET: Final = pow(_EXPONENT, -1, (_P - 1) * (_Q - 1))
_GENERATOR: Final = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_BIT_STRING: Final = 0x03
_SIGNING: Final = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)


class _JsBytes(bytes):
    """A result of WebCrypto, with the one method that Python calls on it."""

    def to_bytes(self) -> bytes:
        return bytes(self)


class StandInDoor:
    """The functions of `vault/worker/crypto_door.js` without cryptography. They return results instead of promises."""

    def digest(self, name: str, data: bytes) -> _JsBytes:
        return _JsBytes(hashlib.new(name.replace("-", ""), data).digest())

    def importPublicKey(self, *_: object) -> object:  # JavaScript's name
        return object()

    def importPrivateKey(self, *_: object) -> object:  # JavaScript's name
        return object()

    def sign(self, key: object, algorithm: str, data: bytes) -> _JsBytes:
        return _JsBytes(hashlib.sha512(data).digest() if "ECDSA" in algorithm else bytes(128))

    def verify(self, *_: object) -> bool:
        return True

    def encrypt(self, name: str, cek: bytes, iv: bytes, aad: bytes, data: bytes, bits: int) -> _JsBytes:
        padding = 16 - len(data) % 16 if name == "AES-CBC" else 16
        return _JsBytes(b"".join((data, bytes([padding]) * padding)))

    def decrypt(self, name: str, cek: bytes, iv: bytes, aad: bytes, data: bytes, bits: int) -> _JsBytes:
        return _JsBytes(data[: -data[-1]])

    def encryptOaep(self, key: object, data: bytes) -> _JsBytes:
        return _JsBytes(data.rjust(128, b"\0"))

    def decryptOaep(self, key: object, data: bytes) -> _JsBytes:
        return _JsBytes(data[-32:])

    def agree(self, key: object, algorithm: str, point: bytes, bits: int) -> _JsBytes:
        return _JsBytes(bytes(bits // 8))

    def agreeEphemeral(self, key: object, algorithm: str, bits: int) -> _JsBytes:
        return _JsBytes(b"\x04" + bytes(bits // 8 * 3))

    def wrap(self, kek: bytes, cek: bytes) -> _JsBytes:
        return _JsBytes(bytes(8) + cek)

    def unwrap(self, kek: bytes, wrapped: bytes) -> _JsBytes:
        return _JsBytes(wrapped[8:])

    def pbkdf2(self, hash_name: str, hmac_key: bytes, firsts: bytes, iterations: int) -> _JsBytes:
        return _JsBytes(firsts)

    def repeatHash(self, hash_name: str, first: bytes, iterations: int) -> _JsBytes:
        return _JsBytes(first)

    def argon2id(self, secret: bytes, salt: bytes, memory: int, passes: int, lanes: int, length: int) -> _JsBytes:
        return _JsBytes(bytes(length))


class StandIns(NamedTuple):
    anchor: Certificate
    rsa: Identity
    ec: Identity


def make_stand_ins() -> StandIns:
    """An authority and two identities. Their certificates are valid from 2000 to 2049."""
    authority_key, person_key = _rsa_key(), _ec_key()
    anchor = _certificate("Stand-in authority", authority_key, is_ca=True, number=1)
    rsa = _certificate("rsa@example.test", authority_key, is_ca=False, number=2)
    ec = _certificate("ec@example.test", person_key, is_ca=False, number=3)
    return StandIns(
        anchor=anchor,
        rsa=Identity(certificate=rsa, private_key=authority_key, chain=(anchor,)),
        ec=Identity(certificate=ec, private_key=person_key, chain=(anchor,)),
    )


def _rsa_key() -> PrivateKey:
    numbers = (0, _P * _Q, _EXPONENT, _SECRET, _P, _Q, _SECRET % (_P - 1), _SECRET % (_Q - 1), pow(_Q, -1, _P))
    return _private_key(der.oid(RSA_ENCRYPTION) + NULL, der.sequence(*map(der.integer, numbers)))


def _ec_key() -> PrivateKey:
    point = der.explicit(1, der.element(_BIT_STRING, b"\0", _GENERATOR))
    key_der = der.sequence(der.integer(1), der.octet_string((1).to_bytes(32, "big")), point)
    return _private_key(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[Curve.P256]), key_der)


def _private_key(algorithm: bytes, key_der: bytes) -> PrivateKey:
    return parse_private_key(der.sequence(der.integer(0), der.sequence(algorithm), der.octet_string(key_der)))


def _certificate(name: str, key: PrivateKey, *, is_ca: bool, number: int) -> Certificate:
    identifier = build_signature_identifier(_SIGNING)
    tbs = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(number),
        identifier,
        _name("Stand-in authority"),
        der.sequence(der.element(0x17, b"000101000000Z"), der.element(0x17, b"491231235959Z")),
        _name(name),
        public_key_of(key).spki_der,
        der.explicit(3, der.sequence(*_extensions(name, is_ca=is_ca))),
    )
    return parse_certificate(der.sequence(tbs, identifier, der.element(_BIT_STRING, b"\0", _sign(tbs))))


def _sign(tbs: bytes) -> bytes:
    # RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.1). Blinding is not needed, because the key is not secret.
    digest = hashlib.sha256(tbs).digest()
    digest_info = der.sequence(der.sequence(der.oid(HASH_OIDS[HashName.SHA256]), NULL), der.octet_string(digest))
    block = b"\0\x01" + b"\xff" * (253 - len(digest_info)) + b"\0" + digest_info
    return pow(int.from_bytes(block, "big"), _SECRET, _P * _Q).to_bytes(256, "big")


def _name(text: str) -> bytes:
    return der.sequence(der.set_of([der.sequence(der.oid("2.5.4.3"), der.element(0x0C, text.encode()))]))


def _extensions(name: str, *, is_ca: bool) -> list[bytes]:
    true = der.element(0x01, b"\xff")
    usage = b"\x01\x06" if is_ca else b"\x03\xa8"
    values: list[tuple[str, bytes]] = [
        ("2.5.29.14", der.octet_string(hashlib.sha1(name.encode(), usedforsecurity=False).digest())),
        ("2.5.29.19", der.sequence(true) if is_ca else der.sequence()),
        ("2.5.29.15", der.element(_BIT_STRING, usage)),
    ]
    if not is_ca:
        values.append(("2.5.29.17", der.sequence(der.element(0x81, name.encode()))))
        values.append(("2.5.29.37", der.sequence(der.oid(EMAIL_PROTECTION))))
    return [der.sequence(der.oid(oid), der.octet_string(value)) for oid, value in values]


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine over `StandInDoor` to its end: each value that it awaits is sent back as the result."""
    settled = None
    try:
        while True:
            settled = coroutine.send(settled)
    except StopIteration as finished:
        return finished.value


def as_view(data: bytes) -> Any:
    """Bytes in the form in which the Worker passes them to Python."""
    return _JsBytes(data)
