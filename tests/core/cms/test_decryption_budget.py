"""The work of finding a content key is limited over all recipients and all encrypted layers of a message.

The tests count calls and bytes.
"""

from __future__ import annotations

import dataclasses
import io
from types import SimpleNamespace
from typing import Final

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_GCM, TRIPLE_DES_CBC, ContentCipher, HashName, Pbkdf2, Scrypt, rc2_cbc
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.blocking import run
from smime_core.cms.authenticated_data import verify_authenticated_data
from smime_core.cms.content_encryption import ContentEncryption
from smime_core.cms.enveloped_data import EnvelopedData, decrypt_enveloped_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey, build_kekri
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import build_ktri
from smime_core.cms.recipients.pwri import build_pwri, parse_password_recipient, password_work
from smime_core.cms.recipients.recipient_info import RSA_V15
from smime_core.errors import DecryptionError
from smime_core.keys.kdf import build_pbkdf2
from smime_core.limits import MAX_FURTHER_DECRYPTED_BYTES, MAX_PASSWORD_WORK, MAX_PBKDF2_ITERATIONS
from smime_core.policy import Policy
from smime_core.provider import RunningCipher
from smime_core.providers.native import NativeProvider
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.trust.judging import Judging
from tests.support import authenticated_messages
from tests.support.envelopes import CEK, CONTENT, envelope, parse
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

ALICE: Final = person("alice")
KEYS: Final = Keys(identities=[ALICE])
FURTHER: Final = "smime_core.cms.recipients.decryption_budget.MAX_FURTHER_DECRYPTED_BYTES"
WORK: Final = "smime_core.cms.recipients.decryption_budget.MAX_PASSWORD_WORK"
ATTEMPTS: Final = "smime_core.cms.recipients.decryption_budget.MAX_KEY_ATTEMPTS"


class CountingProvider(NativeStreamingProvider):
    """A provider that counts the decryptions of content, their bytes, and the derivations."""

    def __init__(self) -> None:
        super().__init__()
        self.decrypted: list[int] = []
        self.derived = 0

    async def decrypt_content(
        self,
        cipher: ContentCipher,
        cek: bytes,
        iv: bytes,
        ciphertext: Buffer,
        aad: bytes = b"",
        *,
        tag_length: int = 16,
    ) -> bytes:
        self.decrypted.append(len(ciphertext))
        if cipher.is_weak:
            raise DecryptionError
        return await super().decrypt_content(cipher, cek, iv, ciphertext, aad, tag_length=tag_length)

    def begin_decryption(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"", tag: bytes = b""
    ) -> RunningCipher:
        running = super().begin_decryption(cipher, cek, iv, aad=aad, tag=tag)
        update = running.update

        async def count(data: Buffer) -> Buffer:
            self.decrypted.append(len(data))
            return await update(data)

        return SimpleNamespace(update=count, finish=running.finish)

    async def derive_key(self, kdf: object, secret: bytes, length: int) -> bytes:
        assert isinstance(kdf, Pbkdf2 | Scrypt)
        self.derived += 1
        return await super().derive_key(kdf, secret, length)


def to_alice(cek: bytes) -> bytes:
    return run(build_ktri(ALICE.certificate, cek, transport=RSA_V15, provider=PROVIDER))


def many(count: int) -> bytes:
    """An AuthEnvelopedData with `count` recipients that name Alice and have wrong content keys."""
    return envelope(*(to_alice(bytes([number]) * 32) for number in range(count)), cipher=AES_256_GCM)


def with_cipher(enveloped: EnvelopedData, cipher: ContentCipher, length: int) -> EnvelopedData:
    encryption = ContentEncryption(cipher=cipher, iv=bytes(cipher.iv_length))
    return dataclasses.replace(enveloped, encryption=encryption, encrypted_content=bytes(length), tag=b"")


def test_the_content_is_decrypted_a_limited_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    enveloped = parse(many(7))
    for limit, expected in ((MAX_FURTHER_DECRYPTED_BYTES, 7), (3 * len(CONTENT), 4)):
        monkeypatch.setattr(FURTHER, limit)
        provider = CountingProvider()
        with pytest.raises(DecryptionError):
            run(decrypt_enveloped_data(enveloped, KEYS, provider))
        # The first attempt is free, because every message needs one.
        assert len(provider.decrypted) == expected


def test_a_stream_decrypts_no_more_bytes_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, expected in ((MAX_FURTHER_DECRYPTED_BYTES, 7), (3 * len(CONTENT), 4)):
        monkeypatch.setattr(FURTHER, limit)
        provider, target = CountingProvider(), io.BytesIO()
        with pytest.raises(DecryptionError):
            stream.decrypt_file(io.BytesIO(many(7)), target, KEYS, provider=provider)
        assert sum(provider.decrypted) == expected * len(CONTENT)
        assert target.getvalue() == b""


def test_the_first_key_decrypts_content_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FURTHER, 0)
    cms = envelope(to_alice(CEK), cipher=AES_256_GCM)
    assert run(decrypt_enveloped_data(parse(cms), KEYS, PROVIDER)).content == CONTENT
    target = io.BytesIO()
    stream.decrypt_file(io.BytesIO(cms), target, KEYS, provider=CountingProvider())
    assert target.getvalue() == CONTENT


@pytest.mark.parametrize(("cipher", "length"), [(TRIPLE_DES_CBC, 4_000_000), (rc2_cbc(128), 100_000)])
def test_slow_ciphers_count_more(cipher: ContentCipher, length: int) -> None:
    enveloped = parse(many(20))
    provider = CountingProvider()
    with pytest.raises(DecryptionError):
        run(decrypt_enveloped_data(with_cipher(enveloped, cipher, length), KEYS, provider, policy=Policy.ARCHIVE))
    further = len(provider.decrypted) - 1
    assert further == MAX_FURTHER_DECRYPTED_BYTES // cipher.work(length) < 19


def test_the_mac_of_a_content_is_computed_a_limited_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    authenticated = authenticated_messages.build(ALICE, mac=bytes(32))
    computed = []

    def count(key: bytes, message: Buffer, name: str) -> bytes:
        computed.append(len(message))
        return bytes(32 + len(key))

    monkeypatch.setattr("smime_core.cms.authenticated_data.hmac.digest", count)
    monkeypatch.setattr(FURTHER, 2 * len(CONTENT))
    with pytest.raises(DecryptionError):
        run(verify_authenticated_data(authenticated, Keys(identities=[ALICE] * 5), provider=PROVIDER))
    assert len(computed) == 3


def nested_for_passwords(layers: int, iterations: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr("smime_core.cms.recipients.pwri.PASSWORD_ITERATIONS", iterations)
    message = MESSAGE
    for _ in range(layers):
        message = blocking.encrypt_message(message, Encrypting(passwords=[b"shared"]), PROVIDER)
    return message


@pytest.mark.parametrize("is_stream", [False, True], ids=["memory", "stream"])
def test_password_work_is_limited_over_all_layers(monkeypatch: pytest.MonkeyPatch, is_stream: bool) -> None:
    message = nested_for_passwords(5, 100, monkeypatch)
    keys, judging = Keys(passwords=[b"shared"]), Judging(trust_store=trust(), at=NOW)

    def examine(provider: CountingProvider) -> int:
        if is_stream:
            return len(stream.examine_file(io.BytesIO(message), judging, keys=keys, provider=provider).report.layers)
        return len(blocking.examine_message(message, judging, provider=provider, keys=keys).layers)

    assert examine(CountingProvider()) == 5
    monkeypatch.setattr(WORK, 300)
    provider = CountingProvider()
    with pytest.raises(DecryptionError):
        examine(provider)
    assert provider.derived == 3


@pytest.mark.parametrize("is_stream", [False, True], ids=["memory", "stream"])
def test_decrypting_shares_the_limit_over_all_layers_too(monkeypatch: pytest.MonkeyPatch, is_stream: bool) -> None:
    message = nested_for_passwords(5, 100, monkeypatch)
    monkeypatch.setattr(WORK, 300)
    provider, keys = CountingProvider(), Keys(passwords=[b"shared"])
    if is_stream:
        stream.decrypt_mail_file(io.BytesIO(message), io.BytesIO(), keys, provider=provider)
    else:
        blocking.decrypt_message(message, keys, provider)
    assert provider.derived == 3


def test_the_keys_tried_are_limited_over_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    message = MESSAGE
    for _ in range(4):
        message = blocking.encrypt_message(message, Encrypting(recipients=[ALICE.certificate]), PROVIDER)
    judging = Judging(trust_store=trust(), at=NOW)
    assert len(blocking.examine_message(message, judging, provider=PROVIDER, keys=KEYS).layers) == 4
    monkeypatch.setattr(ATTEMPTS, 3)
    # LimitExceeded behind content without authentication looks like any failed decryption.
    provider = CountingProvider()
    with pytest.raises(DecryptionError):
        blocking.examine_message(message, judging, provider=provider, keys=KEYS)
    assert len(provider.decrypted) == 3


@pytest.mark.parametrize(
    ("hash_name", "expected"),
    [(HashName.SHA256, 1), (HashName.SHA1, 2), (HashName.SHA512, 2), (HashName.SHA3_512, 2)],
)
def test_slow_hashes_count_twice(hash_name: HashName, expected: int) -> None:
    made = parse_password_recipient(der.read_one(run(build_pwri(b"x", CEK, provider=PROVIDER))))
    kdf = Pbkdf2(hash_name=hash_name, salt=bytes(16), iterations=MAX_PBKDF2_ITERATIONS)
    work = password_work(dataclasses.replace(made, derivation_der=build_pbkdf2(kdf, key_length=None)))
    assert work == expected * MAX_PBKDF2_ITERATIONS
    # One password with the most iterations is still tried.
    assert work <= MAX_PASSWORD_WORK


def test_a_wrapped_key_of_excessive_length_is_not_unwrapped() -> None:
    kek = KeyEncryptionKey(identifier=b"k", key=bytes(32))
    fields = der.read_children(der.read_one(run(build_kekri(kek, CEK, provider=PROVIDER))))
    head = [bytes(field.encoded) for field in fields[:3]]
    kekri = der.element(0xA2, *head, der.octet_string(bytes(8_000)))
    fields = der.read_children(der.read_one(run(build_pwri(b"x", CEK, provider=PROVIDER))))
    head = [bytes(field.encoded) for field in fields[:3]]
    pwri = der.element(0xA3, *head, der.octet_string(bytes(8_000)))

    class RefusingProvider(NativeProvider):
        async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
            raise AssertionError("unwrapped")

        async def derive_key(self, kdf: object, secret: bytes, length: int) -> bytes:
            raise AssertionError("derived")

    keys = Keys(keks=[kek], passwords=[b"x"])
    with pytest.raises(DecryptionError):
        run(decrypt_enveloped_data(parse(envelope(kekri, pwri)), keys, RefusingProvider()))
