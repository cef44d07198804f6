"""Checks whether a service runs, and whether it can serve. The answers have no secrets, names or addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from flask import Flask, Response, jsonify

from sealwax.service.proxies import is_proxy_untrusted

_EXTENSION: Final = "sealwax.health"


class Condition(StrEnum):
    """The condition of one part."""

    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The parts without which a service cannot serve (`needed`), and those that are only reported."""

    needed: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    reported: Mapping[str, Callable[[], bool]] = field(default_factory=dict)


def install_health(app: Flask, health: Health) -> None:
    """Store the checks of an application. Its own routes use them, and so does the address for monitoring."""
    app.extensions[_EXTENSION] = health


def find_health(app: Flask) -> Health:
    """Return the checks of an application; none if it has not installed any."""
    health = app.extensions.get(_EXTENSION)
    return health if isinstance(health, Health) else Health()


def health_answer() -> Response:
    """Return the answer that shows that the process runs."""
    return jsonify(status=Condition.OK, proxies=_proxies())


def ready_answer(health: Health) -> Response:
    """Return 200 if all needed parts work, else 503."""
    needed = {name: _try(check) for name, check in health.needed.items()}
    reported = {name: _try(check) for name, check in health.reported.items()}
    is_ready = Condition.FAILED not in needed.values()
    response = jsonify(status=Condition.OK if is_ready else Condition.FAILED, proxies=_proxies(), **needed, **reported)
    if not is_ready:
        response.status_code = 503
        response.headers["Retry-After"] = "5"
    return response


def _proxies() -> str:
    return "untrusted" if is_proxy_untrusted() else Condition.OK


def _try(check: Callable[[], bool]) -> Condition:
    try:
        return Condition.OK if check() else Condition.FAILED
    except Exception:  # noqa: BLE001 (any failure of a part means that it does not work)
        return Condition.FAILED
