"""Work on each block in a thread beside: digests and file writes both leave Python alone for as long as they take.

`concurrent.futures` would do the same and takes a tenth of the command's start to import.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from smime_core.der import Buffer


class Sink(Protocol):
    """Where octets go; binary files are such."""

    def write(self, data: Buffer, /) -> object:
        """Take all of `data` before returning; the buffer is used again afterwards."""


class Beside:
    """A thread that works on one block while its owner does something else with the same block."""

    def __init__(self, work: Callable[[Buffer], object]) -> None:
        self._work = work
        self._blocks: SimpleQueue[Buffer | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Exception | None] = SimpleQueue()
        self._begun = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._blocks.put(None)
        self._thread.join()

    def begin(self, block: Buffer) -> None:
        """Let the thread work on a block, which must stay as it is until `finish`."""
        self._begun += 1
        self._blocks.put(block)

    def finish(self) -> None:
        """Wait until a block is done. Raises what the work raised."""
        self._begun -= 1
        if (error := self._outcomes.get()) is not None:
            raise error

    def finish_all(self) -> None:
        """Wait until nothing that was begun is left. Raises what the work raised."""
        while self._begun:
            self.finish()

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            try:
                self._work(block)
            except Exception as error:  # noqa: BLE001 -- handed over to the owner, whoever that is
                self._outcomes.put(error)
            else:
                self._outcomes.put(None)
