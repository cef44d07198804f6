"""One request to a web service of Sealwax, to see that it answers."""

from __future__ import annotations

import json
from typing import Any, Final

from sealwax.http_client import HttpCall, HttpClient, NoAnswer as NothingCame, ServiceAddress, Trouble

ANSWER_SECONDS: Final = 10.0
_MAX_BYTES: Final = 100_000


class NoAnswer(Exception):
    """The service does not answer, or another program answers in its place. The text says which is the case."""


def ask(origin: str, path: str) -> dict[str, Any]:
    """The JSON object at a path of a checked origin, with any status. Raises NoAnswer."""
    return _ask(ServiceAddress.of(origin), HttpCall(method="GET", path=path))


def post(origin: str, path: str, body: bytes) -> dict[str, Any]:
    """The JSON object in the answer to a POST of JSON, with any status. Raises NoAnswer."""
    headers = {"Content-Type": "application/json"}
    return _ask(ServiceAddress.of(origin), HttpCall(method="POST", path=path, headers=headers, body=body))


def ask_process(listen: str, origin: str, path: str) -> dict[str, Any]:
    """The JSON object from a process of this machine, asked as a proxy would for `origin`. Raises NoAnswer."""
    scheme, _, host = origin.partition("://")
    headers = {"Host": host, "X-Forwarded-Proto": scheme}
    return _ask(ServiceAddress.of(f"http://{listen}"), HttpCall(method="GET", path=path, headers=headers))


def _ask(address: ServiceAddress, call: HttpCall) -> dict[str, Any]:
    try:
        with HttpClient(address) as client:
            answer = client.exchange(call, seconds=ANSWER_SECONDS, max_bytes=_MAX_BYTES)
    except NothingCame as error:
        raise NoAnswer(str(error) if error.trouble is Trouble.UNTRUSTED else f"no answer: {error}") from None
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NoAnswer("something else than Sealwax answers")
    return value
