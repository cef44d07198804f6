"""The calls of a staff member to a key server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roaming_keys.organisation.client.staff_key import StaffKey
from roaming_keys.organisation.protocol.messages import (
    CaseChoice,
    CaseFacts,
    Cases,
    Change,
    Events,
    EventsWanted,
    NewCase,
    NewPolicy,
    NewUser,
    OfficersCase,
    OpenCase,
    RecoveryStatus,
    ShownEvent,
    ShownUser,
    UserChange,
    Users,
    UsersWanted,
)
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.session import Transport
from smime_core import blocking
from smime_core.errors import MalformedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffClient:
    """The calls to one server, a normalised origin. Each raises KeyServerError."""

    server: str
    key: StaffKey
    transport: Transport

    def add_user(self, new: NewUser) -> None:
        self._send("POST", "/staff/users", new.to_json())

    def change_user(self, user: str, change: Change) -> None:
        self._send("POST", "/staff/user", UserChange(user=user, change=change).to_json())

    def users(self) -> Iterator[ShownUser]:
        """Yield all accounts, in the order of their addresses. Raises MalformedMessage for a wrong order."""
        after = ""
        while page := Users.from_json(
            self._send("POST", "/staff/users/list", UsersWanted(after=after).to_json())
        ).users:
            for user in page:
                if user.user <= after:
                    raise MalformedMessage("the accounts are not in their order", where="users")
                after = user.user
                yield user

    def policy(self) -> RecoveryPolicy | None:
        return RecoveryStatus.from_json(self._send("GET", "/staff/policy")).policy

    def set_policy(self, policy: RecoveryPolicy) -> None:
        self._send("PUT", "/staff/policy", NewPolicy(policy=policy).to_json())

    def cases(self) -> tuple[CaseFacts, ...]:
        return Cases.from_json(self._send("GET", "/staff/cases")).cases

    def ask(self, new: NewCase) -> CaseFacts:
        return Cases.from_json(self._send("POST", "/staff/cases", new.to_json())).cases[0]

    def share(self, case: str) -> OfficersCase:
        return OfficersCase.from_json(self._send("POST", "/staff/case/share", CaseChoice(id=case).to_json()))

    def approve(self, case: str, share: bytes) -> None:
        self._send("POST", "/staff/case/approve", CaseChoice(id=case, share=share).to_json())

    def open_case(self, case: str) -> OpenCase:
        return OpenCase.from_json(self._send("POST", "/staff/case/open", CaseChoice(id=case).to_json()))

    def events(self, user: str = "") -> Iterator[ShownEvent]:
        """Yield the events of the audit trail, of one user or of all. Raises MalformedMessage for a wrong order."""
        after = 0
        while page := Events.from_json(
            self._send("POST", "/staff/audit", EventsWanted(user=user, after=after).to_json())
        ).events:
            for event in page:
                if event.number <= after:
                    raise MalformedMessage(f"event {event.number} after event {after}", where="audit")
                after = event.number
                yield event

    def _send(self, method: str, path: str, body: bytes = b"") -> bytes:
        call = Call(method=method, path=path, body=body)
        return blocking.run(self.transport.send(call, self.key.sign(self.server, call)))
