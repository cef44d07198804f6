"""The pages use what they know: two certificates of one person, and certificates that a mail lacks."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import Identity, blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.x509 import Certificate
from tests.support.extension.mail_letters import mail, text
from tests.support.pages import received
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_contacts, wait_until_kept
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import PROVIDER, deliver, wait_for_state
from webbridge.demo.revocation import build_list
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

DORA = "dora@example.test"


def issue(stack: DemoStack, issuer: Authority, address: str, key: NewKey, crl_url: str = "") -> Identity:
    details = Details(crl_urls=(crl_url or stack.list_url,))
    return blocking.run(
        issue_identity(issuer, address, provider=PROVIDER, at=datetime.now(UTC), key=key, details=details)
    )


def test_a_person_with_a_certificate_for_each_use_has_not_changed(
    alice: MailPages, stack: DemoStack, tmp_path: Path
) -> None:
    authority = stack.people.authority
    signs, receives = (issue(stack, authority, DORA, key) for key in (NewKey.ED25519, NewKey.X25519))
    (tmp_path / "receives.pem").write_bytes(build_pem("CERTIFICATE", receives.certificate.der))
    show_contacts(alice)
    alice.page.choose_files(named("import-people"), [tmp_path / "receives.pem"])
    alice.page.wait_for_text("Added: 1", selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)
    alice.open_message(deliver(stack, alice.account, signs, "From my other certificate"))
    wait_for_state(alice, "verified")
    wait_until_kept(alice, 2)
    assert not alice.page.js(f"""() => document.querySelector('{named("changed")}')""")
    show_contacts(alice)
    look = f"""(fingerprint, use) => [...document.querySelectorAll('{named("person")} dl')]
      .some((one) => [fingerprint, use].every((wanted) => one.textContent.includes(wanted)))"""
    for identity, use in ((signs, "for signing"), (receives, "for encryption")):
        alice.page.wait_for(look, identity.certificate.fingerprint, use, timeout_seconds=OPERATION_SECONDS)


def with_unreadable_certificate(message: bytes, certificate: Certificate) -> bytes:
    """A signed message whose certificate has a validity that begins at a time without a zone, which is not allowed."""
    (begin,) = set(re.findall(rb"\x17\x0d\d{12}Z", certificate.der)[:1])
    head, _, encoded = message.partition(b'filename="smime.p7s"')
    fields, encoded, end = re.split(rb"\r\n\r\n|\r\n(?=--)", encoded, maxsplit=2)
    cms = base64.b64decode(encoded)
    assert cms.count(certificate.der) == 1
    damaged = cms.replace(certificate.der, certificate.der.replace(begin, begin[:-1] + b"0"))
    lines = base64.encodebytes(damaged).strip().replace(b"\n", b"\r\n")
    return head + b'filename="smime.p7s"' + fields + b"\r\n\r\n" + lines + b"\r\n" + end


def test_a_certificate_that_cannot_be_read_is_not_called_missing(alice: MailPages, stack: DemoStack) -> None:
    bob = stack.accounts[1]
    message = with_unreadable_certificate(received.signed(bob, mail(text("One."))), bob.identity.certificate)
    alice.open_message(received.deliver(stack, message))
    wait_for_state(alice, "signed-unverified")
    assert "certificate is in the message, but it cannot be read" in alice.page.text(named("state"))
    alice.page.js("() => document.querySelectorAll('[data-test=state] details').forEach((one) => { one.open = true; })")
    details = alice.page.text(named("state"))
    assert "in the message, but unreadable" in details
    assert "not in the message" not in details


def test_an_authority_that_came_with_one_mail_completes_the_path_of_another(alice: MailPages, stack: DemoStack) -> None:
    at, path = datetime.now(UTC), "/department.crl"
    crl_url = stack.list_url.rpartition("/")[0] + path
    details = Details(crl_urls=(stack.list_url,))
    department = blocking.run(
        create_authority("Department", provider=PROVIDER, at=at, issuer=stack.people.authority, details=details)
    )
    stack.published[path] = build_list(department, [], provider=PROVIDER, at=at)
    erin, frank = (issue(stack, department, f"{name}@example.test", NewKey.P256, crl_url) for name in ("erin", "frank"))
    alice.open_message(deliver(stack, alice.account, replace(frank, chain=()), "Without my authority"))
    wait_for_state(alice, "signed-unverified")
    alice.open_message(deliver(stack, alice.account, erin, "With our authority"))
    wait_for_state(alice, "verified")
    alice.open_message(deliver(stack, alice.account, replace(frank, chain=()), "Again without it"))
    wait_for_state(alice, "verified")
