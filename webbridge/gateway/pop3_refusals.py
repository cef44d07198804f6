"""The operations of a mailbox that POP3 (RFC 1939) does not have. Each raises NOT_OFFERED."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NoReturn

from webbridge.gateway.door import GatewayCode, GatewayError, Mailbox
from webbridge.gateway.imap_access import Level
from webbridge.gateway.imap_folders import Role
from webbridge.gateway.imap_search import Criteria, SortKey
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.undo import Step


class Pop3Refusals:
    """The part of MailConnection that a POP3 mailbox refuses."""

    def list_changes(self, mailbox: Mailbox, token: str, *, from_uid: int, limit: int) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("keeps no record of changes")

    def search(
        self,
        folder: str,
        criteria: Criteria,
        *,
        before_uid: int | None = None,
        limit: int,
        uid_validity: int | None = None,
    ) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("cannot search")

    def list_sorted(self, folder: str, key: SortKey, *, is_descending: bool, offset: int, limit: int) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("cannot sort")

    def list_threads(self, folder: str, *, offset: int, limit: int) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no threads")

    def change_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("keeps no flags")

    def move(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def copy(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def delete(self, mailbox: Mailbox, uids: Sequence[int]) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no trash")

    def create_folder(self, folder: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def rename_folder(self, folder: str, to: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def delete_folder(self, folder: str, *, with_messages: bool = False) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def subscribe(self, folder: str, *, is_subscribed: bool) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def list_access(self, folder: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("shares no folders")

    def grant_access(self, folder: str, person: str, level: Level) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("shares no folders")

    def withdraw_access(self, folder: str, person: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("shares no folders")

    def take_step(self, step: Step) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("undoes nothing")

    def append(
        self, folder: str, message: OutgoingMessage, flags: Sequence[str], received: datetime | None = None
    ) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("stores no messages")

    def check_end(self, folder: str, days: int) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("stores no messages")

    def delete_due(self, folder: str, today: date) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("stores no messages")

    def has_message_id(self, folder: str, message_id: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("does not search")

    def sent_folder(self) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def has_role(self, folder: str, *roles: Role) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("has no folders but the inbox")

    def keep_draft(self, message: OutgoingMessage, message_id: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("stores no messages")

    def delete_draft(self, message_id: str) -> NoReturn:
        """Raise NOT_OFFERED."""
        _refuse("stores no messages")


def _refuse(what: str) -> NoReturn:
    raise GatewayError(GatewayCode.NOT_OFFERED, f"This mail account {what}, because its mail server offers only POP3.")
