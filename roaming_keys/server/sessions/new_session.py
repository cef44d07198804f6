"""A login whose signature is right, before its session begins."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from roaming_keys.protocol.key_account import LoginMethod

TakeBack = Callable[[Connection], None]
"""Uncounts the attempt of a login that was right, in the transaction that starts its session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RightLogin:
    """The kind of a login, the public key that will verify its calls, and the device with the hash of its token."""

    user: str
    method: LoginMethod
    key: bytes
    token_hash: bytes
    sealed_name: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession(RightLogin):
    """A login whose signature is right, the account's public key that has verified it, and the nonce that it used."""

    login_key: bytes
    nonce: bytes
    nonce_ends: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSession:
    """A session from its start: its end, and the sealed record of its account.

    While a reset of the account goes on, `reset_ready` is the time, in seconds since 1970, from which it may be
    finished.
    """

    ends: datetime.datetime
    sealed_record: bytes
    reset_ready: int | None


class UsedBefore(Exception):
    """A ticket, nonce, call or code has been used already."""
