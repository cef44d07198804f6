"""The values in docs/parcels_format.md are those of the code, and its example of a key is computed by hashlib only."""

from __future__ import annotations

import hashlib
import hmac
import re

from smime_core import limits
from smime_core.blocking import run
from smime_core.cms.content_info import PARCEL_MANIFEST
from smime_core.errors import ParcelRefused
from smime_core.parcels import CHUNK_BYTES, ITERATIONS, derive_parcel_key, proof_of
from tests.support.people import PROVIDER
from tests.support.project import ROOT

PAGE = (ROOT / "docs" / "parcels_format.md").read_text(encoding="utf-8")


def test_the_example_of_a_key_and_its_proof() -> None:
    (secret, salt) = re.findall(r"For the secret `([a-z ]+)` and the salt `([0-9a-f]{32})`", PAGE)[0]
    (kek,), (proof,) = re.findall(r"^KEK +(\w{64})$", PAGE, re.MULTILINE), re.findall(r"^proof (\w{64})$", PAGE, re.M)
    derived = hashlib.pbkdf2_hmac("sha256", secret.encode(), bytes.fromhex(salt), 600_000, 32)
    assert derived.hex() == kek
    # RFC 5869 sections 2.2 and 2.3: an empty salt is 32 zeros, and 32 bytes are one block.
    extracted = hmac.digest(bytes(32), derived, "sha256")
    assert hmac.digest(extracted, b"sealwax parcel proof 1\x01", "sha256").hex() == proof
    key = run(derive_parcel_key(secret, bytes.fromhex(salt), PROVIDER))
    assert (key.kek.hex(), run(proof_of(key, PROVIDER)).hex()) == (kek, proof)


def test_the_numbers_of_the_page() -> None:
    for number in (
        ITERATIONS,
        CHUNK_BYTES,
        limits.MAX_PARCEL_MANIFEST_BYTES,
        limits.MAX_PARCEL_FILES,
        limits.MAX_PARCEL_CHUNKS,
        limits.MAX_PARCEL_CHUNK_OVERHEAD_BYTES,
        limits.MAX_PARCEL_RECIPIENTS,
        limits.MAX_PARCEL_NAME_BYTES,
    ):
        assert f" {number:,}" in PAGE
    assert PARCEL_MANIFEST in PAGE


def test_the_page_names_each_refusal() -> None:
    for kind in ParcelRefused.__subclasses__():
        assert f"| `{kind.code}` |" in PAGE
