"""The chunks of a parcel: AuthEnvelopedData over id-data, each with a content-encryption key of its own.

`openssl cms -decrypt` decrypts each chunk, with the secret or with a recipient's private key. The joined outputs for
one file are the file. The manifest has the hash of each chunk. The hash is checked before a key is used, because
somebody who also holds the secret could encrypt another chunk, but not one with that hash.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from smime_core.algorithms import HashName
from smime_core.asn1.der import Buffer
from smime_core.cms import ID_DATA, KeyHolder
from smime_core.cms.enveloped_data import build_enveloped_data, decrypt_enveloped_data
from smime_core.errors import MalformedMessage, ParcelCut, ParcelDamaged, ParcelMixed, WrongPassphrase
from smime_core.limits import MAX_PARCEL_CHUNK_OVERHEAD_BYTES, check_limit
from smime_core.parcels.envelope import damage, keys_of, parse_envelope, recipients_of
from smime_core.parcels.manifest import CHUNK_BYTES, Manifest, ParcelChunk
from smime_core.parcels.parcel_key import ParcelKey
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate


async def encrypt_chunk(
    content: Buffer,
    provider: CryptoProvider,
    *,
    key: ParcelKey | None = None,
    certificates: Sequence[Certificate] = (),
) -> bytes:
    """DER of a chunk for the holders of the secret, of the certificates, or of either.

    Raises MalformedMessage for empty content or without recipients, LimitExceeded for more than CHUNK_BYTES, and
    UnsupportedAlgorithm for a certificate that may not be used for encryption.
    """
    if not len(content):
        raise MalformedMessage("an empty chunk: an empty file has none", where="parcel chunk")
    check_limit("bytes of a parcel chunk", len(content), CHUNK_BYTES)
    cms = await build_enveloped_data(content, recipients_of(key, certificates), provider, ID_DATA)
    check_limit("bytes around a parcel chunk", len(cms) - len(content), MAX_PARCEL_CHUNK_OVERHEAD_BYTES)
    return cms


async def describe_chunk(cms: Buffer, content_bytes: int, provider: CryptoProvider) -> ParcelChunk:
    """The entry of a chunk in the manifest. `content_bytes` is the length of its content."""
    digest = await provider.digest(HashName.SHA256, cms)
    return ParcelChunk(cms_bytes=len(cms), content_bytes=content_bytes, sha256=digest.hex())


async def decrypt_chunk(
    cms: Buffer,
    chunk: ParcelChunk,
    provider: CryptoProvider,
    *,
    key: ParcelKey | None = None,
    identities: Sequence[KeyHolder] = (),
    manifest: Manifest | None = None,
) -> bytes:
    """The content of a chunk, which must be the chunk that the manifest names at this place.

    (1) The CMS is complete, and its SHA-256 is the hash in `chunk`. (2) It is encrypted with authentication, and each
    of its password recipients has the parcel's key derivation. (3) It is decrypted. (4) Its content has the right size.
    Nothing is derived from a password. With `manifest`, a chunk from another place of this parcel is reported as such.

    Raises ParcelCut, ParcelDamaged, ParcelMixed, ParcelNotAuthenticated, NoMatchingRecipient, LimitExceeded or
    UnsupportedAlgorithm.
    """
    # (1) The hash.
    if len(cms) < chunk.cms_bytes:
        raise ParcelCut(f"a chunk has {len(cms)} bytes, the manifest says {chunk.cms_bytes}")
    sha256 = (await provider.digest(HashName.SHA256, cms)).hex()
    if not hmac.compare_digest(sha256, chunk.sha256):
        raise _foreign_chunk(sha256, manifest)
    # (2) The encryption.
    enveloped = parse_envelope(cms, key, what="a chunk")
    # (3) The decryption.
    try:
        with damage("a chunk"):
            content = (await decrypt_enveloped_data(enveloped, keys_of(key, identities), provider)).content
    except WrongPassphrase:
        # The key has opened the manifest, so the key is right and the chunk is not.
        raise ParcelDamaged("a chunk could not be decrypted: it was altered") from None
    # (4) The size.
    if len(content) != chunk.content_bytes:
        raise ParcelCut(f"a chunk has {len(content)} bytes of content, the manifest says {chunk.content_bytes}")
    return content


def _foreign_chunk(sha256: str, manifest: Manifest | None) -> ParcelDamaged | ParcelMixed:
    chunks = manifest.chunks if manifest is not None else ()
    index = next((number for number, other in enumerate(chunks) if other.sha256 == sha256), None)
    if index is not None:
        return ParcelMixed(f"chunk {index} is in the place of another one")
    return ParcelDamaged("a chunk is not the one that the manifest names: it was altered, or is in a wrong place")
