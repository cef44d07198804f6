"""The sessions whose browsers want push messages, by session and by user. Only the event loop may use them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from webbridge.gateway import Credentials

UserKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One session. `user` is the key of its user, and `endpoint` the address of its browser at the push service."""

    user: UserKey
    credentials: Credentials
    endpoint: str = field(repr=False)


class Subscribers:
    """All sessions of this process that have a subscription."""

    def __init__(self) -> None:
        self._by_session: dict[str, Subscriber] = {}
        self._by_user: dict[UserKey, set[str]] = {}

    def __len__(self) -> int:
        return len(self._by_session)

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._by_session

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_session)

    def find(self, session_id: str) -> Subscriber | None:
        """Return the subscription of a session."""
        return self._by_session.get(session_id)

    def of(self, user: UserKey) -> dict[str, Subscriber]:
        """Return the subscriptions of a user by their sessions."""
        return {session_id: self._by_session[session_id] for session_id in self._by_user.get(user, ())}

    def put(self, session_id: str, subscriber: Subscriber) -> None:
        """Keep the subscription of a session, in place of an earlier one."""
        self._by_session[session_id] = subscriber
        self._by_user.setdefault(subscriber.user, set()).add(session_id)

    def remove(self, session_id: str) -> Subscriber | None:
        """Remove the subscription of a session. Return it, or None if there was none."""
        removed = self._by_session.pop(session_id, None)
        if removed is not None:
            others = self._by_user[removed.user]
            others.discard(session_id)
            if not others:
                del self._by_user[removed.user]
        return removed
