"""A demonstration whose bridge changes its answers by rules of a test."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from sealwax.service.web_server import serve
from webbridge.demo import stack as demonstration
from webbridge.demo.stack import DemoStack

Rule = Callable[[bytes], bytes]


@dataclass(slots=True)
class RuleBridge:
    """`asked` are the requests so far. A rule gets the body of each answer with status 200 to a method and path."""

    asked: list[str] = field(default_factory=list)
    rules: list[tuple[re.Pattern[str], Rule]] = field(default_factory=list)
    refusals: list[tuple[re.Pattern[str], bytes]] = field(default_factory=list)
    cut: list[re.Pattern[str]] = field(default_factory=list)
    _renamed: tuple[str, str] | None = None

    @contextmanager
    def lying(self, asked: str, rule: Rule) -> Iterator[None]:
        """Change the answers to these requests, such as `GET /api/settings`, while the context lasts."""
        entry = (re.compile(asked), rule)
        self.rules.append(entry)
        try:
            yield
        finally:
            self.rules.remove(entry)

    @contextmanager
    def refusing(self, asked: str, **members: Any) -> Iterator[None]:
        """Refuse these requests with the members of an error, without a look at them."""
        entry = (re.compile(asked), json.dumps(members).encode())
        self.refusals.append(entry)
        try:
            yield
        finally:
            self.refusals.remove(entry)

    @contextmanager
    def cutting(self, asked: str) -> Iterator[None]:
        """Let the answers to these requests break off after half of their bytes."""
        entry = re.compile(asked)
        self.cut.append(entry)
        try:
            yield
        finally:
            self.cut.remove(entry)

    @contextmanager
    def renaming(self, real: str, claimed: str) -> Iterator[None]:
        """Call an account by another address in every answer, and serve the requests that name it so."""
        self._renamed = (real, claimed)
        named = re.compile(r"^(GET|POST) /api/(session|accounts)$")
        rule = (named, lambda body: body.replace(real.encode(), claimed.encode()))
        self.rules.append(rule)
        try:
            yield
        finally:
            self.rules.remove(rule)
            self._renamed = None

    def serve(self, app: WSGIApplication, bound: socket.socket) -> AbstractContextManager[Any]:
        """Serve an application, which lies if it is the bridge."""
        return serve(self._before(app), bound)

    def _before(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            self.asked.append(request)
            rules = [rule for pattern, rule in self.rules if pattern.search(request)]
            if any(pattern.search(request) for pattern in self.cut):
                return _cut(app, environ, start_response)
            for pattern, body in self.refusals:
                if pattern.search(request):
                    return _changed(app, environ, start_response, [_always(body)], status="400 Bad Request")
            if self._renamed is not None:
                start_response = _rename(environ, start_response, *map(quote, self._renamed))
            return _changed(app, environ, start_response, rules) if rules else app(environ, start_response)

        return answer


def in_json(change: Callable[[Any], None]) -> Rule:
    """A rule that changes the parsed JSON in place."""

    def rule(body: bytes) -> bytes:
        content = json.loads(body)
        change(content)
        return json.dumps(content).encode()

    return rule


def _rename(environ: WSGIEnvironment, start_response: StartResponse, real: str, claimed: str) -> StartResponse:
    """Let a request reach the account that it names by another address, and its answer name it so."""
    if environ.get(_ACCOUNT_VARIABLE) == claimed:
        environ[_ACCOUNT_VARIABLE] = real

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        named = [(name, claimed if (name, value) == (_ACCOUNT_HEADER, real) else value) for name, value in headers]
        return start_response(status, named, exc_info)

    return start


_ACCOUNT_HEADER = "X-Sealwax-Account"
_ACCOUNT_VARIABLE = "HTTP_X_SEALWAX_ACCOUNT"


def _changed(
    app: WSGIApplication,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    rules: list[Rule],
    *,
    status: str = "",
) -> list[bytes]:
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        begun[:] = [status, headers, exc_info]
        return lambda _: None

    answer = app(environ, start)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    usual, headers, exc_info = begun
    if status or usual.startswith("200"):
        for rule in rules:
            body = rule(body)
    fields = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(status or usual, [*fields, ("Content-Length", str(len(body)))], exc_info)
    return [body]


def _always(body: bytes) -> Rule:
    return lambda _: body


def _cut(app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """The first half of an answer, of which the header says the whole length. The server then closes the connection."""
    (body,) = _changed(app, environ, start_response, [lambda body: body])
    yield body[: len(body) // 2]


@dataclass(frozen=True, slots=True)
class RuleRig:
    """A demonstration, and the bridge of it that changes its answers."""

    stack: DemoStack
    bridge: RuleBridge


@pytest.fixture(scope="module")
def ruled(pages_with_sources: Path) -> Iterator[RuleRig]:
    """A demonstration of one module's own, whose bridge changes its answers by rules."""
    bridge = RuleBridge()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demonstration, "serve", bridge.serve)
        with DemoStack(pages_folder=pages_with_sources) as stack:
            yield RuleRig(stack, bridge)
