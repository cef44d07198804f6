"""Header protection: the header fields inside what is signed and encrypted, and what is shown of them (RFC 9788).

Writing: `protect_headers`, before the first signature. Reading: `unprotect_headers` with the payload, the entity inside
all layers at the top; parameters of any part further in mean nothing. Also read: the fields of `protected-headers="v1"`
(autocrypt drafts) and a wrapped message/rfc822 (RFC 8551 section 3.1). Structural fields (Content-*, MIME-Version) are
never taken for protected ones, and no text of a field can become a field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.header_policies import HeaderConfidentialityPolicy, hcp_baseline
from smime_core.mail_address import address_key
from smime_core.mime import EMBEDDED_MESSAGES, Entity, Field, Headers, addresses, decode_body, parse_entity
from smime_core.mime.entity import looks_like_cms_part
from smime_core.mime.headers import parse_headers
from smime_core.mime.parameters import format_parameterised, parse_parameterised
from smime_core.mime.seven_bit import ADDRESS_FIELDS, encode_header_field

# Written by mail servers on the way or by a forwarder above the message (RFC 5322 sections 3.6.6, 3.6.7, RFC 6376).
_TRACE: Final = re.compile(
    r"received|return-path|delivered-to|resent-.*|dkim-signature|arc-.*|authentication-results|received-spf"
)
_MARKS: Final = frozenset(("hp", "protected-headers", "forwarded"))
_UNSAFE_VALUE: Final = re.compile(r"[^ -~]")
_MAX_VALUE_LENGTH: Final = 900  # RFC 5322 section 2.1.1 allows lines of 998, the name and HP-Outer among them


class ProtectionMode(StrEnum):
    """The value of the parameter `hp` (section 2.1.1): CLEAR when only signed, CIPHER when encrypted too."""

    CLEAR = "clear"
    CIPHER = "cipher"


class HeaderScheme(StrEnum):
    """How a message protects its header, if at all."""

    NONE = "none"
    CLEAR = "hp-clear"
    CIPHER = "hp-cipher"
    LEGACY = "protected-headers-v1"
    WRAPPED = "message-rfc822"


class FieldProtection(StrEnum):
    """What holds for one field that is shown (section 4.3)."""

    UNPROTECTED = "unprotected"
    SIGNED = "signed-only"
    ENCRYPTED = "encrypted-only"
    SIGNED_AND_ENCRYPTED = "signed-and-encrypted"


@dataclass(frozen=True, slots=True)
class ShownField:
    """A header field for people, with what protects it."""

    field: Field
    protection: FieldProtection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedHeaders:
    """What is to be shown of a message.

    `content` is the entity to render. `recorded_outer` is what the sender left outside, by its own word (HP-Outer)
    where there is one. `altered_outside` names fields that stand outside neither as the sender left them nor, once the
    message was decrypted, as they are protected.
    """

    scheme: HeaderScheme
    fields: tuple[ShownField, ...]
    content: Entity
    recorded_outer: tuple[Field, ...]
    altered_outside: tuple[str, ...]
    outer_from_differs: bool

    @property
    def headers(self) -> Headers:
        """The shown fields: their From is the one that a signer is held against."""
        shown = tuple(one.field for one in self.fields)
        return Headers(shown, b"".join(field.encoded for field in shown))


def protect_headers(
    outer_headers: bytes,
    entity: bytes,
    *,
    mode: ProtectionMode,
    policy: HeaderConfidentialityPolicy = hcp_baseline,
) -> tuple[bytes, bytes]:
    """(the fields to stand outside, the entity to sign or encrypt): both from the parts that `split_message` gives.

    Raises MalformedMessage when the entity is signed or encrypted already, because header fields go in before that, or
    when the policy changes an author's address (section 3.1.1) or gives what cannot stand in a header.
    """
    inner = parse_entity(entity)
    if inner.content_type.media_type in ("multipart/signed", "multipart/encrypted") or looks_like_cms_part(inner):
        raise MalformedMessage("header fields are protected before the first signature", where="header protection")
    outer: list[bytes] = []
    protected: list[bytes] = []
    records: list[bytes] = []
    for field in parse_headers(outer_headers).fields:
        if field.name.lower() == "hp-outer":
            continue  # Only this message's own ones count.
        encoded = _encode(field)
        if not _is_protectable(field):
            outer.append(encoded)
            continue
        protected.append(encoded)
        shown = encoded if mode is ProtectionMode.CLEAR else _apply_policy(policy, encoded)
        outer.append(shown)
        if mode is ProtectionMode.CIPHER and shown:
            records.append(b"HP-Outer: " + shown)
    structural = [_mark(field, mode) for field in inner.headers.fields if _is_structural(field)]
    return b"".join(outer), b"".join([*protected, *records, *structural, b"\r\n", inner.body])


def unprotect_headers(outer: Headers, payload: Entity, *, signed: bool, encrypted: bool) -> ProtectedHeaders:
    """What to show of a message with these outer fields around `payload`.

    `signed` says that a signature over the whole payload holds, `encrypted` that the payload was encrypted. Raises
    LimitExceeded.
    """
    scheme = find_scheme(payload)
    content = parse_entity(decode_body(payload)) if scheme is HeaderScheme.WRAPPED else payload
    protected = [field for field in content.headers.fields if _counts_inside(field)]
    if scheme is HeaderScheme.NONE:
        protected = []
    records = _read_records(content) if scheme in (HeaderScheme.CLEAR, HeaderScheme.CIPHER) else ()
    recorded = records if scheme is HeaderScheme.CIPHER else tuple(outer.fields)
    # Without HP-Outer the intent is guessed from what stands outside (section 4.10).
    may_hide = encrypted and scheme is not HeaderScheme.CLEAR
    left_outside = {_key(field) for field in recorded}
    fields = [
        ShownField(field, _status(signed=signed, hidden=may_hide and _key(field) not in left_outside))
        for field in protected
    ]
    expected = recorded if scheme is HeaderScheme.CIPHER else tuple(protected)
    if not encrypted:
        # A decrypted copy has the protected fields outside in place of the hidden ones (`decrypt_message`).
        expected = _without_restored(expected, protected, outer)
    compares = scheme is HeaderScheme.CIPHER or (scheme is not HeaderScheme.NONE and not encrypted)
    return ProtectedHeaders(
        scheme=scheme,
        fields=(
            *fields,
            *(ShownField(one, FieldProtection.UNPROTECTED) for one in _from_outside(outer, protected, scheme)),
        ),
        content=content,
        recorded_outer=recorded,
        altered_outside=_find_altered(expected, outer) if compares else (),
        outer_from_differs=_from_differs(outer, protected),
    )


def find_scheme(payload: Entity) -> HeaderScheme:
    """How the payload says that its header fields are protected; only its own parameters count."""
    parameters = payload.content_type.parameters
    mark = parameters.get("hp", "").strip().lower()
    if mark in (ProtectionMode.CLEAR, ProtectionMode.CIPHER):
        return HeaderScheme.CIPHER if mark == ProtectionMode.CIPHER else HeaderScheme.CLEAR
    if parameters.get("protected-headers", "").strip().lower() == "v1":
        return HeaderScheme.LEGACY
    # RFC 8551 section 3.1: assumed to be the message itself; `forwarded=yes` says that it is somebody else's.
    is_wrapped = payload.content_type.media_type in EMBEDDED_MESSAGES
    if is_wrapped and parameters.get("forwarded", "no").strip().lower() == "no" and payload.disposition != "attachment":
        return HeaderScheme.WRAPPED
    return HeaderScheme.NONE


def _encode(field: Field) -> bytes:
    encoded = encode_header_field(field)
    if field.name.lower() in ADDRESS_FIELDS:
        (written,) = parse_headers(encoded).fields
        if _addresses_in(written.unfolded) != _addresses_in(field.unfolded):
            raise MalformedMessage("an address beyond ASCII, which 7-bit mail cannot carry", where=field.name)
    return encoded


def _is_structural(field: Field) -> bool:
    # Section 1.1.1: they describe the part that they stand in.
    return field.name.lower() == "mime-version" or field.name.lower().startswith("content-")


def _is_protectable(field: Field) -> bool:
    # Bcc is for no reader's eyes, least of all inside what every recipient opens.
    name = field.name.lower()
    return not _is_structural(field) and name != "bcc" and not _TRACE.fullmatch(name)


def _counts_inside(field: Field) -> bool:
    return not _is_structural(field) and field.name.lower() != "hp-outer"


def _apply_policy(policy: HeaderConfidentialityPolicy, encoded: bytes) -> bytes:
    (field,) = parse_headers(encoded).fields
    value = policy(field.name, field.unfolded)
    if field.name.lower() == "from" and _addresses_in(value or "") != _addresses_in(field.unfolded):
        raise MalformedMessage("a policy may not change the author's address", where="From")
    if value == field.unfolded:
        return encoded
    if value is None:
        return b""
    if _UNSAFE_VALUE.search(value) or len(value) > _MAX_VALUE_LENGTH:
        raise MalformedMessage("a policy gave what cannot stand in a header", where=field.name)
    return f"{field.name}: {value}\r\n".encode("ascii")


def _mark(field: Field, mode: ProtectionMode) -> bytes:
    # Marks of an earlier life of this entity are taken off, the new one is put behind the parameters as they stand.
    if field.name.lower() != "content-type":
        return field.encoded
    kind, parameters = parse_parameterised(field.unfolded)
    if _MARKS & parameters.keys():
        kept = {name: value for name, value in parameters.items() if name not in _MARKS}
        return f'{field.name}: {format_parameterised(kind, kept)};\r\n hp="{mode}"\r\n'.encode("ascii", "replace")
    return field.encoded.rstrip(b"; \t\r\n") + f';\r\n hp="{mode}"\r\n'.encode("ascii")


def _read_records(content: Entity) -> tuple[Field, ...]:
    # HP-Outer: name ":" body (section 2.2). A record without a name says nothing, and its folded lines are no fields.
    lines = (field.body.lstrip() for field in content.headers.find("HP-Outer"))
    return tuple(found for line in lines for found in parse_headers(line).fields)


def _status(*, signed: bool, hidden: bool) -> FieldProtection:
    if hidden:
        return FieldProtection.SIGNED_AND_ENCRYPTED if signed else FieldProtection.ENCRYPTED
    return FieldProtection.SIGNED if signed else FieldProtection.UNPROTECTED


def _from_outside(outer: Headers, protected: list[Field], scheme: HeaderScheme) -> tuple[Field, ...]:
    # With header protection anybody may have added what stands outside alone: it is not shown (section 4.5), but for a
    # missing From. The old forms protect some fields and leave the others outside.
    names = {field.name.lower() for field in protected}
    outside = tuple(field for field in outer.fields if field.name.lower() not in names)
    if scheme in (HeaderScheme.NONE, HeaderScheme.LEGACY):
        return tuple(field for field in outside if not _is_structural(field))
    return tuple(field for field in outside if field.name.lower() == "from")


def _find_altered(expected: tuple[Field, ...], outer: Headers) -> tuple[str, ...]:
    outside = {_key(field) for field in outer.fields}
    return tuple(dict.fromkeys(field.name for field in expected if _key(field) not in outside)) if outer.fields else ()


def _without_restored(expected: tuple[Field, ...], protected: list[Field], outer: Headers) -> tuple[Field, ...]:
    # What stands outside under such a name is what is protected, and shown.
    outside = {_key(field) for field in outer.fields}
    names = {field.name.lower() for field in protected}
    restored = names - {field.name.lower() for field in protected if _key(field) not in outside}
    return tuple(field for field in expected if field.name.lower() not in restored)


def _from_differs(outer: Headers, protected: list[Field]) -> bool:
    inside = [field for field in protected if field.name.lower() == "from"]
    outside = outer.find("From")
    if not inside or not outside:
        return False
    return _author(inside) != _author(outside)


def _author(fields: list[Field] | tuple[Field, ...]) -> list[tuple[str, str]]:
    return [address for field in fields for address in _addresses_in(field.unfolded)]


def _addresses_in(value: str) -> list[tuple[str, str]]:
    return [address_key(mailbox.address) for mailbox in addresses(value)]


def _key(field: Field) -> tuple[str, str]:
    # Folding and white space mean nothing (RFC 5322 section 2.2.3), and relays fold anew.
    return field.name.lower(), " ".join(field.text.split())
