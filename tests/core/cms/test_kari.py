"""Key agreement: ECDH, X25519 and X448, every originator form and KDF (RFC 5753, RFC 8418, MUSTS 26 to 28)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from smime_core import blocking
from smime_core.algorithms import AES_192_CBC, CURVE_OIDS, KEY_AGREEMENTS, AgreementKdf, Curve
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kari import KeyAgreeRecipient, OriginatorKey, derive_kek
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import (
    AlgorithmForbidden,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity.identity import Identity
from smime_core.keys import public_point
from smime_core.policy import Policy
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from tests.support.envelopes import (
    CEK,
    CONTENT,
    agreed_with,
    decrypt,
    envelope,
    kari,
    originator_key,
    parse,
    with_originator_info,
)
from tests.support.people import PROVIDER, person

ALICE, BOB = person("alice", NewKey.P256), person("bob", NewKey.P256)
X_ALICE, X_BOB = person("alice", NewKey.X25519), person("bob", NewKey.X25519)
ALL_CURVES: Final = [NewKey.P256, NewKey.P384, NewKey.P521, NewKey.X25519, NewKey.X448]
X25519, X448 = "1.3.101.110", "1.3.101.111"


def point_of(identity: Identity) -> bytes:
    return public_point(identity.certificate.public_key)


def to_bob(
    *,
    originator: bytes | None = None,
    agreement: str = "1.3.132.1.11.1",
    ukm: bytes | None = None,
    rid: bytes | None = None,
) -> bytes:
    """EnvelopedData for Bob, with Alice's key in the place of the ephemeral one."""
    made = kari(
        BOB,
        originator=originator or originator_key(point_of(ALICE)),
        shared=agreed_with(ALICE, BOB),
        agreement=agreement,
        ukm=ukm,
        rid=rid,
    )
    return envelope(made)


@pytest.mark.parametrize("key", ALL_CURVES)
def test_every_kind_of_agreement_key_receives(key: NewKey) -> None:
    reader = person("carol", key)
    encrypted = blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[reader.certificate]), provider=PROVIDER)
    assert decrypt(encrypted, reader) == CONTENT


@pytest.mark.parametrize("key", ALL_CURVES)
def test_must_28_what_is_made_for_a_montgomery_key_names_it_without_parameters(key: NewKey) -> None:
    reader = person("carol", key)
    encrypted = blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[reader.certificate]), provider=PROVIDER)
    (recipient,) = parse(encrypted).recipients
    assert isinstance(recipient, KeyAgreeRecipient)
    assert isinstance(recipient.originator, OriginatorKey)
    oid = {NewKey.X25519: X25519, NewKey.X448: X448}.get(key, "1.2.840.10045.2.1")
    assert recipient.originator.algorithm_der == der.sequence(der.oid(oid))


@pytest.mark.parametrize("oid", [oid for oid, agreement in KEY_AGREEMENTS.items()])
@pytest.mark.parametrize("ukm", [None, b"salt and information"])
def test_must_28_the_oid_names_the_kdf_and_every_one_opens(oid: str, ukm: bytes | None) -> None:
    assert decrypt(to_bob(agreement=oid, ukm=ukm), BOB) == CONTENT


@pytest.mark.parametrize("oid", ["1.3.132.1.11.1", "1.2.840.113549.1.9.16.3.19"])
def test_must_28_x25519_opens_with_either_kdf(oid: str) -> None:
    made = kari(
        X_BOB,
        originator=originator_key(point_of(X_ALICE), oid=X25519),
        shared=agreed_with(X_ALICE, X_BOB),
        agreement=oid,
        ukm=b"unique",
    )
    assert decrypt(envelope(made), X_BOB) == CONTENT


def test_must_28_an_all_zero_shared_secret_is_refused() -> None:
    made = kari(
        X_BOB,
        originator=originator_key(bytes(32), oid=X25519),
        shared=bytes(32),
        agreement="1.2.840.113549.1.9.16.3.19",
    )
    with pytest.raises(DecryptionError):
        decrypt(envelope(made), X_BOB)


def test_must_28_parameters_beside_x25519_are_refused() -> None:
    made = kari(
        X_BOB,
        originator=originator_key(point_of(X_ALICE), b"\x05\0", oid=X25519),
        shared=agreed_with(X_ALICE, X_BOB),
    )
    with pytest.raises(MalformedMessage, match="parameters are present"):
        decrypt(envelope(made), X_BOB)


def test_must_28_another_curve_of_montgomery_is_refused() -> None:
    made = kari(X_BOB, originator=originator_key(point_of(X_ALICE), oid=X448), shared=agreed_with(X_ALICE, X_BOB))
    with pytest.raises(DecryptionError):
        decrypt(envelope(made), X_BOB)


def test_must_27_the_shared_info_is_what_the_rfc_says() -> None:
    # The ECC-CMS-SharedInfo of RFC 5753 section 7.2, by hand: key wrap identifier, ukm, KEK length in bits.
    wrap = bytes.fromhex("300b060960864801650304012d")
    info = bytes.fromhex("3020") + wrap + bytes.fromhex("a0090407756b6d2d756b6d") + bytes.fromhex("a206040400000100")
    kek = hashlib.sha256(b"Z" * 32 + b"\0\0\0\1" + info).digest()
    agreement = KEY_AGREEMENTS["1.3.132.1.11.1"]
    assert run(derive_kek(agreement, b"Z" * 32, wrap, kek_length=32, ukm=b"ukm-ukm", provider=PROVIDER)) == kek


def test_must_28_hkdf_takes_the_ukm_as_salt_too() -> None:
    wrap = bytes.fromhex("300b060960864801650304012d")
    info = bytes.fromhex("3020") + wrap + bytes.fromhex("a0090407756b6d2d756b6da206040400000100")
    extracted = hmac.digest(b"ukm-ukm", b"Z" * 32, "sha256")
    agreement = KEY_AGREEMENTS["1.2.840.113549.1.9.16.3.19"]
    assert agreement.kdf is AgreementKdf.HKDF
    kek = run(derive_kek(agreement, b"Z" * 32, wrap, kek_length=32, ukm=b"ukm-ukm", provider=PROVIDER))
    assert kek == hmac.digest(extracted, info + b"\1", "sha256")


def test_must_27_a_changed_ukm_changes_the_key() -> None:
    encrypted = to_bob(ukm=b"one ukm")
    with pytest.raises(DecryptionError):
        decrypt(encrypted.replace(b"one ukm", b"two ukm"), BOB)


def test_must_27_a_triple_des_wrap_has_null_in_the_shared_info() -> None:
    identifier = der.sequence(der.oid("1.2.840.113549.1.9.16.3.6"), b"\x05\0")
    cek = bytes(octet | 1 if (octet >> 1).bit_count() % 2 == 0 else octet & 0xFE for octet in range(24))

    def wrap(kek: bytes) -> bytes:
        # The Triple-DES key wrap of RFC 3217 section 3.1.
        inner = Cipher(TripleDES(kek), modes.CBC(b"IV of 8 ")).encryptor()
        once = inner.update(cek + hashlib.sha1(cek).digest()[:8]) + inner.finalize()  # noqa: S324 -- the RFC says so
        outer = Cipher(TripleDES(kek), modes.CBC(bytes.fromhex("4adda22c79e82105"))).encryptor()
        return outer.update((b"IV of 8 " + once)[::-1]) + outer.finalize()

    made = kari(
        BOB,
        originator=originator_key(point_of(ALICE)),
        shared=agreed_with(ALICE, BOB),
        agreement="1.3.133.16.840.63.0.2",
        wrap_der=identifier,
        kek_length=24,
        wrap=wrap,
    )
    encrypted = envelope(made, cek=cek, cipher=AES_192_CBC)
    assert decrypt(encrypted, BOB, policy=Policy.ARCHIVE) == CONTENT
    with pytest.raises(AlgorithmForbidden, match="Triple-DES key wrap"):
        decrypt(encrypted, BOB)


@pytest.mark.parametrize(
    "parameters", [b"", b"\x05\0", der.oid(CURVE_OIDS[Curve.P256])], ids=["absent", "NULL", "named curve"]
)
def test_must_26_originator_parameters_are_read_in_three_forms(parameters: bytes) -> None:
    assert decrypt(to_bob(originator=originator_key(point_of(ALICE), parameters)), BOB) == CONTENT


def test_must_26_another_named_curve_is_refused() -> None:
    parameters = der.oid(CURVE_OIDS[Curve.P384])
    with pytest.raises(DecryptionError):
        decrypt(to_bob(originator=originator_key(point_of(ALICE), parameters)), BOB)


def test_must_26_a_point_off_the_curve_is_refused() -> None:
    point = point_of(ALICE)
    off = point[:-1] + bytes([point[-1] ^ 1])
    with pytest.raises(DecryptionError):
        decrypt(to_bob(originator=originator_key(off)), BOB)


def test_must_26_a_hybrid_point_is_refused() -> None:
    point = point_of(ALICE)
    hybrid = bytes([6 + point[-1] % 2]) + point[1:]
    with pytest.raises(DecryptionError):
        decrypt(to_bob(originator=originator_key(hybrid)), BOB)


def test_a_compressed_point_is_read() -> None:
    point = point_of(ALICE)
    compressed = bytes([2 + point[-1] % 2]) + point[1:33]
    assert decrypt(to_bob(originator=originator_key(compressed)), BOB) == CONTENT


def test_must_26_a_point_of_another_curve_is_refused() -> None:
    with pytest.raises(DecryptionError):
        decrypt(to_bob(originator=originator_key(point_of(person("carol", NewKey.P384)))), BOB)


@pytest.mark.parametrize("form", ["issuer and serial", "key identifier"])
def test_a_static_originator_is_found_in_originator_info_or_given(form: str) -> None:
    named = build_issuer_and_serial(ALICE.certificate)
    if form == "key identifier":
        assert ALICE.certificate.subject_key_identifier is not None
        named = der.element(0x80, ALICE.certificate.subject_key_identifier)
    encrypted = to_bob(originator=named, ukm=b"must be there for static keys")
    assert decrypt(with_originator_info(encrypted, X_ALICE.certificate, ALICE.certificate), BOB) == CONTENT
    assert decrypt(encrypted, BOB, originators=[ALICE.certificate]) == CONTENT
    with pytest.raises(UnsupportedAlgorithm, match="is needed and not at hand"):
        decrypt(encrypted, BOB)


def test_recipients_are_added_to_whatever_can_be_decrypted() -> None:
    """The originator's certificate may come from the caller, as for `decrypt_message`, and not from the message."""
    encrypted = to_bob(originator=build_issuer_and_serial(ALICE.certificate), ukm=b"must be there for static keys")
    keys, added = Keys(identities=[BOB], originators=[ALICE.certificate]), Encrypting(recipients=[X_ALICE.certificate])
    assert decrypt(run(add_recipients(encrypted, keys, added, PROVIDER)), X_ALICE) == CONTENT
    with pytest.raises(UnsupportedAlgorithm, match="is needed and not at hand"):
        run(add_recipients(encrypted, Keys(identities=[BOB]), added, PROVIDER))


def test_a_static_originator_on_another_curve_is_refused() -> None:
    encrypted = to_bob(originator=build_issuer_and_serial(X_ALICE.certificate))
    with pytest.raises(DecryptionError):
        decrypt(with_originator_info(encrypted, X_ALICE.certificate), BOB)


def test_must_31_a_recipient_is_named_by_its_key_identifier_too() -> None:
    identifier = BOB.certificate.subject_key_identifier
    assert identifier is not None
    assert decrypt(to_bob(rid=der.element(0xA0, der.octet_string(identifier))), BOB) == CONTENT
    # RFC 5652 section 6.2.2: the identifier may be followed by a date.
    dated = der.element(0xA0, der.octet_string(identifier), der.element(0x18, b"20260101000000Z"))
    assert decrypt(to_bob(rid=dated), BOB) == CONTENT


def test_one_kari_opens_for_each_of_its_recipients() -> None:
    twin = Identity(certificate=person("carol", NewKey.P256).certificate, private_key=BOB.private_key)
    fields = der.read_children(
        der.read_one(kari(BOB, originator=originator_key(point_of(ALICE)), shared=agreed_with(ALICE, BOB)))
    )
    key = der.read_children(fields[-1])[0]
    wrapped = der.read_children(key)[1].encoded
    damaged = der.sequence(der.integer(1))
    both = der.sequence(damaged, der.sequence(build_issuer_and_serial(twin.certificate), wrapped), key.encoded)
    encrypted = envelope(der.element(0xA1, *(field.encoded for field in fields[:-1]), both))
    assert decrypt(encrypted, twin) == CONTENT
    assert decrypt(encrypted, BOB) == CONTENT


def test_must_25_a_content_key_of_another_length_is_refused() -> None:
    made = kari(
        BOB,
        originator=originator_key(point_of(ALICE)),
        shared=agreed_with(ALICE, BOB),
        wrap=lambda kek: run(PROVIDER.wrap_key(kek, bytes(16))),
    )
    with pytest.raises(DecryptionError):
        decrypt(envelope(made), BOB)


@pytest.mark.parametrize("name", ["the agreement", "the wrap"])
def test_must_45_an_unknown_algorithm_is_said_and_spoils_nobody_else(name: str) -> None:
    encrypted = to_bob()
    known = der.oid("1.3.132.1.11.1" if name == "the agreement" else "2.16.840.1.101.3.4.1.45")
    unknown = known[:-1] + b"\x7e"
    foreign = bytes(der.read_children(der.read_one(encrypted))[1].encoded)
    assert known in foreign
    with pytest.raises(UnsupportedAlgorithm):
        decrypt(encrypted.replace(known, unknown), BOB)


def test_a_kari_that_names_an_rsa_key_gives_no_more_than_a_failure() -> None:
    rsa = person("bob", NewKey.RSA_2048)
    made = kari(rsa, originator=originator_key(point_of(ALICE)), shared=agreed_with(ALICE, BOB))
    with pytest.raises(DecryptionError):
        decrypt(envelope(made), rsa)


class CarelessProvider(NativeProvider):
    """A provider whose key agreement accepts any key."""

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        return bytes(32)


def test_the_type_of_the_key_is_checked_whatever_the_provider_does() -> None:
    for key in (NewKey.P256, NewKey.RSA_2048):
        reader = person("bob", key)
        encrypted = envelope(kari(reader, originator=originator_key(point_of(ALICE)), shared=bytes(32)))
        opened = decrypt_enveloped_data(parse(encrypted), Keys(identities=[reader]), provider=CarelessProvider())
        if key is NewKey.P256:
            assert run(opened).content == CONTENT
            continue
        with pytest.raises(DecryptionError):
            run(opened)


@pytest.mark.parametrize("damage", ["one field", "three fields", "no octets", "half an octet"])
def test_a_damaged_originator_key_opens_for_nobody(damage: str) -> None:
    fields = [bytes(field.encoded) for field in der.read_children(der.read_one(originator_key(point_of(ALICE))))]
    damaged = {
        "one field": fields[:1],
        "three fields": [*fields, der.integer(1)],
        "no octets": [fields[0], der.element(0x03, b"\0")],
        "half an octet": [fields[0], der.element(0x03, b"\4" + point_of(ALICE))],
    }[damage]
    encrypted = to_bob(originator=der.element(0xA1, *damaged))
    assert [recipient.kind for recipient in parse(encrypted).recipients] == ["kari"]
    with pytest.raises(NoMatchingRecipient):
        decrypt(encrypted, BOB)


@pytest.mark.parametrize("rid", [der.element(0xA0), der.element(0xA0, der.integer(1)), der.sequence(der.integer(1))])
def test_a_damaged_name_of_a_recipient_opens_for_nobody(rid: bytes) -> None:
    with pytest.raises(NoMatchingRecipient):
        decrypt(to_bob(rid=rid), BOB)


def test_people_read_how_the_key_travels() -> None:
    (recipient,) = parse(to_bob()).recipients
    assert recipient_algorithm(recipient) == "ECDH with SHA-256, AES-256 key wrap"


@pytest.mark.parametrize("missing", range(4))
def test_a_kari_cut_short_is_listed_and_opens_for_nobody(missing: int) -> None:
    made = kari(BOB, originator=originator_key(point_of(ALICE)), shared=agreed_with(ALICE, BOB))
    fields = [field.encoded for field in der.read_children(der.read_one(made))]
    del fields[missing]
    with pytest.raises(SmimeError):
        decrypt(envelope(der.element(0xA1, *fields)), BOB)
    assert CEK not in made
