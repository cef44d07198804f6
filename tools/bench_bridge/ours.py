"""The requests that our pages send to the bridge. Only this module of the measurements knows the bridge's API."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Final

from tests.support.servers.bridge import naming, upload
from tools.bench_bridge.web import Answer, Web

_JSON: Final = {"Content-Type": "application/json"}


class OurClient:
    """A person who is signed in to the bridge."""

    name = "ours"

    def __init__(
        self,
        port: int,
        address: str,
        password: str,
        *,
        source: str = "127.0.0.1",
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`source` is the IP address that the person connects from. With `context` the connection has TLS."""
        self._port, self._source, self._context = port, source, context
        self.web = Web(port, source, context)
        self._headers = {"X-Sealwax": "1", **naming(address)}
        self._address, self._password = address, password
        self._folder = self._mailbox = ""

    def log_in(self) -> Answer:
        """Sign in over a new connection without cookies, as at Roundcube."""
        self.web.close()
        self.web = Web(self._port, self._source, self._context)
        body = json.dumps({"address": self._address, "password": self._password}).encode()
        return self._ask("POST", "/api/session", body, **_JSON)

    def log_out(self) -> None:
        """End the session."""
        self.web.ask("DELETE", "/api/session", headers=self._headers, expected=(204,))

    def open_folders(self) -> None:
        """Learn the id and the UIDVALIDITY of the inbox."""
        self._folder, self._mailbox = self._paths_of("inbox")

    def list_folders(self) -> Answer:
        """The folders, with the numbers of their messages."""
        return self._ask("GET", "/api/folders")

    def list_page(self) -> Answer:
        """The newest 50 messages of the inbox."""
        return self._ask("GET", f"{self._folder}/messages?limit=50")

    def newest_uid(self) -> int:
        """The UID of the newest message."""
        return int(json.loads(self.list_page().body)["messages"][0]["uid"])

    def open(self, uid: int) -> Answer:
        """The message, byte for byte."""
        return self._ask("GET", f"{self._mailbox}/{uid}/raw")

    def opening_of_last_sent(self) -> Callable[[], Answer]:
        """Find the newest message in Sent, and return a function that opens it."""
        folder, mailbox = self._paths_of("sent")
        newest = json.loads(self._ask("GET", f"{folder}/messages?limit=1").body)["messages"][0]["uid"]
        return lambda: self._ask("GET", f"{mailbox}/{newest}/raw")

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

    def _paths_of(self, role: str) -> tuple[str, str]:
        folders = json.loads(self.list_folders().body)["folders"]
        role_folder = next(folder for folder in folders if folder["role"] == role)
        path = f"/api/folders/{role_folder['id']}"
        return path, f"{path}/{role_folder['uidValidity']}"

    def _ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return self.web.ask(method, path, body=body, headers={**self._headers, **headers})
