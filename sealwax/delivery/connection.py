"""One connection to a delivery service, with the HTTP client of all services. Failures raise DeliveryFailed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from sealwax.delivery.failures import DeliveryFailed, lie, unreachable
from sealwax.http_client import (
    EXCHANGE_SECONDS,
    HttpAnswer,
    HttpCall,
    HttpClient,
    Move,
    NoAnswer,
    ServiceAddress,
    Trouble,
    no_move,
)

_BYTES_A_SECOND: Final = 8_192  # A slower upload is ended, and then continued.
_REDIRECTS: Final = range(300, 400)
_ELSEWHERE: Final = 307
_OWN_HEADERS: Final = {"X-Sealwax": "1"}


class Connection:
    """A client of one service. It connects at the first call, and again after a failure."""

    def __init__(self, address: ServiceAddress, *, ca_file: Path | None = None) -> None:
        self.address = address
        self._ca_file = ca_file
        self._client = HttpClient(address, ca_file=ca_file)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def to(self, address: ServiceAddress) -> Connection:
        """A connection to another server, which trusts the same authorities for TLS."""
        return Connection(address, ca_file=self._ca_file)

    def close(self) -> None:
        """Close the connection. The next call opens it again."""
        self._client.close()

    def break_off(self) -> None:
        """End the exchange that another thread is making. That thread sees a lost connection."""
        self._client.break_off()

    def exchange(self, call: HttpCall, move: Move = no_move) -> HttpAnswer:
        """The answer, with any status except a redirect. `move` reports the sent bytes. Raises DeliveryFailed."""
        with self._mapped():
            return self._here(self._client.exchange(_own(call), move, seconds=_seconds(call)))

    def download(self, call: HttpCall, room: memoryview, move: Move = no_move) -> tuple[HttpAnswer, int]:
        """The answer and the number of its bytes that were written to the beginning of `room`.

        Bytes are written only if the status is 200 or 206. An answer with status 307 is returned. If the connection is
        lost after some bytes, only these bytes are counted, and no error is raised. Raises DeliveryFailed.
        """
        with self._mapped():
            answer, count = self._client.download(_own(call), room, move)
            return (answer if answer.status == _ELSEWHERE else self._here(answer)), count

    def _here(self, answer: HttpAnswer) -> HttpAnswer:
        """Return the same answer. Raises DeliveryFailed if it is a redirect."""
        if answer.status in _REDIRECTS:
            self.close()
            raise DeliveryFailed(
                "delivery-redirect", f"{self.address.host} sends elsewhere, which is not followed", status=answer.status
            )
        return answer

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        host = self.address.host
        try:
            yield
        except NoAnswer as error:
            match error.trouble:
                case Trouble.TOO_LARGE:
                    raise lie(str(error)) from error
                case Trouble.LATE:
                    raise unreachable(f"{host} did not answer in time") from error
                case Trouble.UNTRUSTED:
                    raise DeliveryFailed("delivery-unreachable", f"{host} cannot be reached: {error}") from error
                case Trouble.LOST:
                    raise unreachable(f"{host} cannot be reached: {error}") from error


def _own(call: HttpCall) -> HttpCall:
    """Return the call with the header fields of all calls."""
    return replace(call, headers={**_OWN_HEADERS, **call.headers})


def _seconds(call: HttpCall) -> float:
    """Return the time that sending a call and reading a short answer may take."""
    return EXCHANGE_SECONDS + len(call.body) / _BYTES_A_SECOND
