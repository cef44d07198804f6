"""Damage that is rare even in attacks. The tests here are for checks that no other test covers."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import pytest

from smime_core import SignatureForm, blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, RC2_WRAP, ContentCipher, HashName, Pbkdf2
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, build_attribute
from smime_core.cms.authenticated_data import parse_authenticated_data
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.content_encryption import ContentEncryption
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.encrypted_content import decrypt_cbc
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.recipients.kekri import KeyEncryptionKey, build_kekri
from smime_core.cms.recipients.kemri import parse_kemri
from smime_core.cms.recipients.key_wrap import WrapAlgorithm, unwrap_cek
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.pwri import build_pwri
from smime_core.cms.signing import Signing
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.identity.identity import Identity
from smime_core.identity.pkcs12 import Pkcs12Form
from smime_core.keys import public_point
from smime_core.keys.kdf import build_hmac_identifier, build_pbkdf2
from smime_core.mime import build_pkcs7_mime
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.trust.judging import Judging
from tests.support.authenticated_messages import ALICE as AUTHENTICATED_ALICE, attributes, build
from tests.support.envelopes import (
    CEK,
    CONTENT,
    decrypt,
    edit,
    envelope,
    kari,
    originator_key,
    parse,
    with_originator_info,
)
from tests.support.kem_recipients import kemri
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust
from tools.fuzz.alterations import find_tlvs

ALICE, BOB = person("alice", NewKey.P256), person("bob", NewKey.P256)


class CarelessProvider(NativeProvider):
    """A provider that agrees with any key and decrypts any bytes, so that only the core's own checks can refuse."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__()
        self._answers = list(answers)

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        return bytes(32)

    async def decrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: der.Buffer, aad: bytes = b"", *,
        tag_length: int = 16,
    ) -> bytes:  # fmt: skip
        return b"anything"

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: der.Buffer) -> bytes:
        return self._answers.pop(0)


def open_carelessly(originator: bytes, *beside: Identity) -> None:
    encrypted = envelope(kari(BOB, originator=originator, shared=bytes(32)))
    if beside:
        encrypted = with_originator_info(encrypted, *(identity.certificate for identity in beside))
    run(decrypt_enveloped_data(parse(encrypted), Keys(identities=[BOB]), provider=CarelessProvider()))


class TestOriginators:
    def test_a_key_on_the_readers_curve_is_taken(self) -> None:
        """The provider's plaintext is meaningless. The test passes if no check of the core refuses the key."""
        open_carelessly(originator_key(public_point(ALICE.certificate.public_key)))
        open_carelessly(build_issuer_and_serial(ALICE.certificate), ALICE)

    @pytest.mark.parametrize("first", [0x00, 0x05, 0x06, 0x07])
    def test_must_26_a_point_in_no_known_form_is_refused(self, first: int) -> None:
        with pytest.raises(DecryptionError):
            open_carelessly(originator_key(bytes([first]) + public_point(ALICE.certificate.public_key)[1:]))

    def test_must_26_a_key_of_another_kind_is_refused(self) -> None:
        with pytest.raises(DecryptionError):
            open_carelessly(originator_key(public_point(ALICE.certificate.public_key), oid="1.2.840.113549.1.1.1"))

    @pytest.mark.parametrize("key", [NewKey.P384, NewKey.X25519, NewKey.RSA_2048], ids=str)
    def test_must_26_a_static_key_of_another_kind_or_curve_is_refused(self, key: NewKey) -> None:
        carol = person("carol", key)
        with pytest.raises(DecryptionError):
            open_carelessly(build_issuer_and_serial(carol.certificate), carol)


def keep(fields: list[bytes], *, count: int) -> None:
    del fields[count:]


class TestContent:
    @pytest.mark.parametrize("length", [0, 1, 15, 17, 31])
    def test_must_22_what_is_no_whole_number_of_blocks_is_refused(self, length: int) -> None:
        encryption = ContentEncryption(cipher=AES_256_CBC, iv=bytes(16), tag_length=0)
        with pytest.raises(DecryptionError):
            run(decrypt_cbc(encryption, CEK, bytes(length), provider=CarelessProvider()))
        assert run(decrypt_cbc(encryption, CEK, bytes(32), provider=CarelessProvider())) == b"anything"

    def test_must_19_a_structure_for_aead_without_its_mac_is_refused(self) -> None:
        attribute = der.element(0xA1, build_attribute(CONTENT_TYPE, der.oid(ID_DATA)))
        info = run(build_kekri(KeyEncryptionKey(identifier=b"k", key=CEK), CEK, provider=PROVIDER))
        encrypted = envelope(info, cipher=AES_256_GCM, auth_attrs_der=b"\x31" + attribute[1:])
        for count in (3, 4):
            with pytest.raises(MalformedMessage):
                parse(edit(encrypted, functools.partial(keep, count=count)))


class TestKeys:
    @pytest.mark.parametrize("drop", [0, 1, 4])
    def test_must_29_a_kemri_with_a_field_too_few_or_too_many_is_refused(self, drop: int) -> None:
        value = der.read_children(der.read_one(kemri()))[1]
        fields = [bytes(child.encoded) for child in der.read_children(value)]
        parse_kemri(der.read_one(der.sequence(*fields)))
        for wrong in (fields[:drop] + fields[drop + 1 :], [*fields, der.integer(1), der.integer(1)]):
            with pytest.raises(MalformedMessage):
                parse_kemri(der.read_one(der.sequence(*wrong)))

    @pytest.mark.parametrize("length", [0, 8, 15, 17, 33])
    def test_a_shared_key_of_a_length_that_aes_lacks_wraps_nothing(self, length: int) -> None:
        with pytest.raises(MalformedMessage, match="shared key"):
            run(build_kekri(KeyEncryptionKey(identifier=b"k", key=bytes(length)), bytes(8), provider=PROVIDER))

    def test_must_30_a_password_recipient_without_its_cipher_is_refused(self) -> None:
        fields = der.read_children(der.read_one(run(build_pwri(b"x", CEK, provider=PROVIDER))))
        bare = der.sequence(der.oid("1.2.840.113549.1.9.16.3.9"))
        parts = [bytes(field.encoded) for field in fields]
        assert decrypt(envelope(der.element(0xA3, *parts)), passwords=[b"x"]) == CONTENT
        parts[2] = bare
        with pytest.raises(UnsupportedAlgorithm):
            decrypt(envelope(der.element(0xA3, *parts)), passwords=[b"x"])


def checked(key: bytes) -> bytes:
    """A key with its checksum, as it comes out of the second decryption (RFC 3217 section 2)."""
    return key + hashlib.sha1(key).digest()[:8]  # noqa: S324 -- the RFC says so


def unwrap_rc2(padded: bytes, *, wrapped: bytes = bytes(40)) -> bytes:
    wrap = WrapAlgorithm(wrap=RC2_WRAP, rc2_bits=128)
    provider = CarelessProvider(bytes(40), checked(padded))
    return run(unwrap_cek(wrap, bytes(16), wrapped, cek_length=16, provider=provider))


class TestOldWraps:
    def test_must_25_the_key_stands_before_at_most_seven_octets_of_padding(self) -> None:
        assert unwrap_rc2(b"\x10" + bytes(range(16)) + bytes(7)) == bytes(range(16))

    @pytest.mark.parametrize("padded", [b"\x10" + bytes(24), b"\x10" + bytes(15), b"\xff" + bytes(23)])
    def test_must_25_a_length_octet_that_does_not_fit_is_refused(self, padded: bytes) -> None:
        with pytest.raises(DecryptionError):
            unwrap_rc2(padded)

    @pytest.mark.parametrize("length", [0, 8, 16, 23, 39, 41])
    def test_must_25_a_wrapped_key_of_no_whole_blocks_is_refused(self, length: int) -> None:
        with pytest.raises(DecryptionError):
            unwrap_rc2(b"\x10" + bytes(range(16)) + bytes(7), wrapped=bytes(length))


class TestAuthenticatedData:
    @pytest.mark.parametrize("oid", ["2.16.840.1.101.3.4.2.14", "1.2.840.113549.2.12"])
    def test_hashes_that_nobody_authenticates_with_are_unsupported(self, oid: str) -> None:
        with pytest.raises(UnsupportedAlgorithm):
            build(AUTHENTICATED_ALICE, oid=oid, hash_name=HashName.SHA256)

    def test_a_structure_without_its_mac_is_refused(self) -> None:
        with pytest.raises(SmimeError):
            build_without_mac()


def build_without_mac() -> None:
    fields: Sequence[bytes] = (
        der.integer(0),
        der.element(der.SET, run(build_kekri(KeyEncryptionKey(identifier=b"k", key=CEK), CEK, provider=PROVIDER))),
        der.sequence(der.oid("1.2.840.113549.2.9")),
        b"\xa1" + der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))[1:],
        der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(CONTENT))),
        attributes(),
    )
    parse_authenticated_data(der.read_one(der.sequence(*fields)))


class TestContentThatIsElsewhere:
    def test_must_8_a_detached_signature_alone_says_what_it_lacks(self) -> None:
        signed = blocking.sign_bytes(
            CONTENT,
            Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.DETACHED),
            provider=PROVIDER,
        )
        with pytest.raises(MalformedMessage, match="give its file"):
            blocking.examine_message(signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)

    def test_must_8_a_detached_signature_as_a_part_is_told_at_the_part(self) -> None:
        signed = blocking.sign_bytes(
            CONTENT,
            Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.DETACHED),
            provider=PROVIDER,
        )
        part = build_pkcs7_mime(b"", signed, "signed-data")
        mail = (
            b"From: alice@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            + part
            + b"\r\n--b--\r\n"
        )
        report = blocking.examine_message(mail, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
        assert report.state == "plain"
        assert [signer.state for layer in report.layers for signer in layer.signers] == ["signed-unverified"]
        assert "not here" in report.layers[0].signers[0].reasons[0].sentence


class TestTransportForm:
    def test_must_33_a_copy_with_bare_line_feeds_is_put_back_and_a_mixed_one_too_with_a_note(self) -> None:
        signed = blocking.sign_message(
            MESSAGE, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER
        )
        stored = signed.replace(b"\r\n", b"\n")
        mixed = signed.replace(b"\r\nContent-Transfer", b"\nContent-Transfer", 1)
        reports = [
            blocking.examine_message(data, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
            for data in (signed, stored, mixed)
        ]
        assert [(report.state, report.reasons[0].code) for report in reports] == [
            ("verified", "revocation-not-checked"),
            ("verified", "revocation-not-checked"),
            ("verified", "signed-with-other-line-ends"),
        ]


class TestMacs:
    @pytest.mark.parametrize("form", list(Pkcs12Form))
    def test_must_40_every_tag_around_a_mac_counts(self, form: Pkcs12Form) -> None:
        p12 = blocking.export_identity(person("alice", NewKey.P256), b"x", provider=PROVIDER, iterations=2, form=form)
        version, auth_safe, mac = (bytes(field.encoded) for field in der.read_sequence(p12))
        blocking.load_identity(p12, b"x", provider=PROVIDER)
        for span in find_tlvs(mac):
            altered = mac[: span.start] + bytes([mac[span.start] ^ 1]) + mac[span.start + 1 :]
            if b"NOT USED" in mac[span.start : span.end] and mac[span.start] == der.OCTET_STRING:
                continue  # RFC 9579 section 4: PBMAC1 does not use macSalt
            with pytest.raises(SmimeError):
                blocking.load_identity(der.sequence(version, auth_safe, altered), b"x", provider=PROVIDER)

    def test_must_40_pbmac1_without_the_length_of_its_key_is_refused(self) -> None:
        kdf = build_pbkdf2(Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=2), key_length=None)
        parameters = der.sequence(kdf, build_hmac_identifier(HashName.SHA256))
        identifier = der.sequence(der.oid("1.2.840.113549.1.5.14"), parameters)
        mac = der.sequence(der.sequence(identifier, der.octet_string(bytes(32))), der.octet_string(b"salt"))
        data = der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(der.sequence())))
        with pytest.raises(MalformedMessage, match="keyLength is None"):
            blocking.load_identities(der.sequence(der.integer(3), data, mac), b"x", provider=PROVIDER)
