"""Calls of views to the mail server, and the values that their requests and answers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import request
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.gateway import Mailbox, MailConnection, MessagePage, MessageSummary
from webbridge.gateway.imap_folders import Role
from webbridge.login.sessions import Session
from webbridge.services import services, with_mail

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_DIGITS = 10  # The digits of a UID, which has 32 bits.
EXTENSION_ROLES = (Role.SENT, Role.DRAFTS)
"""The roles of the folders that an extension's session may use."""
MAX_CHANGE_BYTES = 64 * 1024  # The size of a request that names 1,000 messages.

Result = TypeVar("Result")


def call_mail(session: Session, operation: Callable[[MailConnection], Result]) -> Result:
    """Run an operation that may be repeated."""
    return with_mail(session, lambda: services().pool.run(session.id, session.credentials, operation))


def call_mail_once(session: Session, operation: Callable[[MailConnection], Result]) -> Result:
    """Run an operation that must not happen twice."""
    return with_mail(session, lambda: services().pool.run_once(session.id, session.credentials, operation))


def folder_of(session: Session, folder_id: object) -> str:
    """Return the name of the session's folder with this id. Raises BadRequest, GatewayError or ServiceError.

    An extension's session has only the folders for sent mail and for drafts.
    """
    if not isinstance(folder_id, str):
        raise BadRequest
    folder = services().folder_ids.name_of(session.address, folder_id)
    if session.origin and not call_mail(session, lambda connection: connection.has_role(folder, *EXTENSION_ROLES)):
        raise ServiceError(403, "not-allowed", "An extension may not read this folder. Use the bridge's pages.")
    return folder


def mailbox_of(session: Session, folder_id: object, uid_validity: object) -> Mailbox:
    """Return the session's folder with a UIDVALIDITY. Raises BadRequest or GatewayError."""
    if type(uid_validity) is not int:
        raise BadRequest
    return Mailbox(folder_of(session, folder_id), uid_validity)


def id_of(session: Session, folder: str) -> str:
    """Return the id of the session's folder."""
    return services().folder_ids.id_of(session.address, folder)


def uids_in(members: Mapping[str, object]) -> list[int]:
    """Return the list `uids` of a request. Raises BadRequest."""
    uids = members.get("uids")
    if not isinstance(uids, list) or not all(type(uid) is int for uid in uids):
        raise BadRequest
    return uids


def texts_in(members: Mapping[str, object], name: str) -> list[str]:
    """Return a list of texts of a request. An absent list is empty. Raises BadRequest."""
    texts = members.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequest
    return texts


def flag_in(members: Mapping[str, object], name: str) -> bool:
    """Return a truth value of a request, False if it is absent. Raises BadRequest."""
    value = members.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest
    return value


def positive_in(members: Mapping[str, object], name: str) -> int | None:
    """Return a positive number of 32 bits of a request, or None if it is absent. Raises ServiceError."""
    value = members.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 < value < 2**32:
        raise _wrong_number(name)
    return value


def number_of_query(name: str, *, lowest: int = 1) -> int | None:
    """Return a number of 32 bits of the query, or None if it is absent. Raises ServiceError."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and lowest <= int(text) < 2**32):
        raise _wrong_number(name)
    return int(text)


def check_before(before: int | None, uid_validity: int | None) -> None:
    """Check that a request with a UID also has the UIDVALIDITY of this UID. Raises ServiceError."""
    if before is not None and uid_validity is None:
        raise ServiceError(400, "bad-request", "The request has a before, and lacks the uidValidity of its folder.")


def render_page(page: MessagePage) -> dict[str, object]:
    """Return a page of messages for JSON."""
    return {
        "uidValidity": page.uid_validity,
        "total": page.total,
        "token": page.token,
        "messages": [render_row(row) for row in page.rows],
    }


def render_row(summary: MessageSummary) -> dict[str, object]:
    """Return the row of a message for JSON."""
    author = summary.author
    return {
        "uid": summary.uid,
        "from": summary.sender,
        "to": ", ".join(summary.recipients),
        "sender": author and {"name": author.name, "address": author.address},
        "subject": summary.subject,
        "date": None if summary.date is None else summary.date.isoformat(),
        "size": summary.size_bytes,
        "seen": summary.seen,
        "flags": summary.flags,
        "protection": summary.protection,
        "openpgp": summary.openpgp,
        "problem": summary.problem,
    }


def _wrong_number(name: str) -> ServiceError:
    return ServiceError(
        400, "bad-request", f"The request has a wrong {name}: a positive number of 32 bits is expected."
    )
