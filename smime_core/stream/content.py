"""The content of a layer, which is hashed, decrypted or decompressed in blocks and never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm
from smime_core.asn1.der import Buffer
from smime_core.cms.compressed_data import Inflater
from smime_core.cms.enveloped_data import EnvelopedData
from smime_core.errors import LimitExceeded
from smime_core.limits import MAX_INFLATED_BYTES, MAX_WHOLE_BYTES
from smime_core.provider import PublicKey, RunningDigest, StreamingProvider
from smime_core.stream.octets import DerivedOctets, FileOctets, Octets, read_head
from smime_core.stream.sinks import StreamSink

MOST_ANNOUNCED_HASHES: Final = 4  # Further announced hashes are computed only if needed. Signers use one or two.


async def digest_content(
    octets: Octets, hash_names: Iterable[HashName], provider: StreamingProvider, *, copy_to: StreamSink | None = None
) -> dict[HashName, bytes]:
    """The digests of `octets`. The bytes are read once, for the digests and for the copy in `copy_to`.

    Raises UnsupportedByProvider.
    """
    # Only a block of a file stays valid while the next one is read. Other sequences of bytes may reuse their buffer.
    reads_ahead = isinstance(octets, FileOctets)
    running = {name: provider.begin_digest(name) for name in hash_names}
    return await digest_blocks(octets.blocks(), running, provider, reads_ahead=reads_ahead, copy_to=copy_to)


async def digest_blocks(
    blocks: AsyncIterator[memoryview],
    running: Mapping[HashName, RunningDigest],
    provider: StreamingProvider,
    *,
    reads_ahead: bool,
    copy_to: StreamSink | None = None,
) -> dict[HashName, bytes]:
    """The digests of `blocks`. With `reads_ahead`, a block must stay valid while the next block is made."""

    async def update_all(block: Buffer) -> None:
        for digest in running.values():
            digest.update(block)

    with provider.make_block_worker(update_all) as hashing:
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
    """`signed_content.SignedContent` over content of any length. One reading computes all announced digests."""

    def __init__(
        self,
        octets: Octets,
        announced: Iterable[HashName],
        provider: StreamingProvider,
        *,
        digests: Mapping[HashName, bytes] | None = None,
    ) -> None:
        """`digests` were computed elsewhere from the same bytes."""
        self._octets = octets
        self._announced = frozenset(announced)
        self._provider = provider
        self._digests = dict(digests or {})

    async def digest_in(self, walk: AsyncIterator[memoryview], *, reads_ahead: bool = False) -> None:
        """Compute the announced digests from `walk`, a reading of the content that takes place anyway.

        For `reads_ahead` see `digest_blocks`.

        Raises UnsupportedByProvider.
        """
        running = {name: self._provider.begin_digest(name) for name in self._announced}
        self._digests |= await digest_blocks(walk, running, reads_ahead=reads_ahead, provider=self._provider)

    def announce(self, hash_names: Iterable[HashName]) -> None:
        """Name the digests that will be needed, so that one reading computes them all."""
        self._announced |= frozenset(hash_names)

    async def digest(self, hash_name: HashName) -> bytes:
        """The digest of the content. Raises UnsupportedByProvider."""
        if hash_name not in self._digests:
            missing = {hash_name} | self._announced - self._digests.keys()
            self._digests |= await digest_content(self._octets, missing, provider=self._provider)
        return self._digests[hash_name]

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Verify a signature over the content itself.

        Raises SignatureMismatch, and LimitExceeded for EdDSA and ML-DSA over content that does not fit into memory.
        """
        if not algorithm.is_pure:
            await self._provider.verify_digest(key, algorithm, signature, await self.digest(algorithm.hash_name))
            return
        octets = await self.head(MAX_WHOLE_BYTES + 1)
        if len(octets) > MAX_WHOLE_BYTES:
            raise LimitExceeded("bytes signed without attributes", await self._octets.length(), MAX_WHOLE_BYTES)
        await self._provider.verify(key, algorithm, signature, octets)

    async def head(self, length: int) -> Buffer:
        """The first `length` bytes, or all if there are fewer."""
        return await read_head(self._octets, length)


class DecryptedOctets(DerivedOctets):
    """The plaintext of encrypted bytes. Use it only after `checked`, which checks the tag or the padding."""

    def __init__(self, encrypted: Octets, enveloped: EnvelopedData, cek: bytes, provider: StreamingProvider) -> None:
        self._encrypted = encrypted
        self._enveloped = enveloped
        self._cek = cek
        self._provider = provider

    def make_blocks(self) -> AsyncIterator[memoryview]:
        """The plaintext in blocks. Raises DecryptionError, at the end, if the tag or the padding is wrong."""
        return self._decrypt(self._encrypted.blocks())

    async def checked(
        self, walk: AsyncIterator[memoryview] | None = None, on_last_walk: Callable[[], None] | None = None
    ) -> Octets:
        """The plaintext, after all of it was read once to check tag or padding (RFC 5083 section 2, MUSTS 21).

        `walk` is a reading of the encrypted bytes that takes place anyway, or None. If the provider has a store for the
        plaintext, the encrypted bytes are not read again, and `on_last_walk` is called before this reading. Raises
        DecryptionError.
        """
        blocks = self._decrypt(walk or self._encrypted.blocks())
        store = self._provider.make_store()
        if store is None:
            await self.count(blocks)
            return self
        if on_last_walk is not None:
            on_last_walk()
        try:
            async for block in blocks:
                store.append(block)
        except BaseException:
            store.discard()
            raise
        return store

    async def _decrypt(self, blocks: AsyncIterator[memoryview]) -> AsyncIterator[memoryview]:
        enveloped, encryption = self._enveloped, self._enveloped.encryption
        running = self._provider.begin_decryption(
            encryption.cipher, self._cek, encryption.iv, aad=enveloped.auth_attrs_der, tag=enveloped.tag
        )
        async for block in blocks:
            yield memoryview(await running.update(block))
        yield memoryview(await running.finish())


class InflatedOctets(DerivedOctets):
    """The inflated content of a zlib stream (RFC 3274), within the limits of `compressed_data.Inflater`."""

    def __init__(self, compressed: Octets) -> None:
        self._compressed = compressed

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The inflated bytes in blocks. Raises MalformedMessage or LimitExceeded."""
        inflater = Inflater(max_bytes=MAX_INFLATED_BYTES)
        async for block in self._compressed.blocks():
            for piece in inflater.pieces(block):
                yield memoryview(piece)
        inflater.finish()
