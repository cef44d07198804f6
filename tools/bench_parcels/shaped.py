"""`python -m tools.bench_parcels.shaped MBIT MILLISECONDS PORT:TARGET…`: a line of this speed in front of some servers.

All connections share the line. A byte takes half of the milliseconds in each direction. A TCP handshake takes the whole
time.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Final

_PIECE_BYTES: Final = 16_384
# A line buffers this many seconds of data before the sender has to wait, as a router does.
_AHEAD_SECONDS: Final = 0.2


class _Direction:
    """One direction of the line. It carries one piece of data after the other."""

    def __init__(self, bytes_a_second: float, delay: float) -> None:
        self._rate = bytes_a_second
        self._delay = delay
        self._free_at = 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()

        def arrive(piece: bytes) -> None:
            if not writer.is_closing():
                writer.write(piece) if piece else writer.close()

        with suppress(ConnectionError):
            while piece := await reader.read(_PIECE_BYTES):
                now = loop.time()
                self._free_at = max(self._free_at, now) + len(piece) / self._rate
                loop.call_at(self._free_at + self._delay, arrive, piece)
                await asyncio.sleep(self._free_at - now - _AHEAD_SECONDS)
        loop.call_at(max(self._free_at, loop.time()) + self._delay, arrive, b"")


async def _serve(bytes_a_second: float, delay: float, ports: dict[int, int]) -> None:
    up, down = _Direction(bytes_a_second, delay), _Direction(bytes_a_second, delay)

    async def connect(target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The kernel has already answered the TCP handshake, so its round trip is waited for here.
        await asyncio.sleep(2 * delay)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(up.carry(reader, far_writer), down.carry(far_reader, writer))

    servers = [
        await asyncio.start_server(lambda *ends, target=target: connect(target, *ends), "127.0.0.1", port)
        for port, target in ports.items()
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    megabits, milliseconds, *pairs = sys.argv[1:]
    ports = {int(port): int(target) for port, _, target in (pair.partition(":") for pair in pairs)}
    asyncio.run(_serve(float(megabits) * 1_000_000 / 8, float(milliseconds) / 2000, ports))
