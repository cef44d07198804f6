"""The open streams by session and by user, the watch over each user's inbox, and the end of streams with sessions."""

from __future__ import annotations

import asyncio
import hmac
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final

from sealwax.service import Announcement, Announcements, DatabaseUnavailable, TryLater, audit
from sealwax.service.metrics import add_streams
from webbridge.events.inbox import InboxWatcher
from webbridge.events.stream import Stream, event_bytes, retry_bytes
from webbridge.events.words import MAIL_CHANGED, SESSION_ENDED, name_of_account
from webbridge.folder_ids import FolderIds
from webbridge.gateway import INBOX, Credentials
from webbridge.login.sessions import Session, SessionStore

MAX_STREAMS_PER_SESSION: Final = 8
CHECK_SECONDS: Final = 20.0
# A page that is loaded again finds the connection of its user still open.
LINGER_SECONDS: Final = 30.0
RETRY_AFTER_SECONDS: Final = 60
_SESSION_ENDED: Final = event_bytes("session-ended", {})

UserKey = tuple[str, str]


class _User:
    """The streams of one user, over all sessions."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.watcher: InboxWatcher | None = None
        self.leaving: asyncio.TimerHandle | None = None


class Hub:
    """All streams of this process. `reserve` and `release` may be called by any thread, the rest by the event loop."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        announcements: Announcements,
        folder_ids: FolderIds,
        mail_threads: Executor,
        max_streams: int,
    ) -> None:
        self._sessions = sessions
        self._announcements = announcements
        self._folder_ids = folder_ids
        self._mail_threads = mail_threads
        self._max_streams = max_streams
        self._counted = threading.Lock()
        self._by_session: Counter[str] = Counter()
        self._users: dict[UserKey, _User] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_ended = False

    def reserve(self, session: Session) -> Stream:
        """Return a stream of a session, which `release` must end. Raises TryLater."""
        with self._counted:
            if self._by_session[session.id] >= MAX_STREAMS_PER_SESSION:
                raise TryLater("Too many pages of this session are open. Close one.", RETRY_AFTER_SECONDS)
            if self._by_session.total() >= self._max_streams:
                raise TryLater("Too many pages are open at this server. Try again later.", RETRY_AFTER_SECONDS)
            self._by_session[session.id] += 1
        add_streams(1)
        return Stream(session)

    def release(self, stream: Stream) -> None:
        """Give back the place of a stream."""
        add_streams(-1)
        with self._counted:
            self._by_session[stream.session_id] -= 1
            if not self._by_session[stream.session_id]:
                del self._by_session[stream.session_id]

    def join(self, stream: Stream) -> None:
        """Begin to feed a stream. Its first event names the account, and the folders whose changes it reports."""
        account = stream.credentials.account
        is_watched = account.server.imap is not None
        folders = [self._folder_ids.id_of(account.address, INBOX)] if is_watched else []
        stream.put(event_bytes("ready", {"account": account.address, "folders": folders}))
        if self._has_ended:
            self._end(stream)
        user = self._users.setdefault(_key_of(stream), _User())
        user.streams.add(stream)
        if user.leaving is not None:
            user.leaving.cancel()
            user.leaving = None
        if is_watched and user.watcher is None:
            user.watcher = self._watch(user, folders[0])

    def leave(self, stream: Stream) -> None:
        """Feed a stream no longer. The watch of a user without streams ends after a while."""
        user = self._users.get(_key_of(stream))
        if user is None:
            return
        user.streams.discard(stream)
        if not user.streams and user.leaving is None:
            loop = asyncio.get_running_loop()
            user.leaving = loop.call_later(LINGER_SECONDS, self._forget, _key_of(stream))

    async def check_sessions(self) -> None:
        """End the streams of sessions that have ended or expired, again and again."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check_sessions_once()

    async def check_sessions_once(self) -> None:
        """End the streams of sessions that have ended or expired."""
        asked = set(self._by_session)
        try:
            living = await asyncio.to_thread(self._sessions.find_living, asked)
        except DatabaseUnavailable:
            return  # Later looks make up for it.
        for session_id in asked - living:
            self.end_session(session_id)

    def end_session(self, session_id: str) -> None:
        """End the streams of one session with the event that says so."""
        for stream in self._streams():
            if stream.session_id == session_id:
                stream.end(_SESSION_ENDED)

    def hear(self, announcement: Announcement | None) -> None:
        """Do what another process says. None means that something may not have been heard."""
        if announcement is None:
            self._spawn(self.check_sessions_once())
        elif announcement.kind == SESSION_ENDED:
            self.end_session(announcement.subject)
        elif announcement.kind == MAIL_CHANGED:
            event = event_bytes("mail", {"folder": announcement.detail})
            for stream in self._streams():
                if name_of_account(stream.credentials.account.address) == announcement.subject:
                    stream.put(event)

    def end(self) -> None:
        """End all streams. Their pages come back within some seconds, not all at once."""
        self._has_ended = True
        for stream in self._streams():
            self._end(stream)
        for user in self._users.values():
            if user.watcher is not None:
                user.watcher.stop()

    def _end(self, stream: Stream) -> None:
        stream.end(retry_bytes(random.randint(1_000, 10_000)))  # noqa: S311 (not a secret)

    def _streams(self) -> list[Stream]:
        return [stream for user in self._users.values() for stream in user.streams]

    def _watch(self, user: _User, folder_id: str) -> InboxWatcher:
        event = event_bytes("mail", {"folder": folder_id})

        def report() -> None:
            for stream in user.streams:
                stream.put(event)

        def credentials() -> Credentials | None:
            found = next(iter(user.streams), None)
            if found is None:
                user.watcher = None  # The next stream begins anew.
            return None if found is None else found.credentials

        return InboxWatcher(
            credentials=credentials, report=report, refused=self._end_refused(user), threads=self._mail_threads
        )

    def _end_refused(self, user: _User) -> Callable[[Credentials], None]:
        def end_refused(credentials: Credentials) -> None:
            """End the sessions whose password the mail server no longer accepts."""
            refused = {stream for stream in user.streams if _are_equal(stream.credentials, credentials)}
            for session_id in {stream.session_id for stream in refused}:
                self._spawn(self._end_announced(session_id))
                audit("session-ended", outcome="login-refused", account=credentials.account.address)
            for stream in refused:
                stream.end(_SESSION_ENDED)
            user.streams -= refused

        return end_refused

    async def _end_announced(self, session_id: str) -> None:
        """End a session, and let the other processes close its connections."""
        try:
            await asyncio.to_thread(self._sessions.end_id, session_id)
        except DatabaseUnavailable:
            logging.getLogger("sealwax.events").warning(
                "a session could not be ended, because the database is unavailable"
            )
            return
        await asyncio.to_thread(self._announcements.tell, Announcement(kind=SESSION_ENDED, subject=session_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, key: UserKey) -> None:
        user = self._users.pop(key)
        if user.watcher is not None:
            user.watcher.stop()


def _are_equal(one: Credentials, other: Credentials) -> bool:
    return hmac.compare_digest(one.password.encode(), other.password.encode())


def _key_of(stream: Stream) -> UserKey:
    account = stream.credentials.account
    return account.address, account.server.mailbox.host
