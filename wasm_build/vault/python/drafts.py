"""The verbs about drafts. A draft is sealed under a symmetric key from an identity's private key.

    draft key = HKDF-SHA-256(PKCS#8 of the private key, info = label ‖ fingerprint), RFC 5869
    sealed    = fingerprint (32 bytes) ‖ nonce (12 bytes) ‖ AES-256-GCM(draft key, draft)
    aad       = label ‖ fingerprint ‖ place

So only the holder of the private key can make a draft. Drafts are not encrypted for the public key, because then
anybody could make one. The server that keeps the drafts could plant a forged draft, and the writer would send it. For
the same reason a key that several people share is used only if the person has no other key. `place` names where the
draft is kept, so that the server cannot replace one draft with another.
"""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import AES_256_GCM, HashName, Hkdf
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate
from wasm_build.vault.python.requests import Reply, WithKeys, request_class
from wasm_build.vault.python.sealed import UnsealedIdentity, own_of, unseal

_LABEL: Final = b"sealwax draft 1\0"
_KEY_BYTES: Final = 32
_FINGERPRINT_BYTES: Final = 32
_TAG_BYTES: Final = 16


@request_class
class SealDraft(WithKeys):
    draft: bytes
    place: str


@request_class
class OpenDraft(WithKeys):
    sealed: bytes
    place: str


async def seal_draft(request: SealDraft, provider: CryptoProvider) -> Reply:
    """Returns `{sealed}`: the draft, sealed under the person's first identity. Raises MalformedMessage without keys."""
    identities = own_of(await unseal(request.keys, provider))
    if not identities:
        raise MalformedMessage("a draft is sealed under a key of its writer, and none is open", where="identities")
    holder = identities[0]
    fingerprint = _fingerprint(holder.certificate)
    key = await _derive_key(holder, fingerprint, provider)
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    aad = _bind(fingerprint, request.place)
    ciphertext = await provider.encrypt_content(AES_256_GCM, key, nonce, request.draft, aad)
    return {"sealed": fingerprint + nonce + ciphertext}


async def open_draft(request: OpenDraft, provider: CryptoProvider) -> Reply:
    """Returns `{draft}`. Raises DecryptionError unless one of these identities sealed it for this place."""
    sealed = request.sealed
    nonce_end = _FINGERPRINT_BYTES + AES_256_GCM.iv_length
    fingerprint, nonce, ciphertext = (
        sealed[:_FINGERPRINT_BYTES],
        sealed[_FINGERPRINT_BYTES:nonce_end],
        sealed[nonce_end:],
    )
    if len(ciphertext) < _TAG_BYTES:
        raise DecryptionError
    for holder in own_of(await unseal(request.keys, provider)):
        if _fingerprint(holder.certificate) == fingerprint:
            key = await _derive_key(holder, fingerprint, provider)
            aad = _bind(fingerprint, request.place)
            return {"draft": await provider.decrypt_content(AES_256_GCM, key, nonce, ciphertext, aad)}
    raise DecryptionError


async def _derive_key(holder: UnsealedIdentity, fingerprint: bytes, provider: CryptoProvider) -> bytes:
    kdf = Hkdf(hash_name=HashName.SHA256, salt=b"", info=_LABEL + fingerprint)
    return await provider.derive_key(kdf, holder.private_key.pkcs8_der, _KEY_BYTES)


def _bind(fingerprint: bytes, place: str) -> bytes:
    return _LABEL + fingerprint + place.encode()


def _fingerprint(certificate: Certificate) -> bytes:
    return bytes.fromhex(certificate.fingerprint)
