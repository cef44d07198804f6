"""The watch over one user's inbox. One connection serves all pages of the user. When it breaks, a new one is opened.

Calls that wait for the mail server run in threads. While the server sends nothing, the connection is only an entry in
the event loop's selector.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Final, TypeVar

from sealwax.service.metrics import add_connections
from webbridge.gateway import RENEW_SECONDS, Credentials, GatewayCode, GatewayError, InboxWatch, LoginRefused
from webbridge.gateway.doubts import Doubts

POLL_SECONDS: Final = 60.0
# All answers within this time are one event, because a change of many flags causes many answers.
GATHER_SECONDS: Final = 0.3
FIRST_RETRY_SECONDS: Final = 5.0
LAST_RETRY_SECONDS: Final = 300.0
_log = logging.getLogger("sealwax.events")

Result = TypeVar("Result")


class InboxWatcher:
    """Until `stop`, calls `report` when the inbox has changed, and also `arrived` if messages have come.

    `credentials` returns the credentials of a living session of the user, or None. `refused` is called if the mail
    server no longer accepts them.
    """

    def __init__(
        self,
        *,
        credentials: Callable[[], Credentials | None],
        report: Callable[[], None],
        arrived: Callable[[], None],
        refused: Callable[[Credentials], None],
        threads: Executor,
    ) -> None:
        self._credentials = credentials
        self._report = report
        self._arrived = arrived
        self._refused = refused
        self._threads = threads
        self._gathering: asyncio.TimerHandle | None = None
        self._has_arrived = False
        self._next_uid = 0
        self._doubts = Doubts()
        self.is_connected = False
        """Whether the watch has a connection that reports changes."""
        self._task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """End the watch, and close its connection."""
        self._task.cancel()
        if self._gathering is not None:
            self._gathering.cancel()

    async def _run(self) -> None:
        wait_seconds = FIRST_RETRY_SECONDS
        while (credentials := self._credentials()) is not None:
            try:
                watch = await self._open(credentials)
                self._doubts.settle("")
                self._compare(watch)
                if wait_seconds > FIRST_RETRY_SECONDS:
                    self._gather()  # Something may have changed while there was no connection.
                wait_seconds = FIRST_RETRY_SECONDS
                await self._watch(watch)
            except GatewayError as error:
                if error.code is GatewayCode.NOT_OFFERED:
                    return
                if isinstance(error, LoginRefused) and isinstance(self._doubts.judge("", error), LoginRefused):
                    self._refused(credentials)
                    continue
                _log.info("the watch of an inbox is interrupted", extra={"code": str(error.code)})
            # The wait is random, so that not all users connect at once when a mail server works again.
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1.5))  # noqa: S311 (not a secret)
            wait_seconds = min(wait_seconds * 2, LAST_RETRY_SECONDS)

    async def _open(self, credentials: Credentials) -> InboxWatch:
        opening = self._threads.submit(InboxWatch.open, credentials)
        try:
            return await asyncio.wrap_future(opening)
        except asyncio.CancelledError:
            # The thread closes the connection that it opens, because the loop may end before the server answers.
            opening.add_done_callback(_close_opened)
            raise

    async def _watch(self, watch: InboxWatch) -> None:
        add_connections(1)
        try:
            while True:
                if watch.can_idle:
                    await self._idle(watch)
                else:
                    await asyncio.sleep(POLL_SECONDS)
                    self._note(watch, has_changed=await self._wait_for(watch.poll))
        finally:
            add_connections(-1)
            self.is_connected = False
            self._next_uid = watch.next_uid
            watch.close()

    async def _idle(self, watch: InboxWatch) -> None:
        """Wait in IDLE until it must be renewed. Raises GatewayError when the connection ends."""
        self._note(watch, has_changed=await self._wait_for(watch.begin_idle))
        loop = asyncio.get_running_loop()
        broken: asyncio.Future[None] = loop.create_future()

        def read() -> None:
            try:
                self._note(watch, has_changed=watch.read_at_hand())
            except GatewayError as error:
                loop.remove_reader(number)
                if not broken.done():
                    broken.set_exception(error)

        number = watch.fileno()
        loop.add_reader(number, read)
        self.is_connected = True
        try:
            read()  # TLS may have decrypted more than the last call read. No selector sees these bytes.
            async with asyncio.timeout(RENEW_SECONDS * random.uniform(0.8, 1.0)):  # noqa: S311 (not a secret)
                await broken
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(number)
        self._note(watch, has_changed=await self._wait_for(watch.end_idle))

    async def _wait_for(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _compare(self, watch: InboxWatch) -> None:
        """Compare the next UIDs of two connections, to notice messages that have come in between."""
        if 0 < self._next_uid < watch.next_uid:
            self._has_arrived = True
            self._gather()

    def _note(self, watch: InboxWatch, *, has_changed: bool) -> None:
        self._has_arrived |= watch.take_arrival()
        if has_changed:
            self._gather()

    def _gather(self) -> None:
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._report_gathered)

    def _report_gathered(self) -> None:
        self._gathering = None
        self._report()
        if self._has_arrived:
            self._has_arrived = False
            self._arrived()


def _close_opened(opening: Future[InboxWatch]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
