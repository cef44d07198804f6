"""EnvelopedData and AuthEnvelopedData: several recipients, and required refusals (MUSTS 18 to 22 and 32)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from smime_core import blocking
from smime_core.algorithms import (
    AES_128_CCM,
    AES_128_GCM,
    AES_192_CBC,
    AES_256_CBC,
    AES_256_GCM,
    CHACHA20_POLY1305,
    TRIPLE_DES_CBC,
    ContentCipher,
    HashName,
    KeyTransport,
    TransportScheme,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, build_attribute
from smime_core.cms.content_info import (
    FIELD,
    ID_AUTH_ENVELOPED_DATA,
    ID_DATA,
    ID_ENVELOPED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.cms.enveloped_data import EnvelopedData, parse_enveloped_data, use_content_key
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import build_ktri
from smime_core.cms.recipients.recipient_info import RSA_OAEP, enveloped_version
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity.identity import Identity
from smime_core.message import recipient_ids
from smime_core.provider import NewKey
from tests.support.envelopes import CEK, CONTENT, NO_VERSIONS, edit, envelope, flip, parse, version_of
from tests.support.people import PROVIDER, anchor, person

ALICE, BOB, CAROL = person("alice"), person("bob", NewKey.P256), person("carol", NewKey.P384)


def encrypt(
    *people: Identity,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    kind: str = ID_DATA,
    passwords: Sequence[bytes] = (),
) -> bytes:
    return blocking.encrypt_bytes(
        CONTENT,
        Encrypting(
            recipients=[someone.certificate for someone in people],
            passwords=passwords,
            cipher=cipher,
            transport=transport,
        ),
        provider=PROVIDER,
        content_type=kind,
    )


def decrypt(cms: bytes, *people: Identity, kind: str = ID_DATA) -> bytes:
    return blocking.decrypt_bytes(cms, Keys(identities=people), provider=PROVIDER, content_type=kind).content


@pytest.mark.parametrize(
    "cipher", [AES_256_CBC, AES_256_GCM, AES_192_CBC, AES_128_GCM, CHACHA20_POLY1305], ids=lambda cipher: cipher.name
)
@pytest.mark.parametrize("reader", [ALICE, BOB, CAROL], ids=["RSA", "P-256", "P-384"])
def test_each_of_several_recipients_opens_it(cipher: ContentCipher, reader: Identity) -> None:
    assert decrypt(encrypt(ALICE, BOB, CAROL, cipher=cipher), reader) == CONTENT


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
    assert decrypt(encrypt(ALICE, transport=transport), ALICE) == CONTENT


def test_somebody_else_is_told_that_it_is_not_for_them() -> None:
    with pytest.raises(NoMatchingRecipient) as raised:
        decrypt(encrypt(ALICE, BOB), CAROL)
    assert raised.value.recipient_ids == recipient_ids(encrypt(ALICE, BOB))


def test_a_renewed_certificate_does_not_hide_the_old_key() -> None:
    # Two identities match the same recipient: the first has another key and fails, the second decrypts.
    impostor = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    assert decrypt(encrypt(ALICE, cipher=AES_256_GCM), impostor, ALICE) == CONTENT


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_wrong_key_and_altered_ciphertext_look_alike(cipher: ContentCipher) -> None:
    stranger = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    # In CBC, the last byte of the second-last block alters the padding. With a tag, any altered byte is refused.
    altered = flip(encrypt(ALICE, cipher=cipher), -17 if cipher is AES_256_CBC else -40)
    with pytest.raises(DecryptionError) as by_alteration:
        decrypt(altered, ALICE)
    # Under a wrong key one message in 256 ends like valid padding, so several are tried.
    texts = {text for _ in range(8) if (text := failure_text(encrypt(ALICE, cipher=cipher), stranger))}
    assert texts == {str(by_alteration.value)}


def failure_text(cms: bytes, reader: Identity) -> str | None:
    """The text of the DecryptionError; None if the message is decrypted."""
    try:
        decrypt(cms, reader)
    except DecryptionError as error:
        return str(error)
    return None


def test_must_18_refuses_gcm_inside_enveloped_data() -> None:
    content = parse_content_info(encrypt(ALICE, cipher=AES_256_GCM)).content
    with pytest.raises(MalformedMessage, match="AES-256-GCM does not belong here"):
        parse_enveloped_data(content, content_type=ID_ENVELOPED_DATA)


def test_must_18_refuses_cbc_inside_auth_enveloped_data() -> None:
    fields = der.read_children(parse_content_info(encrypt(ALICE)).content)
    padded = der.sequence(*(field.encoded for field in fields), der.octet_string(bytes(16)))
    with pytest.raises(MalformedMessage, match="AES-256-CBC does not belong here"):
        parse_enveloped_data(der.read_one(padded), content_type=ID_AUTH_ENVELOPED_DATA)


@pytest.mark.parametrize("cipher", [AES_128_GCM, AES_128_CCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("tag_length", [12, 14, 16])
def test_must_19_tags_of_12_bytes_and_more_are_read(cipher: ContentCipher, tag_length: int) -> None:
    assert decrypt(short_tag(cipher, tag_length), ALICE) == CONTENT


@pytest.mark.parametrize("cipher", [AES_128_GCM, AES_128_CCM], ids=lambda cipher: cipher.name)
def test_must_19_a_shorter_tag_is_refused(cipher: ContentCipher) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="8 bytes"):
        decrypt(short_tag(cipher, 8), ALICE)


@pytest.mark.parametrize("cipher", [AES_128_GCM, AES_128_CCM], ids=lambda cipher: cipher.name)
def test_must_21_an_altered_short_tag_is_refused(cipher: ContentCipher) -> None:
    with pytest.raises(DecryptionError):
        decrypt(flip(short_tag(cipher, 12), -1), ALICE)


@pytest.mark.parametrize("length", [0, 12, 15, 17])
def test_must_19_a_mac_of_another_length_than_the_parameters_say_is_refused(length: int) -> None:
    mac = der.octet_string(bytes(length))
    with pytest.raises(MalformedMessage, match="mac"):
        decrypt(edit(encrypt(ALICE, cipher=AES_256_GCM), lambda fields: fields.__setitem__(-1, mac)), ALICE)


def short_tag(cipher: ContentCipher, tag_length: int) -> bytes:
    """AuthEnvelopedData with a tag of `tag_length` bytes, built by hand because the core makes no shorter tags."""
    nonce, cek = bytes(range(12)), bytes(16)
    parameters = der.sequence(der.octet_string(nonce), der.integer(tag_length))
    if cipher is AES_128_CCM:
        encrypted = AESCCM(cek, tag_length=max(tag_length, 4)).encrypt(nonce, CONTENT, None)
        ciphertext, tag = encrypted[: len(CONTENT)], encrypted[len(CONTENT) :]
    else:
        encrypted = AESGCM(cek).encrypt(nonce, CONTENT, None)
        ciphertext, tag = encrypted[: len(CONTENT)], encrypted[len(CONTENT) :][:tag_length]
    info = run(build_ktri(ALICE.certificate, cek, transport=RSA_OAEP, provider=PROVIDER))
    inside = der.sequence(
        der.oid(ID_DATA), der.sequence(der.oid(cipher.oid), parameters), der.element(0x80, ciphertext)
    )
    structure = der.sequence(der.integer(0), der.set_of([info]), inside, der.octet_string(tag))
    return build_content_info(ID_AUTH_ENVELOPED_DATA, structure)


def test_must_20_other_content_than_data_is_authenticated_with_its_type() -> None:
    cms = encrypt(ALICE, cipher=AES_256_GCM, kind=FIELD)
    enveloped = parse_enveloped_data(parse_content_info(cms).content, content_type=ID_AUTH_ENVELOPED_DATA)
    assert der.oid(FIELD) in enveloped.auth_attrs_der
    assert decrypt(cms, ALICE, kind=FIELD) == CONTENT


def test_must_20_refuses_other_content_without_authenticated_attributes() -> None:
    mail = encrypt(ALICE, cipher=AES_256_GCM)
    renamed = mail.replace(der.oid(ID_DATA) + b"\x30", der.oid(FIELD) + b"\x30")
    with pytest.raises(SmimeError):
        decrypt(renamed, ALICE, kind=FIELD)


def test_a_field_is_not_opened_as_mail_nor_mail_as_a_field() -> None:
    with pytest.raises(ContentTypeMismatch):
        decrypt(encrypt(ALICE, cipher=AES_256_GCM, kind=FIELD), ALICE)
    with pytest.raises(ContentTypeMismatch):
        decrypt(encrypt(ALICE), ALICE, kind=FIELD)


def test_a_field_without_authentication_is_refused() -> None:
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        decrypt(encrypt(ALICE, kind=FIELD), ALICE, kind=FIELD)


def test_the_writer_is_listed_once_when_named_twice() -> None:
    assert len(recipient_ids(encrypt(ALICE, ALICE))) == 1


def test_encrypting_for_nobody_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="nobody"):
        encrypt()


def test_a_certificate_that_may_not_receive_is_refused() -> None:
    # The authority's own certificate has keyCertSign and cRLSign, but no keyEncipherment.
    with pytest.raises(UnsupportedAlgorithm, match="may not be used for encryption"):
        blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[anchor()]), provider=PROVIDER)


def test_the_version_follows_from_what_is_inside() -> None:
    versions = [
        der.parse_integer(der.read_children(parse_content_info(cms).content)[0])
        for cms in (encrypt(ALICE), encrypt(ALICE, BOB), encrypt(ALICE, cipher=AES_256_GCM))
    ]
    assert versions == [0, 2, 0]


@pytest.mark.parametrize("length", [10, 100, 500])
def test_truncated_structures_raise_one_error_type(length: int) -> None:
    with pytest.raises(MalformedMessage):
        decrypt(encrypt(ALICE)[:length], ALICE)


def test_must_32_the_version_is_computed_from_every_kind_of_recipient() -> None:
    ml_kem, password = person("erin", NewKey.ML_KEM_512), [b"secret"]
    assert version_of(encrypt(ALICE, ml_kem)) == 3
    assert version_of(encrypt(ALICE, passwords=password)) == 3
    assert version_of(encrypt(ALICE, ml_kem, BOB, passwords=password, cipher=AES_256_GCM)) == 0


@pytest.mark.parametrize(
    ("members", "version"),
    [
        ((), 2),
        ((der.element(0xA1, b""),), 2),
        ((der.element(0xA0, der.element(0xA2, b"")),), 3),
        ((der.element(0xA0, der.element(0xA3, b"")),), 4),
        ((der.element(0xA1, der.element(0xA1, b"")),), 4),
    ],
    ids=["nothing", "no CRLs", "attribute certificate", "other certificate", "other revocation"],
)
def test_must_32_originator_info_counts_for_the_version(members: tuple[bytes, ...], version: int) -> None:
    parsed = parse(edit(encrypt(ALICE), lambda fields: fields.insert(1, der.element(0xA0, *members))))
    assert parsed.originator_info is not None
    assert enveloped_version([], originator_info=parsed.originator_info) == version


def test_must_32_a_wrong_version_alone_refuses_nothing() -> None:
    wrong = edit(encrypt(ALICE), lambda fields: fields.__setitem__(0, der.integer(77)))
    assert decrypt(wrong, ALICE) == CONTENT


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_a_version_that_is_no_integer_is_refused(cipher: ContentCipher, other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        parse(edit(encrypt(ALICE, cipher=cipher), lambda fields: fields.__setitem__(0, other)))


def test_an_empty_structure_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="version is missing"):
        parse(edit(encrypt(ALICE), list.clear))


def test_certificates_in_originator_info_are_read_and_damaged_ones_hide_no_others() -> None:
    certificates = der.element(0xA0, der.sequence(der.integer(1)), BOB.certificate.der, der.element(0xA1, b""))
    cms = edit(encrypt(ALICE), lambda fields: fields.insert(1, der.element(0xA0, certificates)))
    info = parse(cms).originator_info
    assert info is not None
    assert info.certificates == (BOB.certificate,)
    assert decrypt(cms, ALICE) == CONTENT


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_attributes_without_protection_are_read_as_such(cipher: ContentCipher) -> None:
    tag = 0xA2 if cipher is AES_256_GCM else 0xA1
    attribute = build_attribute("1.2.3.4", der.octet_string(b"a hint"))
    cms = edit(encrypt(ALICE, cipher=cipher), lambda fields: fields.append(der.element(tag, attribute)))
    assert parse(cms).unprotected_attrs == {"1.2.3.4": (der.octet_string(b"a hint"),)}
    assert parse(cms).auth_attrs_der == b""
    assert decrypt(cms, ALICE) == CONTENT
    for wrong in (der.element(tag ^ 3, attribute), der.integer(1)):
        with pytest.raises(MalformedMessage):
            parse(edit(encrypt(ALICE, cipher=cipher), lambda fields, wrong=wrong: fields.append(wrong)))  # type: ignore[misc]
    with pytest.raises(MalformedMessage, match="too many"):
        parse(edit(cms, lambda fields: fields.append(fields[-1])))


def auth_attrs(*members: bytes) -> bytes:
    """AuthEnvelopedData whose AAD is a SET of these attributes, in the order given."""
    info = run(build_ktri(ALICE.certificate, CEK, transport=RSA_OAEP, provider=PROVIDER))
    return envelope(info, cipher=AES_256_GCM, auth_attrs_der=der.element(der.SET, *members))


def test_must_20_the_aad_is_the_set_of_form() -> None:
    attribute = build_attribute("1.2.3.4", der.integer(1))
    cms = auth_attrs(attribute)
    parsed = parse(cms)
    assert parsed.auth_attrs_der == der.element(0x31, attribute)
    assert der.element(0xA1, attribute) in cms
    assert decrypt(cms, ALICE) == CONTENT


def test_must_20_altered_attributes_are_refused() -> None:
    cms = auth_attrs(build_attribute("1.2.3.4", der.integer(1)))
    with pytest.raises(DecryptionError):
        decrypt(
            cms.replace(build_attribute("1.2.3.4", der.integer(1)), build_attribute("1.2.3.4", der.integer(2))), ALICE
        )


def test_must_20_attributes_that_were_cut_off_are_refused() -> None:
    cms = auth_attrs(build_attribute("1.2.3.4", der.integer(1)))
    with pytest.raises(DecryptionError):
        decrypt(edit(cms, lambda fields: fields.pop(3)), ALICE)


def test_must_20_attributes_that_are_not_der_are_refused() -> None:
    first, second = build_attribute("1.2.3.4", der.integer(1)), build_attribute("1.2.3.5", der.integer(1))
    assert decrypt(auth_attrs(first, second), ALICE) == CONTENT
    with pytest.raises(MalformedMessage, match="DER"):
        decrypt(auth_attrs(second, first), ALICE)
    with pytest.raises(MalformedMessage):
        parse(edit(encrypt(ALICE, cipher=AES_256_GCM), lambda fields: fields.insert(3, der.element(0xA1))))


def test_must_20_a_content_type_that_is_authenticated_must_be_the_one_presented() -> None:
    with pytest.raises(ContentTypeMismatch):
        decrypt(auth_attrs(build_attribute(CONTENT_TYPE, der.oid(FIELD))), ALICE)
    assert decrypt(auth_attrs(build_attribute(CONTENT_TYPE, der.oid(ID_DATA))), ALICE) == CONTENT


@pytest.mark.parametrize("padding", ["a zero", "more than a block", "unequal octets", "a whole block of zeros"])
def test_must_22_every_octet_of_the_padding_is_checked(padding: str) -> None:
    last = {
        "a zero": b"fifteen octets!" + b"\0",
        "more than a block": b"\x11" * 16,
        "unequal octets": b"twelve bytes" + b"\4\4\3\4",
        "a whole block of zeros": bytes(16),
    }[padding]
    with pytest.raises(DecryptionError) as raised:
        decrypt(padded(last), ALICE)
    assert str(raised.value) == str(DecryptionError())
    assert decrypt(padded(b"twelve bytes" + b"\4" * 4), ALICE) == b"twelve bytes"


def padded(block: bytes) -> bytes:
    """EnvelopedData whose content and padding together are this one block."""
    encryptor = Cipher(algorithms.AES(CEK), modes.CBC(bytes(16))).encryptor()
    info = run(build_ktri(ALICE.certificate, CEK, transport=RSA_OAEP, provider=PROVIDER))
    identifier = der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(bytes(16)))
    inside = der.sequence(der.oid(ID_DATA), identifier, der.element(0x80, encryptor.update(block)))
    return build_content_info(ID_ENVELOPED_DATA, der.sequence(der.integer(0), der.set_of([info]), inside))


def test_must_22_every_iv_is_fresh() -> None:
    encrypted = [parse(encrypt(ALICE, cipher=cipher)) for cipher in (AES_256_CBC, AES_256_GCM) for _ in range(3)]
    assert len({message.encryption.iv for message in encrypted}) == 6


@pytest.mark.parametrize("cipher", [TRIPLE_DES_CBC, AES_128_CCM], ids=lambda cipher: cipher.name)
def test_ciphers_for_reading_only_never_encrypt(cipher: ContentCipher) -> None:
    with pytest.raises(UnsupportedAlgorithm):
        encrypt(ALICE, cipher=cipher)


def test_content_that_a_stream_cut_out_is_not_missed_when_parsing() -> None:
    def cut(fields: list[bytes]) -> None:
        head = [bytes(child.encoded) for child in der.read_sequence(fields[2])]
        fields[2] = der.sequence(head[0], head[1], der.element(0x80))

    for cipher in (AES_256_CBC, AES_256_GCM):
        cms = encrypt(ALICE, cipher=cipher)
        whole, parsed = parse(cms), parse(edit(cms, cut))
        assert not len(parsed.encrypted_content)
        assert (parsed.encryption, parsed.tag, parsed.recipients) == (whole.encryption, whole.tag, whole.recipients)

        async def decrypt_content(cek: bytes, whole: EnvelopedData = whole) -> bytes:
            cipher, iv = whole.encryption.cipher, whole.encryption.iv
            return await PROVIDER.decrypt_content(cipher, cek, iv, bytes(whole.encrypted_content) + whole.tag)

        opened = run(use_content_key(parsed, decrypt_content, Keys(identities=[BOB, ALICE]), provider=PROVIDER))
        assert opened.content == CONTENT
        with pytest.raises(DecryptionError):
            decrypt(edit(cms, cut), ALICE)


def test_content_that_is_missing_altogether_is_refused() -> None:
    def drop(fields: list[bytes]) -> None:
        fields[2] = der.sequence(*(child.encoded for child in der.read_sequence(fields[2])[:2]))

    with pytest.raises(MalformedMessage, match="never detached"):
        parse(edit(encrypt(ALICE), drop))
