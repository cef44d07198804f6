"""The requests that our pages send to the bridge. The only place of the measurements that knows the bridge's API."""

from __future__ import annotations

import json
from typing import Final

from tests.bench_bridge.web import Answer, Web
from tests.support.servers.bridge import upload

_JSON: Final = {"Content-Type": "application/json"}


class OurClient:
    """A person who is signed in to the bridge."""

    name = "ours"

    def __init__(self, port: int, address: str, password: str) -> None:
        self.web = Web(port)
        self._headers = {"X-Sealwax": "1"}
        self._address, self._password = address, password
        self._folder = self._mailbox = ""

    def log_in(self) -> Answer:
        """Sign in; a new session each time."""
        body = json.dumps({"address": self._address, "password": self._password}).encode()
        return self._ask("POST", "/api/session", body, **_JSON)

    def log_out(self) -> None:
        """End the session."""
        self.web.ask("DELETE", "/api/session", headers=self._headers, expected=(204,))

    def open_folders(self) -> None:
        """Learn the id and the UIDVALIDITY of the inbox."""
        folders = json.loads(self._ask("GET", "/api/folders").body)["folders"]
        inbox = next(one for one in folders if one["role"] == "inbox")
        self._folder = f"/api/folders/{inbox['id']}"
        self._mailbox = f"{self._folder}/{inbox['uidValidity']}"

    def list_page(self) -> Answer:
        """The newest 50 messages of the inbox."""
        return self._ask("GET", f"{self._folder}/messages?limit=50")

    def newest_uid(self) -> int:
        """The UID of the newest message."""
        return int(json.loads(self.list_page().body)["messages"][0]["uid"])

    def open(self, uid: int) -> Answer:
        """The message, byte for byte."""
        return self._ask("GET", f"{self._mailbox}/{uid}/raw")

    def search(self, word: str) -> Answer:
        """Messages with a word in the subject."""
        answer = self._ask("POST", f"{self._folder}/search", json.dumps({"subject": word}).encode(), **_JSON)
        if not json.loads(answer.body)["messages"]:
            raise AssertionError("the bridge has found nothing")
        return answer

    def mark_seen(self, uid: int) -> Answer:
        """Mark a message as seen."""
        body = json.dumps({"uids": [uid], "add": ["\\Seen"]}).encode()
        return self._ask("PUT", f"{self._mailbox}/flags", body, **_JSON)

    def send(self, message: bytes, to: str) -> Answer:
        """Send a message, and keep a copy in Sent."""
        return self._ask("POST", "/api/send", upload(message, to), **{"Content-Type": "application/octet-stream"})

    def _ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return self.web.ask(method, path, body=body, headers={**self._headers, **headers})
