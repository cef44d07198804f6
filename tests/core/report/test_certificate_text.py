"""Keys and holders of certificates as text for people."""

from __future__ import annotations

import pytest

from smime_core.provider import KeyType, NewKey, PublicKey
from smime_core.report import describe_certificate, key_label
from tests.support.nameless_certificates import without_address
from tests.support.people import person

LABELS = {
    NewKey.RSA_2048: "RSA 2048",
    NewKey.P256: "EC P-256",
    NewKey.ED25519: "Ed25519",
    NewKey.ED448: "Ed448",
    NewKey.X25519: "X25519",
    NewKey.ML_KEM_768: "ML-KEM-768",
    NewKey.ML_DSA_65: "ML-DSA-65",
}


@pytest.mark.parametrize("key", LABELS)
def test_a_size_is_said_only_if_the_name_of_the_kind_has_none(key: NewKey) -> None:
    identity = person("alice", key)
    assert key_label(identity.certificate.public_key) == key_label(identity.private_key) == LABELS[key]


def test_a_key_of_an_unknown_kind_has_no_size() -> None:
    assert key_label(PublicKey(spki_der=b"", key_type=KeyType.UNKNOWN, bits=0)) == "Unknown"


def test_a_certificate_that_names_nobody_has_the_beginning_of_its_fingerprint() -> None:
    page = describe_certificate(without_address("").certificate)
    rows = {row.code: row.values for row in page.rows}
    assert page.title.startswith("SHA-256 ")
    assert rows["sha256"][0].text.startswith(page.title.removeprefix("SHA-256 ").removesuffix("…"))
    assert "subject" not in rows
