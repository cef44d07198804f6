"""The pages use what they know: two certificates of one person, and certificates that a mail lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import Identity, blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_people, wait_until_kept
from tests.support.pages.strangers import PROVIDER, deliver, wait_for_state
from webbridge.demo.revocation import build_list
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.in_turn, pytest.mark.thorough]

DORA = "dora@example.test"


@pytest.fixture
def alice(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.page.js("""async () => indexedDB.deleteDatabase("sealwax")""")
    pages.close()


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
    show_people(alice)
    alice.page.choose_files(named("import-people"), [tmp_path / "receives.pem"])
    alice.page.wait_for_text("Added: 1", selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)
    alice.open_message(deliver(stack, alice.account, signs, "From my other certificate"))
    wait_for_state(alice, "verified")
    wait_until_kept(alice, 2)
    assert not alice.page.js(f"""() => document.querySelector('{named("changed")}')""")
    show_people(alice)
    look = f"""(fingerprint) => [...document.querySelectorAll('{named("person")}')]
      .some((one) => one.textContent.replaceAll(" ", "").includes(fingerprint))"""
    for one in (signs, receives):
        alice.page.wait_for(look, one.certificate.fingerprint, timeout_seconds=OPERATION_SECONDS)


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
