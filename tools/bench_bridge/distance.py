"""`python -m tools.bench_bridge.distance PORT TARGET_PORT MILLISECONDS`: makes a server on the same machine distant.

In each direction, bytes arrive this many milliseconds later. The throughput is not limited: each piece of data arrives
at its own time.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

_CHUNK_BYTES = 1 << 16


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()

    def arrive(piece: bytes) -> None:
        if not writer.is_closing():
            writer.write(piece) if piece else writer.close()

    with suppress(ConnectionError):
        while piece := await reader.read(_CHUNK_BYTES):
            loop.call_later(seconds, arrive, piece)
    loop.call_later(seconds, arrive, b"")


async def _serve(port: int, target_port: int, seconds: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Before the first byte, a TCP handshake takes a round trip.
        await asyncio.sleep(2 * seconds)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        await asyncio.gather(_carry(reader, far_writer, seconds), _carry(far_reader, writer, seconds))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
