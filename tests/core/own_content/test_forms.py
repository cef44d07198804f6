"""A form signature counts for one submission: a form is accepted only if all that the server compares is equal."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.cms.content_info import FIELD, FORM, ID_DATA, armor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.errors import ContentTypeMismatch, FormMismatch, MalformedMessage, VerificationError
from smime_core.identity.identity import Identity
from smime_core.own_content import sign_form, verify_form
from smime_core.own_content.forms import Form, FormEntry, SignedForm, Submission, SubmittedFile, file_entry
from smime_core.report.report import report_of
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, anchor, person, trust

ORIGIN: Final = "https://clinic.example"
ACTION: Final = "https://clinic.example/consent"
NONCE: Final = "k3rn3lOfTheServer"
ALICE: Final = person("alice")
SCAN: Final = SubmittedFile(filename="scan.pdf", content=b"%PDF-1.7")
OTHER_CONTENT: Final = SubmittedFile(filename="scan.pdf", content=b"%PDF-1.8")
OTHER_NAME: Final = SubmittedFile(filename="x.pdf", content=SCAN.content)
FORM_OF_ALICE: Final = Form(
    top_origin=ORIGIN,
    origin=ORIGIN,
    action=ACTION,
    method="post",
    enctype="multipart/form-data",
    nonce=NONCE,
    entries=(
        FormEntry(name="ward", value="7", hidden=True),
        FormEntry(name="consent", value="yes\nto all", label="I agree"),
        FormEntry(name="consent", value="no", label="I do not agree"),
        file_entry("scan", SCAN, label="Scan"),
    ),
    submitter=("go", "Send"),
)
SUBMITTED: Final = [("ward", "7"), ("consent", "yes\r\nto all"), ("consent", "no"), ("scan", SCAN)]


def sign(form: Form = FORM_OF_ALICE, **more: Any) -> str:
    return blocking.run(sign_form(form, identity=ALICE, provider=PROVIDER, signing_time=NOW, **more))


def verify(signature: str, **changed: Any) -> SignedForm:
    expected: dict[str, Any] = {
        "origin": ORIGIN,
        "action": ACTION,
        "nonce": NONCE,
        "fields": SUBMITTED,
        "enctype": "multipart/form-data",
    }
    judging = Judging(trust_store=changed.pop("trust_store", trust()), at=changed.pop("at", NOW))
    return blocking.run(verify_form(signature.encode(), Submission(**(expected | changed)), judging, provider=PROVIDER))


def sign_content(members: Any, *, content_type: str = FORM, identity: Identity = ALICE) -> str:
    content = members if isinstance(members, bytes) else json.dumps(members).encode()
    return armor(
        blocking.sign_bytes(
            content, Signing(identities=[identity], signing_time=NOW), provider=PROVIDER, content_type=content_type
        )
    )


def members(**changed: Any) -> dict[str, Any]:
    """The JSON members that `sign` signs, with these changes."""
    report = verify(sign()).report
    return json.loads(report.content) | changed  # type: ignore[no-any-return]


def test_the_form_that_was_signed_is_accepted() -> None:
    signed = verify(sign())
    assert signed.form == dataclasses.replace(
        FORM_OF_ALICE,
        method="POST",
        entries=(
            FORM_OF_ALICE.entries[0],
            dataclasses.replace(FORM_OF_ALICE.entries[1], value="yes\r\nto all"),
            *FORM_OF_ALICE.entries[2:],
        ),
    )
    assert (signed.time, signed.expires) == (NOW, NOW + datetime.timedelta(minutes=30))
    assert signed.report.signers[0].certificate == ALICE.certificate


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"origin": "https://evil.example"}, "topOrigin"),
        ({"top_origin": "https://portal.example"}, "topOrigin"),
        ({"origin": "https://evil.example", "top_origin": ORIGIN}, "origin"),
        ({"action": ACTION + "?all=1"}, "action"),
        ({"method": "GET"}, "method"),
        ({"enctype": "text/plain"}, "enctype"),
        ({"nonce": "another"}, "nonce"),
        ({"fields": SUBMITTED[:-1]}, "entries"),
        ({"fields": [*SUBMITTED, ("more", "")]}, "entries"),
        ({"fields": [SUBMITTED[0], SUBMITTED[2], SUBMITTED[1], SUBMITTED[3]]}, "entry 2 (consent)"),
        ({"fields": [("Ward", "7"), *SUBMITTED[1:]]}, "entry 1 (ward)"),
        ({"fields": [("ward", "8"), *SUBMITTED[1:]]}, "entry 1 (ward)"),
        (
            {"fields": [*SUBMITTED[:3], ("scan", SubmittedFile(filename="scan.pdf", content=b"%PDF-1.8"))]},
            "entry 4 (scan)",
        ),
        (
            {"fields": [*SUBMITTED[:3], ("scan", SubmittedFile(filename="x.pdf", content=SCAN.content))]},
            "entry 4 (scan)",
        ),
        ({"fields": [*SUBMITTED[:3], ("scan", "scan.pdf")]}, "entry 4 (scan)"),
        ({"at": NOW + datetime.timedelta(minutes=31)}, "expires"),
        ({"at": NOW - datetime.timedelta(minutes=11)}, "time"),
    ],
)
def test_any_other_submission_is_refused(changed: dict[str, Any], member: str) -> None:
    with pytest.raises(FormMismatch) as refused:
        verify(sign(), **changed)
    assert refused.value.member == member


def test_a_form_without_a_nonce_is_refused() -> None:
    with pytest.raises(FormMismatch) as refused:
        verify(sign(dataclasses.replace(FORM_OF_ALICE, nonce="")), nonce="")
    assert refused.value.member == "nonce"


def test_a_file_in_the_place_of_text_is_refused() -> None:
    with pytest.raises(FormMismatch):
        verify(sign(), fields=[("ward", SubmittedFile(filename="7", content=b"")), *SUBMITTED[1:]])


def test_an_unknown_signer_is_refused_with_the_report() -> None:
    with pytest.raises(VerificationError) as refused:
        verify(sign(), trust_store=trust(person("eve").certificate))
    report = report_of(refused.value)
    assert report is not None
    assert report.reasons[0].code == "untrusted-anchor"


def test_an_altered_signature_is_refused() -> None:
    lines = sign().splitlines()
    lines[3] = lines[3][:10] + ("A" if lines[3][10] != "A" else "B") + lines[3][11:]
    with pytest.raises((VerificationError, MalformedMessage)):
        verify("\n".join(lines))


@pytest.mark.parametrize("content_type", [ID_DATA, FIELD])
def test_a_form_signed_as_another_kind_is_refused(content_type: str) -> None:
    with pytest.raises(VerificationError, match="content-type-mismatch"):
        verify(sign_content(members(), content_type=content_type))


def test_an_encrypted_form_is_no_signed_form() -> None:
    encrypted = blocking.encrypt_bytes(
        json.dumps(members()).encode(),
        Encrypting(recipients=[ALICE.certificate]),
        provider=PROVIDER,
        content_type=ID_DATA,
    )
    with pytest.raises(ContentTypeMismatch):
        verify(armor(encrypted))


def test_the_signers_certificate_is_the_one_that_the_form_names() -> None:
    with pytest.raises(FormMismatch, match="another signer"):
        verify(sign_content(members(), identity=person("bob")))


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "2"},
        {"extra": ""},
        {"nonce": 7},
        {"time": "yesterday"},
        {"entries": {}},
        {"entries": [["text", "ward", "7", "", "seen"]]},
        {"entries": [["text", "ward", 7, "", "hidden"]]},
        {"entries": [["file", "scan", "scan.pdf", "-1", "", "", "visible"]]},
        {"entries": [["file", "scan", "scan.pdf", "9" * 5000, "", "", "visible"]]},
        {"submitter": ["go"]},
    ],
)
def test_a_form_of_another_shape_is_malformed(changed: dict[str, Any]) -> None:
    if "entries" in changed:
        changed["fields"] = []
    fields = changed.pop("fields", SUBMITTED)
    with pytest.raises(MalformedMessage):
        verify(sign_content(members(**changed)), fields=fields)


def test_another_purpose_is_refused() -> None:
    with pytest.raises(FormMismatch, match="purpose"):
        verify(sign_content(members(purpose="sealwax-login")))


def test_content_that_is_no_json_is_malformed() -> None:
    for content in (b"", b"[]", b"{", b"[" * 100_000, b"\xff"):
        with pytest.raises(MalformedMessage):
            verify(sign_content(content))


def test_a_long_lifetime_is_neither_made_nor_accepted() -> None:
    with pytest.raises(MalformedMessage, match="lifetime"):
        sign(lifetime=datetime.timedelta(days=2))
    with pytest.raises(FormMismatch, match="expires"):
        verify(sign_content(members(expires="2026-06-05T12:00:00Z")))


def test_half_a_character_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="surrogate"):
        sign(dataclasses.replace(FORM_OF_ALICE, nonce="\ud83d"))


def test_the_authority_itself_is_no_signer_of_forms() -> None:
    with pytest.raises(VerificationError):
        verify(sign(), trust_store=trust(anchor()), at=NOW + datetime.timedelta(days=10_000))
