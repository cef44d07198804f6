"""Whole forms, signed as they are submitted, and checked by the server that gets them (DESIGN, "The extension").

One signature over everything that the submission means: whose page, where to, by which method, the server's nonce, and
every entry in order with what the signer saw of it. Texts only, JSON without spaces, under a content type of its own.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.content_info import FORM, armor
from smime_core.der import Buffer
from smime_core.errors import FormMismatch, MalformedMessage, VerificationError
from smime_core.key_management import KeyHolder
from smime_core.own_content import ContentKind, build_members, examine_content, parse_members, text_member
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, State
from smime_core.signed_data import build_signed_data
from smime_core.times import utc_text

MAX_LIFETIME: Final = datetime.timedelta(days=1)  # a submission is used at once; a longer one only helps a replay
MAX_CLOCK_DIFFERENCE: Final = datetime.timedelta(minutes=10)
MAX_ENTRIES: Final = 10_000
_KIND: Final = ContentKind(name="form", content_type=FORM)
_VERSION: Final = "1"
_PURPOSE: Final = "sealwax-form"
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_MEMBERS: Final = {
    "version",
    "purpose",
    "topOrigin",
    "origin",
    "action",
    "method",
    "enctype",
    "nonce",
    "entries",
    "submitter",
    "certificate",
    "time",
    "expires",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormEntry:
    """One entry of the form's data set: text, or a file by its name, size in bytes and SHA-256 in hexadecimal.

    `label` and `hidden` are what the signer was shown: they bind nobody but tell what was agreed to.
    """

    name: str
    value: str
    label: str = ""
    hidden: bool = False
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a person submits. Origins as the browser knows them; `action` is absolute; `submitter` is [name, value]."""

    top_origin: str
    origin: str
    action: str
    method: str
    enctype: str
    nonce: str
    entries: tuple[FormEntry, ...]
    submitter: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedFile:
    """A file as the server received it."""

    filename: str
    content: bytes


Submitted = Sequence[tuple[str, str | SubmittedFile]]
"""The entries as the server received them, in order, without the one that holds the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """A form whose signature was verified, with the report on it."""

    form: Form
    report: MessageReport
    time: datetime.datetime
    expires: datetime.datetime


def file_entry(name: str, file: SubmittedFile, *, label: str = "") -> FormEntry:
    """The entry of a file."""
    digest = hashlib.sha256(file.content).hexdigest()
    return FormEntry(name=name, value=file.filename, label=label, size=len(file.content), sha256=digest)


async def sign_form(
    form: Form,
    *,
    identity: KeyHolder,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    lifetime: datetime.timedelta = datetime.timedelta(minutes=30),
) -> str:
    """The armored signature for the hidden field `smime_signature`. Raises MalformedMessage for too long a lifetime."""
    if not datetime.timedelta(0) < lifetime <= MAX_LIFETIME:
        raise MalformedMessage(f"a lifetime of {lifetime}, at most {MAX_LIFETIME} is accepted", where=_KIND.name)
    content = build_members(
        version=_VERSION,
        purpose=_PURPOSE,
        topOrigin=form.top_origin,
        origin=form.origin,
        action=form.action,
        method=form.method.upper(),
        enctype=form.enctype.lower(),
        nonce=form.nonce,
        entries=[_entry_to_json(entry) for entry in form.entries],
        submitter=list(form.submitter or ()),
        certificate=identity.certificate.fingerprint,
        time=utc_text(signing_time),
        expires=utc_text(signing_time + lifetime),
    )
    cms_der = await build_signed_data(
        content,
        holders=[identity],
        content_type=FORM,
        detached=False,
        signing_time=signing_time,
        provider=provider,
    )
    return armor(cms_der)


async def verify_form(
    armored: Buffer,
    *,
    origin: str,
    action: str,
    nonce: str,
    fields: Submitted,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    method: str = "POST",
    enctype: str = "application/x-www-form-urlencoded",
    top_origin: str | None = None,
) -> SignedForm:
    """The form that was signed, when it is the one that this server got; for servers.

    `top_origin` is the page around a framed form, `origin` itself without one. A nonce is the server's own and counts
    once: forgetting it afterwards is the server's part.
    (0) the signature is verified, under this content type; (1) purpose and version; (2) the signer's certificate is the
    one that the form names; (3) origins, action, method, enctype, nonce; (4) the time; (5) every entry, in order.
    Raises VerificationError with the report, ContentTypeMismatch, FormMismatch or MalformedMessage.
    """
    # (0)
    report = await examine_content(armored, _KIND, provider=provider, trust_store=trust_store, at=at)
    if report.state is not State.VERIFIED:
        why = ", ".join(reason.code for reason in report.reasons)
        raise VerificationError(f"{report.state}: {why}", report=report)
    # (1)
    members = parse_members(report.content, _MEMBERS, where=_KIND.name, version=_VERSION)
    _expect(members, "purpose", _PURPOSE)
    # (2)
    certificates = {signer.certificate.fingerprint for signer in report.signers if signer.certificate}
    if certificates != {members["certificate"]}:
        raise FormMismatch("certificate", "the form names another signer than the one who signed")
    # (3)
    _expect(members, "topOrigin", top_origin or origin)
    _expect(members, "origin", origin)
    _expect(members, "action", action)
    _expect(members, "method", method.upper())
    _expect(members, "enctype", enctype.lower())
    # A session that holds no nonce gives an empty one; a form signed with that could be sent again.
    if not nonce or not hmac.compare_digest(_text(members, "nonce").encode(), nonce.encode()):
        raise FormMismatch("nonce", "it is not the one that this server gave")
    # (4)
    time, expires = _check_time(members, at)
    # (5)
    entries = _parse_entries(members["entries"])
    _check_entries(entries, fields)
    form = Form(
        top_origin=_text(members, "topOrigin"),
        origin=origin,
        action=action,
        method=_text(members, "method"),
        enctype=_text(members, "enctype"),
        nonce=nonce,
        entries=entries,
        submitter=_parse_submitter(members["submitter"]),
    )
    return SignedForm(form=form, report=report, time=time, expires=expires)


def _entry_to_json(entry: FormEntry) -> list[str]:
    shown = [entry.label, "hidden" if entry.hidden else "visible"]
    if entry.size is None:
        return ["text", entry.name, _submitted_text(entry.value), *shown]
    return ["file", entry.name, entry.value, str(entry.size), entry.sha256, *shown]


def _submitted_text(value: str) -> str:
    # As browsers submit it (HTML, "Constructing the entry list"): every line end is CRLF.
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def _parse_entries(value: object) -> tuple[FormEntry, ...]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise MalformedMessage(f"entries are no list of at most {MAX_ENTRIES}", where=_KIND.name)
    return tuple(map(_parse_entry, value))


def _parse_entry(value: object) -> FormEntry:
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        match value:
            case ["text", name, text, label, "visible" | "hidden" as shown]:
                return FormEntry(name=name, value=text, label=label, hidden=shown == "hidden")
            case ["file", name, filename, size, sha256, label, "visible" | "hidden" as shown] if _is_number(size):
                return FormEntry(
                    name=name, value=filename, label=label, hidden=shown == "hidden", size=int(size), sha256=sha256
                )
    raise MalformedMessage("an entry is neither text nor a file", where=_KIND.name)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _parse_submitter(value: object) -> tuple[str, str] | None:
    match value:
        case []:
            return None
        case [str(name), str(text)]:
            return name, text
    raise MalformedMessage("submitter is no name and value", where=_KIND.name)


def _check_entries(entries: Sequence[FormEntry], fields: Submitted) -> None:
    if len(entries) != len(fields):
        raise FormMismatch("entries", f"{len(entries)} were signed, {len(fields)} were submitted")
    for number, (entry, (name, value)) in enumerate(zip(entries, fields, strict=True), start=1):
        where = f"entry {number} ({entry.name})"
        if entry.name != name:
            raise FormMismatch(where, f"it was submitted as {name}")
        if isinstance(value, SubmittedFile):
            expected = file_entry(name, value)
            if (entry.value, entry.size, entry.sha256) != (expected.value, expected.size, expected.sha256):
                raise FormMismatch(where, "another file was submitted")
        elif entry.size is not None or _submitted_text(entry.value) != _submitted_text(value):
            raise FormMismatch(where, "another value was submitted")


def _check_time(members: dict[str, object], at: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    time, expires = (_parse_time(_text(members, name)) for name in ("time", "expires"))
    if time > at + MAX_CLOCK_DIFFERENCE:
        raise FormMismatch("time", "it lies in the future")
    if expires - time > MAX_LIFETIME:
        raise FormMismatch("expires", f"it is more than {MAX_LIFETIME} after the time of signing")
    if at > expires:
        raise FormMismatch("expires", "the submission is too late")
    return time, expires


def _parse_time(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise MalformedMessage("a time is not as 2026-01-31T12:00:00Z", where=_KIND.name) from error


def _text(members: dict[str, object], name: str) -> str:
    return text_member(members, name, where=_KIND.name)


def _expect(members: dict[str, object], name: str, expected: str) -> None:
    if _text(members, name) != expected:
        raise FormMismatch(name, f"{_text(members, name)} was signed, this is {expected}")
