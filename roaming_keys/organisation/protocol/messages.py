"""The messages about organisations, as frozen dataclasses and as JSON: those of key owners, and those of the staff.

Every `from_json` raises MalformedMessage, or LimitExceeded if a value is too long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from roaming_keys.organisation.protocol.copies import MAX_SHARE_BYTES, RecoveryCopy
from roaming_keys.organisation.protocol.policy import MAX_CERTIFICATE_BYTES, MAX_OFFICERS, RecoveryPolicy
from roaming_keys.protocol.messages.accounts import (
    MAX_ANSWER_BYTES,
    MAX_RECORD_BYTES,
    MAX_VERSION,
    PROTOCOL,
    KeyRecord,
    LoginKeys,
    parse_request,
)
from roaming_keys.protocol.messages.written import check_range, to_base64, write
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject
from smime_core.x509 import Certificate, parse_certificate

MAX_CASES: Final = 100
MAX_EVENTS: Final = 500
MAX_USERS: Final = 500
MAX_NOTE_CHARACTERS: Final = 1_000  # MAX_EVENTS notes of this length take a quarter of MAX_ANSWER_BYTES.
# With these limits, an answer with MAX_CASES cases is not larger than MAX_ANSWER_BYTES.
MAX_REASON_CHARACTERS: Final = 500
MAX_RECIPIENT_CHARACTERS: Final = 100


class Role(StrEnum):
    """The rights of a member of the staff."""

    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    AUDITOR = "auditor"


class Change(StrEnum):
    """A change that an administrator makes to an account."""

    DISABLE = "disable"
    ENABLE = "enable"
    RENEW = "renew"
    DELETE = "delete"
    PASSWORD = "password"  # noqa: S105  # only noted: the operator's own command sets mail passwords


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """A recovery case, without its keys. Times are in seconds since 1970, and 0 if the event has not happened.

    `shown` is the time at which a device of the owner has shown the case, and `opened` the time at which the recipient
    has fetched the keys.
    """

    id: str
    user: str
    reason: str
    asked: int
    asked_by: str
    recipient: str
    recipient_fingerprint: str
    needed: int
    approved_by: tuple[str, ...] = ()
    shown: int = 0
    opened: int = 0

    def members(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "user": self.user,
            "reason": self.reason,
            "asked": self.asked,
            "asked_by": self.asked_by,
            "recipient": self.recipient,
            "recipient_fingerprint": self.recipient_fingerprint,
            "needed": self.needed,
            "approved_by": list(self.approved_by),
            "told": self.shown,
            "opened": self.opened,
        }

    @classmethod
    def read_from(cls, reader: JsonObject) -> CaseFacts:
        return reader.whole(
            cls(
                id=reader.short_text("id"),
                user=reader.short_text("user"),
                reason=reader.short_text("reason"),
                asked=reader.seconds("asked"),
                asked_by=reader.short_text("asked_by"),
                recipient=reader.short_text("recipient"),
                recipient_fingerprint=reader.short_text("recipient_fingerprint"),
                needed=reader.number("needed", 1, MAX_OFFICERS),
                approved_by=reader.short_texts("approved_by", MAX_OFFICERS),
                shown=reader.seconds("told"),
                opened=reader.seconds("opened"),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """A recovery copy, without its keys: the fingerprints of its policy and of the certificates."""

    policy: str
    certificates: tuple[str, ...]

    @classmethod
    def of(cls, copy: RecoveryCopy) -> CopyFacts:
        return cls(policy=copy.policy.fingerprint, certificates=copy.certificates)

    def members(self) -> dict[str, Any]:
        return {"policy": self.policy, "certificates": list(self.certificates)}

    @classmethod
    def read_from(cls, reader: JsonObject) -> CopyFacts:
        return reader.whole(cls(policy=reader.short_text("policy"), certificates=reader.fingerprints("certificates")))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryStatus:
    """The answer to `GET /recovery`: the policy in force, the caller's copy and cases, and a requested renewal.

    `policy` and `copy` may be None. `renew` is the time, in seconds since 1970, at which an administrator has asked for
    a new certificate, or 0.
    """

    policy: RecoveryPolicy | None = None
    copy: CopyFacts | None = None
    cases: tuple[CaseFacts, ...] = ()
    renew: int = 0

    def to_json(self) -> bytes:
        return write(
            {
                "cases": [case.members() for case in self.cases],
                "renew": self.renew,
                **({} if self.policy is None else {"policy": self.policy.members()}),
                **({} if self.copy is None else {"copy": self.copy.members()}),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> RecoveryStatus:
        reader = JsonObject(data, "recovery", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(
                cases=tuple(CaseFacts.read_from(case) for case in reader.objects("cases", MAX_CASES)),
                renew=reader.seconds("renew"),
                policy=RecoveryPolicy.read_from(reader.nested("policy")) if "policy" in reader else None,
                copy=CopyFacts.read_from(reader.nested("copy")) if "copy" in reader else None,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCopy:
    """The body of `PUT /recovery`."""

    copy: RecoveryCopy

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "copy": self.copy.members()})

    @classmethod
    def from_json(cls, data: bytes) -> StoreCopy:
        reader = parse_request(data, "recovery copy", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(cls(copy=RecoveryCopy.read_from(reader.nested("copy"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """The body of `POST /staff/users`: an account that an administrator makes for somebody."""

    user: str
    keys: LoginKeys
    record: KeyRecord
    copy: RecoveryCopy | None = None

    def to_json(self) -> bytes:
        members = {"protocol": PROTOCOL, "user": self.user, **self.keys.members(), "record": self.record.members()}
        return write(members | ({} if self.copy is None else {"copy": self.copy.members()}))

    @classmethod
    def from_json(cls, data: bytes) -> NewUser:
        reader = parse_request(data, "user", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                keys=LoginKeys.read_from(reader),
                record=KeyRecord.read_from(reader.nested("record")),
                copy=RecoveryCopy.read_from(reader.nested("copy")) if "copy" in reader else None,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """The body of `POST /staff/user`."""

    user: str
    change: Change

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "user": self.user, "change": self.change})

    @classmethod
    def from_json(cls, data: bytes) -> UserChange:
        reader = parse_request(data, "user")
        return reader.whole(cls(user=reader.short_text("user"), change=reader.choice("change", Change)))


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersWanted:
    """The body of `POST /staff/users/list`: the accounts whose addresses come after `after`."""

    after: str

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "after": self.after})

    @classmethod
    def from_json(cls, data: bytes) -> UsersWanted:
        reader = parse_request(data, "users")
        return reader.whole(cls(after=reader.text_or_null("after") or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownUser:
    """An account in a list. Times are in seconds since 1970, and 0 for an account that is not disabled or not asked.

    `renew` is the time at which an administrator has asked for a new certificate.
    """

    user: str
    disabled: int
    renew: int
    has_copy: bool

    def members(self) -> dict[str, Any]:
        return {"user": self.user, "disabled": self.disabled, "renew": self.renew, "copy": self.has_copy}

    @classmethod
    def read_from(cls, reader: JsonObject) -> ShownUser:
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                disabled=reader.seconds("disabled"),
                renew=reader.seconds("renew"),
                has_copy=reader.boolean("copy"),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The answer to `POST /staff/users/list`: at most MAX_USERS accounts, in the order of their addresses."""

    users: tuple[ShownUser, ...]

    def to_json(self) -> bytes:
        return write({"users": [user.members() for user in self.users]})

    @classmethod
    def from_json(cls, data: bytes) -> Users:
        reader = JsonObject(data, "users", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(cls(users=tuple(ShownUser.read_from(user) for user in reader.objects("users", MAX_USERS))))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolicy:
    """The body of `PUT /staff/policy`."""

    policy: RecoveryPolicy

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "policy": self.policy.members()})

    @classmethod
    def from_json(cls, data: bytes) -> NewPolicy:
        reader = parse_request(data, "recovery policy", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(cls(policy=RecoveryPolicy.read_from(reader.nested("policy"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """The body of `POST /staff/cases`: the user whose keys are to be recovered, the reason, and the recipient.

    Raises MalformedMessage for a reason that is empty or too long.
    """

    user: str
    reason: str
    recipient: Certificate

    def __post_init__(self) -> None:
        check_range(len(self.reason), 1, MAX_REASON_CHARACTERS, where="reason in characters")

    def to_json(self) -> bytes:
        recipient = to_base64(self.recipient.der)
        return write({"protocol": PROTOCOL, "user": self.user, "reason": self.reason, "recipient": recipient})

    @classmethod
    def from_json(cls, data: bytes) -> NewCase:
        reader = parse_request(data, "case", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(
            cls(
                user=reader.short_text("user"),
                reason=reader.short_text("reason"),
                recipient=parse_certificate(reader.data("recipient", MAX_CERTIFICATE_BYTES)),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChoice:
    """The body of the calls about one case. `share` is the CMS that an officer passes on, in an approval."""

    id: str
    share: bytes = field(default=b"", repr=False)

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "case": self.id, "share": to_base64(self.share)})

    @classmethod
    def from_json(cls, data: bytes) -> CaseChoice:
        reader = parse_request(data, "case", max_bytes=MAX_RECORD_BYTES)
        return reader.whole(cls(id=reader.id("case"), share=reader.data("share", MAX_SHARE_BYTES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The answer to `GET /staff/cases`, the latest first."""

    cases: tuple[CaseFacts, ...]

    def to_json(self) -> bytes:
        return write({"cases": [case.members() for case in self.cases]})

    @classmethod
    def from_json(cls, data: bytes) -> Cases:
        reader = JsonObject(data, "cases", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(cls(cases=tuple(CaseFacts.read_from(case) for case in reader.objects("cases", MAX_CASES))))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficersCase:
    """The answer to `POST /staff/case/share`: a case, and the asking officer's share with its number.

    The officer reads the facts, and the share is encrypted for the recipient. Raises MalformedMessage if the facts name
    another certificate than that of `recipient`.
    """

    facts: CaseFacts
    recipient: Certificate
    copy_id: str
    number: int
    share: bytes = field(repr=False)

    def __post_init__(self) -> None:
        shown = (self.facts.recipient, self.facts.recipient_fingerprint)
        if shown != (name_of_recipient(self.recipient), self.recipient.fingerprint):
            raise MalformedMessage("the case is for another certificate than it says", where="case: recipient")

    def to_json(self) -> bytes:
        return write(
            {
                "case": self.facts.members(),
                "recipient": to_base64(self.recipient.der),
                "copy": self.copy_id,
                "number": self.number,
                "share": to_base64(self.share),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> OfficersCase:
        reader = JsonObject(data, "case", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(
                facts=CaseFacts.read_from(reader.nested("case")),
                recipient=parse_certificate(reader.data("recipient", MAX_CERTIFICATE_BYTES)),
                copy_id=reader.short_text("copy"),
                number=reader.number("number", 1, MAX_OFFICERS),
                share=reader.data("share", MAX_SHARE_BYTES),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """The answer to `POST /staff/case/open`: the copy, and the shares that officers have passed on."""

    facts: CaseFacts
    copy: RecoveryCopy
    shares: tuple[bytes, ...] = field(repr=False)

    def to_json(self) -> bytes:
        return write(
            {
                "case": self.facts.members(),
                "copy": self.copy.members(),
                "shares": [{"cms": to_base64(share)} for share in self.shares],
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> OpenCase:
        reader = JsonObject(data, "case", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(
                facts=CaseFacts.read_from(reader.nested("case")),
                copy=RecoveryCopy.read_from(reader.nested("copy")),
                shares=tuple(share.data("cms", MAX_SHARE_BYTES) for share in reader.objects("shares", MAX_OFFICERS)),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsWanted:
    """The body of `POST /staff/audit`: the events of a user, or of all users for "", with numbers above `after`."""

    user: str
    after: int

    def to_json(self) -> bytes:
        return write({"protocol": PROTOCOL, "user": self.user, "after": self.after})

    @classmethod
    def from_json(cls, data: bytes) -> EventsWanted:
        reader = parse_request(data, "audit")
        return reader.whole(cls(user=reader.text_or_null("user") or "", after=reader.number("after", 0, MAX_VERSION)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event of the audit trail. The texts are empty if its details were deleted."""

    number: int
    at: int
    kind: str
    user: str
    actor: str
    note: str

    def members(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": self.at,
            "kind": self.kind,
            "user": self.user,
            "actor": self.actor,
            "note": self.note,
        }

    @classmethod
    def read_from(cls, reader: JsonObject) -> ShownEvent:
        return reader.whole(
            cls(
                number=reader.number("number", 1, MAX_VERSION),
                at=reader.seconds("at"),
                kind=reader.short_text("kind"),
                user=reader.text_or_null("user") or "",
                actor=reader.text_or_null("actor") or "",
                note=reader.text_or_null("note") or "",
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The answer to `POST /staff/audit`: at most MAX_EVENTS events."""

    events: tuple[ShownEvent, ...]

    def to_json(self) -> bytes:
        return write({"events": [event.members() for event in self.events]})

    @classmethod
    def from_json(cls, data: bytes) -> Events:
        reader = JsonObject(data, "audit", max_bytes=MAX_ANSWER_BYTES)
        return reader.whole(
            cls(events=tuple(ShownEvent.read_from(event) for event in reader.objects("events", MAX_EVENTS)))
        )


def name_of_recipient(certificate: Certificate) -> str:
    """Return the name by which a case shows its recipient: never empty, and short enough for each reader."""
    return certificate.common_name[:MAX_RECIPIENT_CHARACTERS] or certificate.fingerprint
