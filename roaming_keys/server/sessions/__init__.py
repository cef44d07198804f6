"""The sessions of people who have logged in, and their devices.

`gate` makes logins wait until they have proved the account's second factor.
"""

from roaming_keys.server.sessions.new_session import NewSession, RightLogin, StartedSession, TakeBack, UsedBefore
from roaming_keys.server.sessions.sessions import (
    AccountDisabled,
    Caller,
    NoSuchAccount,
    SessionEnded,
    SessionStore,
    StorePart,
    aware,
)

__all__ = [
    "AccountDisabled",
    "Caller",
    "NewSession",
    "NoSuchAccount",
    "RightLogin",
    "SessionEnded",
    "SessionStore",
    "StartedSession",
    "StorePart",
    "TakeBack",
    "UsedBefore",
    "aware",
]
