"""EncryptedData, under a key that both sides have (RFC 5652 section 8)."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core.algorithms import AES_128_CBC, AES_256_CBC, AES_256_GCM, TRIPLE_DES_CBC, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import build_attribute
from smime_core.cms.content_info import ID_DATA, ID_ENCRYPTED_DATA, ID_SIGNED_DATA, parse_content_info
from smime_core.cms.encrypted_data import (
    EncryptedData,
    build_encrypted_data,
    decrypt_encrypted_data,
    parse_encrypted_data,
)
from smime_core.errors import AlgorithmForbidden, DecryptionError, MalformedMessage, UnsupportedAlgorithm
from smime_core.policy import Policy
from tests.support.envelopes import CEK, CONTENT, NO_VERSIONS, edit, flip
from tests.support.people import PROVIDER


def build(cipher: ContentCipher = AES_256_CBC, key: bytes = CEK, content_type: str = ID_DATA) -> bytes:
    return run(build_encrypted_data(CONTENT, key, content_type=content_type, cipher=cipher, provider=PROVIDER))


def parse(cms: bytes) -> EncryptedData:
    content_info = parse_content_info(cms)
    assert content_info.content_type == ID_ENCRYPTED_DATA
    return parse_encrypted_data(content_info.content)


def read(cms: bytes, key: bytes = CEK) -> bytes:
    return run(decrypt_encrypted_data(parse(cms), key, provider=PROVIDER))


@pytest.mark.parametrize(("cipher", "length"), [(AES_256_CBC, 32), (AES_128_CBC, 16)])
def test_built_encrypted_data_is_read(cipher: ContentCipher, length: int) -> None:
    assert read(build(cipher, bytes(length), ID_SIGNED_DATA), bytes(length)) == CONTENT
    assert parse(build(cipher, bytes(length), ID_SIGNED_DATA)).content_type == ID_SIGNED_DATA


@pytest.mark.parametrize("key", [bytes(16), b""], ids=["shorter", "none"])
def test_a_key_of_another_length_is_a_decryption_error(key: bytes) -> None:
    with pytest.raises(DecryptionError):
        read(build(), key)


def test_a_wrong_key_is_a_decryption_error() -> None:
    # CBC has no tag: under a wrong key, one message in 256 ends like valid padding. Of eight, most are refused.
    noticed = 0
    for _ in range(8):
        try:
            assert read(build(), bytes(32)) != CONTENT
        except DecryptionError:
            noticed += 1
    assert noticed >= 4


def test_an_altered_ending_is_a_decryption_error() -> None:
    with pytest.raises(DecryptionError):
        read(flip(build(), -17))


def test_content_that_is_no_whole_number_of_blocks_is_a_decryption_error() -> None:
    cut = edit(build(), lambda fields: fields.__setitem__(1, _without_last_octet(fields[1])))
    with pytest.raises(DecryptionError):
        read(cut)


@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_a_version_that_is_no_integer_is_refused(other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        parse(edit(build(), lambda fields: fields.__setitem__(0, other)))


def _without_last_octet(info: bytes) -> bytes:
    head = [bytes(child.encoded) for child in der.read_sequence(info)]
    octets = bytes(der.read_one(head[2]).content)
    return der.sequence(head[0], head[1], der.element(0x80, octets[:-1]))


def test_unprotected_attributes_are_read_and_are_anybodys_word() -> None:
    attribute = build_attribute("1.2.3.4", der.octet_string(b"a hint"))
    cms = edit(build(), lambda fields: fields.append(der.element(0xA1, attribute)))
    assert parse(cms).unprotected_attrs == {"1.2.3.4": (der.octet_string(b"a hint"),)}
    assert read(cms) == CONTENT


def test_must_18_an_aead_cipher_does_not_belong_here() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="does not belong here"):
        build(AES_256_GCM)
    encrypted = der.sequence(der.oid(AES_256_GCM.oid), der.sequence(der.octet_string(bytes(12)), der.integer(16)))
    inside = der.sequence(der.oid(ID_DATA), encrypted, der.element(0x80, bytes(32)))
    with pytest.raises(MalformedMessage, match="does not belong here"):
        parse_encrypted_data(der.read_one(der.sequence(der.integer(0), inside)))


def test_a_weak_cipher_is_never_made_and_read_from_the_archive_alone() -> None:
    with pytest.raises(AlgorithmForbidden):
        build(TRIPLE_DES_CBC, bytes(24))
    # The ciphertext is one block of zeros. Under the archive policy its decryption gets as far as the wrong padding.
    weak = der.sequence(der.oid(TRIPLE_DES_CBC.oid), der.octet_string(bytes(8)))
    inside = der.sequence(der.oid(ID_DATA), weak, der.element(0x80, bytes(8)))
    parsed = parse_encrypted_data(der.read_one(der.sequence(der.integer(0), inside)))
    with pytest.raises(AlgorithmForbidden):
        run(decrypt_encrypted_data(parsed, bytes(24), provider=PROVIDER))
    with pytest.raises(DecryptionError):
        run(decrypt_encrypted_data(parsed, bytes(range(24)), provider=PROVIDER, policy=Policy.ARCHIVE))


def test_a_key_that_the_cipher_does_not_take_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="16 bytes"):
        build(AES_256_CBC, bytes(16))


@pytest.mark.parametrize("count", [1, 4])
def test_other_numbers_of_fields_are_refused(count: int) -> None:
    fields = [field.encoded for field in der.read_children(parse_content_info(build()).content)]
    with pytest.raises(MalformedMessage, match=f"{count} fields"):
        parse_encrypted_data(der.read_one(der.sequence(*(fields * 2)[:count])))


SHORTEST: Final = 16


def test_nothing_has_one_block_of_padding() -> None:
    cms = run(build_encrypted_data(b"", CEK, content_type=ID_DATA, cipher=AES_256_CBC, provider=PROVIDER))
    assert len(parse(cms).encrypted_content) == SHORTEST
    assert read(cms) == b""
