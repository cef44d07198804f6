"""Read BER or DER once from start to end: TLV headers and small elements whole, large content in blocks (X.690).

This is the counterpart of `der` for data that does not fit into memory. Both modules accept the same encodings and have
the same limits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from smime_core.asn1 import der
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_BER_DEPTH, MAX_SMALL_BER_CHUNKS, MAX_STRUCTURE_BYTES, check_chunks, check_limit
from smime_core.stream.octets import Octets, starts_anywhere

INDEFINITE: Final = -1
_CONSTRUCTED: Final = 0x20


class Header(NamedTuple):
    """The identifier byte, and the content's length or INDEFINITE."""

    tag: int
    length: int


class Cursor:
    """A position in a sequence of bytes. It moves only forward."""

    def __init__(self, octets: Octets, start: int = 0) -> None:
        self._octets = octets
        self._blocks = octets.blocks(start)
        self._block = memoryview(b"")
        self._offset = 0  # in the current block
        self._passed = start  # bytes before the current block
        self._owed = 0  # bytes after the current block that are still to be skipped

    @property
    def position(self) -> int:
        return self._passed + self._offset + self._owed

    async def at_end(self) -> bool:
        """Whether the position is at the end of the bytes."""
        while self._offset == len(self._block):
            self._passed += len(self._block)
            self._offset = 0
            self._block = await anext(self._blocks, memoryview(b""))
            if not self._block:
                return True
            self._offset = min(self._owed, len(self._block))
            self._owed -= self._offset
        return False

    async def take(self, length: int, where: str) -> bytes:
        """The next `length` bytes. Raises MalformedMessage if there are fewer, LimitExceeded if they are too many."""
        check_limit("bytes of structure around the content", length, MAX_STRUCTURE_BYTES)
        if length <= len(self._block) - self._offset and not self._owed:
            self._offset += length
            return bytes(self._block[self._offset - length : self._offset])
        return b"".join([bytes(block) async for block in self.pass_on(length, where)])

    async def pass_on(self, length: int, where: str) -> AsyncIterator[memoryview]:
        """The next `length` bytes in blocks. Raises MalformedMessage if there are fewer."""
        while length:
            if await self.at_end():
                raise MalformedMessage(f"the data ends {length} bytes early", where)
            block = self._block[self._offset : self._offset + length]
            self._offset += len(block)
            length -= len(block)
            yield block

    async def read_rest(self, most: int, where: str) -> bytes:
        """The bytes that follow, up to `most`. Raises MalformedMessage if a skip went beyond the end."""
        missing = self.position - await self._octets.length() if starts_anywhere(self._octets) else 0
        rest = bytearray()
        while missing <= 0 and len(rest) < most and not await self.at_end():
            rest += self._block[self._offset : self._offset + most - len(rest)]
            self._offset = len(self._block)
        missing = max(missing, self._owed)
        if missing > 0:
            raise MalformedMessage(f"the data ends {missing} bytes early", where)
        return bytes(rest)

    def skip(self, length: int) -> None:
        """Skip the next `length` bytes without checking that they exist; see `read_rest`."""
        if length <= len(self._block) - self._offset:
            self._offset += length
        elif starts_anywhere(self._octets):
            self._passed = self.position + length
            self._blocks = self._octets.blocks(self._passed)
            self._block, self._offset = memoryview(b""), 0
        else:
            self._owed += length - (len(self._block) - self._offset)
            self._offset = len(self._block)

    async def take_header(self, where: str) -> Header:
        """The identifier and length of the next element. Raises MalformedMessage."""
        tag, first = await self.take(2, where)
        if tag & 0x1F == 0x1F:
            raise MalformedMessage("a tag number above 30 occurs in no known structure", where)
        if first and not tag:
            # End-of-contents is exactly two zero bytes (X.690 section 8.1.5).
            raise MalformedMessage("a zero identifier without a zero length", where)
        if first < 0x80:
            return Header(tag, first)
        if first == 0x80:
            if not tag & _CONSTRUCTED:
                raise MalformedMessage("an indefinite length on a primitive element", where)
            return Header(tag, INDEFINITE)
        if first > 0x88:
            raise MalformedMessage("a damaged length", where)
        return Header(tag, int.from_bytes(await self.take(first & 0x7F, where), "big"))

    async def take_element(self, header: Header, where: str, *, depth: int = 0) -> bytes:
        """DER of the element after `header`, with definite lengths. Raises MalformedMessage or LimitExceeded."""
        if header.length != INDEFINITE:
            return der.element(header.tag, await self.take(header.length, where))
        check_limit("BER depth", depth, MAX_BER_DEPTH)
        children: list[bytes] = []
        size = 0
        while (child := await self.take_header(where)) != (0, 0):
            children.append(await self.take_element(child, where, depth=depth + 1))
            size += len(children[-1])
            check_limit("bytes of structure around the content", size, MAX_STRUCTURE_BYTES)
        return der.element(header.tag, *children)

    async def pass_octet_string(self, header: Header, where: str, *, tag: int) -> AsyncIterator[memoryview]:
        """The bytes of the OCTET STRING after `header`, in blocks. It may be primitive, or constructed of pieces.

        `tag` is the primitive identifier byte. Raises MalformedMessage or LimitExceeded.
        """
        if header.tag == tag and header.length != INDEFINITE:
            async for block in self.pass_on(header.length, where):
                yield block
        elif header.tag == tag | _CONSTRUCTED:
            async for block in self._pass_pieces(header, where):
                yield block
        else:
            raise MalformedMessage(f"found tag 0x{header.tag:02x}, expected 0x{tag:02x}", where)

    async def _pass_pieces(self, header: Header, where: str) -> AsyncIterator[memoryview]:
        # RFC 5652 section 5.2 and X.690 section 8.7: the pieces are OCTET STRINGs, which may be constructed themselves.
        ends = [self._end_of(header)]
        count = octets = 0
        while ends:
            if ends[-1] == self.position:
                ends.pop()
                continue
            run = self._run_of_pieces(ends[-1])
            if run:
                octets += sum(map(len, run))
                check_chunks(count := count + len(run), octets)
                if joined := run[0] if len(run) == 1 else memoryview(b"".join(run)):
                    yield joined
                continue
            piece = await self.take_header(where)
            if piece == (0, 0) and ends[-1] == INDEFINITE:
                ends.pop()
                continue
            check_chunks(count := count + 1, octets)
            if piece.tag == der.OCTET_STRING:
                octets += piece.length
                async for block in self.pass_on(piece.length, where):
                    yield block
            elif piece.tag == der.OCTET_STRING | _CONSTRUCTED:
                check_limit("BER depth", len(ends), MAX_BER_DEPTH)
                ends.append(self._end_of(piece))
            else:
                raise MalformedMessage(f"found tag 0x{piece.tag:02x}, expected 0x04", where)
            if ends[-1] != INDEFINITE and ends[-1] < self.position:
                raise MalformedMessage("a piece is longer than the whole", where)

    def _end_of(self, header: Header) -> int:
        return INDEFINITE if header.length == INDEFINITE else self.position + header.length

    def _run_of_pieces(self, end: int) -> list[memoryview]:
        # Reads at once all pieces that are whole in this block. Programs write a piece for every few kilobytes, and
        # reading each piece by itself would cost more than hashing or decrypting it.
        block, offset = self._block, self._offset
        run: list[memoryview] = []
        stop = len(block) if end == INDEFINITE else min(len(block), end - self._passed)
        while offset + 4 <= stop and block[offset] == der.OCTET_STRING and len(run) <= MAX_SMALL_BER_CHUNKS:
            length, start = block[offset + 1], offset + 2
            if length == 0x82:
                length, start = block[offset + 2] << 8 | block[offset + 3], offset + 4
            elif length >= 0x80:
                break
            if start + length > stop:
                break
            run.append(block[start : start + length])
            offset = start + length
        self._offset = offset
        return run
