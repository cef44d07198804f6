"""Functions that run inside the vault's Python to test its streams. They exchange JSON with bytes in hex."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_CCM,
    AES_128_GCM,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_GCM,
    CHACHA20_POLY1305,
    DES_CBC,
    RC2_40_CBC,
    RC2_128_CBC,
    TRIPLE_DES_CBC,
    CipherMode,
    HashName,
)
from smime_core.asn1.der import Buffer
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import SmimeError
from smime_core.identity.identity import Identity
from smime_core.keys import parse_private_key
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider, RunningCipher
from smime_core.providers.webcrypto_ciphers import settle
from smime_core.providers.webcrypto_streaming import WebCryptoStreamingProvider
from smime_core.report.report_json import report_to_json
from smime_core.stream.examination import decrypt_octets, examine_octets
from smime_core.stream.mail_writing import encrypt_mail, join_mail, sign_mail
from smime_core.stream.octets import MemoryOctets
from smime_core.stream.writing import StreamSigner, copy_octets, encrypt_octets, sign_opaque
from smime_core.trust.judging import Judging
from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.x509.certificate import parse_certificate

CIPHERS = {
    cipher.name: cipher
    for cipher in (
        AES_128_CBC,
        AES_192_CBC,
        AES_256_CBC,
        AES_128_GCM,
        AES_192_GCM,
        AES_256_GCM,
        AES_128_CCM,
        CHACHA20_POLY1305,
        TRIPLE_DES_CBC,
        DES_CBC,
        RC2_128_CBC,
        RC2_40_CBC,
    )
}


Function = Callable[[CryptoProvider, bytes], Coroutine[Any, Any, str]]


def pattern(length: int) -> bytes:
    """Bytes that repeat every 251 bytes, so that no two blocks near each other are equal."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


class Arriving:
    """Bytes that come in chunks of one size, as from a download. Every 64th chunk waits for the browser."""

    def __init__(self, data: bytes, chunk_bytes: int, provider: WebCryptoStreamingProvider) -> None:
        self._data = memoryview(data)
        self._chunk_bytes = chunk_bytes
        self._door = provider._door

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        for offset in range(start, len(self._data), self._chunk_bytes):
            if offset // self._chunk_bytes % 64 == 0:
                await settle(self._door.digest("SHA-256", b""))
            yield self._data[offset : offset + self._chunk_bytes]

    async def length(self) -> int:
        return len(self._data)


class Gathering:
    """A target that keeps all written bytes."""

    def __init__(self) -> None:
        self.octets = bytearray()

    async def write(self, data: Buffer, /) -> None:
        self.octets += data


async def run_ciphers(_: CryptoProvider, given_json: bytes) -> str:
    """Run each case. Returns the digest of the output, or the error's code, of each."""
    provider = WebCryptoStreamingProvider()
    outcomes = []
    for case in json.loads(given_json):
        cipher, key, iv = CIPHERS[case["cipher"]], bytes.fromhex(case["key"]), bytes.fromhex(case["iv"])
        aad, tag = bytes.fromhex(case["aad"]), bytes.fromhex(case["tag"])
        try:
            if case["direction"] == "encrypt":
                running, data = provider.begin_encryption(cipher, key, iv, aad=aad), pattern(case["length"])
            else:
                running, data = provider.begin_decryption(cipher, key, iv, aad=aad, tag=tag), await _ciphertext(case)
            outcomes.append(hashlib.sha256(await _feed(running, data, case["chunk"])).hexdigest())
        except SmimeError as error:
            outcomes.append(error.code)
    return json.dumps(outcomes)


async def _ciphertext(case: dict[str, Any]) -> bytes:
    # Large ciphertexts are made here, because passing them into the page would take longer than the test.
    if "data" in case:
        return bytes.fromhex(case["data"])
    provider = WebCryptoStreamingProvider()
    cipher, key = CIPHERS[case["cipher"]], bytes.fromhex(case["key"])
    encrypted = await provider.encrypt_content(
        cipher, key, bytes.fromhex(case["iv"]), pattern(case["length"]), aad=bytes.fromhex(case["aad"])
    )
    return encrypted[: len(encrypted) - len(case["tag"]) // 2]


async def _feed(running: RunningCipher, data: bytes, chunk: int) -> bytes:
    out = bytearray()
    for start in range(0, len(data), chunk):
        out += await running.update(memoryview(data)[start : start + chunk])
    return bytes(out + await running.finish())


async def hash_chunks(_: CryptoProvider, given_json: bytes) -> str:
    """The digests of the same bytes by every hash, in chunks of each size."""
    provider = WebCryptoStreamingProvider()
    inputs = json.loads(given_json)
    digests = {}
    for name in HashName:
        for chunk in inputs["chunks"]:
            running, data = provider.begin_digest(name), pattern(inputs["length"])
            for start in range(0, len(data), chunk):
                running.update(memoryview(data)[start : start + chunk])
            digests[f"{name} {chunk}"] = running.digest().hex()
    return json.dumps(digests)


async def examine_streams(_: CryptoProvider, given_json: bytes) -> str:
    """Examine each message. Returns the report and the content's digest, or the error's code, of each."""
    provider = WebCryptoStreamingProvider()
    inputs = json.loads(given_json)
    examiner = Examiner(
        provider=provider,
        policy=Policy.ARCHIVE,
        keys=Keys(identities=_identities(inputs)),
        judging=Judging(
            trust_store=TrustStore.of(
                parse_certificate(bytes.fromhex(inputs["anchor"])), revocation=RevocationPolicy.NOT_CHECKED
            ),
            at=datetime.datetime.fromisoformat(inputs["at"]),
        ),
    )
    outcomes = []
    for message in inputs["messages"]:
        octets = Arriving(bytes.fromhex(message["octets"]), message["chunk"], provider)
        beside = message.get("content")
        try:
            streamed = await examine_octets(
                octets,
                examiner=examiner,
                provider=provider,
                sender=message.get("sender"),
                detached_content=Arriving(bytes.fromhex(beside), message["chunk"], provider) if beside else None,
            )
            target = Gathering()
            await copy_octets(streamed.content, target)
            outcomes.append([report_to_json(streamed.report), hashlib.sha256(target.octets).hexdigest()])
        except SmimeError as error:
            outcomes.append([error.code, ""])
    return json.dumps(outcomes)


async def open_streams(_: CryptoProvider, given_json: bytes) -> str:
    """Decrypt each message. Returns the output's digest, or the error's code and the number of written bytes."""
    provider = WebCryptoStreamingProvider()
    inputs = json.loads(given_json)
    decryptor = Decryptor(provider=provider, policy=Policy.ARCHIVE, keys=Keys(identities=_identities(inputs)))
    outcomes = []
    for message in inputs["messages"]:
        octets, target = Arriving(bytes.fromhex(message["octets"]), message["chunk"], provider), Gathering()
        try:
            outer, inside = await decrypt_octets(octets, decryptor=decryptor, provider=provider)
            await copy_octets(await join_mail(outer, inside), target)
            outcomes.append(hashlib.sha256(target.octets).hexdigest())
        except SmimeError as error:
            outcomes.append(f"{error.code} {len(target.octets)}")
    return json.dumps(outcomes)


async def write_streams(_: CryptoProvider, given_json: bytes) -> str:
    """Sign and encrypt the given mail in every way. Returns the outputs by name."""
    provider = WebCryptoStreamingProvider()
    inputs = json.loads(given_json)
    mail, chunk = bytes.fromhex(inputs["mail"]), inputs["chunk"]
    identities = _identities(inputs)
    signing = Signing(identities=identities, signing_time=datetime.datetime.fromisoformat(inputs["at"]))
    signer = StreamSigner(signing=signing, provider=provider)
    recipients = [identity.certificate for identity in identities]
    made = {name: Gathering() for name in ("detached", "opaque", "cms signed", "cbc mail", "gcm mail", *CIPHERS)}

    def source() -> Arriving:
        return Arriving(mail, chunk, provider)

    await sign_mail(source(), made["detached"], signer, boundary="sealwax-boundary")
    opaque = dataclasses.replace(signer, signing=dataclasses.replace(signing, form=SignatureForm.OPAQUE))
    await sign_mail(source(), made["opaque"], opaque, boundary="sealwax-boundary")
    await sign_opaque(source(), made["cms signed"], signer)
    for name, cipher in (("cbc mail", AES_256_CBC), ("gcm mail", AES_256_GCM)):
        await encrypt_mail(source(), made[name], Encrypting(recipients=recipients, cipher=cipher), provider=provider)
    for name, cipher in CIPHERS.items():
        if not cipher.is_weak and cipher.mode is not CipherMode.CCM:
            await encrypt_octets(
                source(),
                made[name],
                Encrypting(recipients=recipients, cipher=cipher),
                provider=provider,
                content_type=inputs["content_type"],
            )
    return json.dumps({name: target.octets.hex() for name, target in made.items() if target.octets})


async def keep(_: CryptoProvider, given_json: bytes) -> str:
    """Write into a store and read it from each start, then discard it.

    Returns whether the bytes were the same for each start, the length, and the lengths of blocks after the discard.
    """
    inputs = json.loads(given_json)
    store, data = WebCryptoStreamingProvider().make_store(), pattern(inputs["length"])
    async for block in MemoryOctets(data).blocks():
        store.append(block[:1])
        store.append(block[1:])
    same = [
        b"".join([bytes(block) async for block in store.blocks(start)]) == data[start:] for start in inputs["starts"]
    ]
    length = await store.length()
    store.discard()
    return json.dumps([same, length, [len(block) async for block in store.blocks()]])


def _identities(inputs: dict[str, Any]) -> list[Identity]:
    return [
        Identity(
            certificate=parse_certificate(bytes.fromhex(entry["certificate"])),
            private_key=parse_private_key(bytes.fromhex(entry["key"])),
            chain=(),
        )
        for entry in inputs["identities"]
    ]


FUNCTIONS: Final[dict[str, Function]] = {
    function.__name__: function
    for function in (run_ciphers, hash_chunks, examine_streams, open_streams, write_streams, keep)
}
