"""Whole forms, signed when they are submitted and checked by the receiving server.

One signature covers the whole submission: the page, the target, the method, the server's nonce, and every entry in
order with its label as the signer saw it. The signed content is JSON without spaces, in which all values are texts or
lists. Signed forms have a content type of their own.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms import KeyHolder, Signing
from smime_core.cms.content_info import FORM, armor
from smime_core.cms.signed_data import build_signed_data
from smime_core.errors import FormMismatch, MalformedMessage, VerificationError
from smime_core.own_content.own_content import ContentKind, build_members, examine_content, parse_members, text_member
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, State
from smime_core.text.times import parse_utc_text, utc_text
from smime_core.trust.judging import Judging

MAX_LIFETIME: Final = datetime.timedelta(days=1)  # A submission is used at once. A longer time only helps a replay.
MAX_CLOCK_DIFFERENCE: Final = datetime.timedelta(minutes=10)
MAX_ENTRIES: Final = 10_000
_KIND: Final = ContentKind(name="form", content_type=FORM)
_VERSION: Final = "1"
_PURPOSE: Final = "sealwax-form"
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

    `label` is the label that the signer saw. `hidden` means that the signer did not see the entry. The server does not
    compare these two; they document what the signer saw.
    """

    name: str
    value: str
    label: str = ""
    hidden: bool = False
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The data that a person submits.

    Origins are as browsers write them ("https://example.org"). `action` is an absolute URL. `submitter` is the (name,
    value) of the button, if any.
    """

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
"""The entries as the server received them, in order, without the entry of the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form as this server received it. The server fills it from the request and from its own session.

    `action` is the absolute address of the request. `nonce` is the nonce that the server gave to the form. After
    `verify_form` the server must forget the nonce, so that it is accepted only once. `top_origin` is the origin of the
    page around a framed form, or None.
    """

    origin: str
    action: str
    nonce: str
    fields: Submitted
    method: str = "POST"
    enctype: str = "application/x-www-form-urlencoded"
    top_origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """A form whose signature was verified, with the report on it."""

    form: Form
    report: MessageReport
    time: datetime.datetime
    expires: datetime.datetime


def file_entry(name: str, file: SubmittedFile, *, label: str = "") -> FormEntry:
    """The entry for a file, with its size and SHA-256."""
    digest = hashlib.sha256(file.content).hexdigest()
    return FormEntry(name=name, value=file.filename, label=label, size=len(file.content), sha256=digest)


async def sign_form(
    form: Form,
    provider: CryptoProvider,
    *,
    identity: KeyHolder,
    signing_time: datetime.datetime,
    lifetime: datetime.timedelta = datetime.timedelta(minutes=30),
) -> str:
    """PEM of the signature for the hidden field `smime_signature`. Raises MalformedMessage for too long a lifetime."""
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
    signing = Signing(identities=[identity], signing_time=signing_time)
    return armor(await build_signed_data(content, signing, provider, FORM))


async def verify_form(armored: Buffer, submitted: Submission, judging: Judging, provider: CryptoProvider) -> SignedForm:
    """For servers: verify that the signed form is the one that this server received, and return it.

    (0) The signature verifies, with the content type of forms. (1) Purpose and version are right. (2) The signer's
    certificate is the one that the form names. (3) Origins, action, method, enctype and nonce are those of the request.
    (4) The form was not signed in the future and has not expired. (5) The entries equal the received entries, in the
    same order. Raises VerificationError with the report, ContentTypeMismatch, FormMismatch or MalformedMessage.
    """
    # (0) The signature.
    report = await examine_content(armored, _KIND, judging, provider)
    if report.state is not State.VERIFIED:
        why = ", ".join(reason.code for reason in report.reasons)
        raise VerificationError(f"{report.state}: {why}", report=report)
    # (1) The purpose; `parse_members` has checked the version.
    members = parse_members(report.content, _MEMBERS, where=_KIND.name, version=_VERSION)
    _expect(members, "purpose", _PURPOSE)
    # (2) The certificate.
    certificates = {signer.certificate.fingerprint for signer in report.signers if signer.certificate}
    if certificates != {members["certificate"]}:
        raise FormMismatch("certificate", "the form names another signer than the one who signed")
    # (3) The request.
    _check_destination(members, submitted)
    # (4) The time.
    time, expires = _check_time(members, judging.at)
    # (5) The entries.
    entries = _parse_entries(members["entries"])
    _check_entries(entries, submitted.fields)
    form = Form(
        top_origin=_text(members, "topOrigin"),
        origin=submitted.origin,
        action=submitted.action,
        method=_text(members, "method"),
        enctype=_text(members, "enctype"),
        nonce=submitted.nonce,
        entries=entries,
        submitter=_parse_submitter(members["submitter"]),
    )
    return SignedForm(form=form, report=report, time=time, expires=expires)


def _check_destination(members: dict[str, object], submitted: Submission) -> None:
    _expect(members, "topOrigin", submitted.top_origin or submitted.origin)
    _expect(members, "origin", submitted.origin)
    _expect(members, "action", submitted.action)
    _expect(members, "method", submitted.method.upper())
    _expect(members, "enctype", submitted.enctype.lower())
    # If the session has no nonce, `submitted.nonce` is empty. An empty nonce is refused, because the same form could be
    # sent again.
    nonce = submitted.nonce
    if not nonce or not hmac.compare_digest(_text(members, "nonce").encode(), nonce.encode()):
        raise FormMismatch("nonce", "this server gave another one")


def _entry_to_json(entry: FormEntry) -> list[str]:
    shown = [entry.label, "hidden" if entry.hidden else "visible"]
    if entry.size is None:
        return ["text", entry.name, _submitted_text(entry.value), *shown]
    return ["file", entry.name, entry.value, str(entry.size), entry.sha256, *shown]


def _submitted_text(value: str) -> str:
    # Every line ends with CRLF, as browsers submit text (HTML Standard, "Constructing the entry list").
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
        return parse_utc_text(text)
    except ValueError as error:
        raise MalformedMessage("a time is not as 2026-01-31T12:00:00Z", where=_KIND.name) from error


def _text(members: dict[str, object], name: str) -> str:
    return text_member(members, name, where=_KIND.name)


def _expect(members: dict[str, object], name: str, expected: str) -> None:
    if _text(members, name) != expected:
        raise FormMismatch(name, f"{_text(members, name)} was signed, this is {expected}")
