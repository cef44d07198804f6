"""The errors that the services under test answer, compared with their tables."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Flask, Response, request, request_finished

from roaming_keys.protocol.messages.answer_codes import KEY_SERVER_CODES
from sealwax.delivery.answer_codes import PARCEL_CODES
from smime_core.text import AnswerCodes
from webbridge.answer_codes import BRIDGE_CODES

# Each service with its tables. A route is in one of them.
_TABLES: Final[dict[str, tuple[AnswerCodes, ...]]] = {
    "roaming_keys": (KEY_SERVER_CODES,),
    "webbridge": (BRIDGE_CODES, PARCEL_CODES),
}
# The kind of a segment, as in `<int:uid>`.
_CONVERTER: Final = re.compile(r"<\w+:")
_unforeseen: list[str] = []


def watch_answers() -> None:
    """Compare each answer of a service in this process with the table of its routes."""
    request_finished.connect(_compare)


def take_unforeseen() -> list[str]:
    """Return the errors since the last call that no table has."""
    taken, _unforeseen[:] = list(dict.fromkeys(_unforeseen)), []
    return taken


def _compare(sender: Flask, response: Response, **_: Any) -> None:
    rule = request.url_rule
    # An unready service answers a report of its parts, which is no error.
    if response.status_code < 400 or not response.is_json or rule is None or rule.rule.endswith("/ready"):
        return
    path = _CONVERTER.sub("<", rule.rule)
    route, error = f"{request.method} {path}", f"{response.status_code} {response.get_json().get('code')}"
    for table in _TABLES.get(sender.import_name, ()):
        if route in table.routes and error not in table.common | table.routes[route]:
            _unforeseen.append(f"{sender.import_name}: {route}: {error}")
