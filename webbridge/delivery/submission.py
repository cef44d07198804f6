"""The first line of a submission: JSON with the sizes of the objects, the recipients, and the proof for opening."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sealwax.service import ServiceError, parse_first_line
from smime_core.text import address_key
from webbridge.delivery.limits import (
    MAX_CERTIFICATE_BYTES,
    MAX_CERTIFICATES,
    MAX_DAYS,
    MAX_MANIFEST_BYTES,
    MAX_OBJECT_BYTES,
    MAX_OBJECTS,
    MAX_OPENINGS,
    MAX_RECIPIENTS,
    MAX_WHOLE_BYTES,
    PROOF_BYTES,
    SALT_BYTES,
)
from webbridge.delivery.members import (
    Member,
    Unfit,
    bad_request,
    base64,
    flag,
    number,
    octets,
    or_null,
    parcel_id,
    several,
    word,
)
from webbridge.delivery.objects import ObjectSizes
from webbridge.delivery.settings import ParcelsConfig
from webbridge.gateway import GatewayError
from webbridge.gateway.door import check_recipient

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # RFC 5646 section 2.1, without rare forms


class Kind(StrEnum):
    """The kind of a parcel, for the notice."""

    MESSAGE = "message"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One recipient, and the language of the notice."""

    address: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(ObjectSizes):
    """A parcel as its sender describes it. `fingerprints` are the SHA-256 hashes of the recipients' certificates."""

    id: str
    recipients: tuple[Recipient, ...]
    salt: bytes
    proof: bytes = field(repr=False)
    fingerprints: tuple[bytes, ...]
    kind: Kind
    days: int
    most_openings: int | None
    is_whole: bool


def _parse_recipient(members: dict[str, object]) -> Recipient:
    address, language = members.get("address"), members.get("language", "en")
    if not isinstance(address, str) or not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise ValueError
    try:
        return Recipient(address=check_recipient(address), language=language)
    except GatewayError as error:
        raise Unfit(error.message) from None


_RECIPIENT: Final = Member(
    "recipient",
    {
        "type": "object",
        "properties": {"address": {"type": "string"}, "language": {"type": "string"}},
        "required": ["address"],
    },
    dict,
    _parse_recipient,
    "A recipient has an address, and a language as en.",
)
_SALT: Final = octets("salt", SALT_BYTES)
_PROOF: Final = octets("proof", PROOF_BYTES)
_CERTIFICATES: Final = several("certificates", base64("certificate", MAX_CERTIFICATE_BYTES), MAX_CERTIFICATES)
_KIND: Final = word("kind", Kind)
_DOWNLOADS: Final = or_null(number("downloads", 1, MAX_OPENINGS)).optional(None)
MOST_OPENINGS: Final = or_null(number("limit", 0, MAX_OPENINGS))
ID: Final = parcel_id()
OBJECTS: Final = several("objects", number("size", 1, MAX_OBJECT_BYTES), MAX_OBJECTS)
MANIFEST: Final = number("manifest", 1, MAX_MANIFEST_BYTES)
WHOLE: Final = flag("whole", f"All bytes follow in this request, at most {MAX_WHOLE_BYTES}")


def submission_members(*, max_recipients: int = MAX_RECIPIENTS, max_days: int = MAX_DAYS) -> tuple[Member[Any], ...]:
    """Return the members of a submission, with the operator's limits or the largest limits that an operator may set."""
    to, days = several("to", _RECIPIENT, max_recipients, least=1), number("days", 1, max_days)
    return (ID, to, _SALT, _PROOF, _CERTIFICATES.optional(()), _KIND, OBJECTS, MANIFEST, days, _DOWNLOADS, WHOLE)


def parse_submission(line: bytes, config: ParcelsConfig) -> Submission:
    """Return the submission of a line. Raises ServiceError."""
    members = parse_first_line(line)
    model = submission_members(max_recipients=config.max_recipients, max_days=config.max_days)
    values = {member.name: member.read(members) for member in model}
    recipients: tuple[Recipient, ...] = values["to"]
    if len({address_key(recipient.address) for recipient in recipients}) < len(recipients):
        raise bad_request("The member to names an address twice.")
    submission = Submission(
        id=values["id"],
        recipients=recipients,
        salt=values["salt"],
        proof=values["proof"],
        fingerprints=tuple(dict.fromkeys(sha256(der).digest() for der in values["certificates"])),
        kind=values["kind"],
        objects=values["objects"],
        manifest_bytes=values["manifest"],
        days=values["days"],
        most_openings=values["downloads"],
        is_whole=values["whole"],
    )
    if submission.total_bytes > (MAX_WHOLE_BYTES if submission.is_whole else config.max_parcel_bytes):
        raise ServiceError(413, "parcel-too-large", "The parcel is larger than this server takes.")
    return submission


def canonical_bytes(submission: Submission) -> bytes:
    """Return bytes that are equal for equal submissions, for the digest of a request."""
    return json.dumps(
        [
            submission.id,
            [[recipient.address, recipient.language] for recipient in submission.recipients],
            submission.salt.hex(),
            submission.proof.hex(),
            [fingerprint.hex() for fingerprint in submission.fingerprints],
            submission.kind,
            submission.objects,
            submission.manifest_bytes,
            submission.days,
            submission.most_openings,
            submission.is_whole,
        ]
    ).encode()
