"""A peer as a separate process that answers lines of text, so that it starts only once for all tests.

A request is a verb and NAME=VALUE words, separated by tabs. The answer is `ok` and base64 values, or `error` and text.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.peers.peer import Refused


class LinePeer:
    """The process, which runs until `close`. It writes `ok` when it is ready."""

    def __init__(self, command: Sequence[str], *, log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        try:
            self._read()
        except Refused as refused:
            self.close()
            raise RuntimeError(f"{command[0]} did not start: {refused}\n{log.read_text()}") from refused

    def ask(self, verb: str, data: bytes = b"", /, **words: str | None) -> list[bytes]:
        """Send a request and return the values of the answer. Leaves out words that are None. Raises Refused."""
        request: Mapping[str, str | None] = {"data": base64.b64encode(data).decode(), **words}
        line = "\t".join([verb, *(f"{name}={value}" for name, value in request.items() if value is not None)])
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> list[bytes]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode().rstrip("\n")
        state, *values = line.split("\t")
        if state != "ok":
            raise Refused(" ".join(values) or "the process ended")
        return [base64.b64decode(value) for value in values]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
