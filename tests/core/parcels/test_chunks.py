"""The chunks of a parcel: each opens by the secret and by a certificate, and only in its own place."""

from __future__ import annotations

import dataclasses
import tracemalloc

import pytest

from smime_core import Encrypting
from smime_core.algorithms import AES_128_GCM, AES_256_GCM, HashName, Kdf, Pbkdf2
from smime_core.asn1.der import Buffer
from smime_core.blocking import encrypt_bytes, run
from smime_core.cms.content_info import FIELD, parse_content_info
from smime_core.cms.enveloped_data import parse_enveloped_data
from smime_core.cms.recipients.pwri import PasswordKey, PasswordRecipient
from smime_core.errors import (
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    ParcelCut,
    ParcelDamaged,
    ParcelMixed,
    ParcelNotAuthenticated,
    SmimeError,
)
from smime_core.parcels import (
    CHUNK_BYTES,
    ParcelKey,
    chunk_lengths,
    decrypt_chunk,
    derive_parcel_key,
    encrypt_chunk,
    proof_of,
)
from smime_core.providers.native import NativeProvider
from tests.support.growth import grows_in_proportion
from tests.support.parcels import BOB, FILES, SALT, SECRET, chunks, decrypted, described, manifest, parcel_key
from tests.support.people import PROVIDER, person


class _DerivesNothing(NativeProvider):
    """A provider that fails the test when a password is derived."""

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        assert not isinstance(kdf, Pbkdf2), "PBKDF2 ran"
        return await super().derive_key(kdf, secret, length)


def test_the_chunks_of_a_file_joined_are_the_file() -> None:
    numbered = iter(chunks())
    for file in manifest().files:
        assert b"".join(decrypted(next(numbered), chunk) for chunk in file.chunks) == FILES[file.name]


def test_nothing_is_derived_for_a_chunk() -> None:
    provider = _DerivesNothing()
    cms = run(encrypt_chunk(b"x", provider, key=parcel_key()))
    assert run(decrypt_chunk(cms, described(cms, 1), provider, key=parcel_key())) == b"x"


def test_a_certificate_opens_a_chunk() -> None:
    first, chunk = chunks()[0], manifest().chunks[0]
    assert run(decrypt_chunk(first, chunk, PROVIDER, identities=[BOB])) == b"Hello"
    with pytest.raises(NoMatchingRecipient):
        run(decrypt_chunk(first, chunk, PROVIDER, identities=[person("carol")]))
    with pytest.raises(NoMatchingRecipient):
        run(decrypt_chunk(first, chunk, PROVIDER))


def test_each_chunk_has_its_own_content_key_and_one_key_derivation() -> None:
    parsed = [
        parse_enveloped_data(info.content, content_type=info.content_type)
        for info in (parse_content_info(cms) for cms in chunks())
    ]
    assert {message.auth_attrs_der for message in parsed} == {b""}
    assert {message.cipher for message in parsed} == {AES_256_GCM}
    passwords = [
        recipient for each in parsed for recipient in each.recipients if isinstance(recipient, PasswordRecipient)
    ]
    assert len({password.derivation_der for password in passwords}) == 1
    assert len({password.encrypted_key for password in passwords}) == len({each.encryption.iv for each in parsed}) == 3


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(0, []), (1, [1]), (CHUNK_BYTES, [CHUNK_BYTES]), (2 * CHUNK_BYTES + 5, [CHUNK_BYTES, CHUNK_BYTES, 5])],
)
def test_the_last_chunk_of_a_file_has_the_rest(size: int, lengths: list[int]) -> None:
    assert chunk_lengths(size) == lengths


def test_a_file_of_too_many_chunks_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="chunks of a parcel is 32769"):
        chunk_lengths(32_768 * CHUNK_BYTES + 1)


def test_a_chunk_that_is_empty_too_large_or_for_nobody_is_not_made() -> None:
    with pytest.raises(MalformedMessage, match="empty"):
        run(encrypt_chunk(b"", PROVIDER, key=parcel_key()))
    with pytest.raises(LimitExceeded):
        run(encrypt_chunk(bytes(CHUNK_BYTES + 1), PROVIDER, key=parcel_key()))
    with pytest.raises(MalformedMessage, match="nobody to encrypt to"):
        run(encrypt_chunk(b"x", PROVIDER))


def test_a_chunk_for_too_many_recipients_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.parcels.chunks.MAX_PARCEL_CHUNK_OVERHEAD_BYTES", 500)
    run(encrypt_chunk(b"x", PROVIDER, key=parcel_key()))
    with pytest.raises(LimitExceeded, match="bytes around a parcel chunk"):
        run(encrypt_chunk(b"x", PROVIDER, key=parcel_key(), certificates=[BOB.certificate]))


def test_a_cut_chunk_is_refused() -> None:
    cms, chunk = chunks()[0], manifest().chunks[0]
    for cut in (cms[:-1], b""):
        with pytest.raises(ParcelCut):
            decrypted(cut, chunk)


def test_a_chunk_with_further_bytes_is_refused() -> None:
    with pytest.raises(ParcelDamaged):
        decrypted(chunks()[0] + b"\n", manifest().chunks[0])


def test_an_altered_chunk_is_refused_before_a_key_is_used() -> None:
    altered = bytearray(chunks()[0])
    altered[-1] ^= 1
    with pytest.raises(ParcelDamaged):
        # A provider without methods but the digest shows that no key is used.
        run(decrypt_chunk(bytes(altered), manifest().chunks[0], _DigestsOnly(), key=parcel_key()))


class _DigestsOnly(NativeProvider):
    async def decrypt_content(self, *_: object, **__: object) -> bytes:
        raise AssertionError

    async def decrypt_blocks(self, *_: object, **__: object) -> bytes:
        raise AssertionError


def test_a_chunk_in_the_place_of_another_one_is_named() -> None:
    """Two chunks of one size are exchanged, as a server or a co-recipient could do."""
    first, other = (run(encrypt_chunk(content, PROVIDER, key=parcel_key())) for content in (b"first", b"other"))
    files = (dataclasses.replace(manifest().files[0], chunks=(described(first, 5),)),)
    more = dataclasses.replace(files[0], name="b", chunks=(described(other, 5),))
    whole = dataclasses.replace(manifest(), files=(*files, more))
    with pytest.raises(ParcelMixed, match="chunk 1 is in the place"):
        decrypted(other, whole.chunks[0], whole=whole)
    with pytest.raises(ParcelDamaged):
        decrypted(other, whole.chunks[0])


def test_a_chunk_that_a_co_recipient_has_encrypted_is_refused() -> None:
    """Bob holds the secret too, so that his chunk has the right key and the right size."""
    forged = run(encrypt_chunk(b"Hullo", PROVIDER, key=parcel_key(), certificates=[BOB.certificate]))
    assert len(forged) == len(chunks()[0])
    with pytest.raises(ParcelDamaged, match="altered, or is in a wrong place"):
        decrypted(forged, manifest().chunks[0], whole=manifest())


@pytest.mark.parametrize(
    "kdf",
    [
        Pbkdf2(hash_name=HashName.SHA256, salt=bytes(16), iterations=600_000),
        Pbkdf2(hash_name=HashName.SHA256, salt=SALT, iterations=600_001),
        Pbkdf2(hash_name=HashName.SHA256, salt=SALT, iterations=2_000_000_000),
        Pbkdf2(hash_name=HashName.SHA1, salt=SALT, iterations=600_000),
    ],
    ids=["salt", "iterations", "huge iterations", "hash"],
)
def test_another_key_derivation_is_refused_before_anything_is_derived(kdf: Pbkdf2) -> None:
    encrypting = Encrypting(password_keys=[PasswordKey(kdf=kdf, kek=parcel_key().kek)], cipher=AES_256_GCM)
    cms = encrypt_bytes(b"x", encrypting, PROVIDER)
    with pytest.raises(ParcelMixed, match="another key derivation"):
        run(decrypt_chunk(cms, described(cms, 1), _DerivesNothing(), key=parcel_key()))
    both = Encrypting(password_keys=[parcel_key().password_key, *encrypting.password_keys], cipher=AES_256_GCM)
    cms = encrypt_bytes(b"x", both, PROVIDER)
    with pytest.raises(ParcelMixed):
        run(decrypt_chunk(cms, described(cms, 1), _DerivesNothing(), key=parcel_key()))


def test_a_chunk_without_authentication_is_refused() -> None:
    cms = encrypt_bytes(b"x", Encrypting(password_keys=[parcel_key().password_key]), PROVIDER)
    with pytest.raises(ParcelNotAuthenticated):
        decrypted(cms, described(cms, 1))


def test_a_chunk_of_another_content_type_is_refused() -> None:
    encrypting = Encrypting(password_keys=[parcel_key().password_key], cipher=AES_256_GCM)
    cms = encrypt_bytes(b"x", encrypting, PROVIDER, content_type=FIELD)
    with pytest.raises(ParcelDamaged, match="expected id-data"):
        decrypted(cms, described(cms, 1))


def test_a_signed_chunk_is_refused() -> None:
    signed = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
    with pytest.raises(ParcelDamaged):
        decrypted(signed, described(signed, 1))


def test_a_chunk_that_the_sender_described_wrongly_is_refused() -> None:
    cms = run(encrypt_chunk(b"xy", PROVIDER, key=parcel_key()))
    with pytest.raises(ParcelCut, match="2 bytes of content, the manifest says 3"):
        decrypted(cms, described(cms, 3))
    wrong = ParcelKey(salt=SALT, kek=bytes(32))
    with pytest.raises(ParcelDamaged):
        run(decrypt_chunk(cms, described(cms, 2), PROVIDER, key=wrong))


def test_a_chunk_of_another_program_is_read() -> None:
    """Other programs may choose AES-128 and further recipients."""
    encrypting = Encrypting(recipients=[BOB.certificate], password_keys=[parcel_key().password_key], cipher=AES_128_GCM)
    cms = encrypt_bytes(b"x", encrypting, PROVIDER)
    assert decrypted(cms, described(cms, 1)) == b"x"


def test_all_damage_gives_one_error_of_the_core() -> None:
    cms = run(encrypt_chunk(b"content", PROVIDER, key=parcel_key(), certificates=[BOB.certificate]))
    for position in range(len(cms)):
        altered = bytearray(cms)
        altered[position] ^= 1
        # The hash fits, as if the sender had made this chunk.
        try:
            content = decrypted(bytes(altered), described(bytes(altered), 7))
        except SmimeError:
            continue
        assert content == b"content"


def test_a_chunk_takes_memory_for_three_copies_at_most() -> None:
    cms, chunk = chunks()[1], manifest().chunks[1]
    tracemalloc.start()
    decrypted(cms, chunk)
    run(encrypt_chunk(FILES["film.bin"][:CHUNK_BYTES], PROVIDER, key=parcel_key()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.2 * CHUNK_BYTES


def test_many_recipients_of_a_chunk_take_linear_time() -> None:
    def work(count: int) -> Buffer:
        encrypting = Encrypting(
            password_keys=[PasswordKey(kdf=Pbkdf2(hash_name=HashName.SHA256, salt=b"s", iterations=1), kek=bytes(32))]
            * count,
            cipher=AES_256_GCM,
        )
        return encrypt_bytes(b"x", encrypting, PROVIDER)

    def reading(cms: Buffer) -> None:
        with pytest.raises(ParcelMixed):
            run(decrypt_chunk(cms, described(bytes(cms), 1), PROVIDER, key=parcel_key()))

    made = {count: work(count) for count in (250, 1_000)}
    assert grows_in_proportion(lambda count: lambda: reading(made[count]), 1_000)


def test_the_key_and_the_proof_follow_from_secret_and_salt() -> None:
    key = run(derive_parcel_key(SECRET, SALT, PROVIDER))
    assert key == parcel_key()
    assert run(proof_of(key, PROVIDER)) != run(proof_of(run(derive_parcel_key(SECRET, bytes(16), PROVIDER)), PROVIDER))
    assert key.kek.hex() not in repr(key)
    assert "kek" not in repr(key)


@pytest.mark.parametrize(("salt", "kek"), [(bytes(15), bytes(32)), (bytes(16), bytes(31)), (bytes(17), bytes(32))])
def test_a_key_of_another_length_is_refused(salt: bytes, kek: bytes) -> None:
    with pytest.raises(MalformedMessage):
        ParcelKey(salt=salt, kek=kek)


def test_an_empty_secret_and_a_wrong_salt_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="empty password"):
        run(derive_parcel_key("", SALT, PROVIDER))
    with pytest.raises(MalformedMessage, match="salt of 3 bytes"):
        run(derive_parcel_key(SECRET, b"abc", PROVIDER))
