"""`python -m tools.bench_bridge.idling PORT TLS_FILE`: an IMAP server with TLS whose users all wait in IDLE.

The server is a separate process, so that it takes no time from the process that measures. Every password is right. The
command ANNOUNCE, which no client of ours sends, makes the server announce a new message on all connections in IDLE.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from asyncio import sslproto
from typing import Final

_GREETING: Final = b"* OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] ready\r\n"
_CAPABILITY: Final = b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN\r\n"
_EXAMINE: Final = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\n"
_ANSWERS: Final = {b"CAPABILITY": _CAPABILITY, b"EXAMINE": _EXAMINE}
_BUFFER_BYTES: Final = 16 * 1024


class _Server:
    def __init__(self) -> None:
        self._idle: set[asyncio.StreamWriter] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_GREETING)
        try:
            while line := await reader.readline():
                await self._answer(line, reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self._idle.discard(writer)
            writer.close()

    async def _answer(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tag, _, command = line.strip().partition(b" ")
        verb = command.split(b" ")[0].upper()
        if verb == b"AUTHENTICATE":
            writer.write(b"+ \r\n")
            await reader.readline()
        elif verb == b"IDLE":
            writer.write(b"+ idling\r\n")
            self._idle.add(writer)
            await reader.readline()
            self._idle.discard(writer)
        elif verb == b"ANNOUNCE":
            for idle_writer in self._idle:
                idle_writer.write(b"* 3 EXISTS\r\n")
        writer.write(_ANSWERS.get(verb, b"") + tag + b" OK\r\n")
        await writer.drain()


async def _serve(port: int, tls_file: str) -> None:
    # By default the receive buffer of each connection has 256 KB.
    sslproto.SSLProtocol.max_size = _BUFFER_BYTES
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_file)
    server = await asyncio.start_server(_Server().talk, "127.0.0.1", port, ssl=context, limit=_BUFFER_BYTES)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
