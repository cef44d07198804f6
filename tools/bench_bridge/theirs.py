"""The requests that Roundcube's own pages send to it, for the same work as ours."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from tools.bench_bridge.web import Answer, Web

_TOKEN: Final = re.compile(rb'"request_token":"([A-Za-z0-9]+)"')
_COMPOSE_ID: Final = re.compile(rb'"compose_id":"([A-Za-z0-9]+)"')
_IDENTITY: Final = re.compile(rb'<option value="(\d+)" selected')
_ROW: Final = re.compile(rb"add_message_row\((\d+),")
_AJAX: Final = {"X-Requested-With": "XMLHttpRequest"}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class TheirClient:
    """A person who is signed in to Roundcube."""

    name = "Roundcube"

    def __init__(self, port: int, address: str, password: str) -> None:
        self._port = port
        self.web = Web(port)
        self._address, self._password = address, password
        self._token = ""

    def log_in(self) -> Answer:
        """Sign in with a new session. Only the time of the form's POST counts."""
        self.web.close()
        self.web = Web(self._port)
        token = _found(_TOKEN, self.web.ask("GET", "/?_task=login").body)
        form = {
            "_task": "login", "_action": "login", "_timezone": "UTC", "_url": "", "_token": token,
            "_user": self._address, "_pass": self._password,
        }  # fmt: skip
        return self.web.ask("POST", "/?_task=login", body=urlencode(form).encode(), headers=_FORM, expected=(302,))

    def begin(self) -> None:
        """Open the mailbox's page, which has the token for later requests."""
        self._token = _found(_TOKEN, self.web.ask("GET", "/?_task=mail").body)

    def list_page(self) -> Answer:
        """The newest 50 messages of the inbox, as the page asks for them after a click on a folder."""
        return self._ajax("_task=mail&_action=list&_mbox=INBOX&_remote=1")

    def newest_uid(self) -> int:
        """The UID of the newest message."""
        return int(_found(_ROW, self.list_page().body))

    def open(self, uid: int) -> Answer:
        """The message, as the reading pane asks for it."""
        answer = self.web.ask("GET", f"/?_task=mail&_mbox=INBOX&_uid={uid}&_action=show&_framed=1")
        if b"brown fox" not in answer.body:
            raise AssertionError("Roundcube has not shown the message")
        return answer

    def search(self, word: str) -> Answer:
        """Messages with a word in the subject."""
        return self._ajax(f"_task=mail&_action=search&_mbox=INBOX&_q={word}&_headers=subject&_scope=base&_remote=1")

    def send(self, text: str, to: str) -> Answer:
        """Send a message, and keep a copy in Sent. Opening the form is not counted."""
        compose = self.web.ask("GET", "/?_task=mail&_action=compose", expected=(302,))
        form_page = self.web.ask("GET", re.sub(r"^(https?://[^/]+)?/?\.?/?", "/", compose.headers["Location"])).body
        form = {
            "_token": _found(_TOKEN, form_page), "_task": "mail", "_action": "send",
            "_id": _found(_COMPOSE_ID, form_page), "_from": _found(_IDENTITY, form_page), "_to": to,
            "_subject": "The harbour", "_message": text, "_is_html": "0", "_store_target": "Gesendet",
        }  # fmt: skip
        answer = self.web.ask("POST", "/?_task=mail&_framed=1", body=urlencode(form).encode(), headers=_FORM)
        if b"sent_successfully" not in answer.body:
            raise AssertionError(f"Roundcube has not sent the message: {answer.body[-400:]!r}")
        return answer

    def _ajax(self, query: str) -> Answer:
        return self.web.ask("GET", f"/?{query}", headers={**_AJAX, "X-Roundcube-Request": self._token})


def _found(pattern: re.Pattern[bytes], page: bytes) -> str:
    match = pattern.search(page)
    if match is None:
        raise AssertionError(f"Roundcube's page lacks {pattern.pattern!r}")
    return match[1].decode()
