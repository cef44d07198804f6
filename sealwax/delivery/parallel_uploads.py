"""Uploads of a parcel's objects, two at the same time: while the service stores one object, the next is being sent."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from sealwax.delivery.calls import Caller
from sealwax.delivery.failures import DeliveryFailed
from sealwax.delivery.patience import Patience
from sealwax.delivery.uploads import Uploader
from sealwax.http_client import Move, no_move
from smime_core.asn1 import Buffer

MAX_PARALLEL_UPLOADS: Final = 2
"""A service lets a sender have four uploads at the same time, and another program may send too."""


class ParallelUploads:
    """Uploads in threads, each over a connection of its own. `wait` waits for them in the order of their start."""

    def __init__(self, uploaders: Sequence[Uploader], pool: ThreadPoolExecutor, stopped: threading.Event) -> None:
        self._pool = pool
        self._stopped = stopped
        self._running: deque[Future[None]] = deque()
        self._free: queue.SimpleQueue[Uploader] = queue.SimpleQueue()
        for uploader in uploaders:
            self._free.put(uploader)

    @property
    def running(self) -> int:
        """The number of uploads that were started, and for which `wait` was not called yet."""
        return len(self._running)

    def start(self, name: str, data: Buffer, move: Move = no_move, *, replaces: bool = False) -> None:
        """Start to upload an object. With `replaces`, it replaces the object that the service has under this name.

        `move` is called in another thread. The caller never has more than MAX_PARALLEL_UPLOADS uploads running.
        """

        def upload() -> None:
            uploader = self._free.get()
            try:
                (uploader.replace if replaces else uploader.put)(name, data, self._stopping(move))
            finally:
                self._free.put(uploader)

        self._running.append(self._pool.submit(upload))

    def wait(self) -> None:
        """Wait for the upload that was started first. Raises DeliveryFailed if any upload has failed."""
        first = self._running.popleft()
        unfinished = {first, *self._running}
        while not first.done():
            finished, unfinished = wait(unfinished, return_when=FIRST_COMPLETED)
            for upload in finished:
                upload.result()
        first.result()

    def _stopping(self, move: Move) -> Move:
        def moved(count: int) -> None:
            if self._stopped.is_set():
                raise _given_up()
            move(count)

        return moved


@contextlib.contextmanager
def open_parallel_uploads(caller: Caller, make_uploader: Callable[[Caller], Uploader]) -> Iterator[ParallelUploads]:
    """Uploads to the service of a caller. At the end, running uploads are broken off."""
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.wait(seconds):
            raise _given_up()

    callers = [caller.beside(Patience(pause)) for _ in range(MAX_PARALLEL_UPLOADS)]
    with contextlib.ExitStack() as closing:
        for upload_caller in callers:
            closing.callback(upload_caller.close)
        pool = closing.enter_context(ThreadPoolExecutor(MAX_PARALLEL_UPLOADS, thread_name_prefix="upload"))
        for upload_caller in callers:
            closing.callback(upload_caller.break_off)
        closing.callback(stopped.set)
        yield ParallelUploads([make_uploader(upload_caller) for upload_caller in callers], pool, stopped)


def _given_up() -> DeliveryFailed:
    return DeliveryFailed("delivery-stopped", "the upload was given up")
