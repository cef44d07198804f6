"""The outcome of a change, and the steps that undo the change, as values.

A step does only what people may do anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from webbridge.gateway.door import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagStep:
    """Set and clear flags on messages."""

    mailbox: Mailbox
    uids: Sequence[int]
    add: Sequence[str] = ()
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStep:
    """Move messages to a folder."""

    mailbox: Mailbox
    uids: Sequence[int]
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveStep:
    """Delete messages for ever. They are copies that a change has made."""

    mailbox: Mailbox
    uids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameStep:
    """Rename a folder."""

    folder: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStep:
    """Create a folder."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteStep:
    """Delete a folder if it is empty."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeStep:
    """Subscribe to a folder, or end the subscription."""

    folder: str
    is_subscribed: bool


Step: TypeAlias = "FlagStep | MoveStep | RemoveStep | RenameStep | CreateStep | DeleteStep | SubscribeStep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The outcome of a change. `undo` is empty if nothing can undo it, or nothing has changed.

    `is_marked_only` says that the server cannot delete single messages. The messages stay in their folder, marked as
    deleted. `folder` is the whole name of the folder that was made or renamed. `renamed` has the old and new names of
    the renamed folder, and of the folders below it that were chosen for a use.
    """

    undo: tuple[Step, ...] = ()
    is_marked_only: bool = False
    folder: str = ""
    renamed: tuple[tuple[str, str], ...] = ()
