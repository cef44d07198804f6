"""Encrypting for later recipients: the content key is wrapped again, the encrypted content stays as it is."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import build_attribute
from smime_core.cms.content_info import FIELD, parse_content_info
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import (
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
    WrongPassphrase,
)
from smime_core.identity.identity import Identity
from smime_core.message import recipient_ids
from smime_core.provider import NewKey
from smime_core.x509.certificate import Certificate
from tests.support.envelopes import CONTENT, decrypt, edit, flip, parse, version_of, with_originator_info
from tests.support.people import PROVIDER, anchor, person

ALICE, BOB, CAROL = person("alice"), person("bob", NewKey.P256), person("carol", NewKey.ML_KEM_512)
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(32))
# The header of a SET of 256 to 65,535 bytes.
HEADER_BYTES: Final = 4
CIPHERS: Final = [AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305]


def encrypt(cipher: ContentCipher = AES_256_CBC, *people: Identity) -> bytes:
    recipients = [someone.certificate for someone in people or (ALICE,)]
    return blocking.encrypt_bytes(CONTENT, Encrypting(recipients=recipients, cipher=cipher), provider=PROVIDER)


def add(cms: bytes, *recipients: Certificate, by: Identity = ALICE) -> bytes:
    return run(add_recipients(cms, Keys(identities=[by]), Encrypting(recipients=recipients), provider=PROVIDER))


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_old_and_new_recipients_open_it(cipher: ContentCipher) -> None:
    added = add(encrypt(cipher), BOB.certificate, CAROL.certificate)
    for reader in (ALICE, BOB, CAROL):
        assert decrypt(added, reader) == CONTENT
    # A recipient who was added can add others.
    dave = person("dave", NewKey.X448)
    assert decrypt(add(added, dave.certificate, by=CAROL), dave) == CONTENT


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_nothing_behind_the_recipients_is_touched(cipher: ContentCipher) -> None:
    encrypted = encrypt(cipher)
    before, after = (
        der.read_children(parse_content_info(cms).content) for cms in (encrypted, add(encrypted, BOB.certificate))
    )
    assert [bytes(field.encoded) for field in before[2:]] == [bytes(field.encoded) for field in after[2:]]
    recipients = {bytes(info.encoded) for info in der.read_children(before[1])}
    assert recipients < {bytes(info.encoded) for info in der.read_children(after[1])}


def test_must_32_the_version_is_computed_again() -> None:
    encrypted = encrypt()
    assert version_of(encrypted) == 0
    assert version_of(add(encrypted, person("dave").certificate)) == 0
    assert version_of(add(encrypted, BOB.certificate)) == 2
    assert version_of(add(encrypted, CAROL.certificate)) == 3
    assert version_of(add(encrypt(AES_256_GCM), CAROL.certificate)) == 0


def test_must_32_originator_info_and_unprotected_attributes_count_for_the_version() -> None:
    dave = person("dave").certificate
    with_info = add(with_originator_info(encrypt(), anchor()), dave)
    assert version_of(with_info) == 2
    assert parse(with_info).originator_info is not None
    attribute = der.element(0xA1, build_attribute("1.2.3", der.integer(1)))
    with_attrs = add(edit(encrypt(), lambda fields: fields.append(attribute)), dave)
    assert version_of(with_attrs) == 2
    assert parse(with_attrs).unprotected_attrs == {"1.2.3": (der.integer(1),)}
    assert decrypt(with_info, ALICE) == decrypt(with_attrs, person("dave")) == CONTENT


def test_passwords_and_shared_keys_are_added_and_open() -> None:
    added = run(
        add_recipients(
            encrypt(),
            Keys(identities=[ALICE]),
            Encrypting(recipients=(), passwords=[b"secret"], keks=[KEK]),
            provider=PROVIDER,
        )
    )
    assert decrypt(added, passwords=[b"secret"]) == decrypt(added, keks=[KEK]) == CONTENT
    again = run(
        add_recipients(
            added,
            Keys(identities=(), passwords=[b"secret"]),
            Encrypting(recipients=[BOB.certificate]),
            provider=PROVIDER,
        )
    )
    assert decrypt(again, BOB) == CONTENT
    with pytest.raises(WrongPassphrase):
        run(
            add_recipients(
                added,
                Keys(identities=(), passwords=[b"no"]),
                Encrypting(recipients=[BOB.certificate]),
                provider=PROVIDER,
            )
        )


def test_a_present_recipient_is_not_added_again() -> None:
    added = add(encrypt(AES_256_CBC, ALICE, BOB), BOB.certificate, ALICE.certificate, CAROL.certificate)
    assert len(recipient_ids(added)) == 3


def test_a_stranger_cannot_add() -> None:
    with pytest.raises(NoMatchingRecipient):
        add(encrypt(), CAROL.certificate, by=BOB)


def test_a_wrong_key_never_wraps_anything() -> None:
    # For a wrong key, RSA v1.5 gives a random content key. Wrapping it would look like success, and decrypt nothing.
    impostor = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    with pytest.raises(DecryptionError):
        add(encrypt(AES_256_GCM), BOB.certificate, by=impostor)


def test_a_recipient_without_a_version_is_refused() -> None:
    def add_empty(fields: list[bytes]) -> None:
        fields[1] = der.element(der.SET, fields[1][HEADER_BYTES:], der.sequence())

    with pytest.raises(MalformedMessage, match="without a version"):
        add(edit(encrypt(), add_empty), BOB.certificate)


def test_altered_content_is_refused() -> None:
    encrypted = encrypt(AES_256_GCM)
    with pytest.raises(DecryptionError):
        add(flip(encrypted, len(encrypted) - 40), BOB.certificate)


def test_a_certificate_that_may_not_receive_is_refused() -> None:
    with pytest.raises(UnsupportedAlgorithm):
        add(encrypt(), anchor())


def test_content_without_recipients_is_refused() -> None:
    signed = blocking.sign_bytes(
        CONTENT, Signing(identities=[ALICE], signing_time=anchor().not_before), provider=PROVIDER
    )
    with pytest.raises(MalformedMessage, match="recipients"):
        add(signed, BOB.certificate)


def test_a_field_stays_a_field() -> None:
    encrypted = blocking.encrypt_bytes(
        CONTENT, Encrypting(recipients=[ALICE.certificate], cipher=AES_256_GCM), provider=PROVIDER, content_type=FIELD
    )
    added = add(encrypted, BOB.certificate)
    assert parse(added).auth_attrs_der == parse(encrypted).auth_attrs_der
    assert parse(added).content_type == FIELD
    assert decrypt(added, BOB) == CONTENT


def test_an_indefinite_structure_is_read_and_its_content_copied_as_it_stands() -> None:
    fields = [bytes(field.encoded) for field in der.read_children(parse_content_info(encrypt()).content)]
    info = [bytes(child.encoded) for child in der.read_sequence(fields[2])]
    octets = bytes(der.read_one(info[2]).content)
    pieces = b"\xa0\x80" + der.octet_string(octets[:100]) + der.octet_string(octets[100:]) + b"\0\0"
    bulk = b"\x30\x80" + info[0] + info[1] + pieces + b"\0\0"
    whole = (
        b"\x30\x80" + der.oid("1.2.840.113549.1.7.3") + b"\xa0\x80\x30\x80" + fields[0]
        + b"\x31\x80" + bytes(der.read_one(fields[1]).content) + b"\0\0" + bulk + b"\0\0" * 3
    )  # fmt: skip
    added = add(whole, BOB.certificate)
    assert bulk in added
    assert decrypt(added, BOB) == decrypt(added, ALICE) == CONTENT
