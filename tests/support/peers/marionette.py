"""A client for Marionette, the remote control in Mozilla's programs. It runs scripts with the program's own rights."""

from __future__ import annotations

import itertools
import json
import socket
from typing import Any

# JSON from the program. The type is not checked here: each caller checks the part that it reads.
Json = Any


class MarionetteError(Exception):
    """The program refused a command, or a script in it failed."""


class Marionette:
    """One session on a loopback port."""

    def __init__(self, port: int, *, library: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._received = b""
        self._ids = itertools.count(1)
        self._library = library
        self._read()  # the program's greeting
        # An unexpected dialog stays open, so that the script that it blocks fails, and not a later one.
        capabilities = {"unhandledPromptBehavior": "ignore", "timeouts": {"script": 30_000}}
        self.command("WebDriver:NewSession", capabilities={"alwaysMatch": capabilities})
        self.command("Marionette:SetContext", value="chrome")

    def call(self, verb: str, *arguments: Json) -> Json:
        """Call a function of the library. Raises MarionetteError."""
        script = (
            f"{self._library}\nconst done = arguments[arguments.length - 1];\n"
            f"VERBS.{verb}(...[...arguments].slice(0, -1))"
            ".then((value) => done({ value }), (error) => done({ error: `${error}\\n${error.stack}` }));"
        )
        answer = self.command("WebDriver:ExecuteAsyncScript", script=script, args=list(arguments), newSandbox=True)
        result = answer["value"]
        if result is None or "error" in result:
            raise MarionetteError(f"{verb}: {result['error'] if result else 'interrupted, by a dialog perhaps'}")
        return result["value"]

    def command(self, name: str, **parameters: Json) -> Json:
        """Send a Marionette command and return its result. Raises MarionetteError."""
        number = next(self._ids)
        message = json.dumps([0, number, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        while True:
            _, answered, error, result = self._read()
            if answered == number:
                break
        if error:
            raise MarionetteError(f"{name}: {error['error']}: {error['message']}")
        return result

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> Json:
        while b":" not in self._received:
            self._receive()
        length, _, self._received = self._received.partition(b":")
        while len(self._received) < int(length):
            self._receive()
        message, self._received = self._received[: int(length)], self._received[int(length) :]
        return json.loads(message)

    def _receive(self) -> None:
        received = self._socket.recv(1 << 16)
        if not received:
            raise MarionetteError("the program closed the connection")
        self._received += received
