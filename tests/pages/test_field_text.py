"""The pages show the text of a field of a web page with its site, and never as a mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smime_core.blocking import run
from smime_core.cms.content_info import unarmor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.mime import build_pkcs7_mime
from smime_core.own_content import protect_field
from smime_core.providers.native import NativeProvider
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

HEADER = b"From: Mallory <mallory@example.test>\r\nTo: alice@example.test\r\nSubject: Greetings\r\n"


@pytest.mark.parametrize(("is_signed", "is_encrypted"), [(True, False), (False, True), (True, True)])
def test_the_text_of_a_field_is_shown_without_a_mail_around_it(
    visitor: MailPages, demo_stack: DemoStack, alice: Account, bob: Account, is_signed: bool, is_encrypted: bool
) -> None:
    signing = Signing(identities=[bob.identity], signing_time=datetime.now(UTC)) if is_signed else None
    encrypting = Encrypting(recipients=[alice.identity.certificate] if is_encrypted else [])
    field = run(
        protect_field(
            "Blood pressure 120/80",
            NativeProvider(),
            origin="https://clinic.example",
            signing=signing,
            encrypting=encrypting,
        )
    )
    uid = demo_stack.mail_server.append(
        alice.address, build_pkcs7_mime(HEADER, unarmor(field.encode()), "enveloped-data")
    )
    visitor.enter()
    visitor.open_message(uid)
    state = "verified" if is_signed else "encrypted-only"
    visitor.page.wait_for_selector(f"{named('state')}[data-state={state}]", timeout_seconds=OPERATION_SECONDS)
    assert visitor.body == "Blood pressure 120/80"
    assert visitor.page.text(named("field-text")) == "Field text for https://clinic.example"
    statement = visitor.page.text(named("state"))
    assert all(
        word in statement for word in (("Signed by", bob.address) if is_signed else ("Anyone could have written it",))
    )
    shown = visitor.page.js(
        "() => document.querySelectorAll('[data-test=reply], [data-test=subject], [data-test^=header-]').length"
    )
    assert shown == 0
    assert "Mallory" not in visitor.page.text(named("reading"))
