"""One request to a web service of Sealwax, to see that it answers."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

CONNECT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 100_000


class NoAnswer(Exception):
    """The service does not answer, or something else answers in its place. The text says which."""


def ask(origin: str, path: str) -> dict[str, Any]:
    """The JSON object at a path of a checked origin, with any status. Raises NoAnswer."""
    return _ask(_connect(origin), "GET", path, {})


def tell(origin: str, path: str, body: bytes) -> dict[str, Any]:
    """The JSON object in the answer to a POST of JSON, with any status. Raises NoAnswer."""
    return _ask(_connect(origin), "POST", path, {"Content-Type": "application/json"}, body)


def ask_process(listen: str, origin: str, path: str) -> dict[str, Any]:
    """The JSON object from a process of this machine, asked as a proxy would for `origin`. Raises NoAnswer."""
    host, _, port = listen.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=CONNECT_SECONDS)
    parts = urlsplit(origin)
    return _ask(connection, "GET", path, {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme})


def _connect(origin: str) -> http.client.HTTPConnection:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_SECONDS, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=CONNECT_SECONDS)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> dict[str, Any]:
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse().read(_MAX_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate is not trusted: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NoAnswer(f"no answer: {reason}") from None
    finally:
        connection.close()
    try:
        value = json.loads(answer)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NoAnswer("something else than Sealwax answers")
    return value
