"""The operations of a mailbox that POP3 (RFC 1939) does not have. Each raises NOT_OFFERED."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from webbridge.gateway.door import GatewayCode, GatewayError


def _refusing(what: str) -> Callable[..., NoReturn]:
    """Return a method that raises NOT_OFFERED, whatever its arguments are."""

    def refuse(*_arguments: object, **_named: object) -> NoReturn:
        raise GatewayError(
            GatewayCode.NOT_OFFERED, f"This mail account {what}, because its mail server offers only POP3."
        )

    return refuse


class Pop3Refusals:
    """The part of MailConnection that a POP3 mailbox refuses."""

    list_changes = _refusing("keeps no record of changes")
    search = _refusing("cannot search")
    list_sorted = _refusing("cannot sort")
    list_threads = _refusing("has no threads")
    change_flags = _refusing("keeps no flags")
    move = _refusing("has no folders but the inbox")
    copy = _refusing("has no folders but the inbox")
    delete = _refusing("has no trash")
    create_folder = _refusing("has no folders but the inbox")
    rename_folder = _refusing("has no folders but the inbox")
    delete_folder = _refusing("has no folders but the inbox")
    subscribe = _refusing("has no folders but the inbox")
    list_access = _refusing("shares no folders")
    grant_access = _refusing("shares no folders")
    withdraw_access = _refusing("shares no folders")
    take_step = _refusing("undoes nothing")
    append = _refusing("stores no messages")
    check_end = _refusing("stores no messages")
    delete_due = _refusing("stores no messages")
    has_message_id = _refusing("does not search")
    sent_folder = _refusing("has no folders but the inbox")
    has_role = _refusing("has no folders but the inbox")
    keep_draft = _refusing("stores no messages")
    delete_draft = _refusing("stores no messages")
