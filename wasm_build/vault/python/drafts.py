"""The verbs about drafts: sealed under a symmetric key of the identity, so that only its holder can have made them.

    draft key = HKDF-SHA-256(PKCS#8 of the private key, info = label ‖ fingerprint), RFC 5869
    sealed    = fingerprint (32 bytes) ‖ nonce (12 bytes) ‖ AES-256-GCM(draft key, draft)
    aad       = label ‖ fingerprint ‖ place

A draft that is sealed to a public key alone can be planted by whoever keeps it: anybody can make one, and the writer
would go on writing in another's words. `place` names where the draft is kept: one does not pass in the place of
another.
"""

from __future__ import annotations

from typing import Any, Final

from smime_core.algorithms import AES_256_GCM, HashName, Hkdf
from smime_core.certificate import Certificate
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.sealed import UnsealedIdentity
from wasm_build.signers import unseal

_LABEL: Final = b"sealwax draft 1\0"
_KEY_BYTES: Final = 32
_FINGERPRINT_BYTES: Final = 32
_TAG_BYTES: Final = 16


async def seal_draft(args: dict[str, Any], provider: CryptoProvider) -> dict[str, bytes]:
    """`{sealed}`: a draft that only the first of these identities opens again. Raises MalformedMessage without one."""
    identities = await unseal(args, provider)
    if not identities:
        raise MalformedMessage("a draft is sealed under a key of its writer, and none is open", where="identities")
    holder = identities[0]
    fingerprint = _fingerprint(holder.certificate)
    key = await _derive_key(holder, fingerprint, provider)
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    aad = _bind(fingerprint, args["place"])
    ciphertext = await provider.encrypt_content(AES_256_GCM, key, nonce, args["draft"], aad=aad)
    return {"sealed": fingerprint + nonce + ciphertext}


async def open_draft(args: dict[str, Any], provider: CryptoProvider) -> dict[str, bytes]:
    """`{draft}` as it was sealed for this place by one of these identities; else raises DecryptionError."""
    sealed = bytes(args["sealed"])
    nonce_end = _FINGERPRINT_BYTES + AES_256_GCM.iv_length
    fingerprint, nonce, ciphertext = (
        sealed[:_FINGERPRINT_BYTES],
        sealed[_FINGERPRINT_BYTES:nonce_end],
        sealed[nonce_end:],
    )
    if len(ciphertext) < _TAG_BYTES:
        raise DecryptionError
    for holder in await unseal(args, provider):
        if _fingerprint(holder.certificate) == fingerprint:
            key = await _derive_key(holder, fingerprint, provider)
            aad = _bind(fingerprint, args["place"])
            return {"draft": await provider.decrypt_content(AES_256_GCM, key, nonce, ciphertext, aad=aad)}
    raise DecryptionError


async def _derive_key(holder: UnsealedIdentity, fingerprint: bytes, provider: CryptoProvider) -> bytes:
    kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=_LABEL + fingerprint)
    return await provider.derive_key(kdf, holder.private_key.pkcs8_der, _KEY_BYTES)


def _bind(fingerprint: bytes, place: str) -> bytes:
    return _LABEL + fingerprint + place.encode()


def _fingerprint(certificate: Certificate) -> bytes:
    return bytes.fromhex(certificate.fingerprint)
