"""Header protection: header fields inside the signed and encrypted part, and how they are displayed (RFC 9788).

To write, call `protect_headers` before the first signature. To read, call `unprotect_headers` with the payload, which
is the entity inside all layers at the top. Parameters of parts inside the payload are ignored. Older forms are read
too: the fields of `protected-headers="v1"` (autocrypt drafts) and a wrapped message/rfc822 (RFC 8551 section 3.1).
Structural fields (Content-*, MIME-Version) never count as protected. The text of one field can never become another
field. Sections in this module are those of RFC 9788.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.mail.header_policies import HeaderConfidentialityPolicy, hcp_baseline
from smime_core.mime import EMBEDDED_MESSAGES, Entity, Field, Headers, addresses, decode_body, parse_date, parse_entity
from smime_core.mime.entity import looks_like_cms_part
from smime_core.mime.header_form import ADDRESS_FIELDS, write_field, write_fields
from smime_core.mime.headers import parse_headers
from smime_core.mime.parameters import format_parameterised, parse_parameterised
from smime_core.mime.seven_bit import is_transport_safe
from smime_core.text.mail_address import address_key

# Fields that mail servers or forwarders add in transit are not protected (RFC 5322 sections 3.6.6, 3.6.7, RFC 6376).
_TRACE: Final = re.compile(
    r"received|return-path|delivered-to|resent-.*|dkim-signature|arc-.*|authentication-results|received-spf"
)
_MARKS: Final = frozenset(("hp", "protected-headers", "forwarded"))
_UNSAFE_VALUE: Final = re.compile(r"[^ -~]")
_MAX_PARSED_CHARACTERS: Final = 65_536
_MAX_VALUE_LENGTH: Final = 900  # RFC 5322 section 2.1.1 allows lines of 998, which include the name and HP-Outer


class ProtectionMode(StrEnum):
    """The value of the parameter `hp` (section 2.1.1): CLEAR for a message that is only signed, else CIPHER.

    CIPHER_WITH_COPY also copies the hidden fields into the text, which programs without header protection show (section
    5.2).
    """

    CLEAR = "clear"
    CIPHER = "cipher"
    CIPHER_WITH_COPY = "cipher with copy"

    @property
    def hp(self) -> str:
        """The value of the parameter."""
        return "clear" if self is ProtectionMode.CLEAR else "cipher"


class HeaderScheme(StrEnum):
    """The scheme of a message's header protection, or NONE."""

    NONE = "none"
    CLEAR = "hp-clear"
    CIPHER = "hp-cipher"
    LEGACY = "protected-headers-v1"
    WRAPPED = "message-rfc822"


_FIRST_COUNTS: Final = frozenset(("date", "subject"))


class FieldProtection(StrEnum):
    """The protection of one displayed field (section 4.3)."""

    UNPROTECTED = "unprotected"
    SIGNED = "signed-only"
    ENCRYPTED = "encrypted-only"
    SIGNED_AND_ENCRYPTED = "signed-and-encrypted"


@dataclass(frozen=True, slots=True)
class ShownField:
    """A displayed header field and its protection."""

    field: Field
    protection: FieldProtection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedHeaders:
    """The displayed form of a message.

    `content` is the entity to render. `recorded_outer` are the fields that the sender left outside: with the scheme
    CIPHER the fields in HP-Outer, with other schemes the outer fields as received. But if the sender cannot have hidden
    a field, `recorded_outer` are the displayed fields. A field that was changed in transit then does not count as
    hidden. `altered_outside` names the outer fields that were changed after sending: their outer form is not the
    recorded form. In a decrypted copy, an outer field in its protected form does not count as changed.
    """

    scheme: HeaderScheme
    fields: tuple[ShownField, ...]
    content: Entity
    recorded_outer: tuple[Field, ...]
    altered_outside: tuple[str, ...]
    outer_from_differs: bool

    @property
    def headers(self) -> Headers:
        """The displayed fields. The signer is compared with the From field among them."""
        shown = tuple(shown_field.field for shown_field in self.fields)
        return Headers(shown, b"".join(field.encoded for field in shown))


def protect_headers(
    outer_headers: bytes, entity: bytes, mode: ProtectionMode, policy: HeaderConfidentialityPolicy = hcp_baseline
) -> tuple[bytes, bytes]:
    """Returns (the fields that stay outside, the entity to sign or encrypt). The arguments come from `split_message`.

    Protected fields have the form of `header_form`, inside and outside; fields without a value are left out. Call this
    function before the first signature or encryption. Raises MalformedMessage if the entity is already signed or
    encrypted, or if the policy changes an author's address (section 3.1.1) or returns text that a header cannot have.
    """
    inner = parse_entity(entity)
    if inner.content_type.media_type in ("multipart/signed", "multipart/encrypted") or looks_like_cms_part(inner):
        raise MalformedMessage("header fields are protected before the first signature", where="header protection")
    outer: list[bytes] = []
    protected: list[bytes] = []
    records: list[bytes] = []
    hidden: list[bytes] = []
    firsts: dict[str, bytes] = {}
    for field in parse_headers(outer_headers).fields:
        if field.name.lower() == "hp-outer":
            continue  # An HP-Outer of an earlier message has no meaning here.
        if not _is_protectable(field):
            outer.append(field.encoded if is_transport_safe(field.encoded) else write_field(field))
            continue
        name = field.name.lower()
        encoded = b"" if firsts.get(name) == b"" else _encode(field)
        if name in _FIRST_COUNTS:
            firsts.setdefault(name, encoded)
        if not encoded:
            continue  # The field has no value to hide or record. No later field of this name may take its place.
        protected.append(encoded)
        shown = encoded if mode is ProtectionMode.CLEAR else _apply_policy(policy, encoded)
        outer.append(shown)
        if shown != encoded:
            hidden.append(encoded)
        if mode is not ProtectionMode.CLEAR and shown:
            records.append(_fold(b"HP-Outer: " + shown))
    if mode is ProtectionMode.CIPHER_WITH_COPY and hidden:
        inner = parse_entity(_copy_hidden(entity, b"".join(hidden), b"".join(protected)))
    structural = [_mark(field, mode) for field in inner.headers.fields if field.describes_body]
    return b"".join(outer), b"".join([*protected, *records, *structural, b"\r\n", inner.body])


def unprotect_headers(outer: Headers, payload: Entity, *, signed: bool, encrypted: bool) -> ProtectedHeaders:
    """The displayed form of a message with these outer fields around `payload`.

    `signed` means that a signature over the whole payload verified, `encrypted` that the payload was encrypted. Raises
    LimitExceeded.
    """
    scheme = find_scheme(payload)
    content = parse_entity(decode_body(payload)) if scheme is HeaderScheme.WRAPPED else payload
    inside = () if scheme is HeaderScheme.NONE else content.headers.fields
    protected = [field for field in inside if not field.describes_body and field.name.lower() != "hp-outer"]
    records = _read_records(content) if scheme in (HeaderScheme.CLEAR, HeaderScheme.CIPHER) else ()
    # Without HP-Outer, the sender is assumed to have hidden each field that is not outside (section 4.10).
    may_hide = encrypted and scheme is not HeaderScheme.CLEAR
    left_outside = {_key(field) for field in (records if scheme is HeaderScheme.CIPHER else outer.fields)}
    fields = (
        *(
            ShownField(field, _status(signed=signed, hidden=may_hide and _key(field) not in left_outside))
            for field in protected
        ),
        *(ShownField(header, FieldProtection.UNPROTECTED) for header in _from_outside(outer, protected, scheme)),
    )
    expected = records if scheme is HeaderScheme.CIPHER else tuple(protected)
    if not encrypted:
        # In a copy that `decrypt_message` made, the protected fields have replaced the outer fields that were hidden.
        expected = _without_restored(expected, protected, outer)
    compares = scheme is HeaderScheme.CIPHER or (scheme is not HeaderScheme.NONE and not encrypted)
    as_received = tuple(outer.fields) if may_hide else tuple(shown_field.field for shown_field in fields)
    return ProtectedHeaders(
        scheme=scheme,
        fields=fields,
        content=content,
        recorded_outer=records if scheme is HeaderScheme.CIPHER else as_received,
        altered_outside=_find_altered(expected, outer) if compares else (),
        outer_from_differs=_from_differs(outer, protected),
    )


def find_scheme(payload: Entity) -> HeaderScheme:
    """The header protection scheme of the payload, from the payload's parameters only."""
    parameters = payload.content_type.parameters
    mark = parameters.get("hp", "").strip().lower()
    if mark in ("clear", "cipher"):
        return HeaderScheme.CIPHER if mark == "cipher" else HeaderScheme.CLEAR
    if parameters.get("protected-headers", "").strip().lower() == "v1":
        return HeaderScheme.LEGACY
    # RFC 8551 section 3.1: a wrapped message is the message itself. With `forwarded=yes` it is a forwarded message.
    is_wrapped = payload.content_type.media_type in EMBEDDED_MESSAGES
    if is_wrapped and parameters.get("forwarded", "no").strip().lower() == "no" and payload.disposition != "attachment":
        return HeaderScheme.WRAPPED
    return HeaderScheme.NONE


def _copy_hidden(entity: bytes, hidden: bytes, protected: bytes) -> bytes:
    # Imported only here, because most mail gets no copy of the hidden fields, and the module that reads HTML is large.
    from smime_core.mail.legacy_display_writing import copied_lines, with_legacy_display

    lines = copied_lines(parse_headers(hidden).fields)
    return with_legacy_display(entity, lines, parse_headers(protected)) if lines else entity


def _encode(field: Field) -> bytes:
    encoded = write_field(field)
    if encoded and field.name.lower() in ADDRESS_FIELDS:
        (written,) = parse_headers(encoded).fields
        if _addresses_in(written.unfolded) != _addresses_in(field.unfolded):
            raise MalformedMessage(
                "an address beyond ASCII or with control characters, which 7-bit mail cannot carry", where=field.name
            )
    return encoded


def _is_protectable(field: Field) -> bool:
    # No recipient may read Bcc, so it must not come inside content that every recipient decrypts.
    name = field.name.lower()
    return not field.describes_body and name != "bcc" and not _TRACE.fullmatch(name)


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
        raise MalformedMessage("a policy gave a value that no header can have", where=field.name)
    return _fold(f"{field.name}: {value}\r\n".encode("ascii"))


def _fold(encoded: bytes) -> bytes:
    return write_fields(parse_headers(encoded).fields)


def _mark(field: Field, mode: ProtectionMode) -> bytes:
    # Removes from Content-Type the parameters in _MARKS, which an earlier protection may have left. Adds `hp` after the
    # other parameters.
    if field.name.lower() != "content-type":
        return field.encoded
    kind, parameters = parse_parameterised(field.unfolded)
    if _MARKS & parameters.keys():
        rest = {name: value for name, value in parameters.items() if name not in _MARKS}
        marked = f'{field.name}: {format_parameterised(kind, rest)};\r\n hp="{mode.hp}"\r\n'.encode("ascii", "replace")
    else:
        marked = field.encoded.rstrip(b"; \t\r\n") + f';\r\n hp="{mode.hp}"\r\n'.encode("ascii")
    return _fold(marked)


def _read_records(content: Entity) -> tuple[Field, ...]:
    # The value of HP-Outer is name ":" body (section 2.2). A value without a name is ignored, together with its folded
    # lines.
    lines = (field.body.lstrip() for field in content.headers.find("HP-Outer"))
    return tuple(record for line in lines for record in parse_headers(line).fields)


def _status(*, signed: bool, hidden: bool) -> FieldProtection:
    if hidden:
        return FieldProtection.SIGNED_AND_ENCRYPTED if signed else FieldProtection.ENCRYPTED
    return FieldProtection.SIGNED if signed else FieldProtection.UNPROTECTED


def _from_outside(outer: Headers, protected: list[Field], scheme: HeaderScheme) -> tuple[Field, ...]:
    # With header protection, anybody may have added a field that is only outside. Such a field is not displayed
    # (section 4.5), except a From if there is no From inside. The form `protected-headers` protects only some fields,
    # so the other outer fields are displayed.
    names = {field.name.lower() for field in protected}
    outside = tuple(field for field in outer.fields if field.name.lower() not in names)
    if scheme in (HeaderScheme.NONE, HeaderScheme.LEGACY):
        return tuple(field for field in outside if not field.describes_body)
    return tuple(field for field in outside if field.name.lower() == "from")


def _find_altered(expected: tuple[Field, ...], outer: Headers) -> tuple[str, ...]:
    # If a part was saved without its message, its outer fields only describe the part.
    altered = _without_copies(expected, outer) if any(map(_is_protectable, outer.fields)) else ()
    return tuple(dict.fromkeys(field.name for field in altered))


def _without_restored(expected: tuple[Field, ...], protected: list[Field], outer: Headers) -> tuple[Field, ...]:
    # Leaves out the fields whose protected form is also present outside.
    names = {field.name.lower() for field in protected}
    restored = names - {field.name.lower() for field in _without_copies(tuple(protected), outer)}
    return tuple(field for field in expected if field.name.lower() not in restored)


def _without_copies(fields: tuple[Field, ...], outer: Headers) -> tuple[Field, ...]:
    # Leaves out the fields that also occur outside, word for word or with the same meaning.
    words = {_key(field) for field in outer.fields}
    missing = [field for field in fields if _key(field) not in words]
    names = {field.name.lower() for field in missing}
    meanings = {_meaning(field) for field in outer.fields if field.name.lower() in names}
    return tuple(field for field in missing if _meaning(field) not in meanings)


def _from_differs(outer: Headers, protected: list[Field]) -> bool:
    inside = [field for field in protected if field.name.lower() == "from"]
    outside = outer.find("From")
    return bool(inside and outside) and _author(inside) != _author(outside)


def _author(fields: list[Field] | tuple[Field, ...]) -> list[tuple[str, str]]:
    return [address for field in fields for address in _addresses_in(field.unfolded)]


def _addresses_in(value: str) -> list[tuple[str, str]]:
    return [address_key(mailbox.address) for mailbox in addresses(value)]


def _key(field: Field) -> tuple[str, str]:
    # Folding and white space have no meaning (RFC 5322 section 2.2.3), and relays change the folding.
    return field.name.lower(), " ".join(field.text.split())


def _meaning(field: Field) -> tuple[str, object]:
    # Relays rewrite addresses and dates; for example, sendmail writes `a,b` as `a, b`. Very long fields are compared
    # word by word.
    name, value = field.name.lower(), field.unfolded
    if name in ADDRESS_FIELDS and len(value) <= _MAX_PARSED_CHARACTERS:
        mailboxes = addresses(value)
        if mailboxes and all(mailbox.address for mailbox in mailboxes):
            return name, tuple((" ".join(person.name.split()), address_key(person.address)) for person in mailboxes)
    if name == "date" and (moment := parse_date(value)) is not None:
        return name, moment
    return _key(field)
