"""Streams write and find the same as the operations in memory, in every form, and give out nothing unchecked."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import re
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest

from smime_core import AES_256_CBC, AES_256_GCM, MessageReport, SignatureForm, State, blocking, limits, stream
from smime_core.algorithms import AES_128_GCM, CHACHA20_POLY1305, ContentCipher, HashName
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import FIELD, ID_DATA, armor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    ProviderError,
    SmimeError,
)
from smime_core.mime import to_crlf
from smime_core.provider import NewKey
from smime_core.report.report import LayerKind
from smime_core.stream import cursor, octets as octets_module, writing
from smime_core.stream.content import digest_content
from smime_core.stream.octets import (
    CrlfOctets,
    DerivedOctets,
    FileOctets,
    MemoryOctets,
    Octets,
    TransformedOctets,
    slice_octets,
)
from smime_core.stream.part_walk import PartWalk
from smime_core.stream.structure import split_structure
from smime_core.text.base64 import ExactBase64
from smime_core.trust.judging import Judging
from tests.support.people import NOW, person, trust
from tests.support.streamed_mail import CONTENT, PROVIDER, encrypt, encrypt_mail, mail, to_ber

CIPHERS: Final = (AES_256_CBC, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305)


@pytest.fixture(autouse=True, params=[64, 1_000, 1_048_576])
def block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run every test with small blocks too, so that every structure is split between two blocks in some run."""
    size: int = request.param
    monkeypatch.setattr(octets_module, "BLOCK_BYTES", size)
    return size


def sign_mail(message: bytes, form: SignatureForm = SignatureForm.DETACHED) -> bytes:
    target = io.BytesIO()
    stream.sign_mail_file(
        io.BytesIO(message),
        target,
        Signing(identities=[person("alice")], signing_time=NOW, form=form),
        provider=PROVIDER,
    )
    return target.getvalue()


def sign(
    content: bytes, *names: str, form: SignatureForm = SignatureForm.OPAQUE, key: NewKey = NewKey.RSA_2048
) -> bytes:
    target = io.BytesIO()
    holders = [person(name, key) for name in names or ("alice",)]
    stream.sign_file(
        io.BytesIO(content), target, Signing(identities=holders, signing_time=NOW, form=form), provider=PROVIDER
    )
    return target.getvalue()


def examine(
    data: bytes, *, content: bytes | None = None, sender: str | None = None, with_key: bool = True
) -> tuple[MessageReport, bytes]:
    streamed = stream.examine_file(
        io.BytesIO(data),
        Judging(trust_store=trust(), at=NOW),
        provider=PROVIDER,
        sender=sender,
        detached_content=io.BytesIO(content) if content is not None else None,
        keys=Keys(identities=[person("bob")] if with_key else []),
    )
    target = io.BytesIO()
    stream.copy_content(streamed, target)
    return streamed.report, target.getvalue()


def examine_in_memory(data: bytes, *, content: bytes | None = None, sender: str | None = None) -> MessageReport:
    return blocking.examine_message(
        data,
        Judging(trust_store=trust(), at=NOW),
        provider=PROVIDER,
        sender=sender,
        detached_content=content,
        keys=Keys(identities=[person("bob")]),
    )


def decrypt(data: bytes) -> bytes:
    target = io.BytesIO()
    stream.decrypt_mail_file(io.BytesIO(data), target, Keys(identities=[person("bob")]), provider=PROVIDER)
    return target.getvalue()


def read(octets: Octets, start: int = 0) -> bytes:
    """All the bytes from `start` on."""

    async def join() -> bytes:
        return b"".join([bytes(block) async for block in octets.blocks(start)])

    return blocking.run(join())


@pytest.mark.parametrize("form", SignatureForm)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_signed_mail_is_judged_as_in_memory(form: SignatureForm, line_end: bytes) -> None:
    signed = sign_mail(mail(line_end), form)
    report, content = examine(signed)
    expected = examine_in_memory(signed)
    assert report.state is State.VERIFIED
    assert (report, content) == (dataclasses.replace(expected, content=b""), expected.content)


def test_a_signed_mail_is_the_one_that_memory_writes() -> None:
    streamed = sign_mail(mail(), SignatureForm.OPAQUE)
    in_memory = blocking.sign_message(
        mail(), Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.OPAQUE), provider=PROVIDER
    )
    assert streamed == in_memory


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_an_encrypted_and_signed_mail_is_opened_and_judged_as_in_memory(cipher: ContentCipher) -> None:
    encrypted = encrypt_mail(sign_mail(mail()), cipher)
    report, content = examine(encrypted)
    expected = examine_in_memory(encrypted)
    assert [layer.kind for layer in report.layers] == [LayerKind.ENCRYPTED, LayerKind.SIGNED]
    assert (report, content) == (dataclasses.replace(expected, content=b""), expected.content)
    assert decrypt(encrypted) == blocking.decrypt_message(
        encrypted, Keys(identities=[person("bob")]), provider=PROVIDER
    )


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 63, 64, 65, 10_007])
@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_content_of_every_length_comes_back(cipher: ContentCipher, size: int) -> None:
    encrypted = encrypt(CONTENT[:size], cipher)
    opened = blocking.decrypt_bytes(encrypted, Keys(identities=[person("bob")]), provider=PROVIDER)
    assert decrypt(encrypted) == opened.content == CONTENT[:size]


@pytest.mark.parametrize("piece_bytes", [1, 100, 300, 9_000])
def test_indefinite_lengths_and_pieces_are_read(piece_bytes: int) -> None:
    ber = to_ber(sign(CONTENT), piece_bytes)
    report, content = examine(ber, sender="alice@example.test")
    assert (report.state, content) == (State.VERIFIED, CONTENT)
    assert decrypt(to_ber(encrypt(CONTENT), piece_bytes)) == CONTENT


@pytest.mark.parametrize("end", [b"\0\x81\0", b"\0\x84\0\0\0\0", b"\0\x01a"])
def test_end_of_contents_are_two_zeros_as_in_memory(end: bytes) -> None:
    ber = to_ber(sign(CONTENT))
    assert ber.endswith(b"\0\0")
    damaged = ber[:-2] + end
    with pytest.raises(MalformedMessage, match="zero identifier"):
        examine(damaged, sender="alice@example.test")
    with pytest.raises(MalformedMessage, match="zero identifier"):
        examine_in_memory(damaged)


def test_pieces_within_pieces_are_read() -> None:
    inner = der.element(0x24, der.octet_string(CONTENT[:5_000]))
    pieces = b"\x24\x80" + inner + der.octet_string(CONTENT[5_000:]) + b"\0\0"
    whole = to_ber(sign(CONTENT), len(CONTENT))
    nested = whole.replace(b"\x24\x80" + der.octet_string(CONTENT) + b"\0\0", pieces)
    assert nested != whole
    assert examine(nested, sender="alice@example.test")[1] == CONTENT


def test_several_signers_share_one_walk() -> None:
    report, _ = examine(sign(CONTENT, "alice", "bob"), sender="alice@example.test")
    assert [signer.state for signer in report.signers] == [State.VERIFIED, State.VERIFIED]


@pytest.mark.parametrize("key", [NewKey.P256, NewKey.P521, NewKey.ED25519, NewKey.ML_DSA_44])
def test_every_kind_of_key_signs_a_stream(key: NewKey) -> None:
    report, content = examine(sign(CONTENT, key=key), sender="alice@example.test")
    assert (report.state, content) == (State.VERIFIED, CONTENT)


def test_a_detached_signature_is_held_against_the_content_beside_it() -> None:
    signature = sign(CONTENT, form=SignatureForm.DETACHED)
    report, _ = examine(signature, content=CONTENT, sender="alice@example.test")
    assert report.state is State.VERIFIED
    report, _ = examine(signature, content=CONTENT + b"!", sender="alice@example.test")
    assert report.state is State.INVALID


def test_content_inside_and_beside_a_signature_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="both inside the signature and given apart"):
        examine(sign(CONTENT), content=CONTENT)


def test_a_detached_signature_without_its_content_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="is missing"):
        examine(sign(CONTENT, form=SignatureForm.DETACHED))


def test_pem_is_read() -> None:
    target = io.BytesIO()
    with stream.ArmorWriter(target) as armored:
        armored.write(encrypt(CONTENT))
    assert decrypt(target.getvalue()) == CONTENT


def test_pem_is_the_one_that_memory_writes() -> None:
    target = io.BytesIO()
    with stream.ArmorWriter(target) as armored:
        for start in range(0, len(CONTENT), 77):
            armored.write(CONTENT[start : start + 77])
    assert target.getvalue() == armor(CONTENT).encode()


def test_compressed_content_is_inflated() -> None:
    compressed = build_compressed_data(CONTENT, content_type=ID_DATA)
    report, content = examine(compressed, with_key=False)
    assert ([layer.kind for layer in report.layers], content) == ([LayerKind.COMPRESSED], CONTENT)


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_nothing_comes_out_of_altered_ciphertext(cipher: ContentCipher) -> None:
    encrypted = bytearray(encrypt(CONTENT, cipher))
    # In CBC, the last byte of the second-last block alters the padding. With a tag, any altered byte is refused.
    encrypted[-17 if cipher is AES_256_CBC else -40] ^= 1
    target = io.BytesIO()
    with pytest.raises(DecryptionError):
        stream.decrypt_mail_file(io.BytesIO(encrypted), target, Keys(identities=[person("bob")]), provider=PROVIDER)
    assert target.getvalue() == b""


def test_an_altered_byte_makes_a_signed_stream_invalid() -> None:
    signed = bytearray(sign(CONTENT))
    signed[signed.index(b"sealing wax") + 5_000] ^= 1
    report, _ = examine(bytes(signed), sender="alice@example.test")
    assert (report.state, report.reasons[0].code) == (State.INVALID, "message-digest-mismatch")


def test_a_stream_for_somebody_else_is_told() -> None:
    with pytest.raises(NoMatchingRecipient):
        stream.decrypt_mail_file(
            io.BytesIO(encrypt(CONTENT)), io.BytesIO(), Keys(identities=[person("eve")]), provider=PROVIDER
        )


def test_an_encrypted_field_is_no_stream_of_mail() -> None:
    with pytest.raises(ContentTypeMismatch):
        decrypt(encrypt(CONTENT, content_type=FIELD))


def test_plain_input_is_nothing_encrypted() -> None:
    with pytest.raises(MalformedMessage, match="nothing encrypted"):
        decrypt(mail())


@pytest.mark.parametrize("end", [1, 2, 10, 100, 1_000, 5_000, -1, -2, -200])
def test_a_truncated_stream_is_malformed(end: int) -> None:
    for data in (sign(CONTENT), to_ber(sign(CONTENT)), encrypt(CONTENT), to_ber(encrypt(CONTENT))):
        with pytest.raises(SmimeError):
            blocking.run(split_structure(MemoryOctets(data[:end])))


def test_bytes_behind_the_structure_are_refused() -> None:
    for data in (sign(CONTENT), to_ber(sign(CONTENT))):
        with pytest.raises(MalformedMessage, match="follow"):
            examine(data + b"\0\0x")
        for filler in (b"\r\n", b"\0" * 4096):
            assert examine(data + filler, sender="alice@example.test")[0].state is State.VERIFIED


def test_a_structure_of_absurd_size_beside_its_content_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor, "MAX_STRUCTURE_BYTES", 1_000)
    with pytest.raises(LimitExceeded, match="around the content"):
        examine(sign(CONTENT))


def test_too_many_pieces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BER_CHUNKS", 50)
    with pytest.raises(LimitExceeded, match="BER chunks"):
        examine(to_ber(sign(CONTENT)))


def test_a_boundary_is_found_on_every_border(block_bytes: int) -> None:
    for padding in range(0, min(block_bytes, 130), 7):
        signed = sign_mail(mail(body=b"x" * padding))
        assert examine(signed)[0].state is State.VERIFIED


def test_false_boundaries_are_content() -> None:
    message = mail()
    signed = sign_mail(message)
    boundary = signed.split(b'boundary="')[1].split(b'"')[0]
    text = b"\r\n".join([b"--" + boundary + b"x", b" --" + boundary, b"--" + boundary[:-1]])
    forged = signed.replace(
        b"--" + boundary + b"\r\nContent-Type: application/octet",
        b"--" + boundary + b"\r\n" + text + b"\r\nContent-Type: application/octet",
        1,
    )
    report, content = examine(forged)
    assert report.state is State.INVALID
    assert text in content


def test_a_file_that_shrinks_is_told() -> None:
    file = io.BytesIO(CONTENT)
    octets = FileOctets(file)
    file.truncate(100)
    with pytest.raises(MalformedMessage, match="shorter"):
        read(octets)


def test_octets_start_anywhere() -> None:
    text = base64.encodebytes(CONTENT)
    views = {
        "file": FileOctets(io.BytesIO(CONTENT)),
        "slice": slice_octets(MemoryOctets(b"ab" + CONTENT + b"c"), 2, 2 + len(CONTENT)),
        "file slice": slice_octets(FileOctets(io.BytesIO(b"ab" + CONTENT + b"c")), 2, 2 + len(CONTENT)),
        "base64": TransformedOctets(MemoryOctets(text), ExactBase64),
    }
    for name, view in views.items():
        assert blocking.run(view.length()) == len(CONTENT), name
        for start in (0, 1, 63, 64, 1_000, 10_006, 10_007):
            assert read(view, start) == CONTENT[start:], name


def test_line_ends_become_crlf_across_borders(block_bytes: int) -> None:
    text = b"a\r\nb\nc\r\n" * 50
    assert read(CrlfOctets(MemoryOctets(text))) == b"a\r\nb\r\nc\r\n" * 50
    for start in range(64):
        shifted = b"x" * start + b"\r\n\n"
        assert read(CrlfOctets(MemoryOctets(shifted))) == b"x" * start + b"\r\n\r\n"
        for text in (shifted, shifted[:-1] + b"\r", shifted[:-1] + b"a\r", shifted[:-2] + b"\r\n\r\r\n"):
            assert read(CrlfOctets(MemoryOctets(text))) == to_crlf(text)


class Pipe:
    """A file that can only be written from its beginning to its end."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, data: Buffer, /) -> None:
        self.octets += data


@pytest.mark.parametrize("most_members_bytes", [4_000, 1_048_576])
def test_a_pipe_gets_what_a_file_gets(most_members_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_MOST_MEMBERS_BYTES", most_members_bytes)
    pipe, holder = Pipe(), person("alice", NewKey.RSA_2048)
    stream.sign_file(io.BytesIO(CONTENT), pipe, Signing(identities=[holder], signing_time=NOW), provider=PROVIDER)
    assert pipe.octets == sign(CONTENT)


def test_more_members_than_thought_possible_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_MOST_MEMBERS_BYTES", 1)
    # With this much content, the lengths around it take a byte more once the SignerInfo is added.
    buffer = 65_535 - (len(sign(b"x")) - 1)
    with pytest.raises(ProviderError, match="longer"):
        sign(bytes(buffer + 200))


def test_an_inner_message_that_cannot_be_decrypted_comes_out_unchanged() -> None:
    for_eve = blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[person("eve").certificate]), provider=PROVIDER)
    for outer in (AES_256_CBC, AES_256_GCM):
        encrypted = encrypt(for_eve, outer)
        assert decrypt(encrypted) == for_eve
        assert blocking.decrypt_message(encrypted, Keys(identities=[person("bob")]), provider=PROVIDER) == for_eve


def test_compressed_content_inside_is_inflated_by_both() -> None:
    encrypted = encrypt(build_compressed_data(CONTENT, content_type=ID_DATA))
    in_memory = blocking.decrypt_message(encrypted, Keys(identities=[person("bob")]), provider=PROVIDER)
    assert decrypt(encrypted) == in_memory == CONTENT


def test_compression_alone_is_nothing_encrypted() -> None:
    with pytest.raises(MalformedMessage, match="nothing encrypted"):
        decrypt(build_compressed_data(CONTENT, content_type=ID_DATA))


def test_an_error_of_a_block_worker_is_raised_to_the_owner() -> None:
    async def refuse(_: Buffer) -> None:
        raise ProviderError("digest")

    with PROVIDER.make_block_worker(refuse) as worker:
        blocking.run(worker.begin(b"block"))
        with pytest.raises(ProviderError):
            worker.finish()


class _ReusedBuffers(DerivedOctets):
    """Blocks in two buffers by turns, as of a decryption. The second block is empty, and `blocks` leaves it out."""

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        buffers = (bytearray(64), bytearray(64))
        for step, text in enumerate((b"a", b"", b"c")):
            buffer = buffers[step % 2]
            buffer[: 64 * len(text)] = text * 64
            yield memoryview(buffer)[: 64 * len(text)]


class _SlowDigest:
    """A digest so slow that a caller who did not wait for it would overwrite its block."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def update(self, data: Buffer, /) -> None:
        time.sleep(0.05)
        self._digest.update(data)

    def digest(self) -> bytes:
        return self._digest.digest()


def test_no_block_is_written_into_while_it_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROVIDER, "begin_digest", lambda _: _SlowDigest(), raising=False)
    digests = blocking.run(digest_content(_ReusedBuffers(), [HashName.SHA256], provider=PROVIDER))
    assert digests[HashName.SHA256] == hashlib.sha256(b"a" * 64 + b"c" * 64).digest()


@pytest.mark.parametrize("body", [b"", b"\rx", b"\r\n", b"x", b"x\r\n\r\n", b"--bc", b"--bx\r\n", b"\r\n--b-\r\n" * 40])
@pytest.mark.parametrize("end", [b"\r\n--b--\r\n", b"\n--b--\n", b"\r\n--b  \r\nrest", b"\r\n--b--"])
def test_the_end_of_a_part_is_found_in_the_walk_through_it(body: bytes, end: bytes, block_bytes: int) -> None:
    pattern = re.compile(rb"\n--b(?:--)?[ \t]{0,78}\r?\n")
    walk = PartWalk(MemoryOctets(b"before" + body + end), 6, pattern, longest=93)
    assert read(walk) == body
    assert (walk.end, bytes(walk.rest)) == (6 + len(body), end.lstrip())
    assert walk.has_crlf == (b"\r\n" in body)


def test_a_part_without_an_end_has_none() -> None:
    walk = PartWalk(MemoryOctets(CONTENT), 0, re.compile(rb"\n--b\r?\n"), longest=93)
    read(walk)
    assert walk.end is None


def test_an_end_of_a_part_right_at_its_start_is_found(block_bytes: int) -> None:
    walk = PartWalk(MemoryOctets(b"--b--\r\n" + CONTENT), 0, re.compile(rb"\n--b--\r?\n"), longest=93)
    assert read(walk) == b""
    assert (walk.end, bytes(walk.rest)) == (0, b"--b--\r\n" + CONTENT)
