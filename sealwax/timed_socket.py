"""The part of a socket that http.client uses, with a deadline for all steps together.

The timeout of a socket starts again with each byte. The deadline does not, so a server cannot hold a connection by
sending a byte now and then.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from typing import TYPE_CHECKING

from sealwax.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from smime_core.asn1 import Buffer


class TimedSocket:
    """The part of a socket that http.client uses. Each step may take the time that is left until the deadline.

    A connection that is kept for a further exchange gets a new `deadline`.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self.deadline = deadline

    def sendall(self, data: Buffer) -> None:
        self._connection.settimeout(self.deadline.remaining())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._connection, self.deadline))

    def close(self) -> None:
        """Do nothing: http.client calls this before the body is read. The owner of the connection closes the socket."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(self._deadline.remaining())
        return self._connection.recv_into(buffer)


def failure_words(error: Exception) -> str:
    """The reason of a failed exchange, as words for people. They are shown after the name of the host and a colon."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not valid ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it does not speak HTTP" if isinstance(error, http.client.HTTPException) else "its address is unknown"
