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
    parts = urlsplit(origin)
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_SECONDS, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=CONNECT_SECONDS)
    )
    return _ask(connection, path, {})


def ask_process(listen: str, origin: str, path: str) -> dict[str, Any]:
    """The JSON object from a process of this machine, asked as a proxy would for `origin`. Raises NoAnswer."""
    host, _, port = listen.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=CONNECT_SECONDS)
    parts = urlsplit(origin)
    return _ask(connection, path, {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme})


def _ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> dict[str, Any]:
    try:
        connection.request("GET", path, headers=headers)
        body = connection.getresponse().read(_MAX_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate is not trusted: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NoAnswer(f"no answer: {reason}") from None
    finally:
        connection.close()
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NoAnswer("something else than Sealwax answers")
    return value
