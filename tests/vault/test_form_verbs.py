"""The vault's verbs for web forms: the server verifies a signed form, and an encrypted file is read like mail."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.errors import FormMismatch, MalformedMessage
from smime_core.own_content.forms import SignedForm, Submission, SubmittedFile, verify_form
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust as trust_store
from tests.support.vault.verbs import AT, call, sealed, trust

ORIGIN = "https://shop.example"
SCAN = SubmittedFile(filename="scan.pdf", content=b"%PDF-1.7")
ENTRIES: list[dict[str, Any]] = [
    {"name": "item", "value": "7", "hidden": True},
    {"name": "wish", "value": "red\nnot blue", "label": "Your wish"},
    {"name": "scan", "value": "scan.pdf", "size": 8, "sha256": hashlib.sha256(SCAN.content).hexdigest()},
]
SUBMITTED: list[tuple[str, str | SubmittedFile]] = [("item", "7"), ("wish", "red\r\nnot blue"), ("scan", SCAN)]


def form(**changes: Any) -> dict[str, Any]:
    written = {
        "topOrigin": ORIGIN,
        "origin": ORIGIN,
        "action": f"{ORIGIN}/order",
        "method": "post",
        "enctype": "multipart/form-data",
        "nonce": "once",
        "entries": ENTRIES,
        "submitter": ["go", "Order"],
    }
    return {**written, **changes}


def verify(signature: str, fields: list[tuple[str, str | SubmittedFile]]) -> SignedForm:
    return run(
        verify_form(
            signature.encode(),
            Submission(
                origin=ORIGIN, action=f"{ORIGIN}/order", nonce="once", fields=fields, enctype="multipart/form-data"
            ),
            Judging(trust_store=trust_store(), at=NOW),
            provider=PROVIDER,
        )
    )


def test_a_signed_submission_is_the_one_that_the_server_verifies() -> None:
    signature = call("form.sign", form=form(), **sealed(person("alice")), at=AT)["signature"]
    signed = verify(signature, SUBMITTED)
    assert signed.form.submitter == ("go", "Order")
    assert [entry.hidden for entry in signed.form.entries] == [True, False, False]
    with pytest.raises(FormMismatch):
        verify(signature, [("item", "8"), *SUBMITTED[1:]])


@pytest.mark.parametrize(
    "changes",
    [
        {"submitter": ["go"]},
        {"entries": [{"name": "scan", "value": "scan.pdf", "size": 8}]},
        {"entries": [{"name": "scan", "value": "scan.pdf", "sha256": "00"}]},
    ],
)
def test_half_a_submission_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        call("form.sign", form=form(**changes), **sealed(person("alice")), at=AT)


@pytest.mark.parametrize(("sign", "state"), [(True, "verified"), (False, "encrypted-only")])
def test_an_encrypted_file_opens_with_its_name(sign: bool, state: str) -> None:
    file = {"name": "Gehälter.pdf", "type": "application/pdf", "data": b"%PDF\r\n\x00"}
    bob = person("bob")
    cms = call(
        "file.encrypt", file=dict(file), sign=sign, **sealed(person("alice")), recipients=[bob.certificate.der], at=AT
    )["cms"]
    opened = call("message.verify", message=cms, **sealed(bob), **trust())
    assert opened["attachments"] == [{**file, "path": "", "contentId": ""}]
    assert opened["report"]["state"] == state


def test_a_signed_file_opens_for_everybody() -> None:
    file = {"name": "a.bin", "type": "", "data": b"\x00\xff"}
    cms = call("file.encrypt", file=file, sign=True, **sealed(person("alice")), recipients=[], at=AT)["cms"]
    opened = call("message.verify", message=cms, identities=[], **trust())
    read = {**file, "type": "application/octet-stream", "path": "", "contentId": ""}
    assert opened["attachments"] == [read]
    assert opened["report"]["state"] == "verified"


def test_a_file_is_not_let_through_as_it_is() -> None:
    file = {"name": "a.bin", "type": "", "data": b"\x00"}
    with pytest.raises(MalformedMessage):
        call("file.encrypt", file=file, sign=False, identities=[], recipients=[], at=AT)
