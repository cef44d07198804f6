"""Sealing for later recipients: the key is wrapped again, the content stays as it is."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking, der
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305, ContentCipher
from smime_core.attributes import build_attribute
from smime_core.blocking import run
from smime_core.certificate import Certificate
from smime_core.content_info import FIELD, parse_content_info
from smime_core.errors import (
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
    WrongPassphrase,
)
from smime_core.identity import Identity
from smime_core.kekri import KeyEncryptionKey
from smime_core.later_recipients import add_recipients
from smime_core.message import recipient_ids
from smime_core.provider import NewKey
from tests.unit.envelopes import CONTENT, edit, flip, parse, unseal, version_of, with_originator_info
from tests.unit.people import PROVIDER, anchor, person

ALICE, BOB, CAROL = person("alice"), person("bob", NewKey.P256), person("carol", NewKey.ML_KEM_512)
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(32))
CIPHERS: Final = [AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305]


def seal(cipher: ContentCipher = AES_256_CBC, *people: Identity) -> bytes:
    recipients = [someone.certificate for someone in people or (ALICE,)]
    return blocking.seal_bytes(CONTENT, recipients=recipients, provider=PROVIDER, cipher=cipher)


def add(cms: bytes, *recipients: Certificate, by: Identity = ALICE) -> bytes:
    return run(add_recipients(cms, recipients=recipients, holders=[by], provider=PROVIDER))


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_old_and_new_recipients_open_it(cipher: ContentCipher) -> None:
    added = add(seal(cipher), BOB.certificate, CAROL.certificate)
    for reader in (ALICE, BOB, CAROL):
        assert unseal(added, reader) == CONTENT
    # One who was added can add in turn.
    dave = person("dave", NewKey.X448)
    assert unseal(add(added, dave.certificate, by=CAROL), dave) == CONTENT


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_nothing_behind_the_recipients_is_touched(cipher: ContentCipher) -> None:
    sealed = seal(cipher)
    before, after = (
        der.read_children(parse_content_info(cms).content) for cms in (sealed, add(sealed, BOB.certificate))
    )
    assert [bytes(field.encoded) for field in before[2:]] == [bytes(field.encoded) for field in after[2:]]
    kept = {bytes(info.encoded) for info in der.read_children(before[1])}
    assert kept < {bytes(info.encoded) for info in der.read_children(after[1])}


def test_must_32_the_version_is_computed_again() -> None:
    sealed = seal()
    assert version_of(sealed) == 0
    assert version_of(add(sealed, person("dave").certificate)) == 0
    assert version_of(add(sealed, BOB.certificate)) == 2
    assert version_of(add(sealed, CAROL.certificate)) == 3
    assert version_of(add(seal(AES_256_GCM), CAROL.certificate)) == 0


def test_must_32_originator_info_and_unprotected_attributes_count_for_the_version() -> None:
    dave = person("dave").certificate
    with_info = add(with_originator_info(seal(), anchor()), dave)
    assert version_of(with_info) == 2
    assert parse(with_info).originator_info is not None
    attribute = der.element(0xA1, build_attribute("1.2.3", der.integer(1)))
    with_attrs = add(edit(seal(), lambda fields: fields.append(attribute)), dave)
    assert version_of(with_attrs) == 2
    assert parse(with_attrs).unprotected_attrs == {"1.2.3": (der.integer(1),)}
    assert unseal(with_info, ALICE) == unseal(with_attrs, person("dave")) == CONTENT


def test_passwords_and_shared_keys_are_added_and_open() -> None:
    added = run(
        add_recipients(
            seal(), recipients=(), holders=[ALICE], new_passwords=[b"secret"], new_keks=[KEK], provider=PROVIDER
        )
    )
    assert unseal(added, passwords=[b"secret"]) == unseal(added, keks=[KEK]) == CONTENT
    again = run(
        add_recipients(added, recipients=[BOB.certificate], holders=(), passwords=[b"secret"], provider=PROVIDER)
    )
    assert unseal(again, BOB) == CONTENT
    with pytest.raises(WrongPassphrase):
        run(add_recipients(added, recipients=[BOB.certificate], holders=(), passwords=[b"no"], provider=PROVIDER))


def test_whoever_is_there_already_is_not_added_again() -> None:
    added = add(seal(AES_256_CBC, ALICE, BOB), BOB.certificate, ALICE.certificate, CAROL.certificate)
    assert len(recipient_ids(added)) == 3


def test_a_stranger_cannot_add() -> None:
    with pytest.raises(NoMatchingRecipient):
        add(seal(), CAROL.certificate, by=BOB)


def test_a_wrong_key_never_wraps_anything() -> None:
    # RSA v1.5 gives a random key here; wrapping that would lock the new recipient out, and look like success.
    impostor = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    with pytest.raises(DecryptionError):
        add(seal(AES_256_GCM), BOB.certificate, by=impostor)


def test_altered_content_is_refused() -> None:
    sealed = seal(AES_256_GCM)
    with pytest.raises(DecryptionError):
        add(flip(sealed, len(sealed) - 40), BOB.certificate)


def test_a_certificate_that_may_not_receive_is_refused() -> None:
    with pytest.raises(UnsupportedAlgorithm):
        add(seal(), anchor())


def test_what_has_no_recipients_is_refused() -> None:
    signed = blocking.sign_bytes(CONTENT, identity=ALICE, provider=PROVIDER, signing_time=anchor().not_before)
    with pytest.raises(MalformedMessage, match="recipients"):
        add(signed, BOB.certificate)


def test_a_field_stays_a_field() -> None:
    sealed = blocking.seal_bytes(
        CONTENT, recipients=[ALICE.certificate], provider=PROVIDER, cipher=AES_256_GCM, content_type=FIELD
    )
    added = add(sealed, BOB.certificate)
    assert parse(added).auth_attrs_der == parse(sealed).auth_attrs_der
    assert parse(added).content_type == FIELD
    assert unseal(added, BOB) == CONTENT


def test_an_indefinite_structure_is_read_and_its_content_copied_as_it_stands() -> None:
    fields = [bytes(field.encoded) for field in der.read_children(parse_content_info(seal()).content)]
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
    assert unseal(added, BOB) == unseal(added, ALICE) == CONTENT
