"""The beginning of a submission: one line of JSON that names the objects, the recipients, and the proof for opening."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sealwax.service import ServiceError
from smime_core.text import address_key, read_base64url
from webbridge.delivery.ids import is_parcel_id
from webbridge.delivery.limits import (
    MAX_CERTIFICATE_BYTES,
    MAX_CERTIFICATES,
    MAX_MANIFEST_BYTES,
    MAX_OBJECT_BYTES,
    MAX_OBJECTS,
    MAX_OPENINGS,
    MAX_WHOLE_BYTES,
    PROOF_BYTES,
    SALT_BYTES,
)
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
class Submission:
    """A parcel as its sender describes it. `fingerprints` are SHA-256 of the recipients' certificates."""

    id: str
    recipients: tuple[Recipient, ...]
    salt: bytes
    proof: bytes = field(repr=False)
    fingerprints: tuple[bytes, ...]
    kind: Kind
    objects: tuple[int, ...]
    manifest_bytes: int
    days: int
    most_openings: int | None
    is_whole: bool

    @property
    def total_bytes(self) -> int:
        """The bytes of all objects."""
        return sum(self.objects) + self.manifest_bytes


def parse_submission(line: bytes, config: ParcelsConfig) -> Submission:
    """Return the submission of a line. Raises ServiceError."""
    members = parse_members(line)
    if not is_parcel_id(members.get("id")):
        raise bad_request("The id of a parcel is 16 bytes as base64url, 22 characters.")
    submission = Submission(
        id=members["id"],
        recipients=_parse_recipients(members.get("to"), config),
        salt=_parse_bytes(members, "salt", SALT_BYTES),
        proof=_parse_bytes(members, "proof", PROOF_BYTES),
        fingerprints=_parse_certificates(members.get("certificates", [])),
        kind=_parse_kind(members.get("kind")),
        objects=parse_sizes(members.get("objects")),
        manifest_bytes=whole_number(members, "manifest", 1, MAX_MANIFEST_BYTES),
        days=whole_number(members, "days", 1, config.max_days),
        most_openings=None if members.get("downloads") is None else whole_number(members, "downloads", 1, MAX_OPENINGS),
        is_whole=parse_flag(members.get("whole", False)),
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


def parse_members(line: bytes) -> dict[str, Any]:
    """Return the members of the line of JSON with which a request begins. Raises ServiceError."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        raise bad_request("The first line of the request is not JSON.") from None
    if not isinstance(members, dict):
        raise bad_request("The first line of the request is not an object.")
    return members


def parse_sizes(value: object) -> tuple[int, ...]:
    """Return the sizes of the chunks in a request. Raises ServiceError."""
    if not isinstance(value, list) or len(value) > MAX_OBJECTS:
        raise bad_request(f"The member objects is a list of at most {MAX_OBJECTS} sizes.")
    if not all(type(size) is int and 1 <= size <= MAX_OBJECT_BYTES for size in value):
        raise bad_request(f"The size of an object is 1 to {MAX_OBJECT_BYTES} bytes.")
    return tuple(value)


def parse_flag(value: object) -> bool:
    """Return a flag of a request, the member `whole`. Raises ServiceError."""
    if not isinstance(value, bool):
        raise bad_request("The member whole is true or false.")
    return value


def whole_number(members: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return a number of a request. Raises ServiceError."""
    value = members.get(name)
    if type(value) is not int or not least <= value <= most:
        raise bad_request(f"The member {name} is a whole number from {least} to {most}.")
    return value


def bytes_of_base64(text: object, *, max_bytes: int) -> bytes:
    """Return the bytes of base64 in a request. Raises ServiceError."""
    if isinstance(text, str) and len(text) <= max_bytes * 4 // 3 + 4:
        try:
            return b64decode(text, validate=True)
        except (Base64Error, ValueError):
            pass
    raise bad_request(f"Base64 of at most {max_bytes} bytes is expected.")


def bytes_of_base64url(text: object, size: int) -> bytes | None:
    """Return the bytes of base64url without padding in a request, or None unless there are `size` of them."""
    try:
        return read_base64url(text, size) if isinstance(text, str) else None
    except ValueError:
        return None


def bad_request(text: str) -> ServiceError:
    """Return the error of a malformed request."""
    return ServiceError(400, "bad-request", text)


def _parse_bytes(members: Mapping[str, Any], name: str, size: int) -> bytes:
    octets = bytes_of_base64url(members.get(name), size)
    if octets is None:
        raise bad_request(f"The member {name} is {size} bytes as base64url.")
    return octets


def _parse_recipients(value: object, config: ParcelsConfig) -> tuple[Recipient, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= config.max_recipients:
        raise bad_request(f"The member to is a list of 1 to {config.max_recipients} recipients.")
    recipients = tuple(map(_parse_recipient, value))
    if len({address_key(recipient.address) for recipient in recipients}) < len(recipients):
        raise bad_request("The member to names an address twice.")
    return recipients


def _parse_recipient(value: object) -> Recipient:
    address, language = (value.get("address"), value.get("language", "en")) if isinstance(value, dict) else ("", "")
    if not isinstance(address, str) or not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise bad_request("A recipient has an address, and a language as en.")
    try:
        return Recipient(address=check_recipient(address), language=language)
    except GatewayError as error:
        raise bad_request(error.message) from None


def _parse_certificates(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > MAX_CERTIFICATES:
        raise bad_request(f"The member certificates is a list of at most {MAX_CERTIFICATES} certificates in base64.")
    ders = (bytes_of_base64(one, max_bytes=MAX_CERTIFICATE_BYTES) for one in value)
    return tuple(dict.fromkeys(sha256(der).digest() for der in ders))


def _parse_kind(value: object) -> Kind:
    if not isinstance(value, str) or value not in tuple(Kind):
        raise bad_request(f"The member kind is {' or '.join(Kind)}.")
    return Kind(value)
