"""The number of times that a stream is read: data from a slow line is used as it comes, and not fetched again."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest

from smime_core import AES_256_CBC, AES_256_GCM, SignatureForm, blocking, stream
from smime_core.algorithms import ContentCipher
from smime_core.asn1.der import Buffer
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import LimitExceeded, SmimeError
from smime_core.identity.identity import Identity
from smime_core.providers import webcrypto_running
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.stream.examination import decrypt_octets, examine_octets
from smime_core.stream.octets import MemoryOctets, read_head
from smime_core.trust.judging import Judging
from smime_core.verdict.examiner import Decryptor, Examiner
from tests.support.people import NOW, person, trust
from tests.support.streamed_mail import CONTENT, PROVIDER, encrypt, encrypt_mail, mail


class Watched:
    """A source that counts the bytes read from it, and notes whether its length was asked for before all were read."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.taken = 0
        self.asked_early = False

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        for offset in range(start, len(self._data), 65_536):
            block = self._data[offset : offset + 65_536]
            self.taken += len(block)
            yield block

    async def length(self) -> int:
        self.asked_early |= self.taken < len(self._data)
        return len(self._data)


def written_large(kind: str) -> bytes:
    content = CONTENT * 1_000
    holders, target = [person("alice")], io.BytesIO()
    if kind.startswith("signed"):
        form = SignatureForm.OPAQUE if kind.endswith("opaque") else SignatureForm.DETACHED
        message = io.BytesIO(mail(body=content))
        stream.sign_mail_file(
            message, target, Signing(identities=holders, signing_time=NOW, form=form), provider=PROVIDER
        )
        return target.getvalue()
    return encrypt(content, AES_256_CBC) if kind == "encrypted" else encrypt_mail(mail(body=content), AES_256_CBC)


@pytest.mark.parametrize("kind", ["signed", "signed opaque", "encrypted", "encrypted mail"])
def test_a_stream_is_read_once_and_before_its_end_is_known(kind: str) -> None:
    message = written_large(kind)
    octets = Watched(message)
    examiner = Examiner(
        provider=PROVIDER, keys=Keys(identities=[person("bob")]), judging=Judging(trust_store=trust(), at=NOW)
    )
    report = blocking.run(examine_octets(octets, examiner=examiner, provider=PROVIDER)).report
    assert report.layers
    # The whole message is read once, and its first megabyte a few times more.
    assert octets.taken < 1.6 * len(message)
    assert kind == "encrypted" or not octets.asked_early


def test_a_cipher_that_takes_all_at_once_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcrypto_running, "MAX_WHOLE_BYTES", 100)

    async def open_it(ciphertext: bytes) -> bytes:
        return ciphertext[::-1]

    running = webcrypto_running.WholeCipher(open_it)
    assert blocking.run(running.update(bytes(100))) == b""
    with pytest.raises(LimitExceeded, match="takes all at once"):
        blocking.run(running.update(b"x"))
    assert blocking.run(running.finish()) == bytes(100)


class ReadOnce(Watched):
    """A source that, after `read_once`, frees the bytes before the block being read. Reading them again fails."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._kept_from = 0
        self.is_last_walk = False

    def read_once(self) -> None:
        self.is_last_walk = True

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        assert start // 1_048_576 >= self._kept_from, "read again after it was given back"
        async for block in super().blocks(start):
            if self.is_last_walk:
                self._kept_from = max(self._kept_from, start // 1_048_576)
            start += len(block)
            yield block


class Kept(MemoryOctets):
    """A store of plaintext, such as the vault has."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        super().__init__(b"")

    def append(self, block: Buffer) -> None:
        self._parts.append(bytes(block))

    def discard(self) -> None:
        self._parts.clear()

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        yield memoryview(b"".join(self._parts))[start:]


class Storing(NativeStreamingProvider):
    def make_store(self) -> Kept:  # type: ignore[override]  # the native provider has no store
        return Kept()


def _seems_to_decrypt(encrypted: bytes, holder: Identity) -> bool:
    try:
        blocking.decrypt_bytes(encrypted, Keys(identities=(holder,)), PROVIDER)
    except SmimeError:
        return False
    return True


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
def test_the_last_walk_is_announced_only_if_one_key_fits(cipher: ContentCipher) -> None:
    bob, content = person("bob"), CONTENT * 1_000
    impostor = Identity(certificate=bob.certificate, private_key=person("dave").private_key)
    encrypted = encrypt(content, cipher)
    # A wrong key seems right if its last block happens to end like padding, as one in 256 does.
    while _seems_to_decrypt(encrypted, impostor):
        encrypted = encrypt(content, cipher)
    # Without a store, the plaintext is decrypted again each time that it is read.
    for provider, holders, is_sure in (
        (Storing(), (bob,), True),
        (Storing(), (impostor, bob), False),
        (PROVIDER, (bob,), False),
    ):
        octets = ReadOnce(encrypted)
        decryptor = Decryptor(provider=provider, keys=Keys(identities=holders))
        opening = decrypt_octets(octets, decryptor=decryptor, provider=provider, on_last_walk=octets.read_once)
        _, inside = blocking.run(opening)
        assert octets.is_last_walk is is_sure
        is_whole = blocking.run(read_head(inside, len(content) + 1)) == content
        assert is_whole  # An assertion on the megabyte itself would compare it line by line for hours.
