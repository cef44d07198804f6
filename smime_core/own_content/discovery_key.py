"""Signatures by the Ed25519 keys of a discovery document (RFC 8032): the operator's, and those of the servers.

Each signature covers fields with a label of their own, so that no statement passes as another one.
"""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.errors import MalformedMessage
from smime_core.keys import public_key_of, raw_public_key, subject_public_key
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.text import JsonObject, length_prefixed, read_ed25519, write_ed25519

_CONTEXT: Final = "sealwax discovery"
_ED25519: Final = SignatureAlgorithm(scheme=SignatureScheme.ED25519, hash_name=HashName.SHA512)


def key_text(key: PrivateKey) -> str:
    """The text of the public half of an Ed25519 key."""
    return write_ed25519(subject_public_key(public_key_of(key)))


async def sign_fields(key: PrivateKey, provider: CryptoProvider, *fields: str | int | bytes) -> bytes:
    """The signature over the fields, the first of which is their label."""
    return await provider.sign(key, _ED25519, length_prefixed(_CONTEXT, *fields))


async def verify_fields(key: str, signature: bytes, provider: CryptoProvider, *fields: str | int | bytes) -> None:
    """Return if the key with this text has signed the fields. Raises SignatureMismatch."""
    public_key = raw_public_key(KeyType.ED25519, read_ed25519(key))
    await provider.verify(public_key, _ED25519, signature, length_prefixed(_CONTEXT, *fields))


def key_member(members: JsonObject, name: str) -> str:
    """The text of an Ed25519 public key in the member `name`. Raises MalformedMessage."""
    text = members.text(name)
    try:
        read_ed25519(text)
    except ValueError as error:
        raise MalformedMessage(str(error), members.where) from None
    return text
