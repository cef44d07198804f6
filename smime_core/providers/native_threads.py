"""Work on each block in a second thread. This saves time, because digests and file writes release Python's lock.

`concurrent.futures` would do the same, but its import takes a tenth of the command's start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any

from smime_core.asn1.der import Buffer
from smime_core.errors import ProviderError


class BlockThread:
    """A `smime_core.provider.BlockWorker` with a thread. The work never suspends, because no native coroutine does."""

    def __init__(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._blocks: SimpleQueue[Buffer | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Exception | None] = SimpleQueue()
        self._begun = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> BlockThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._blocks.put(None)
        self._thread.join()

    async def begin(self, block: Buffer) -> None:
        """Let the thread work on a block, which must stay unchanged until `finish`."""
        self._begun += 1
        self._blocks.put(block)

    def finish(self) -> None:
        """Wait until all work is done. Raises the errors of the work."""
        while self._begun:
            self._begun -= 1
            if (error := self._outcomes.get()) is not None:
                raise error

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            try:
                _step(self._work(block))
            except Exception as error:  # noqa: BLE001 -- handed over to the caller of `finish`
                self._outcomes.put(error)
            else:
                self._outcomes.put(None)


def _step(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise ProviderError("make_block_worker", "work in a thread cannot suspend")
