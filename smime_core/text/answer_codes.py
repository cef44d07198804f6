"""The table of the errors that a service may answer. The service's clients, documents and tests read the same table."""

from __future__ import annotations

from collections.abc import Mapping


class AnswerCodes:
    """The errors of each route, and those of all routes. An error is its HTTP status and its code: `409 id-used`.

    A route is a method and a path, as `PUT /groups/<group>`, where `<group>` is any segment. In `routes` and `common`,
    errors are separated by commas.
    """

    def __init__(self, *, common: str, routes: Mapping[str, str]) -> None:
        self.common = _split(common)
        self.routes = {route: _split(errors) for route, errors in routes.items()}

    def errors(self, method: str, path: str) -> frozenset[str]:
        """Return the errors that the answer to a request may have. `path` has no query."""
        request = f"{method} {path}".split("/")
        return self.common.union(*(errors for route, errors in self.routes.items() if _fits(request, route.split("/"))))

    def has(self, method: str, path: str, code: str) -> bool:
        """Whether the answer to a request may have this code."""
        return any(error.partition(" ")[2] == code for error in self.errors(method, path))


def _split(errors: str) -> frozenset[str]:
    return frozenset(error.strip() for error in errors.split(",") if error.strip())


def _fits(request: list[str], route: list[str]) -> bool:
    return len(request) == len(route) and all(
        part == segment or (bool(segment) and part.startswith("<"))
        for segment, part in zip(request, route, strict=True)
    )
