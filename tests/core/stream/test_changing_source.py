"""A file that somebody changes between two readings: only bytes that were judged come out, or nothing."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

import smime_core.stream.octets as octets_module
from smime_core import stream
from smime_core.algorithms import AES_128_GCM, AES_256_CBC, ContentCipher
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms import Encrypting, Keys, SignatureForm, Signing
from smime_core.errors import SmimeError, SourceChanged
from smime_core.message import encrypt_message, sign_message
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import State
from smime_core.trust.judging import Judging

PROVIDER = NativeStreamingProvider()
NOW = datetime.now(UTC)
AUTHORITY = run(create_authority("Example CA", provider=PROVIDER, at=NOW))
ALICE, BOB = (
    run(issue_identity(AUTHORITY, f"{name}@example.test", provider=PROVIDER, at=NOW)) for name in ("alice", "bob")
)
TRUST = TrustStore.of(AUTHORITY.identity.certificate, revocation=RevocationPolicy.NOT_CHECKED)
JUDGING = Judging(trust_store=TRUST, at=NOW)
LINES = 120
BLOCK_BYTES = 2048


class ChangingFile(io.BytesIO):
    """A file with one content for the first `reads` readings, and another one of the same length from then on."""

    def __init__(self, first: bytes, other: bytes, reads: int) -> None:
        super().__init__(first)
        assert len(first) == len(other)
        self._other = other
        self._left = reads
        self.reads = 0

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        self.reads += 1
        if self._left == 0:
            at = self.tell()
            self.seek(0)
            self.write(self._other)
            self.seek(at)
        self._left -= 1
        return super().readinto(room)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octets_module, "BLOCK_BYTES", BLOCK_BYTES)


def signed(word: str, form: SignatureForm) -> bytes:
    """A mail of one word, again and again, that verifies. All have the same length."""
    head = f"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: {word}\r\nMIME-Version: 1.0\r\n"
    plain = f"{head}Content-Type: text/plain\r\n\r\n".encode() + f"{word} {'.' * 60}\r\n".encode() * LINES
    return run(sign_message(plain, Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER))


def encrypted(message: bytes, cipher: ContentCipher) -> bytes:
    encrypting = Encrypting(recipients=[BOB.certificate], cipher=cipher)
    return run(encrypt_message(message, encrypting, provider=PROVIDER))


def verify(source: io.BytesIO) -> tuple[State, bytes]:
    target = io.BytesIO()
    streamed = stream.examine_file(source, JUDGING, PROVIDER, Keys(identities=[BOB]))
    try:
        stream.copy_content(streamed, target)
    except SmimeError:
        # The bytes that were written before the change was seen are those that were judged.
        assert b"wren" not in target.getvalue()
        raise
    return streamed.report.state, target.getvalue()


def readings(message: bytes) -> int:
    """How often a file is read for its verdict and its content."""
    file = ChangingFile(message, message, -1)
    verify(file)
    return file.reads


@pytest.mark.parametrize("form", SignatureForm)
@pytest.mark.parametrize(
    "cipher", [None, AES_256_CBC, AES_128_GCM], ids=lambda algorithm: algorithm.name if algorithm else "signed"
)
def test_whenever_a_file_changes_only_what_was_judged_comes_out(
    form: SignatureForm, cipher: ContentCipher | None
) -> None:
    first, other = (signed(word, form) for word in ("robin", "wrens"))
    if cipher is not None:
        first, other = (encrypted(mail, cipher) for mail in (first, other))
    refused = 0
    for reads in range(1, readings(first)):
        try:
            state, content = verify(ChangingFile(first, other, reads))
        except SourceChanged:
            refused += 1
            continue
        except SmimeError:
            # Blocks that were read for the first time after the change do not fit to those before it.
            continue
        assert state is not State.VERIFIED or b"wren" not in content
    assert refused > 0


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_128_GCM], ids=lambda algorithm: algorithm.name)
def test_no_byte_of_a_changed_ciphertext_is_decrypted(cipher: ContentCipher) -> None:
    first, other = (encrypted(signed(word, SignatureForm.DETACHED), cipher) for word in ("robin", "wrens"))
    file = ChangingFile(first, first, -1)
    stream.decrypt_mail_file(file, io.BytesIO(), Keys(identities=[BOB]), PROVIDER)
    for reads in range(1, file.reads):
        target = io.BytesIO()
        with pytest.raises(SmimeError):
            stream.decrypt_mail_file(ChangingFile(first, other, reads), target, Keys(identities=[BOB]), PROVIDER)
        assert b"wren" not in target.getvalue()


def test_a_file_that_grows_is_read_up_to_its_first_end() -> None:
    message = signed("robin", SignatureForm.DETACHED)
    file = io.BytesIO(message)
    streamed = stream.examine_file(file, JUDGING, PROVIDER)
    file.seek(0, io.SEEK_END)
    file.write(b"more")
    target = io.BytesIO()
    stream.copy_content(streamed, target)
    assert b"robin" in target.getvalue()
