"""The recipients of a message: several keys of mine, damaged ones, and failures that look alike (MUSTS 31 and 45)."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Final

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_GCM, TRIPLE_DES_CBC, HashName, KeyTransport, Pbkdf2
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.content_encryption import parse_content_encryption
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.recipients.content_keys import CekUse, try_content_keys
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey, build_kekri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import build_ktri
from smime_core.cms.recipients.pwri import build_pwri
from smime_core.cms.recipients.recipient_info import (
    RSA_OAEP,
    RSA_V15,
    check_recipient,
    parse_recipient_infos,
    recipient_algorithm,
)
from smime_core.errors import (
    AlgorithmForbidden,
    DecryptionError,
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
    UnsupportedByProvider,
)
from smime_core.identity.identity import Identity
from smime_core.keys.kdf import build_pbkdf2
from smime_core.limits import MAX_KEY_ATTEMPTS, MAX_PASSWORD_WORK, MAX_RECIPIENTS
from smime_core.policy import Policy
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from tests.support.envelopes import CEK, CONTENT, decrypt, envelope, flip, kari, originator_key, parse
from tests.support.people import PROVIDER, anchor, person

ALICE, BOB = person("alice"), person("bob", NewKey.P256)
BOB_RSA: Final = person("bob")
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(32))
GENERATOR: Final = (
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def oaep(someone: Identity = ALICE, cek: bytes = CEK) -> bytes:
    return run(build_ktri(someone.certificate, cek, transport=RSA_OAEP, provider=PROVIDER))


def v15(someone: Identity = ALICE, cek: bytes = CEK) -> bytes:
    return run(build_ktri(someone.certificate, cek, transport=RSA_V15, provider=PROVIDER))


DAMAGED: Final = {
    "a ktri of one field": der.sequence(der.integer(0)),
    "a ktri of text": der.sequence(der.integer(0), der.sequence(), der.sequence(), b"\x0c\x01x"),
    "a ktri of five fields": der.sequence(*(f.encoded for f in der.read_sequence(v15())), der.integer(1)),
    "an ori of three fields": der.element(0xA4, der.oid("1.2.3"), der.sequence(), der.sequence()),
    "a kemri of eleven fields": der.element(
        0xA4, der.oid("1.2.840.113549.1.9.16.13.3"), der.sequence(*[der.integer(1)] * 11)
    ),
    "a pwri of five fields": der.element(0xA3, der.integer(0), der.explicit(0, b""), *[der.octet_string(b"")] * 3),
    "an empty kari": der.element(0xA1),
    "a kari of numbers": der.element(0xA1, *[der.integer(1)] * 4),
    "an empty kekri": der.element(0xA2),
    "a pwri without derivation": der.element(0xA3, der.integer(0), der.sequence(), der.octet_string(b"")),
    "an empty ori": der.element(0xA4),
    "a kemri of text": der.element(0xA4, der.oid("1.2.840.113549.1.9.16.13.3"), b"\x0c\x01x"),
    "an unknown choice": der.element(0xA7, der.integer(1)),
    "a primitive choice": der.element(0x87, b"abc"),
}


@pytest.mark.parametrize("name", list(DAMAGED))
def test_must_45_a_damaged_or_unknown_recipient_spoils_no_other(name: str) -> None:
    encrypted = envelope(DAMAGED[name], v15())
    others = [r for r in parse(encrypted).recipients if r.kind != "ktri" or recipient_algorithm(r) != RSA_V15.label]
    assert len(others) == 1
    assert recipient_algorithm(others[0])
    assert str(others[0].rid)
    assert decrypt(encrypted, ALICE) == CONTENT


@pytest.mark.parametrize("name", list(DAMAGED))
def test_must_45_alone_it_is_for_nobody(name: str) -> None:
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(DAMAGED[name]), ALICE, passwords=[b"secret"], keks=[KEK])


def test_must_31_each_of_several_keys_of_one_name_is_tried() -> None:
    wrong = [Identity(certificate=ALICE.certificate, private_key=person(f"old{n}").private_key) for n in range(3)]
    for info in (v15(), oaep()):
        assert decrypt(envelope(info, cipher=AES_256_GCM), *wrong, ALICE) == CONTENT


def test_must_31_each_of_several_recipients_of_mine_is_tried() -> None:
    # The first RecipientInfo is damaged, the second can be decrypted.
    info = v15()
    broken = flip(info, len(info) - 1)
    encrypted = envelope(broken, v15(BOB_RSA), cipher=AES_256_GCM)
    assert decrypt(encrypted, ALICE, BOB_RSA) == CONTENT


def test_must_31_an_issuer_is_matched_by_name_and_not_by_its_bytes() -> None:
    # The same name, its text in another case and as a PrintableString (RFC 5280 section 7.1).
    issuer = ALICE.certificate.issuer_der
    upper = issuer.replace(b"Test CA", b"TEST ca").replace(b"\x0c\x07", b"\x13\x07")
    assert upper != issuer
    assert decrypt(envelope(v15().replace(issuer, upper)), ALICE) == CONTENT
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(v15().replace(issuer, issuer.replace(b"Test CA", b"Text CA"))), ALICE)


def test_must_31_a_serial_number_is_matched_as_a_number() -> None:
    serial = der.integer(ALICE.certificate.serial_number)
    octets = der.read_one(serial).content
    padded = der.element(der.INTEGER, b"\0", octets)
    info = der.read_children(der.read_one(v15()))
    rid = der.sequence(ALICE.certificate.issuer_der, padded)
    padded_info = der.sequence(info[0].encoded, rid, info[2].encoded, info[3].encoded)
    assert decrypt(envelope(padded_info), ALICE) == CONTENT
    rid = der.sequence(ALICE.certificate.issuer_der, der.integer(ALICE.certificate.serial_number + 1))
    with pytest.raises(NoMatchingRecipient):
        decrypt(envelope(der.sequence(info[0].encoded, rid, info[2].encoded, info[3].encoded)), ALICE)


class BrokenProvider(NativeProvider):
    """A provider that refuses one key as if it could not import it."""

    def __init__(self, broken: PrivateKey) -> None:
        super().__init__()
        self.broken = broken

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, cek_length: int
    ) -> bytes:
        if key is self.broken:
            raise UnsupportedByProvider("import_key", "this key is broken")
        return await super().transport_decrypt(key, algorithm, encrypted_key, cek_length=cek_length)


def test_a_broken_identity_stops_no_other() -> None:
    async def give(cek: bytes) -> bytes:
        return cek

    broken = Identity(certificate=ALICE.certificate, private_key=person("carol").private_key)
    provider = BrokenProvider(broken.private_key)
    cek_use = CekUse(use=give, cek_length=32)
    recipients = parse(envelope(v15())).recipients
    opened = try_content_keys(recipients, cek_use, Keys(identities=[broken, ALICE]), provider)
    assert run(opened).content == CEK
    with pytest.raises(UnsupportedByProvider):
        run(try_content_keys(recipients, cek_use, Keys(identities=[broken]), provider))


def test_every_failure_of_mine_looks_alike() -> None:
    stranger = Identity(certificate=ALICE.certificate, private_key=person("dave").private_key)
    shared = run(PROVIDER.agree(BOB.private_key, b"\x04" + bytes.fromhex(GENERATOR)))
    off = kari(BOB, originator=originator_key(bytes(65)), shared=shared)
    tagged = envelope(v15(), cipher=AES_256_GCM)
    # The content has a tag, because CBC under a wrong key ends like valid padding once in 256 times.
    attempts = [
        (tagged, stranger),
        (envelope(oaep(), cipher=AES_256_GCM), stranger),
        (envelope(oaep(cek=bytes(16)), cipher=AES_256_GCM), ALICE),
        (envelope(off, cipher=AES_256_GCM), BOB),
        (flip(tagged, len(tagged) - 1), ALICE),
        (envelope(v15(cek=bytes(32)), cipher=AES_256_GCM), ALICE),
    ]
    seen = set()
    for encrypted, reader in attempts:
        with pytest.raises(DecryptionError) as raised:
            decrypt(encrypted, reader)
        seen.add((type(raised.value), str(raised.value), raised.value.__cause__, raised.value.__context__))
    assert len(seen) == 1


def test_an_unknown_algorithm_is_named_only_if_no_key_was_used() -> None:
    unknown = oaep().replace(der.oid("1.2.840.113549.1.1.7"), der.oid("1.2.840.113549.1.1.99"))
    with pytest.raises(UnsupportedAlgorithm):
        decrypt(envelope(unknown), ALICE)
    # If a key of mine was tried as well, the error no longer says that an algorithm is unknown.
    with pytest.raises(DecryptionError):
        decrypt(envelope(unknown, oaep(cek=bytes(16))), ALICE)


def test_a_weak_content_cipher_is_refused_before_any_key() -> None:
    weak = parse_content_encryption(der.sequence(der.oid(TRIPLE_DES_CBC.oid), der.octet_string(bytes(8))))
    forced = dataclasses.replace(parse(envelope(v15())), encryption=weak)
    for reader in (ALICE, person("carol")):
        with pytest.raises(AlgorithmForbidden, match="Triple-DES"):
            run(decrypt_enveloped_data(forced, Keys(identities=[reader]), provider=PROVIDER))
    # The key has the wrong length, so a random one takes its place. Once in 256 times its padding looks right.
    with contextlib.suppress(DecryptionError):
        decrypted = run(
            decrypt_enveloped_data(forced, Keys(identities=[ALICE]), provider=PROVIDER, policy=Policy.ARCHIVE)
        )
        assert decrypted.content != CONTENT


def test_the_number_of_keys_tried_is_limited() -> None:
    infos = [run(build_kekri(KEK, CEK, provider=PROVIDER)) for _ in range(2)]
    wrong = KeyEncryptionKey(identifier=b"k", key=bytes(16))
    assert decrypt(envelope(*infos), keks=[wrong, KEK]) == CONTENT
    with pytest.raises(LimitExceeded, match="keys tried"):
        decrypt(envelope(*infos), keks=[wrong] * (MAX_KEY_ATTEMPTS + 1))


def test_must_30_the_iterations_of_all_passwords_together_are_limited() -> None:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=bytes(16), iterations=MAX_PASSWORD_WORK // 2)
    fields = der.read_children(der.read_one(run(build_pwri(b"x", CEK, provider=PROVIDER))))
    derivation = b"\xa0" + build_pbkdf2(kdf, key_length=32)[1:]
    slow = der.element(0xA3, fields[0].encoded, derivation, fields[2].encoded, fields[3].encoded)

    class QuickProvider(NativeProvider):
        async def derive_key(self, kdf: object, secret: bytes, length: int) -> bytes:
            self.derived = getattr(self, "derived", 0) + 1
            return bytes(length)

    async def give(cek: bytes) -> bytes:
        return cek

    provider = QuickProvider()
    cek_use = CekUse(use=give, cek_length=32)
    recipients = parse(envelope(slow)).recipients
    with pytest.raises(DecryptionError):
        run(try_content_keys(recipients, cek_use, Keys(identities=(), passwords=[b"a", b"b", b"c"]), provider))
    assert provider.derived == 2


def test_the_number_of_recipients_is_limited() -> None:
    infos = der.element(der.SET, *[der.sequence(der.integer(0))] * (MAX_RECIPIENTS + 1))
    with pytest.raises(LimitExceeded, match="recipients"):
        parse_recipient_infos(der.read_one(infos))


@pytest.mark.parametrize("key", [NewKey.ED25519, NewKey.ED448, NewKey.ML_DSA_44])
def test_a_key_that_can_only_sign_receives_nothing(key: NewKey) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="can only sign"):
        check_recipient(person("erin", key).certificate)


def test_must_38_key_usage_decides_who_may_receive() -> None:
    for key in (NewKey.RSA_2048, NewKey.P256, NewKey.X25519, NewKey.ML_KEM_768):
        check_recipient(person("alice", key).certificate)
    with pytest.raises(UnsupportedAlgorithm, match="may not be used for encryption"):
        check_recipient(anchor())


def test_several_kinds_of_recipients_stand_in_one_message() -> None:
    keys = (NewKey.RSA_2048, NewKey.P256, NewKey.P384, NewKey.P521, NewKey.X25519, NewKey.X448, NewKey.ML_KEM_1024)
    people = [person("alice", key) for key in keys]
    encrypted = blocking.encrypt_bytes(
        CONTENT,
        Encrypting(recipients=[recipient.certificate for recipient in people], passwords=[b"secret"]),
        provider=PROVIDER,
    )
    assert len(parse(encrypted).recipients) == 8
    for reader in people:
        assert decrypt(encrypted, reader) == CONTENT
    assert decrypt(encrypted, passwords=[b"secret"]) == CONTENT


def test_the_set_itself_must_be_one() -> None:
    with pytest.raises(MalformedMessage):
        parse_recipient_infos(der.read_one(der.sequence(v15())))
    assert build_issuer_and_serial(ALICE.certificate) in v15()
