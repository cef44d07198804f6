"""The open streams of each session and user, and the watch over each user's inbox. Streams end with their sessions.

If a session has a subscription to push messages, its user's inbox is watched without a page until the session ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Set
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from sealwax.service import Announcement, Announcements, DatabaseUnavailable, TryLater, audit
from sealwax.service.metrics import add_streams
from webbridge.events.inbox import InboxWatcher
from webbridge.events.stream import Stream, event_bytes, retry_bytes
from webbridge.events.subscribers import Subscriber, Subscribers, UserKey
from webbridge.events.waking import Waker
from webbridge.events.words import MAIL_CHANGED, PUSH_CHANGED, SESSION_ENDED, name_of_account
from webbridge.folder_ids import FolderIds
from webbridge.gateway import INBOX, Credentials
from webbridge.login.sessions import Session, SessionStore
from webbridge.push.message import Sent
from webbridge.push.subscriptions import Subscriptions

MAX_STREAMS_PER_SESSION: Final = 8
CHECK_SECONDS: Final = 20.0
# The connection stays open for this time, so that a page that reloads can use it.
LINGER_SECONDS: Final = 30.0
RETRY_AFTER_SECONDS: Final = 60
_SESSION_ENDED: Final = event_bytes("session-ended", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """The means for push messages. `send` sends a message to an address. It runs in a thread of `threads`."""

    subscriptions: Subscriptions
    send: Callable[[str], Sent]
    threads: Executor


class _User:
    """The streams of one user, over all sessions."""

    def __init__(self, key: UserKey) -> None:
        self.key = key
        self.streams: set[Stream] = set()
        self.watcher: InboxWatcher | None = None
        self.leaving: asyncio.TimerHandle | None = None


class Hub:
    """All streams of this process. Only `reserve` and `release` may be called outside of the event loop's thread."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        announcements: Announcements,
        folder_ids: FolderIds,
        mail_threads: Executor,
        max_streams: int,
        push: Push | None = None,
    ) -> None:
        self._sessions = sessions
        self._announcements = announcements
        self._folder_ids = folder_ids
        self._mail_threads = mail_threads
        self._max_streams = max_streams
        self._push = push
        self._subscribers = Subscribers()
        self._waker = (
            None
            if push is None
            else Waker(endpoint_of=self._endpoint_of, send=push.send, gone=self._gone, threads=push.threads)
        )
        self._counted = threading.Lock()
        self._by_session: Counter[str] = Counter()
        self._users: dict[UserKey, _User] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_ended = False

    def reserve(self, session: Session) -> Stream:
        """Return a new stream of a session. The caller must `release` it. Raises TryLater."""
        with self._counted:
            if self._by_session[session.id] >= MAX_STREAMS_PER_SESSION:
                raise TryLater("Too many pages of this session are open. Close one.", RETRY_AFTER_SECONDS)
            if self._by_session.total() + len(self._subscribers) >= self._max_streams:
                raise TryLater("Too many pages are open at this server. Try again later.", RETRY_AFTER_SECONDS)
            self._by_session[session.id] += 1
        add_streams(1)
        return Stream(session)

    def release(self, stream: Stream) -> None:
        """Give up the place of a stream, which `reserve` has taken."""
        add_streams(-1)
        with self._counted:
            self._by_session[stream.session_id] -= 1
            if not self._by_session[stream.session_id]:
                del self._by_session[stream.session_id]

    def join(self, stream: Stream) -> None:
        """Send events to a stream from now on. The first one names the account and the watched folders."""
        account = stream.credentials.account
        is_watched = account.server.imap is not None
        folders = [self._folder_ids.id_of(account.address, INBOX)] if is_watched else []
        stream.put(event_bytes("ready", {"account": account.address, "folders": folders}))
        if self._has_ended:
            self._end(stream)
        key = _key_of(stream)
        user = self._users.setdefault(key, _User(key))
        user.streams.add(stream)
        if user.leaving is not None:
            user.leaving.cancel()
            user.leaving = None
        if is_watched:
            self._subscribe(stream, stream.push_endpoint)
        if is_watched and user.watcher is None:
            user.watcher = self._watch(user, folders[0])

    def leave(self, stream: Stream) -> None:
        """Send no more events to a stream. A user without streams or subscriptions is watched for a while longer."""
        user = self._users.get(_key_of(stream))
        if user is None:
            return
        user.streams.discard(stream)
        self._linger(user)

    async def check_sessions(self) -> None:
        """Check regularly for sessions that have ended or expired, and end their streams."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check_sessions_once()

    async def check_sessions_once(self) -> None:
        """End the streams and subscriptions of sessions that have ended or expired."""
        session_ids = set(self._by_session) | set(self._subscribers)
        try:
            living = await asyncio.to_thread(self._sessions.find_living, session_ids)
        except DatabaseUnavailable:
            return  # A later check does it.
        for session_id in session_ids - living:
            self.end_session(session_id)
        await self._read_endpoints(living)

    def end_session(self, session_id: str) -> None:
        """End the streams of one session with the event `session-ended`, and end the session's subscription."""
        for stream in self._streams():
            if stream.session_id == session_id:
                stream.end(_SESSION_ENDED)
        self._unsubscribe(session_id)

    def hear(self, announcement: Announcement | None) -> None:
        """React to an announcement of another process. None means that announcements may have been lost."""
        if announcement is None:
            self._spawn(self.check_sessions_once())
        elif announcement.kind == SESSION_ENDED:
            self.end_session(announcement.subject)
        elif announcement.kind == PUSH_CHANGED:
            self._spawn(self._read_endpoints({announcement.subject}))
        elif announcement.kind == MAIL_CHANGED:
            event = event_bytes("mail", {"folder": announcement.detail})
            for stream in self._streams():
                if name_of_account(stream.credentials.account.address) == announcement.subject:
                    stream.put(event)

    def end(self) -> None:
        """End all streams. The pages reconnect at different times within ten seconds."""
        self._has_ended = True
        for stream in self._streams():
            self._end(stream)
        if self._waker is not None:
            self._waker.end()
        for user in self._users.values():
            if user.watcher is not None:
                user.watcher.stop()

    def _end(self, stream: Stream) -> None:
        stream.end(retry_bytes(random.randint(1_000, 10_000)))  # noqa: S311 (not a secret)

    def _streams(self) -> list[Stream]:
        return [stream for user in self._users.values() for stream in user.streams]

    def _watch(self, user: _User, folder_id: str) -> InboxWatcher:
        event, has_arrived = (event_bytes(name, {"folder": folder_id}) for name in ("mail", "arrived"))

        def report() -> None:
            for stream in user.streams:
                stream.put(event)

        def arrived() -> None:
            for stream in user.streams:
                stream.put(has_arrived)
            for session_id in self._subscribers.of(user.key):
                if self._waker is not None and self._endpoint_of(session_id) is not None:
                    self._waker.wake(session_id)

        def credentials() -> Credentials | None:
            of_streams = (stream.credentials for stream in user.streams)
            of_others = (subscriber.credentials for subscriber in self._subscribers.of(user.key).values())
            first_credentials = next(chain(of_streams, of_others), None)
            if first_credentials is None:
                user.watcher = None  # The next stream makes a new watcher.
            return first_credentials

        return InboxWatcher(
            credentials=credentials,
            report=report,
            arrived=arrived,
            refused=self._end_refused(user),
            threads=self._mail_threads,
        )

    def _end_refused(self, user: _User) -> Callable[[Credentials], None]:
        def end_refused(credentials: Credentials) -> None:
            """End the sessions whose password the mail server no longer accepts."""
            refused = {stream for stream in user.streams if _are_equal(stream.credentials, credentials)}
            ended = {stream.session_id for stream in refused}
            subscribed = self._subscribers.of(user.key).items()
            ended |= {session for session, subscriber in subscribed if _are_equal(subscriber.credentials, credentials)}
            for session_id in ended:
                self._unsubscribe(session_id)
                self._spawn(self._end_announced(session_id))
                audit("session-ended", outcome="login-refused", account=credentials.account.address)
            for stream in refused:
                stream.end(_SESSION_ENDED)
            user.streams -= refused

        return end_refused

    async def _end_announced(self, session_id: str) -> None:
        """End a session, and announce its end, so that other processes close its connections."""
        try:
            await asyncio.to_thread(self._sessions.end_id, session_id)
        except DatabaseUnavailable:
            logging.getLogger("sealwax.events").warning(
                "a session could not be ended, because the database is unavailable"
            )
            return
        await asyncio.to_thread(self._announcements.announce, Announcement(kind=SESSION_ENDED, subject=session_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _linger(self, user: _User) -> None:
        if not user.streams and not self._subscribers.of(user.key) and user.leaving is None:
            user.leaving = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._forget, user)

    def _forget(self, user: _User) -> None:
        user.leaving = None
        if user.streams or self._subscribers.of(user.key):
            return
        del self._users[user.key]
        if user.watcher is not None:
            user.watcher.stop()

    async def _read_endpoints(self, session_ids: Set[str]) -> None:
        """Read the subscriptions of the sessions that have a page or a subscription here."""
        if self._push is None or not session_ids:
            return
        try:
            endpoints = await asyncio.to_thread(self._push.subscriptions.find, session_ids)
        except DatabaseUnavailable:
            return  # A later check does it.
        for stream in self._streams():
            if stream.session_id in endpoints and stream.credentials.account.server.imap is not None:
                self._subscribe(stream, endpoints[stream.session_id])
        for session_id in session_ids:
            self._change_endpoint(session_id, endpoints.get(session_id, ""))

    def _subscribe(self, stream: Stream, endpoint: str) -> None:
        if self._push is None or not endpoint:
            return
        with self._counted:
            has_room = self._by_session.total() + len(self._subscribers) < self._max_streams
        if has_room or stream.session_id in self._subscribers:
            subscriber = Subscriber(user=_key_of(stream), credentials=stream.credentials, endpoint=endpoint)
            self._subscribers.put(stream.session_id, subscriber)

    def _change_endpoint(self, session_id: str, endpoint: str) -> None:
        """Use the push address that the database has for a session. An empty address ends the subscription."""
        known = self._subscribers.find(session_id)
        if known is not None and endpoint:
            self._subscribers.put(session_id, replace(known, endpoint=endpoint))
        else:
            self._unsubscribe(session_id)

    def _unsubscribe(self, session_id: str) -> None:
        removed = self._subscribers.remove(session_id)
        if removed is None:
            return
        if self._waker is not None:
            self._waker.forget(session_id)
        user = self._users.get(removed.user)
        if user is not None:
            self._linger(user)

    def _endpoint_of(self, session_id: str) -> str | None:
        """Return the push address of a session, or None if an open page of the session gets the events."""
        subscriber = self._subscribers.find(session_id)
        return None if subscriber is None or session_id in self._by_session else subscriber.endpoint

    def _gone(self, session_id: str, endpoint: str) -> None:
        """Delete a push address that the push service no longer knows."""
        subscriber = self._subscribers.find(session_id)
        if self._push is not None and subscriber is not None and subscriber.endpoint == endpoint:
            self._unsubscribe(session_id)
            self._spawn(self._forget_endpoint(self._push.subscriptions, session_id))

    async def _forget_endpoint(self, subscriptions: Subscriptions, session_id: str) -> None:
        with contextlib.suppress(DatabaseUnavailable):
            await asyncio.to_thread(subscriptions.forget, session_id)


def _are_equal(credentials: Credentials, other: Credentials) -> bool:
    return hmac.compare_digest(credentials.password.encode(), other.password.encode())


def _key_of(stream: Stream) -> UserKey:
    account = stream.credentials.account
    return account.address, account.server.mailbox.host
