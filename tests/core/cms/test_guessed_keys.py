"""Recipients are found by computed key identifiers, and by trying own keys that nobody names. No try is an oracle."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import itertools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, strategies as st

from smime_core import Identity, Judging, blocking, stream
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher, HashName, KeyTransport, digest_data
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import ID_SIGNED_DATA
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.guessed_content import GUESSED_HEAD_BYTES, is_entity_or_cms
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.recipients.content_keys import is_single_try
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kari import build_kari
from smime_core.cms.recipients.kemri import build_kemri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import build_ktri
from smime_core.cms.recipients.recipient_info import RSA_OAEP, RSA_V15
from smime_core.errors import DecryptionError, NoMatchingRecipient, SmimeError
from smime_core.limits import MAX_GUESSED_KEYS
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers import python_rsa
from smime_core.providers.native import NativeProvider
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.x509.certificate import Certificate
from tests.support.envelopes import CEK, decrypt, envelope, parse
from tests.support.people import NOW, PROVIDER, person, trust

ENTITY = b"Content-Type: text/plain\r\n\r\nAt eight.\r\n"
KINDS = (NewKey.RSA_2048, NewKey.P256, NewKey.X25519, NewKey.ML_KEM_768)
STREAMING = NativeStreamingProvider()


def who(name: str, key: NewKey = NewKey.RSA_2048) -> Identity:
    # The cache of `person` takes a default for another argument than the same value.
    return person(name) if key is NewKey.RSA_2048 else person(name, key)


ALICE, BOB, CAROL = who("alice"), who("bob"), who("carol")


def renamed(certificate: Certificate) -> Certificate:
    """The certificate as the sender knows it: with another serial number."""
    return dataclasses.replace(certificate, serial_number=certificate.serial_number + 1)


@functools.cache
def recipient(key: NewKey, transport: KeyTransport = RSA_V15, name: str = "alice") -> bytes:
    """A recipient whose name no certificate has, for the key of this person."""
    certificate = renamed(who(name, key).certificate)
    if certificate.public_key.agrees:
        return run(build_kari(certificate, CEK, PROVIDER))
    if certificate.public_key.key_type.is_kem:
        return run(build_kemri(certificate, CEK, PROVIDER))
    return run(build_ktri(certificate, CEK, PROVIDER, transport=transport))


def opened(cms: bytes, *people: Identity) -> bytes | str:
    """The content or the code of the error, by which memory and stream agree."""
    target = io.BytesIO()

    def streamed() -> bytes:
        stream.decrypt_file(io.BytesIO(cms), target, Keys(identities=people), STREAMING)
        return target.getvalue()

    in_memory = _result(lambda: decrypt(cms, *people))
    assert _result(streamed) == in_memory
    return in_memory


def _result(open_it: Callable[[], bytes]) -> bytes | str:
    try:
        return open_it()
    except SmimeError as error:
        return error.code


NOBODY = NoMatchingRecipient.code


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=str)
@pytest.mark.parametrize("key", KINDS)
def test_a_recipient_whose_name_no_certificate_has_is_found_by_the_key(key: NewKey, cipher: ContentCipher) -> None:
    cms = envelope(recipient(key), cipher=cipher, content=ENTITY)
    assert opened(cms, who("alice", key)) == ENTITY
    others = [who("bob", kind) for kind in KINDS]
    assert opened(cms, *others) == NOBODY
    assert opened(cms, *others, who("alice", key)) == ENTITY


def test_oaep_is_tried_too() -> None:
    cms = envelope(recipient(NewKey.RSA_2048, RSA_OAEP), content=ENTITY)
    assert (opened(cms, BOB, ALICE), opened(cms, BOB)) == (ENTITY, NOBODY)


@pytest.mark.parametrize("form", ["bits", "spki"])
@pytest.mark.parametrize("has_own", [True, False])
@pytest.mark.parametrize("key", KINDS)
def test_a_recipient_is_named_by_a_computed_key_identifier(key: NewKey, has_own: bool, form: str) -> None:
    alice = who("alice", key)
    own = b"an identifier of its own" if has_own else None
    certificate = dataclasses.replace(alice.certificate, subject_key_identifier=own)
    spki = certificate.public_key.spki_der
    bits = bytes(der.read_sequence(spki)[1].content[1:])
    identifier = digest_data(HashName.SHA1, bits if form == "bits" else spki)
    cms = envelope(_named(recipient(key), identifier), content=b"no entity")
    reader = dataclasses.replace(alice, certificate=certificate)
    keys = Keys(identities=[reader], most_guesses=0)
    target = io.BytesIO()
    stream.decrypt_file(io.BytesIO(cms), target, keys, STREAMING)
    assert target.getvalue() == decrypt(cms, reader) == b"no entity"


def _named(info: bytes, identifier: bytes) -> bytes:
    """The recipient with a key identifier in the place of issuer and serial number."""
    old = renamed_rid(info)
    new = der.element(0x80, identifier)
    if info[0] == 0xA1:
        new = der.element(0xA0, der.octet_string(identifier))
    return _replaced(info, old, new)


def renamed_rid(info: bytes) -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(der.read_one(info))]
    if info[0] == 0xA4:
        return bytes(der.read_children(der.read_one(fields[1]))[1].encoded)
    if info[0] == 0xA1:
        keys = der.read_children(der.read_one(fields[-1]))
        return bytes(der.read_children(keys[0])[0].encoded)
    return fields[1]


def _replaced(encoded: bytes, old: bytes, new: bytes) -> bytes:
    if encoded == old:
        return new
    tlv = der.read_one(encoded)
    if not tlv.is_constructed or old not in encoded:
        return encoded
    return der.element(tlv.tag, *(_replaced(bytes(child.encoded), old, new) for child in der.read_children(tlv)))


def test_a_key_that_is_named_is_tried_first() -> None:
    named = run(build_ktri(BOB.certificate, CEK, PROVIDER, transport=RSA_V15))
    cms = envelope(recipient(NewKey.RSA_2048), named, content=b"no entity, but for a key that is named")
    assert opened(cms, ALICE, BOB) == b"no entity, but for a key that is named"
    damaged = named[:-1] + bytes([named[-1] ^ 1])
    cms = envelope(damaged, recipient(NewKey.RSA_2048), content=ENTITY)
    assert opened(cms, ALICE, BOB) == ENTITY


def test_recipients_can_be_added_by_a_guessed_key() -> None:
    cms = envelope(recipient(NewKey.RSA_2048), content=ENTITY)
    added = run(add_recipients(cms, Keys(identities=[ALICE]), Encrypting(recipients=[BOB.certificate]), PROVIDER))
    assert opened(added, BOB) == ENTITY


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"At eight.\r\n",
        bytes(64),
        b"\r\nAt eight.\r\n",
        b"From me: to you",
        b"A: b\r\n\0\r\n\r\nx",
        b"A: b\r\nc\r\n\r\n",
    ],
)
def test_content_of_a_guessed_key_that_is_no_entity_is_not_shown_unless_it_has_a_tag(content: bytes) -> None:
    info = recipient(NewKey.RSA_2048)
    assert opened(envelope(info, content=content), ALICE) == NOBODY
    assert opened(envelope(info, content=content, cipher=AES_256_GCM), ALICE) == content


def test_cms_inside_is_shown() -> None:
    inside = envelope(recipient(NewKey.RSA_2048, name="bob"), content=ENTITY)
    assert decrypt(envelope(recipient(NewKey.RSA_2048), content=inside), ALICE) == inside
    bare = bytes(der.read_one(der.read_sequence(inside)[1].content).encoded)
    assert decrypt(envelope(recipient(NewKey.RSA_2048), content=bare, content_type=ID_SIGNED_DATA), ALICE) == bare


def test_a_long_header_is_an_entity() -> None:
    head = b"To: " + b"bob@example.test,\r\n " * GUESSED_HEAD_BYTES
    assert is_entity_or_cms(head[:GUESSED_HEAD_BYTES], "1.2.840.113549.1.7.1")
    assert not is_entity_or_cms(head[:1000], "1.2.840.113549.1.7.1")


class CountingProvider(NativeProvider):
    """A provider that notes how often a private RSA key is applied, and which contents are decrypted."""

    def __init__(self) -> None:
        super().__init__()
        self.contents = 0

    async def decrypt_content(self, *given: object, **named: object) -> bytes:
        self.contents += 1
        return await super().decrypt_content(*given, **named)  # type: ignore[arg-type]


@pytest.fixture
def private_operations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    apply_private = python_rsa.apply_private

    def counted(key: PrivateKey, block: bytes, *, operation: str) -> bytes:
        made.append(operation)
        return apply_private(key, block, operation=operation)

    monkeypatch.setattr(python_rsa, "apply_private", counted)
    return made


def work_for(cms: bytes, people: Sequence[Identity], private_operations: list[str]) -> tuple[object, int, int]:
    private_operations.clear()
    provider = CountingProvider()
    try:
        end: object = run(decrypt_enveloped_data(parse(cms), Keys(identities=people), provider)).content
    except SmimeError as error:
        end = type(error), str(error)
    return end, len(private_operations), provider.contents


@pytest.mark.parametrize("fits", [(), (0,), (1,), (2,), (0, 2)])
def test_must_23_the_work_is_the_same_whichever_key_fits(fits: tuple[int, ...], private_operations: list[str]) -> None:
    infos = [recipient(NewKey.RSA_2048, name="alice" if number in fits else "dave") for number in range(3)]
    end, operations, contents = work_for(envelope(*infos, content=ENTITY), [CAROL, BOB, ALICE], private_operations)
    assert (operations, contents) == (9, 1)
    assert (end == ENTITY) is bool(fits)


def test_must_23_a_key_that_fits_and_one_that_does_not_fail_alike(private_operations: list[str]) -> None:
    other = run(build_ktri(renamed(ALICE.certificate), bytes(32), PROVIDER, transport=RSA_V15))
    short = run(build_ktri(renamed(ALICE.certificate), bytes(16), PROVIDER, transport=RSA_V15))
    padless = other[:-256] + bytes(255) + b"\2"
    seen = {
        work_for(envelope(info, content=content), [ALICE], private_operations)
        for info in (other, short, padless, recipient(NewKey.RSA_2048, name="dave"), recipient(NewKey.RSA_2048))
        for content in (bytes(40), b"no entity")
    }
    (alike,) = seen
    assert alike[1:] == (1, 1)
    assert isinstance(alike[0], tuple)
    assert alike[0][0] is NoMatchingRecipient


@given(number=st.integers(0, 4), fits=st.booleans())
def test_the_provider_says_nothing_of_what_fits(number: int, fits: bool) -> None:
    sealed = run(PROVIDER.transport_encrypt((ALICE if fits else CAROL).certificate.public_key, RSA_V15, CEK))
    attempts = [(BOB.private_key, sealed)] * number + [(ALICE.private_key, sealed)] + [(BOB.private_key, bytes(256))]
    position, cek = run(PROVIDER.transport_decrypt_any(attempts, 32))
    assert len(cek) == 32
    assert (position, cek) == (number, CEK) if fits else cek != CEK
    assert position in range(len(attempts))
    again = run(PROVIDER.transport_decrypt_any(attempts, 32))
    assert fits or again[1] != cek


def test_a_broken_key_among_the_own_ones_stops_no_other() -> None:
    key_der = der.read_octets(der.read_sequence(BOB.private_key.pkcs8_der)[2])
    numbers = [der.parse_number(field) for field in der.read_sequence(key_der)]
    broken = dataclasses.replace(BOB.private_key, pkcs8_der=_with_prime(BOB.private_key.pkcs8_der, numbers))
    sealed = run(PROVIDER.transport_encrypt(ALICE.certificate.public_key, RSA_V15, CEK))
    result = python_rsa.decrypt_any_pkcs1_v15([(broken, sealed), (ALICE.private_key, sealed), (broken, sealed)], 32)
    assert result == (1, CEK)


def _with_prime(pkcs8_der: bytes, numbers: list[int]) -> bytes:
    fields = [bytes(field.encoded) for field in der.read_sequence(pkcs8_der)]
    numbers = [*numbers[:6], numbers[6] + 2, *numbers[7:]]
    return der.sequence(*fields[:2], der.octet_string(der.sequence(*map(der.integer, numbers))))


def test_a_wrong_key_whose_padding_is_right_by_chance_shows_no_garbage() -> None:
    cms = envelope(recipient(NewKey.RSA_2048, name="dave"), content=ENTITY)
    lucky = next(cek for cek in map(_nth_key, itertools.count()) if _is_padded(cms, cek))

    class Lucky(NativeProvider):
        async def transport_decrypt_any(
            self, attempts: Sequence[tuple[PrivateKey, bytes]], cek_length: int
        ) -> tuple[int, bytes]:
            return 0, lucky

    with pytest.raises(NoMatchingRecipient):
        run(decrypt_enveloped_data(parse(cms), Keys(identities=[ALICE]), Lucky()))


def _nth_key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def _is_padded(cms: bytes, cek: bytes) -> bool:
    parsed = parse(cms)
    try:
        run(PROVIDER.decrypt_content(AES_256_CBC, cek, parsed.encryption.iv, bytes(parsed.encrypted_content)))
    except DecryptionError:
        return False
    return True


def test_at_most_twenty_pairs_are_tried(private_operations: list[str]) -> None:
    strangers = [recipient(NewKey.RSA_2048, name="dave")] * 6
    for number in (1, 1000):
        cms = envelope(recipient(NewKey.RSA_2048), *strangers * number, content=ENTITY)
        assert work_for(cms, [BOB, CAROL, ALICE], private_operations)[1:] == (MAX_GUESSED_KEYS, 1)


def test_a_key_with_two_certificates_is_tried_once(private_operations: list[str]) -> None:
    twice = dataclasses.replace(ALICE, certificate=dataclasses.replace(ALICE.certificate, serial_number=4))
    cms = envelope(recipient(NewKey.RSA_2048, name="dave"), content=ENTITY)
    assert work_for(cms, [ALICE, twice], private_operations)[1] == 1


def test_a_key_that_may_be_guessed_is_a_further_try() -> None:
    named = run(build_ktri(BOB.certificate, CEK, PROVIDER, transport=RSA_V15))
    both = parse(envelope(named, recipient(NewKey.RSA_2048))).recipients
    assert is_single_try(both[:1], Keys(identities=[BOB]))
    assert is_single_try(both[1:], Keys(identities=[BOB]))
    assert not is_single_try(both, Keys(identities=[BOB]))
    assert is_single_try(both, Keys(identities=[BOB], most_guesses=0))


def test_must_23_damage_behind_a_guessed_key_looks_as_if_no_key_fitted() -> None:
    inside = (
        b"Content-Type: multipart/signed; protocol=application/pkcs7-signature; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n"
    )
    judging = Judging(trust_store=trust(), at=NOW)
    ends = set()
    for name in ("alice", "dave"):
        cms = envelope(recipient(NewKey.RSA_2048, name=name), content=inside)
        with pytest.raises(SmimeError) as in_memory:
            blocking.examine_message(cms, judging, STREAMING, Keys(identities=[ALICE]))
        with pytest.raises(SmimeError) as streamed:
            stream.examine_file(io.BytesIO(cms), judging, STREAMING, Keys(identities=[ALICE]))
        ends |= {(type(raised.value), str(raised.value)) for raised in (in_memory, streamed)}
    assert [kind for kind, _ in ends] == [NoMatchingRecipient]
