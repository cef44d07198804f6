"""What runs inside the vault's Python to test its streams; everything travels as JSON with octets in hex."""

from __future__ import annotations

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
from smime_core.certificate import parse_certificate
from smime_core.der import Buffer
from smime_core.errors import SmimeError
from smime_core.examiner import Examiner, Opener
from smime_core.identity import Identity
from smime_core.keys import parse_private_key
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider, RunningCipher
from smime_core.providers.webcrypto_ciphers import settle
from smime_core.providers.webcrypto_streaming import WebCryptoStreamingProvider
from smime_core.report_json import report_to_json
from smime_core.stream.examination import examine_octets, open_octets
from smime_core.stream.mail_writing import join_mail, seal_mail, sign_mail, sign_mail_opaque
from smime_core.stream.octets import MemoryOctets
from smime_core.stream.writing import Signing, copy_octets, seal_octets, sign_opaque

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
    """Octets that repeat nowhere near a block."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


class Arriving:
    """Octets that come in chunks of one size, each awaited from the browser, as those of a download are."""

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
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.octets = bytearray()

    async def write(self, data: Buffer, /) -> None:
        self.octets += data


async def run_ciphers(_: CryptoProvider, given_json: bytes) -> str:
    """For each case the digest of what came out, or the error's code."""
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
    # Large ones are made here: to send them in would take longer than to test them.
    if "data" in case:
        return bytes.fromhex(case["data"])
    provider = WebCryptoStreamingProvider()
    cipher, key = CIPHERS[case["cipher"]], bytes.fromhex(case["key"])
    sealed = await provider.encrypt_content(
        cipher, key, bytes.fromhex(case["iv"]), pattern(case["length"]), aad=bytes.fromhex(case["aad"])
    )
    return sealed[: len(sealed) - len(case["tag"]) // 2]


async def _feed(running: RunningCipher, data: bytes, chunk: int) -> bytes:
    out = bytearray()
    for start in range(0, len(data), chunk):
        out += await running.update(memoryview(data)[start : start + chunk])
    return bytes(out + await running.finish())


async def hash_chunks(_: CryptoProvider, given_json: bytes) -> str:
    """Digests of the same octets by every hash, fed in chunks of each size."""
    provider = WebCryptoStreamingProvider()
    given = json.loads(given_json)
    digests = {}
    for name in HashName:
        for chunk in given["chunks"]:
            running, data = provider.begin_digest(name), pattern(given["length"])
            for start in range(0, len(data), chunk):
                running.update(memoryview(data)[start : start + chunk])
            digests[f"{name} {chunk}"] = running.digest().hex()
    return json.dumps(digests)


async def examine_streams(_: CryptoProvider, given_json: bytes) -> str:
    """For each message and chunk size the report and the digest of the content, or the error's code."""
    provider = WebCryptoStreamingProvider()
    given = json.loads(given_json)
    examiner = Examiner(
        provider=provider,
        identities=_identities(given),
        policy=Policy.ARCHIVE,
        trust_store=TrustStore.of(
            parse_certificate(bytes.fromhex(given["anchor"])), revocation=RevocationPolicy.NOT_CHECKED
        ),
        at=datetime.datetime.fromisoformat(given["at"]),
    )
    outcomes = []
    for message in given["messages"]:
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
    """For each message the digest of what decrypting writes, or the error's code and how much was written."""
    provider = WebCryptoStreamingProvider()
    given = json.loads(given_json)
    opener = Opener(provider=provider, identities=_identities(given), policy=Policy.ARCHIVE)
    outcomes = []
    for message in given["messages"]:
        octets, target = Arriving(bytes.fromhex(message["octets"]), message["chunk"], provider), Gathering()
        try:
            outer, inside = await open_octets(octets, opener=opener, provider=provider)
            await copy_octets(await join_mail(outer, inside), target)
            outcomes.append(hashlib.sha256(target.octets).hexdigest())
        except SmimeError as error:
            outcomes.append(f"{error.code} {len(target.octets)}")
    return json.dumps(outcomes)


async def write_streams(_: CryptoProvider, given_json: bytes) -> str:
    """The given mail and content signed and sealed in every way."""
    provider = WebCryptoStreamingProvider()
    given = json.loads(given_json)
    mail, chunk = bytes.fromhex(given["mail"]), given["chunk"]
    identities = _identities(given)
    signing = Signing(holders=identities, provider=provider, signing_time=datetime.datetime.fromisoformat(given["at"]))
    recipients = [identity.certificate for identity in identities]
    made = {name: Gathering() for name in ("detached", "opaque", "cms signed", "cbc mail", "gcm mail", *CIPHERS)}

    def source() -> Arriving:
        return Arriving(mail, chunk, provider)

    await sign_mail(source(), made["detached"], signing, boundary="sealwax-boundary")
    await sign_mail_opaque(source(), made["opaque"], signing)
    await sign_opaque(source(), made["cms signed"], signing)
    for name, cipher in (("cbc mail", AES_256_CBC), ("gcm mail", AES_256_GCM)):
        await seal_mail(source(), made[name], recipients=recipients, provider=provider, cipher=cipher)
    for name, cipher in CIPHERS.items():
        if not cipher.is_weak and cipher.mode is not CipherMode.CCM:
            await seal_octets(
                source(),
                made[name],
                recipients=recipients,
                provider=provider,
                content_type=given["content_type"],
                cipher=cipher,
            )
    return json.dumps({name: target.octets.hex() for name, target in made.items() if target.octets})


async def keep(_: CryptoProvider, given_json: bytes) -> str:
    """What a store gives of the octets that it was given, from each start on, and after it was discarded."""
    given = json.loads(given_json)
    store, data = WebCryptoStreamingProvider().make_store(), pattern(given["length"])
    async for block in MemoryOctets(data).blocks():
        store.append(block[:1])
        store.append(block[1:])
    same = [
        b"".join([bytes(block) async for block in store.blocks(start)]) == data[start:] for start in given["starts"]
    ]
    length = await store.length()
    store.discard()
    return json.dumps([same, length, [len(block) async for block in store.blocks()]])


def _identities(given: dict[str, Any]) -> list[Identity]:
    return [
        Identity(
            certificate=parse_certificate(bytes.fromhex(one["certificate"])),
            private_key=parse_private_key(bytes.fromhex(one["key"])),
            chain=(),
        )
        for one in given["identities"]
    ]


FUNCTIONS: Final[dict[str, Function]] = {
    function.__name__: function
    for function in (run_ciphers, hash_chunks, examine_streams, open_streams, write_streams, keep)
}
