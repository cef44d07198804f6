"""Calls with JSON, shared by sender and recipient: their errors, and repetition after a lost connection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sealwax.delivery.answer_codes import PARCEL_CODES
from sealwax.delivery.connection import Connection
from sealwax.delivery.failures import DeliveryFailed, refusal
from sealwax.delivery.fields import ServiceAnswer
from sealwax.delivery.patience import Patience
from sealwax.http_client import HttpAnswer, HttpCall, Move, no_move

JSON_TYPE: Final = "application/json"
OCTETS_TYPE: Final = "application/octet-stream"
_CODE: Final = re.compile("[a-z][a-z0-9-]{0,39}")
_MAX_MESSAGE_CHARACTERS: Final = 300


class Caller:
    """Calls one service over one connection, always with the same authorization."""

    def __init__(self, connection: Connection, authorization: str, patience: Patience) -> None:
        self._connection = connection
        self._authorization = authorization
        self.patience = patience

    def authorize(self, authorization: str) -> None:
        """Use another authorization from now on."""
        self._authorization = authorization

    def beside(self, patience: Patience) -> Caller:
        """Return a caller of the same service with the same authorization, over another connection."""
        return Caller(self._connection.to(self._connection.address), self._authorization, patience)

    def break_off(self) -> None:
        """End the exchange that another thread is making. That thread sees a lost connection."""
        self._connection.break_off()

    def close(self) -> None:
        """Close the connection. The next call opens it again."""
        self._connection.close()

    def ask(self, path: str, members: Mapping[str, Any] | None = None) -> ServiceAnswer:
        """The answer to a GET, or to a POST of `members`. The request is repeated after a lost connection."""
        return self.patience.run(lambda: self.ask_once(path, members))

    def ask_once(self, path: str, members: Mapping[str, Any] | None = None) -> ServiceAnswer:
        """The answer to a GET, or to a POST of `members`. Raises DeliveryFailed."""
        if members is None:
            call = HttpCall(method="GET", path=path)
        else:
            call = HttpCall(
                method="POST",
                path=path,
                headers={"Content-Type": JSON_TYPE},
                body=json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(),
            )
        answer = self.exchange(call)
        return ServiceAnswer.parse(answer.body) if answer.body else ServiceAnswer({}, "")

    def exchange(self, call: HttpCall, move: Move = no_move, *, taken: frozenset[int] = frozenset()) -> HttpAnswer:
        """The answer to one call. Raises DeliveryFailed, also for a status from 300 on that is not in `taken`."""
        answer = self._connection.exchange(self.authorized(call), move)
        check_answer(answer, call, taken)
        return answer

    def authorized(self, call: HttpCall) -> HttpCall:
        """The call with the header field Authorization."""
        if not self._authorization:
            return call
        return replace(call, headers={**call.headers, "Authorization": self._authorization})


def check_answer(answer: HttpAnswer, call: HttpCall | None = None, taken: frozenset[int] = frozenset()) -> None:
    """Raise DeliveryFailed for an answer that is an error, with the `{code, message}` of the answer if there is one.

    `call` is the request to the API. Each route of the API has a table of the codes that it may answer.
    """
    if answer.status < 300 or answer.status in taken:
        return
    try:
        members = ServiceAnswer.parse(answer.body)
        code, message = members.text("code"), (members.text_or_null("message") or "")[:_MAX_MESSAGE_CHARACTERS]
    except DeliveryFailed:
        code = message = ""
    if not _CODE.fullmatch(code):
        code, message = "delivery-error", f"it answers with HTTP status {answer.status}"
    elif call is not None and not PARCEL_CODES.has(call.method, call.path.partition("?")[0], code):
        code, message = "delivery-error", f"it answers with the code {code}, which this request does not have"
    raise refusal(code, message, status=answer.status, retry_after_seconds=answer.retry_after_seconds)
