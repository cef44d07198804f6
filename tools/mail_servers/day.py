"""A day of one person at one mail server, by the bridge's HTTP API: its steps, and the deviations that they find."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from flask.testing import FlaskClient

from tests.support.servers.bridge import API, FROM_PAGES
from tests.support.servers.mailboxes import ALICE, PASSWORDS, login_at
from webbridge.gateway import Credentials, GatewayError, ImapConnection, MailServer, OutgoingMessage
from webbridge.gateway.door import UnreadableAnswer
from webbridge.services import services_of

MAX_WORDS: Final = 160


class Arrivals(Protocol):
    """The mails that a submission server has passed on."""

    def of(self, recipient: str) -> list[bytes]:
        """Return the mails that have come for a recipient, oldest first."""


class DeviationFound(Exception):
    """The result of a step is not the expected one. The text describes the result."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person or another program does. `act` raises DeviationFound."""

    name: str
    act: Callable[[Day], None]


@dataclass(frozen=True, slots=True)
class Met:
    """The outcome of a step; without `words` it went as expected."""

    step: str
    words: str = ""


class Steps:
    """The steps of one part of a day, in the order in which they are written."""

    def __init__(self) -> None:
        self.all: list[Step] = []

    def __call__(self, name: str) -> Callable[[Callable[[Day], None]], Callable[[Day], None]]:
        """Add the decorated function as the next step."""

        def add(act: Callable[[Day], None]) -> Callable[[Day], None]:
            self.all.append(Step(name, act))
            return act

        return add


@dataclass
class Day:
    """The devices of the person, the servers, and the notes that one step leaves for later ones.

    `here` and `there` are two devices. `server` is the address at which other programs reach the mailbox, by IMAP.
    `arrivals` has the mail that the submission server has passed on"""

    here: FlaskClient
    there: FlaskClient
    server: MailServer
    arrivals: Arrivals
    password: str = PASSWORDS[ALICE]
    notes: dict[str, Any] = field(default_factory=dict)

    def call(
        self, method: str, path: str, *, at: FlaskClient | None = None, data: bytes | None = None, **members: object
    ) -> Any:
        """Send a request with these members or this body, and return the JSON of its answer."""
        response = self._open(method, path, at, data, members)
        if response.status_code >= 300:
            raise DeviationFound(_refusal(response))
        return response.get_json(silent=True)

    def read(self, path: str) -> bytes:
        """Return the bytes of a message."""
        response = self._open("GET", path, None, None, {})
        if response.status_code != 200:
            raise DeviationFound(_refusal(response))
        return bytes(response.data)

    def refused(self, method: str, path: str, *codes: str, at: FlaskClient | None = None, **members: object) -> None:
        """Send a request that must be refused with one of these codes."""
        response = self._open(method, path, at, None, members)
        if response.status_code < 300:
            raise DeviationFound(f"{response.status_code} in place of {' or '.join(codes)}")
        if response.get_json()["code"] not in codes:
            raise DeviationFound(f"{_refusal(response)} in place of {' or '.join(codes)}")

    def folders(self, at: FlaskClient | None = None) -> list[dict[str, Any]]:
        """Return the rows of the list of folders."""
        return list(self.call("GET", "/api/folders", at=at)["folders"])

    def folder(self, folder_id: str, at: FlaskClient | None = None) -> dict[str, Any]:
        """Return the row of one folder."""
        return _only((row for row in self.folders(at) if row["id"] == folder_id), "the folder is not in the list")

    def with_role(self, role: str) -> dict[str, Any]:
        """Return the row of the folder with a role."""
        return _only((row for row in self.folders() if row["role"] == role), f"no folder has the role {role}")

    @property
    def inbox(self) -> str:
        """The id of the inbox."""
        return services_of(self.here.application).folder_ids.id_of(ALICE, "INBOX")

    def listed(self, folder_id: str, at: FlaskClient | None = None, query: str = "limit=200") -> Any:
        """Return one page of the list of a folder's messages."""
        return self.call("GET", f"/api/folders/{folder_id}/messages?{query}", at=at)

    def row(self, folder_id: str, subject: str, at: FlaskClient | None = None) -> dict[str, Any]:
        """Return the row of the message with this subject."""
        rows = self.listed(folder_id, at)["messages"]
        return _only((row for row in rows if row["subject"] == subject), f"no row has the subject {subject!r}")

    def mailbox(self, folder_id: str) -> str:
        """Return the API's path of a folder with its UIDVALIDITY."""
        return f"/api/folders/{folder_id}/{self.listed(folder_id, query='limit=1')['uidValidity']}"

    def make_folder(self, name: str) -> str:
        """Make a folder, and return its id. It must be in the list."""
        made = str(self.call("POST", "/api/folders", name=name)["id"])
        self.folder(made)
        return made

    def append(self, raw: bytes, folder: str = "INBOX", flags: Sequence[str] = ()) -> None:
        """Store a message as another program does."""
        connection = ImapConnection.open(self.credentials)
        try:
            with OutgoingMessage.of(raw) as message:
                connection.append(folder, message, flags)
        finally:
            connection.close()

    @property
    def credentials(self) -> Credentials:
        """The person's login at the mail server."""
        return login_at(self.server, ALICE, self.password)

    def _open(
        self, method: str, path: str, at: FlaskClient | None, data: bytes | None, members: dict[str, object]
    ) -> Any:
        headers, body = dict(FROM_PAGES), data
        if data is not None:
            headers["Content-Type"] = "application/octet-stream"
        elif members:
            headers["Content-Type"], body = "application/json", json.dumps(members).encode()
        browser = self.here if at is None else at
        return browser.open(path, method=method, base_url=API, headers=headers, data=body, buffered=True)


def walk(day: Day, steps: Iterable[Step]) -> list[Met]:
    """Take all steps, even after a failure, and return their outcomes."""
    return [_take(day, step) for step in steps]


def expect(is_met: object, words: str) -> None:
    """Raise DeviationFound with these words unless the condition is met."""
    if not is_met:
        raise DeviationFound(words)


def mail(subject: str, text: str = "The harbour at noon.", *more: str) -> bytes:
    """Return a mail of Bob to Alice. `more`: further header fields."""
    fields = [
        "From: Bob <bob@example.test>",
        "To: alice@example.test",
        f"Subject: {subject}",
        "Date: Mon, 2 Nov 2026 10:00:00 +0000",
        f"Message-ID: <{secrets.token_hex(8)}@example.test>",
        *more,
    ]
    return "\r\n".join([*fields, "", text, ""]).encode()


def _take(day: Day, step: Step) -> Met:
    try:
        step.act(day)
    except DeviationFound as deviation:
        return Met(step.name, _short(str(deviation)))
    except UnreadableAnswer:
        return Met(step.name, "an answer that cannot be read")
    except GatewayError as error:
        return Met(step.name, _short(f"{error.code}: {error.message}"))
    except KeyError as missing:
        return Met(step.name, f"an earlier step left no {missing}")
    except OSError as error:
        return Met(step.name, _short(str(error)))
    return Met(step.name)


def _only(rows: Iterable[dict[str, Any]], absence: str) -> dict[str, Any]:
    row = next(iter(rows), None)
    if row is None:
        raise DeviationFound(absence)
    return row


def _refusal(response: Any) -> str:
    answer = response.get_json(silent=True) or {}
    return f"{response.status_code} {answer.get('code', '')}: {answer.get('message', '')}"


def _short(words: str) -> str:
    return " ".join(words.split())[:MAX_WORDS]
