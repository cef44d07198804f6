"""Parcels: a message or files of any size for somebody who may have no key, as a series of CMS structures.

RFC 5083 and 5084 for the objects, RFC 5652 section 6.2.4 for their password recipient. docs/parcels_format.md describes
the format.
"""

from smime_core.parcels.chunks import decrypt_chunk, describe_chunk, encrypt_chunk
from smime_core.parcels.envelope import salt_of
from smime_core.parcels.foreign import decrypt_authenticated, decrypt_unauthenticated
from smime_core.parcels.manifest import (
    CHUNK_BYTES,
    MANIFEST_OBJECT,
    MESSAGE_NAME,
    Manifest,
    ParcelChunk,
    ParcelFile,
    check_file_name,
    chunk_lengths,
    is_parcel_id,
    make_parcel_id,
)
from smime_core.parcels.manifest_object import (
    MAX_MANIFEST_OBJECT_BYTES,
    OpenedManifest,
    build_manifest,
    open_manifest,
)
from smime_core.parcels.parcel_key import (
    ITERATIONS,
    KEK_BYTES,
    PROOF_BYTES,
    SALT_BYTES,
    ParcelKey,
    derive_parcel_key,
    make_salt,
    proof_of,
)
from smime_core.parcels.plan import (
    Addressee,
    ParcelPlan,
    ParcelSizes,
    ParcelTerms,
    PlannedChunk,
    PlannedFile,
)
from smime_core.parcels.receipts import (
    asks_for_receipt,
    build_parcel_receipt,
    check_parcel_receipt,
    expect_parcel_receipt,
)
from smime_core.parcels.secret import SECRET_WORDS, draw_words, make_secret, parse_words
from smime_core.parcels.words import LANGUAGES

__all__ = [
    "CHUNK_BYTES",
    "ITERATIONS",
    "KEK_BYTES",
    "LANGUAGES",
    "MANIFEST_OBJECT",
    "MAX_MANIFEST_OBJECT_BYTES",
    "MESSAGE_NAME",
    "PROOF_BYTES",
    "SALT_BYTES",
    "SECRET_WORDS",
    "Addressee",
    "Manifest",
    "OpenedManifest",
    "ParcelChunk",
    "ParcelFile",
    "ParcelKey",
    "ParcelPlan",
    "ParcelSizes",
    "ParcelTerms",
    "PlannedChunk",
    "PlannedFile",
    "asks_for_receipt",
    "build_manifest",
    "build_parcel_receipt",
    "check_file_name",
    "check_parcel_receipt",
    "chunk_lengths",
    "decrypt_authenticated",
    "decrypt_chunk",
    "decrypt_unauthenticated",
    "derive_parcel_key",
    "describe_chunk",
    "draw_words",
    "encrypt_chunk",
    "expect_parcel_receipt",
    "is_parcel_id",
    "make_parcel_id",
    "make_salt",
    "make_secret",
    "open_manifest",
    "parse_words",
    "proof_of",
    "salt_of",
]
