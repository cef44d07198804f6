"""The API that each version of the pages needs, as data: its routes, and the members of their answers.

`v2.json` has what every bridge with version 2 of the API answers. It never changes. Routes and members that were added
without a new version are not in it, because pages do without them where they are missing. `<>` is any one part of a
path. The shape of a value is `text`, `number`, `flag`, `text or null`, a list of one shape, or an object of shapes;
`bytes` and `nothing` are whole answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Shape = str | list[Any] | dict[str, Any]
_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "text": str, "number": int, "flag": bool, "text or null": (str, type(None)),
}  # fmt: skip
_ERROR: Final[Shape] = {"code": "text", "message": "text"}
_NO_SUCH_PATH: Final = "/api/nothing-is-here"


class ApiVersion:
    """One version of the API."""

    def __init__(self, number: int) -> None:
        text = Path(__file__).with_name(f"v{number}.json").read_text()
        self.number = number
        self.routes: dict[str, Shape] = json.loads(text)
        self._patterns = {
            route: re.compile(re.escape(route).replace("<>", "[^/]+").replace(r"\ ", " ")) for route in self.routes
        }

    def find_route(self, method: str, path: str) -> str | None:
        """The route of a request, or None if this version has none for it."""
        request = f"{method} {path}"
        return next((route for route, pattern in self._patterns.items() if pattern.fullmatch(request)), None)


def lacking(value: object, shape: Shape, where: str) -> list[str]:
    """Where a value has not the shape. Further members are allowed."""
    if isinstance(shape, str):
        # A flag is an int for Python.
        is_right = isinstance(value, _KINDS[shape]) and isinstance(value, bool) == (shape == "flag")
        return [] if is_right else [f"{where} is {value!r}: {shape} is expected"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [fault for n, entry in enumerate(value) for fault in lacking(entry, shape[0], f"{where}[{n}]")]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    missing = [f"{where}.{name} is missing" for name in shape if name not in value]
    known = [name for name in shape if name in value]
    return missing + [fault for name in known for fault in lacking(value[name], shape[name], f"{where}.{name}")]


def reduced(value: Any, shape: Shape) -> Any:
    """A value with only the members of a shape."""
    if isinstance(shape, list):
        return [reduced(entry, shape[0]) for entry in value]
    if isinstance(shape, dict):
        return {name: reduced(value[name], kind) for name, kind in shape.items()}
    return value


class OldBridge:
    """A bridge that has only the routes and members of one version of the API."""

    def __init__(self, app: WSGIApplication, version: ApiVersion) -> None:
        self._app = app
        self._version = version
        self.missed: set[str] = set()
        """The requests that this version does not know."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        route = self._version.find_route(method, path)
        if method == "OPTIONS":
            return self._app(environ, start_response)
        if route is None:
            self.missed.add(f"{method} {path}")
            environ["PATH_INFO"] = _NO_SUCH_PATH
        response = Response.from_app(self._app, environ)
        if response.is_json:
            shape = self._version.routes[route] if route and response.status_code < 400 else _ERROR
            response.set_data(json.dumps(reduced(json.loads(response.get_data()), shape)))
        return response(environ, start_response)
