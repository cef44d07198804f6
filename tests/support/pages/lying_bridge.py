"""A demonstration whose bridge gives other bytes of a message from the moment at which a test says so."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from sealwax.service.web_server import serve
from webbridge.demo import stack as demonstration
from webbridge.demo.stack import DemoStack

_RAW = re.compile(r"^/api/folders/[^/]+/\d+/(\d+)/raw$")


@dataclass(slots=True)
class LyingBridge:
    """`reads` are the UIDs of all messages whose bytes were asked for, in turn."""

    reads: list[int] = field(default_factory=list)
    _instead: dict[int, bytes] = field(default_factory=dict)

    @contextmanager
    def giving(self, other: bytes, instead_of: int) -> Iterator[None]:
        """Give another message in the place of this one while the context lasts."""
        self._instead[instead_of] = other
        try:
            yield
        finally:
            del self._instead[instead_of]

    def serve(self, app: WSGIApplication, bound: socket.socket) -> AbstractContextManager[Any]:
        """Serve an application, which lies if it is the bridge."""
        return serve(self._before(app), bound)

    def _before(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            raw = _RAW.match(environ["PATH_INFO"])
            if raw is None or environ["REQUEST_METHOD"] != "GET":
                return app(environ, start_response)
            uid = int(raw[1])
            self.reads.append(uid)
            other = self._instead.get(uid)
            return app(environ, start_response) if other is None else _replace(app, environ, start_response, other)

        return answer


def _replace(
    app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, other: bytes
) -> list[bytes]:
    """The answer of `app` with another body."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        fields = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return start_response(status, [*fields, ("Content-Length", str(len(other)))], exc_info)

    body = app(environ, start)
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()
    return [other]


@dataclass(frozen=True, slots=True)
class LyingRig:
    """A demonstration, and the bridge of it that lies."""

    stack: DemoStack
    bridge: LyingBridge


@pytest.fixture(scope="module")
def lying(pages_with_sources: Path) -> Iterator[LyingRig]:
    """A demonstration of one module's own, whose bridge may lie."""
    bridge = LyingBridge()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demonstration, "serve", bridge.serve)
        with DemoStack(pages_folder=pages_with_sources) as stack:
            yield LyingRig(stack, bridge)
