"""A page between the vault and the key server: it sends the calls of an operation, and answers its questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from roaming_keys.protocol.messages.factors import CodeProof
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, USER
from tests.support.vault.verbs import call

SEAL_KEY: Final = b"k" * 32
Change = Callable[[dict[str, Any], bytes], bytes]


class Page:
    """A page of USER. `code` is what the person types for a second factor, `agreed` the resets agreed to.

    `change` may alter the answers of the server. `sent` has the notes that the page was asked to keep.
    """

    def __init__(self, client: FlaskClient, clock: FakeClock, user: str = USER) -> None:
        self.client, self.clock, self.user = client, clock, user
        self.session, self.known, self.calls = b"", b"", 0
        self.code = ""
        self.new_factor: Mapping[str, str] = {}
        self.agreed: list[str] = []
        self.sent: list[bytes] = []
        self.change: Change = lambda _request, body: body

    def log_in(self, verb: str = "roaming.login", **members: Any) -> dict[str, Any]:
        """Run an operation that begins with a login."""
        account = {"server": ORIGIN, "user": self.user, "sealKey": SEAL_KEY, "at": self.clock().isoformat()}
        device = {"deviceToken": b"d" * 32, "deviceName": "a page", "known": self.known}
        return self.go_on(call(verb, **account, **device, **members))

    def run(self, verb: str, **members: Any) -> dict[str, Any]:
        """Run an operation of the session."""
        return self.go_on(self.begin(verb, **members))

    def begin(self, verb: str, **members: Any) -> dict[str, Any]:
        """The first step of an operation of the session."""
        own = {"user": self.user, "session": self.session, "calls": self.calls, "sealKey": SEAL_KEY}
        reply: dict[str, Any] = call(verb, **{**own, **members})
        return reply

    def go_on(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Go on with an operation until its end, and return its result."""
        while True:
            self.take(reply)
            if "result" in reply:
                return {**reply["result"], **{name: reply[name] for name in ("code",) if name in reply}}
            self.sent += [note["sent"] for note in reply.get("notes", {}).values()]
            answer = self.find_answer(reply)
            reply = reply["then"] if "then" in reply and "body" in answer else self.answer(reply, **answer)

    def take(self, reply: dict[str, Any]) -> None:
        """Keep the session and the calls of a step."""
        self.calls = reply.get("calls", self.calls)
        self.session, self.known = reply.get("session", self.session), reply.get("known", self.known)

    def answer(self, reply: dict[str, Any], **members: Any) -> dict[str, Any]:
        """The next step after an answer."""
        arguments = {"user": self.user, "state": reply["state"], "step": reply["step"], "sealKey": SEAL_KEY}
        after: dict[str, Any] = call("roaming.answer", **{**arguments, **members})
        return after

    def find_answer(self, reply: dict[str, Any]) -> dict[str, Any]:
        """The answer to the request or the question of a step."""
        if "question" in reply:
            return {"told": self.answer_question(reply["question"])}
        answer = self.send(reply["request"])
        if answer.status_code < 400:
            return {"body": self.change(reply["request"], answer.data)}
        return {"refusal": json.loads(self.change(reply["request"], answer.data))}

    def answer_question(self, question: dict[str, Any]) -> Mapping[str, Any]:
        """The answer of the person to a question."""
        if question["kind"] == "factor":
            proof = json.loads(CodeProof(code=self.code).to_json())
            del proof["protocol"]
            return dict(proof)
        if question["kind"] == "sent":
            self.sent.append(question["sent"])
        elif question["kind"] == "reset":
            assert question["reset"] in self.agreed
        return self.new_factor if question["kind"] == "new-factor" else {}

    def send(self, request: dict[str, Any]) -> TestResponse:
        """The server's answer to a request."""
        headers = {"Authorization": request["authorization"]} if request["authorization"] else {}
        if request["condition"]:
            headers["If-Match"] = request["condition"]
        return self.client.open(
            request["path"],
            method=request["method"],
            base_url=ORIGIN,
            headers=headers,
            data=request["body"],
            content_type="application/json" if request["body"] else None,
        )
