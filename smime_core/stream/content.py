"""What stands inside a layer, without ever being whole in memory: hashed, decrypted or inflated block by block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm
from smime_core.compressed_data import Inflater
from smime_core.content_encryption import ContentEncryption
from smime_core.der import Buffer
from smime_core.errors import LimitExceeded
from smime_core.limits import MAX_INFLATED_BYTES, MAX_WHOLE_BYTES
from smime_core.provider import PublicKey, RunningDigest, StreamingProvider
from smime_core.stream.octets import DerivedOctets, FileOctets, Octets, read_head
from smime_core.stream.sinks import StreamSink

MOST_ANNOUNCED_HASHES: Final = 4  # that are made while content passes; signers use one or two


async def digest_beside(
    octets: Octets, hash_names: Iterable[HashName], *, provider: StreamingProvider, copy_to: StreamSink | None = None
) -> dict[HashName, bytes]:
    """The digests of the octets, made in one walk beside reading them and writing them to `copy_to`.

    Raises UnsupportedByProvider.
    """
    # Only a file promises that a block outlives the reading of the next: others decode into the room that they gave.
    reads_ahead = isinstance(octets, FileOctets)
    running = {name: provider.begin_digest(name) for name in hash_names}
    return await digest_blocks(octets.blocks(), running, reads_ahead=reads_ahead, provider=provider, copy_to=copy_to)


async def digest_blocks(
    blocks: AsyncIterator[memoryview],
    running: Mapping[HashName, RunningDigest],
    *,
    reads_ahead: bool,
    provider: StreamingProvider,
    copy_to: StreamSink | None = None,
) -> dict[HashName, bytes]:
    """The digests of what comes in blocks; with `reads_ahead` a block lasts while the next is made."""

    async def update_all(block: Buffer) -> None:
        for digest in running.values():
            digest.update(block)

    with provider.work_beside(update_all) as hashing:
        async for block in blocks:
            hashing.finish()
            await hashing.begin(block)
            if copy_to is not None:
                await copy_to.write(block)
            if not reads_ahead:
                hashing.finish()
        hashing.finish()
    return {name: digest.digest() for name, digest in running.items()}


class StreamedContent:
    """`signed_content.SignedContent` over octets of any length: one walk makes all digests that were announced."""

    def __init__(self, octets: Octets, announced: Iterable[HashName], *, provider: StreamingProvider) -> None:
        self._octets = octets
        self._announced = frozenset(announced)
        self._provider = provider
        self._digests: dict[HashName, bytes] = {}

    async def digest_in(self, walk: AsyncIterator[memoryview], *, reads_ahead: bool = False) -> None:
        """Make the digests that were announced in a walk that is taken anyway; blocks of one that `reads_ahead` last.

        Raises UnsupportedByProvider.
        """
        running = {name: self._provider.begin_digest(name) for name in self._announced}
        self._digests |= await digest_blocks(walk, running, reads_ahead=reads_ahead, provider=self._provider)

    def accept(self, digests: Mapping[HashName, bytes]) -> None:
        """Digests that somebody else has made of the same octets."""
        self._digests |= digests

    def announce(self, hash_names: Iterable[HashName]) -> None:
        """The digests that will be asked for."""
        self._announced |= frozenset(hash_names)

    async def digest(self, hash_name: HashName) -> bytes:
        """Their digest. Raises UnsupportedByProvider."""
        if hash_name not in self._digests:
            missing = {hash_name} | self._announced - self._digests.keys()
            self._digests |= await digest_beside(self._octets, missing, provider=self._provider)
        return self._digests[hash_name]

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Return when a signature over the octets themselves holds.

        Raises SignatureMismatch; LimitExceeded for EdDSA and ML-DSA over more than fits into memory.
        """
        if not algorithm.is_pure:
            await self._provider.verify_digest(key, algorithm, signature, await self.digest(algorithm.hash_name))
            return
        octets = await self.head(MAX_WHOLE_BYTES + 1)
        if len(octets) > MAX_WHOLE_BYTES:
            raise LimitExceeded("bytes signed without attributes", await self._octets.length(), MAX_WHOLE_BYTES)
        await self._provider.verify(key, algorithm, signature, octets)

    async def head(self, length: int) -> Buffer:
        """The first `length` octets, fewer when there are no more."""
        return await read_head(self._octets, length)


class DecryptedOctets(DerivedOctets):
    """The plaintext of encrypted octets; whoever made it has checked tag or padding in a walk before."""

    def __init__(
        self,
        encrypted: Octets,
        encryption: ContentEncryption,
        cek: bytes,
        *,
        aad: bytes,
        tag: bytes,
        provider: StreamingProvider,
    ) -> None:
        self._encrypted = encrypted
        self._encryption = encryption
        self._cek = cek
        self._aad = aad
        self._tag = tag
        self._provider = provider

    def make_blocks(self) -> AsyncIterator[memoryview]:
        """The plaintext in blocks. Raises DecryptionError, at the end, when the tag or the padding is wrong."""
        return self.decrypt(self._encrypted.blocks())

    async def decrypt(self, blocks: AsyncIterator[memoryview]) -> AsyncIterator[memoryview]:
        """The plaintext of what `blocks` gives, which is all of the encrypted octets."""
        encryption = self._encryption
        running = self._provider.begin_decryption(
            encryption.cipher, self._cek, encryption.iv, aad=self._aad, tag=self._tag
        )
        async for block in blocks:
            yield memoryview(await running.update(block))
        yield memoryview(await running.finish())


async def decrypt_checked(
    encrypted: Octets,
    encryption: ContentEncryption,
    cek: bytes,
    *,
    aad: bytes,
    tag: bytes,
    provider: StreamingProvider,
    walk: AsyncIterator[memoryview] | None = None,
    on_last_walk: Callable[[], None] | None = None,
) -> Octets:
    """The plaintext, after a walk that checked tag or padding to the end (RFC 5083 section 2, MUSTS 21).

    `walk` is one through the encrypted octets that is taken anyway. `on_last_walk` is called where it is the last.
    Raises DecryptionError.
    """
    decrypted = DecryptedOctets(encrypted, encryption, cek, aad=aad, tag=tag, provider=provider)
    blocks = decrypted.decrypt(walk or encrypted.blocks())
    store = provider.make_store()
    if store is None:
        await decrypted.count(blocks)
        return decrypted
    if on_last_walk is not None:
        on_last_walk()
    try:
        async for block in blocks:
            store.append(block)
    except BaseException:
        store.discard()
        raise
    return store


class InflatedOctets(DerivedOctets):
    """What a zlib stream holds (RFC 3274), within the limits of `compressed_data.inflate`."""

    def __init__(self, compressed: Octets) -> None:
        self._compressed = compressed

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The inflated octets in blocks. Raises MalformedMessage or LimitExceeded."""
        inflater = Inflater(max_bytes=MAX_INFLATED_BYTES)
        async for block in self._compressed.blocks():
            for piece in inflater.pieces(block):
                yield memoryview(piece)
        inflater.finish()
