"""Streams in the vault give the same results as native streams, for chunks of many sizes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from smime_core import SignatureForm, State, blocking, stream
from smime_core.algorithms import RC2_40_CBC, RC2_128_CBC, CipherFamily, CipherMode, ContentCipher, HashName
from smime_core.blocking import run
from smime_core.cms import Encrypting
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.errors import DecryptionError, SmimeError
from smime_core.policy import Policy
from smime_core.provider import NewKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.providers.webcrypto_running import WholeBlocks
from smime_core.report.report_json import report_to_json
from smime_core.trust.judging import Judging
from tests.support.browser.browsers import Browser
from tests.support.people import NOW, anchor, person, trust
from tests.support.stream_exchange import CIPHERS, pattern
from tests.support.streamed_mail import mail, to_ber
from tests.support.vault.conformance import VaultPage, open_vault_page

pytestmark = pytest.mark.browser

NATIVE: Final = NativeStreamingProvider()
MEGABYTE: Final = 1_048_576
MADE_HERE: Final = [cipher for cipher in CIPHERS.values() if cipher.family is not CipherFamily.RC2]
# Pairs of (bytes in a chunk, bytes in all): chunks of one byte, chunks that cross the ends of blocks, and large chunks
# as a browser reads them.
SIZES: Final = [
    *((1, size) for size in (0, 1, 15, 16, 17, 33)),
    *((3, size) for size in (15, 16, 17, 1_000)),
    *((65_536, size) for size in (MEGABYTE - 1, MEGABYTE, MEGABYTE + 1)),
]
BODY: Final = bytes(range(256)) * 300


@pytest.fixture(scope="module")
def vault(browser: Browser) -> Iterator[VaultPage]:
    with open_vault_page(browser) as page:
        yield page


def ask(vault: VaultPage, function: str, given: object) -> Any:
    return json.loads(vault.call(function, json.dumps(given).encode()))


def key_of(cipher: ContentCipher) -> bytes:
    return hashlib.shake_256(cipher.name.encode()).digest(cipher.key_length)


def iv_of(cipher: ContentCipher) -> bytes:
    return hashlib.shake_256(b"iv").digest(cipher.iv_length)


def aad_of(cipher: ContentCipher) -> bytes:
    return b"attributes of odd length" if cipher.is_authenticated else b""


def is_made(cipher: ContentCipher) -> bool:
    return not cipher.is_weak and cipher.mode is not CipherMode.CCM


def encrypted_natively(cipher: ContentCipher, data: bytes, iv: bytes) -> tuple[bytes, bytes]:
    """(ciphertext, tag). The core never encrypts with a weak cipher, so for one the library is called directly."""
    if cipher.is_weak:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        # DES is Triple-DES with three equal keys.
        key = key_of(cipher) * (24 // cipher.key_length)
        encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
        count = len(iv) - len(data) % len(iv)
        return encryptor.update(data + bytes([count]) * count) + encryptor.finalize(), b""
    encrypted = run(NATIVE.encrypt_content(cipher, key_of(cipher), iv, data, aad=aad_of(cipher)))
    tag = encrypted[-16:] if cipher.is_authenticated else b""
    return encrypted[: len(encrypted) - len(tag)], tag


def case(cipher: ContentCipher, direction: str, chunk: int, **further: Any) -> dict[str, Any]:
    named = {"cipher": cipher.name, "direction": direction, "chunk": chunk, "key": key_of(cipher).hex(), "tag": ""}
    return {**named, "iv": iv_of(cipher).hex(), "aad": aad_of(cipher).hex(), **further}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_cipher_makes_what_the_native_one_makes(vault: VaultPage) -> None:
    cases, expected = [], []
    for cipher in CIPHERS.values():
        for chunk, size in SIZES:
            if is_made(cipher):
                cases.append(case(cipher, "encrypt", chunk, length=size))
                expected.append(sha256(b"".join(encrypted_natively(cipher, pattern(size), iv_of(cipher)))))
    assert ask(vault, "run_ciphers", cases) == expected


def test_every_cipher_reads_what_the_native_one_makes(vault: VaultPage) -> None:
    cases, expected = [], []
    for cipher in MADE_HERE:
        for chunk, size in SIZES:
            ciphertext, tag = encrypted_natively(cipher, pattern(size), iv_of(cipher))
            content = {"data": ciphertext.hex()} if size < MEGABYTE - 1 or cipher.is_weak else {"length": size}
            cases.append(case(cipher, "decrypt", chunk, tag=tag.hex(), **content))
            expected.append(sha256(pattern(size)))
    assert ask(vault, "run_ciphers", cases) == expected


def opened_by_chance(cipher: ContentCipher, length: int) -> tuple[bytes, bytes]:
    """(ciphertext, plaintext) of random bytes that decrypt to correct padding, as about one in 256 does."""
    for seed in range(10_000):
        octets = hashlib.shake_256(b"%d" % seed).digest(length)
        try:
            return octets, run(NATIVE.decrypt_content(cipher, key_of(cipher), iv_of(cipher), octets))
        except DecryptionError:
            continue
    raise AssertionError("no octets end in a padding")


def test_rc2_which_no_library_makes_is_read(vault: VaultPage) -> None:
    cases, expected = [], []
    for cipher in (RC2_40_CBC, RC2_128_CBC):
        octets, plaintext = opened_by_chance(cipher, 800)
        for chunk in (1, 3, 8, 100, 800):
            cases.append(case(cipher, "decrypt", chunk, data=octets.hex()))
            expected.append(sha256(plaintext))
    assert ask(vault, "run_ciphers", cases) == expected


def test_ivs_of_other_lengths_and_shorter_tags_are_read(vault: VaultPage) -> None:
    cipher, data = CIPHERS["AES-256-GCM"], pattern(1_000)
    cases = []
    for length in (8, 16, 60):
        iv = pattern(length)
        ciphertext, tag = encrypted_natively(cipher, data, iv)
        cases.append(case(cipher, "decrypt", 100, iv=iv.hex(), tag=tag[: 12 + length % 5].hex(), data=ciphertext.hex()))
    assert ask(vault, "run_ciphers", cases) == [sha256(data)] * len(cases)


def altered(cipher: ContentCipher) -> Iterator[dict[str, Any]]:
    block = cipher.iv_length
    ciphertext, tag = encrypted_natively(cipher, pattern(1_000), iv_of(cipher))
    if cipher.is_authenticated:
        first = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
        for data, wrong in ((first, tag), (ciphertext, bytes([tag[0] ^ 1]) + tag[1:]), (ciphertext[:-1], tag)):
            yield case(cipher, "decrypt", 64, data=data.hex(), tag=wrong.hex())
        yield case(cipher, "decrypt", 64, data=ciphertext.hex(), tag=tag[:8].hex())
        yield case(cipher, "decrypt", 64, data=ciphertext.hex(), tag=tag.hex(), aad=b"others".hex())
        return
    # First impossible lengths of the padding, then one wrong byte in it.
    padding = block - 1_000 % block
    for count in (0, block + 1, 255):
        flipped = bytearray(ciphertext)
        flipped[-block - 1] ^= padding ^ count
        yield case(cipher, "decrypt", 64, data=flipped.hex())
    flipped = bytearray(ciphertext)
    flipped[-block - padding] ^= 1
    yield case(cipher, "decrypt", 64, data=flipped.hex())
    yield case(cipher, "decrypt", 64, data=ciphertext[:-1].hex())
    yield case(cipher, "decrypt", 64, data="")


def test_altered_tags_paddings_and_lengths_are_refused_alike(vault: VaultPage) -> None:
    cases = [vector for cipher in MADE_HERE for vector in altered(cipher)]
    assert len(cases) > 30
    assert set(ask(vault, "run_ciphers", cases)) == {"decryption-error"}


def test_every_hash_takes_chunks(vault: VaultPage) -> None:
    digests = ask(vault, "hash_chunks", {"length": 3_000, "chunks": [1, 3, 129, 3_000]})
    assert len(digests) == 4 * len(HashName)
    for name, digest in digests.items():
        assert digest == run(NATIVE.digest(HashName(name.partition(" ")[0]), pattern(3_000))).hex(), name


def test_a_store_gives_what_was_put_into_it_until_it_is_discarded(vault: VaultPage) -> None:
    length = 9 * MEGABYTE + 5
    starts = [0, 1, MEGABYTE, 4 * MEGABYTE - 1, 4 * MEGABYTE, 4 * MEGABYTE + 1, length - 1, length, length + 1]
    assert ask(vault, "keep", {"length": length, "starts": starts}) == [[True] * len(starts), length, []]


def written(write: Any, source: bytes, how: Signing | Encrypting) -> bytes:
    target = io.BytesIO()
    write(io.BytesIO(source), target, how, provider=NATIVE)
    return target.getvalue()


def encrypted_mail(message: bytes, cipher: str) -> bytes:
    recipients = [person("bob").certificate]
    return written(stream.encrypt_mail_file, message, Encrypting(recipients=recipients, cipher=CIPHERS[cipher]))


def signed_mail(message: bytes, form: SignatureForm = SignatureForm.DETACHED) -> bytes:
    return written(stream.sign_mail_file, message, Signing(identities=[person("alice")], signing_time=NOW, form=form))


def signed(content: bytes, key: NewKey = NewKey.RSA_2048, *, bare: bool = False) -> bytes:
    if not bare:
        return written(stream.sign_file, content, Signing(identities=[person("alice", key)], signing_time=NOW))
    options = SignerOptions(attributes=AttributesForm.NONE)
    return blocking.sign_bytes(
        content, Signing(identities=[person("alice", key)], signing_time=NOW, options=options), provider=NATIVE
    )


def encrypted(content: bytes, cipher: str) -> bytes:
    return written(
        stream.encrypt_file, content, Encrypting(recipients=[person("bob").certificate], cipher=CIPHERS[cipher])
    )


def messages() -> dict[str, bytes]:
    plain = mail(body=BODY)
    cut = encrypted(BODY, "AES-256-CBC")
    wrong_padding = bytearray(cut)
    wrong_padding[-17] ^= 0x55
    wrong_tag = bytearray(encrypted(BODY, "AES-256-GCM"))
    wrong_tag[-1] ^= 1
    return {
        "plain": plain,
        "signed": signed_mail(plain),
        "signed opaque": signed_mail(plain, SignatureForm.OPAQUE),
        "encrypted": encrypted_mail(plain, "AES-256-CBC"),
        "encrypted and signed": encrypted_mail(signed_mail(plain), "AES-256-GCM"),
        "encrypted twice": encrypted_mail(encrypted_mail(plain, "AES-128-GCM"), "AES-256-CBC"),
        "signed, encrypted, signed": signed_mail(encrypted_mail(signed_mail(plain), "AES-256-CBC")),
        "compressed": build_compressed_data(BODY, content_type=ID_DATA),
        "compressed inside": encrypted(build_compressed_data(BODY, content_type=ID_DATA), "AES-256-GCM"),
        "pieces": to_ber(encrypted(BODY, "AES-256-CBC"), 77),
        "pieces under a tag": to_ber(encrypted(BODY, "AES-256-GCM"), 333),
        "pieces signed": to_ber(signed(BODY), 1_001),
        **{f"{key} without attributes": signed(BODY, key, bare=True) for key in (NewKey.RSA_2048, NewKey.P256)},
        "Ed25519 without attributes": signed(BODY[:1_000], NewKey.ED25519, bare=True),
        "altered": signed(BODY).replace(BODY[:16], BODY[1:17], 1),
        "wrong padding": bytes(wrong_padding),
        "wrong tag": bytes(wrong_tag),
        "truncated": cut[:-100],
        "for somebody else": written(stream.encrypt_file, BODY, Encrypting(recipients=[person("eve").certificate])),
    }


def given_for(chunk: int, octets: dict[str, bytes]) -> dict[str, Any]:
    bob = person("bob")
    return {
        "identities": [{"certificate": bob.certificate.der.hex(), "key": bob.private_key.pkcs8_der.hex()}],
        "anchor": anchor().der.hex(),
        "at": NOW.isoformat(),
        "messages": [
            {"octets": message.hex(), "chunk": chunk, "sender": "alice@example.test"} for message in octets.values()
        ],
    }


def judged_natively(message: bytes) -> list[Any]:
    try:
        streamed = stream.examine_file(
            io.BytesIO(message),
            Judging(trust_store=trust(), at=NOW),
            provider=NATIVE,
            sender="alice@example.test",
            policy=Policy.ARCHIVE,
            keys=Keys(identities=[person("bob")]),
        )
        target = io.BytesIO()
        stream.copy_content(streamed, target)
    except SmimeError as error:
        return [error.code, ""]
    return [json.loads(json.dumps(report_to_json(streamed.report))), sha256(target.getvalue())]


def opened_natively(message: bytes) -> str:
    target = io.BytesIO()
    identities = [person("bob")]
    try:
        stream.decrypt_mail_file(
            io.BytesIO(message), target, Keys(identities=identities), provider=NATIVE, policy=Policy.ARCHIVE
        )
    except SmimeError as error:
        return f"{error.code} {len(target.getvalue())}"
    return sha256(target.getvalue())


@pytest.mark.parametrize("chunk", [64, 1_001, 65_536])
def test_every_message_is_judged_as_natively(vault: VaultPage, chunk: int) -> None:
    samples = messages()
    outcomes = dict(zip(samples, ask(vault, "examine_streams", given_for(chunk, samples)), strict=True))
    assert outcomes == {name: judged_natively(message) for name, message in samples.items()}
    assert outcomes["encrypted and signed"][0]["state"] == State.VERIFIED


def test_a_message_that_comes_octet_by_octet_is_judged_alike(vault: VaultPage) -> None:
    small = mail(body=BODY[:3_000])
    samples = {
        "signed": signed_mail(small),
        "encrypted": encrypted_mail(small, "AES-256-GCM"),
        "cms": signed(BODY[:3_000]),
    }
    for chunk in (1, 3):
        outcomes = ask(vault, "examine_streams", given_for(chunk, samples))
        assert outcomes == [judged_natively(message) for message in samples.values()]


def test_streams_decrypt_as_natively_and_release_nothing_damaged(
    vault: VaultPage,
) -> None:
    samples = messages()
    outcomes = dict(zip(samples, ask(vault, "open_streams", given_for(5_000, samples)), strict=True))
    assert outcomes == {name: opened_natively(message) for name, message in samples.items()}
    assert {name for name, outcome in outcomes.items() if " " not in outcome} > {
        "encrypted",
        "pieces",
        "encrypted twice",
    }


@pytest.mark.parametrize("chunk", [3, 65_536])
def test_written_streams_are_read_natively(vault: VaultPage, chunk: int) -> None:
    message = mail(body=BODY[:20_000])
    arguments = {**given_for(chunk, {}), "mail": message.hex(), "chunk": chunk, "content_type": ID_DATA}
    outputs = {name: bytes.fromhex(octets) for name, octets in ask(vault, "write_streams", arguments).items()}
    assert len(outputs) == 5 + sum(map(is_made, CIPHERS.values()))
    for name in ("detached", "opaque", "cms signed"):
        report = blocking.examine_message(
            outputs[name], Judging(trust_store=trust(), at=NOW), provider=NATIVE, sender="bob@example.test"
        )
        assert [signer.state for signer in report.signers] == [State.VERIFIED], name
    for name in ("cbc mail", "gcm mail"):
        opened = blocking.decrypt_message(outputs[name], Keys(identities=[person("bob")]), provider=NATIVE)
        assert opened.partition(b"\r\n\r\n")[2] == message.partition(b"\r\n\r\n")[2], name
    for name, cipher in CIPHERS.items():
        if is_made(cipher):
            opened_bytes = blocking.decrypt_bytes(outputs[name], Keys(identities=[person("bob")]), provider=NATIVE)
            assert opened_bytes.content == message, name


def test_whole_blocks_keep_what_is_over() -> None:
    whole = WholeBlocks()
    taken = [bytes(whole.take(pattern(40)[start : start + 7])) for start in range(0, 40, 7)]
    assert b"".join(taken) == pattern(32)
    assert whole.rest == pattern(40)[32:]
