"""`python -m tools.bench_bridge.sink PORT TLS_FILE`: an SMTP server with TLS and AUTH that discards every message.

The server is a separate process, so that it takes no time from the process that measures. It reads a message without
storing it.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Final

_CODES: Final = {b"AUTH": b"235 2.7.0 Accepted\r\n", b"DATA": b"354 Go on\r\n", b"QUIT": b"221 2.0.0 Bye\r\n"}
_HELLO: Final = b"250-sink\r\n250-8BITMIME\r\n250-SIZE 104857600\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"
_END: Final = b"\r\n.\r\n"
_LIMIT: Final = 1 << 20


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 sink ESMTP\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if line.upper() == b"AUTH PLAIN\r\n":
            writer.write(b"334 \r\n")
            await reader.readline()
        writer.write(_HELLO if verb == b"EHLO" else _CODES.get(verb, b"250 2.0.0 Ok\r\n"))
        if verb == b"DATA":
            await _skip_message(reader)
            writer.write(b"250 2.0.0 Taken\r\n")
        elif verb == b"QUIT":
            break
        await writer.drain()
    writer.close()


async def _skip_message(reader: asyncio.StreamReader) -> None:
    last = b""
    while not last.endswith(_END):
        chunk = await reader.read(_LIMIT)
        if not chunk:
            return
        last = (last + chunk)[-len(_END) :]


async def _serve(port: int, tls_file: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_file)
    server = await asyncio.start_server(_talk, "127.0.0.1", port, ssl=context, limit=_LIMIT)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
