"""The push messages to browsers without an open page.

One message may report many mails. If the push service asks for a wait, the message waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from webbridge.push.message import Outcome, Sent

# The shortest time between two messages to a browser. A second notification would say the same as the one that is
# shown.
GAP_SECONDS: Final = 60.0
_log = logging.getLogger("sealwax.push")


class _Turn:
    """The state of the messages to one session's browser."""

    def __init__(self) -> None:
        self.is_wanted = False
        self.not_before = 0.0
        self.task: asyncio.Task[None] | None = None


class Waker:
    """Wakes browsers. Only the event loop may use it.

    `endpoint_of` returns the push address of a session's browser, or None if the browser needs no message now. `send`
    sends one message, in a thread of `threads`. `gone` is called if the push service no longer knows the address.
    """

    def __init__(
        self,
        *,
        endpoint_of: Callable[[str], str | None],
        send: Callable[[str], Sent],
        gone: Callable[[str, str], None],
        threads: Executor,
    ) -> None:
        self._endpoint_of = endpoint_of
        self._send = send
        self._gone = gone
        self._threads = threads
        self._turns: dict[str, _Turn] = {}

    def wake(self, session_id: str) -> None:
        """Send a message to the browser of a session, as soon as one may be sent."""
        turn = self._turns.setdefault(session_id, _Turn())
        turn.is_wanted = True
        if turn.task is None:
            turn.task = asyncio.get_running_loop().create_task(self._run(session_id, turn))

    def forget(self, session_id: str) -> None:
        """Send nothing more to the browser of a session that has ended."""
        turn = self._turns.pop(session_id, None)
        if turn is not None and turn.task is not None:
            turn.task.cancel()

    def end(self) -> None:
        """Send nothing more."""
        for session_id in list(self._turns):
            self.forget(session_id)

    async def _run(self, session_id: str, turn: _Turn) -> None:
        loop = asyncio.get_running_loop()
        try:
            while turn.is_wanted:
                await asyncio.sleep(turn.not_before - loop.time())
                turn.is_wanted = False
                endpoint = self._endpoint_of(session_id)
                if endpoint is None:
                    return
                sent = await loop.run_in_executor(self._threads, self._send, endpoint)
                turn.not_before = loop.time() + max(GAP_SECONDS, sent.wait_seconds)
                if sent.outcome is Outcome.GONE:
                    self._gone(session_id, endpoint)
                    return
                turn.is_wanted |= sent.outcome is Outcome.LATER
        except Exception as error:  # noqa: BLE001 (a message that failed is no reason to send no later one)
            _log.error("a push message failed: %s", type(error).__name__)
        finally:
            turn.task = None
