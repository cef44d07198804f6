"""The ASGI application of the events. A thread admits each request, and an admitted request gets a stream."""

from __future__ import annotations

import asyncio
import contextlib
import io
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from uvicorn.middleware.wsgi import build_environ
from werkzeug.test import run_wsgi_app

from sealwax.service import Announcement, Announcements, Database, Listening
from sealwax.service.health import Health
from webbridge.blueprints.events import blueprint
from webbridge.config import MAX_STREAMS, BridgeConfig
from webbridge.database import SCHEMA
from webbridge.database.secret import bridge_secret
from webbridge.events.admission import await_stream, create_admission
from webbridge.events.hub import Hub, Push
from webbridge.events.stream import Stream
from webbridge.folder_ids import FolderIds
from webbridge.login.cookies import AccountIds
from webbridge.push.message import send_message
from webbridge.push.settings import PushConfig
from webbridge.push.subscriptions import Subscriptions
from webbridge.services import accounts_of, sessions_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

_ADMISSION_THREADS: Final = 8
_MAIL_THREADS: Final = 32  # So many users log in at the same time after a failure of the mail server.
_PUSH_THREADS: Final = 8  # So many push messages are sent at the same time. The others wait.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    stream: Stream | None


class EventsApplication:
    """The streams of one process."""

    def __init__(self, config: BridgeConfig, *, max_streams: int = MAX_STREAMS) -> None:
        """Open the database. Raises as `Schema.open` does."""
        self._database: Database = SCHEMA.open(config.database)
        self._sessions = sessions_of(config, self._database, accounts_of(config, self._database))
        self._mail_threads = ThreadPoolExecutor(_MAIL_THREADS, thread_name_prefix="mail")
        self._admission_threads: Executor = ThreadPoolExecutor(_ADMISSION_THREADS, thread_name_prefix="admission")
        self._push_threads = ThreadPoolExecutor(_PUSH_THREADS, thread_name_prefix="push")
        self._announcements = Announcements(self._database)
        secret = bridge_secret(self._database)
        self.hub = Hub(
            sessions=self._sessions,
            announcements=self._announcements,
            folder_ids=FolderIds(secret),
            mail_threads=self._mail_threads,
            max_streams=max_streams,
            push=self._push(config, config.push) if config.push else None,
        )
        health = Health(needed={"database": lambda: SCHEMA.is_usable(self._database)}, reported={})
        self.admission = create_admission(
            config, sessions=self._sessions, account_ids=AccountIds(secret), hub=self.hub, health=health
        )
        self.admission.register_blueprint(blueprint, url_prefix="/api")
        self._wsgi: WSGIApplication = self.admission
        self._checking: asyncio.Task[None] | None = None
        self._listening: Listening | None = None

    def _push(self, config: BridgeConfig, push: PushConfig) -> Push:
        return Push(
            subscriptions=Subscriptions(self._database),
            # A message that is delivered after `idle_seconds` could be for a session that has ended.
            send=lambda url: send_message(url, push, ttl_seconds=config.idle_seconds, at=config.clock()),
            threads=self._push_threads,
        )

    def answer_by(self, wsgi: WSGIApplication) -> None:
        """Set the WSGI application that admits requests. It is made around `admission`."""
        self._wsgi = wsgi

    def close(self) -> None:
        """Close the database. Threads that wait for a mail server may go on."""
        if self._listening is not None:
            self._listening.close()
        self._mail_threads.shutdown(wait=False, cancel_futures=True)
        self._admission_threads.shutdown(wait=False, cancel_futures=True)
        self._push_threads.shutdown(wait=False, cancel_futures=True)
        self._database.close()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if self._checking is None:
            self._checking = asyncio.get_running_loop().create_task(self._look_after_sessions())
        answer = await asyncio.get_running_loop().run_in_executor(self._admission_threads, self._admit, scope)
        if answer.stream is None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body, "more_body": False})
            return
        try:
            await self._stream(answer, answer.stream, receive, send)
        finally:
            self.hub.release(answer.stream)

    async def _look_after_sessions(self) -> None:
        """Listen for the announcements of other processes, and check the sessions regularly."""
        loop = asyncio.get_running_loop()

        def heard(announcement: Announcement | None) -> None:
            with contextlib.suppress(RuntimeError):  # The event loop may have ended.
                loop.call_soon_threadsafe(self.hub.hear, announcement)

        self._listening = await asyncio.to_thread(self._announcements.listen, heard)
        await self.hub.check_sessions()

    def _admit(self, scope: HTTPScope) -> _Answer:
        environ: dict[str, Any] = dict(
            build_environ(scope, {"type": "http.request", "body": b"", "more_body": False}, io.BytesIO())
        )
        # The body of a request is never read.
        environ.pop("CONTENT_LENGTH", None)
        environ["SERVER_PORT"] = str(environ["SERVER_PORT"])  # PEP 3333 requires a text.
        streams = await_stream(environ)
        try:
            body, status, headers = run_wsgi_app(self._wsgi, environ, buffered=True)
        except BaseException:
            for reserved in streams:
                self.hub.release(reserved)
            raise
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        stream = next(iter(streams), None)
        if stream is not None:
            lines = [(name, value) for name, value in lines if name != b"content-length"]
        return _Answer(status=int(status[:3]), headers=lines, body=b"".join(body), stream=stream)

    async def _stream(
        self, answer: _Answer, stream: Stream, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self.hub.join(stream)
        leaving = asyncio.get_running_loop().create_task(_end_with_client(stream, receive))
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            while (event := await stream.next()) is not None:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            if not stream.is_dropped:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
            self.hub.leave(stream)


async def _end_with_client(stream: Stream, receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
