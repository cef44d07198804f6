"""The private keys that the browser's provider pads: with an attribute that ends in zeros, and else the same keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.provider import NewKey
from smime_core.providers.webcrypto_forms import pad_private_key
from tests.support.people import PROVIDER


@pytest.mark.parametrize(
    "kind", [NewKey.RSA_2048, NewKey.P256, NewKey.P384, NewKey.P521, NewKey.ED25519, NewKey.X25519]
)
def test_a_padded_key_is_the_same_key_and_longer_than_a_megabyte(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind)).pkcs8_der
    before, zeros = pad_private_key(key)
    padded = before + bytes(zeros)
    assert len(padded) > 1_048_576
    fields = der.read_sequence(padded)
    assert [field.encoded for field in fields[:3]] == [field.encoded for field in der.read_sequence(key)]
    assert fields[3].tag == 0xA0
    read = load_der_private_key(padded, None)
    assert read.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == key


def test_a_key_with_further_fields_gets_no_padding() -> None:
    key = run(PROVIDER.generate_key(NewKey.P256)).pkcs8_der
    fields = [bytes(field.encoded) for field in der.read_sequence(key)]
    for further in (der.element(0xA0), der.element(0x81, bytes(66))):
        longer = der.sequence(*fields, further)
        assert pad_private_key(longer) == (longer, 0)
