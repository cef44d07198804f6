"""A demonstration whose bridge changes its answers by rules of a test."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sealwax.service.web_server import serve

Rule = Callable[[bytes], bytes]


@dataclass(slots=True)
class RuleBridge:
    """`asked` are the requests so far. A rule gets the body of each answer with status 200 to a method and path."""

    asked: list[str] = field(default_factory=list)
    rules: list[tuple[re.Pattern[str], Rule]] = field(default_factory=list)

    @contextmanager
    def lying(self, asked: str, rule: Rule) -> Iterator[None]:
        """Change the answers to these requests, such as `GET /api/settings`, while the context lasts."""
        entry = (re.compile(asked), rule)
        self.rules.append(entry)
        try:
            yield
        finally:
            self.rules.remove(entry)

    def serve(self, app: WSGIApplication, bound: socket.socket) -> AbstractContextManager[Any]:
        """Serve an application, which lies if it is the bridge."""
        return serve(self._before(app), bound)

    def _before(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            self.asked.append(asked)
            rules = [rule for pattern, rule in self.rules if pattern.search(asked)]
            return _changed(app, environ, start_response, rules) if rules else app(environ, start_response)

        return answer


def in_json(change: Callable[[Any], None]) -> Rule:
    """A rule that changes the parsed JSON in place."""

    def rule(body: bytes) -> bytes:
        content = json.loads(body)
        change(content)
        return json.dumps(content).encode()

    return rule


def _changed(
    app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, rules: list[Rule]
) -> list[bytes]:
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        begun[:] = [status, headers, exc_info]
        return lambda _: None

    answer = app(environ, start)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    status, headers, exc_info = begun
    if status.startswith("200"):
        for rule in rules:
            body = rule(body)
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(status, [*kept, ("Content-Length", str(len(body)))], exc_info)
    return [body]
