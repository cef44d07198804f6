"""EnvelopedData and AuthEnvelopedData: several recipients, and what must be refused (shared MUSTS 18 to 27, 31)."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking, der
from smime_core.algorithms import (
    AES_128_GCM,
    AES_192_CBC,
    AES_256_CBC,
    AES_256_GCM,
    ContentCipher,
    HashName,
    KeyTransport,
    TransportScheme,
)
from smime_core.content_info import FIELD, ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA, parse_content_info
from smime_core.enveloped_data import parse_enveloped_data
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity import Identity
from smime_core.message import recipient_ids
from smime_core.provider import NewKey
from smime_core.recipient_info import KeyAgreeRecipient, KeyTransRecipient
from tests.unit.people import PROVIDER, anchor, person

CONTENT: Final = b"The quick brown fox\r\n" * 20
ALICE, BOB, CAROL = person("alice"), person("bob", NewKey.P256), person("carol", NewKey.P384)


def seal(
    *people: Identity, cipher: ContentCipher = AES_256_CBC, transport: KeyTransport | None = None, kind: str = ID_DATA
) -> bytes:
    return blocking.seal_bytes(
        CONTENT,
        recipients=[someone.certificate for someone in people],
        provider=PROVIDER,
        cipher=cipher,
        transport=transport,
        content_type=kind,
    )


def unseal(cms: bytes, *people: Identity, kind: str = ID_DATA) -> bytes:
    return blocking.open_bytes(cms, identities=people, provider=PROVIDER, content_type=kind).content


def flip(cms: bytes, position: int) -> bytes:
    altered = bytearray(cms)
    altered[position] ^= 1
    return bytes(altered)


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM, AES_192_CBC, AES_128_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("reader", [ALICE, BOB, CAROL], ids=["RSA", "P-256", "P-384"])
def test_each_of_several_recipients_opens_it(cipher: ContentCipher, reader: Identity) -> None:
    assert unseal(seal(ALICE, BOB, CAROL, cipher=cipher), reader) == CONTENT


@pytest.mark.parametrize(
    "transport",
    [
        KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15),
        KeyTransport(scheme=TransportScheme.RSA_OAEP),
        KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA384, mgf_hash=HashName.SHA1),
    ],
    ids=["v1.5", "OAEP with its defaults", "OAEP with two hashes"],
)
def test_every_rsa_transport_opens(transport: KeyTransport) -> None:
    assert unseal(seal(ALICE, transport=transport), ALICE) == CONTENT


def test_somebody_else_is_told_that_it_is_not_for_them() -> None:
    with pytest.raises(NoMatchingRecipient) as raised:
        unseal(seal(ALICE, BOB), CAROL)
    assert raised.value.recipient_ids == recipient_ids(seal(ALICE, BOB))


def test_a_renewed_certificate_does_not_hide_the_old_key() -> None:
    # Two identities answer to the same recipient: the first has another key and fails, the second opens it.
    impostor = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    assert unseal(seal(ALICE, cipher=AES_256_GCM), impostor, ALICE) == CONTENT


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_wrong_key_and_altered_ciphertext_look_alike(cipher: ContentCipher) -> None:
    stranger = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    cms = seal(ALICE, cipher=cipher)
    texts = set()
    for attempt, reader in ((cms, stranger), (flip(cms, -1 if cipher is AES_256_CBC else -40), ALICE)):
        with pytest.raises(DecryptionError) as raised:
            unseal(attempt, reader)
        texts.add(str(raised.value))
    assert len(texts) == 1


def test_must_18_refuses_gcm_inside_enveloped_data() -> None:
    content = parse_content_info(seal(ALICE, cipher=AES_256_GCM)).content
    with pytest.raises(MalformedMessage, match="AES-256-GCM does not belong here"):
        parse_enveloped_data(content, content_type=ID_ENVELOPED_DATA)


def test_must_18_refuses_cbc_inside_auth_enveloped_data() -> None:
    fields = der.read_children(parse_content_info(seal(ALICE)).content)
    padded = der.sequence(*(field.encoded for field in fields), der.octet_string(bytes(16)))
    with pytest.raises(MalformedMessage, match="AES-256-CBC does not belong here"):
        parse_enveloped_data(der.read_one(padded), content_type=ID_AUTH_ENVELOPED_DATA)


def test_must_19_refuses_a_short_tag() -> None:
    fields = der.read_children(parse_content_info(seal(ALICE, cipher=AES_256_GCM)).content)
    short = der.sequence(*(field.encoded for field in fields[:-1]), der.octet_string(bytes(fields[-1].content)[:12]))
    with pytest.raises(UnsupportedAlgorithm, match="12 bytes"):
        parse_enveloped_data(der.read_one(short), content_type=ID_AUTH_ENVELOPED_DATA)


def test_must_20_other_content_than_data_is_authenticated_with_its_type() -> None:
    cms = seal(ALICE, cipher=AES_256_GCM, kind=FIELD)
    enveloped = parse_enveloped_data(parse_content_info(cms).content, content_type=ID_AUTH_ENVELOPED_DATA)
    assert der.oid(FIELD) in enveloped.auth_attrs_der
    assert unseal(cms, ALICE, kind=FIELD) == CONTENT


def test_must_20_refuses_other_content_without_authenticated_attributes() -> None:
    mail = seal(ALICE, cipher=AES_256_GCM)
    renamed = mail.replace(der.oid(ID_DATA) + b"\x30", der.oid(FIELD) + b"\x30")
    with pytest.raises(SmimeError):
        unseal(renamed, ALICE, kind=FIELD)


def test_a_field_is_not_opened_as_mail_nor_mail_as_a_field() -> None:
    with pytest.raises(ContentTypeMismatch):
        unseal(seal(ALICE, cipher=AES_256_GCM, kind=FIELD), ALICE)
    with pytest.raises(ContentTypeMismatch):
        unseal(seal(ALICE), ALICE, kind=FIELD)


def test_a_field_without_authentication_is_refused() -> None:
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        unseal(seal(ALICE, kind=FIELD), ALICE, kind=FIELD)


def test_must_26_an_ephemeral_point_off_the_curve_is_refused() -> None:
    cms = seal(BOB)
    recipient = parse_enveloped_data(parse_content_info(cms).content, content_type=ID_ENVELOPED_DATA).recipients[0]
    assert isinstance(recipient, KeyAgreeRecipient)
    assert recipient.originator_point is not None
    position = cms.index(recipient.originator_point) + len(recipient.originator_point) - 1
    with pytest.raises(DecryptionError):
        unseal(flip(cms, position), BOB)


def test_the_writer_is_listed_once_when_named_twice() -> None:
    assert len(recipient_ids(seal(ALICE, ALICE))) == 1


def test_sealing_for_nobody_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="nobody"):
        seal()


def test_a_certificate_that_may_not_receive_is_refused() -> None:
    # The authority's own certificate: keyCertSign and cRLSign, no keyEncipherment.
    with pytest.raises(UnsupportedAlgorithm, match="may not be used for encryption"):
        blocking.seal_bytes(CONTENT, recipients=[anchor()], provider=PROVIDER)


def test_the_version_follows_from_what_is_inside() -> None:
    versions = [
        der.parse_integer(der.read_children(parse_content_info(cms).content)[0])
        for cms in (seal(ALICE), seal(ALICE, BOB), seal(ALICE, cipher=AES_256_GCM))
    ]
    assert versions == [0, 2, 0]


@pytest.mark.parametrize("length", [10, 100, 500])
def test_truncated_structures_raise_one_error_type(length: int) -> None:
    with pytest.raises(MalformedMessage):
        unseal(seal(ALICE)[:length], ALICE)


def test_an_unknown_kind_of_recipient_does_not_hide_mine() -> None:
    fields = der.read_children(parse_content_info(seal(ALICE)).content)
    recipients = [bytes(member.encoded) for member in der.read_children(fields[1])]
    more = der.set_of([*recipients, der.element(0xA2, der.integer(4)), der.element(0xA4, der.oid("1.2.3"))])
    content = der.sequence(fields[0].encoded, more, fields[2].encoded)
    enveloped = parse_enveloped_data(der.read_one(content), content_type=ID_ENVELOPED_DATA)
    assert {recipient.kind for recipient in enveloped.recipients} == {KeyTransRecipient.kind, "kekri", "ori"}
