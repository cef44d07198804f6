"""Trust in the pages: verdicts on signers, revocation, recipients, and a person's decisions about strangers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from smime_core import blocking
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms import build_certificates_only
from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, ESCAPE
from tests.support.browser.page_scripts import page_scripts
from tests.support.new_passphrases import FIELDS
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import PROVIDER, STRANGER, deliver, open_why, stranger, wait_for_state, welcome_of
from tests.support.servers.pretended_public import pretend_public
from tests.support.vault.verbs import issue_for
from webbridge.demo.accounts import EXPIRING, REVOKED, certificate_pem
from webbridge.demo.revocation import LIST_PATH, build_list
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/trust.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Records the states of a message in the order in which the page shows them.
WATCH = IN_PAGE["watch"]


def readiness(pages: MailPages, address: str) -> str:
    """The text on a recipient, after the search for its certificate has ended."""
    look = """(address) => {
      const chip = document.querySelector(`[data-test="recipient"][data-address="${address}"]`);
      return chip && chip.dataset.readiness !== "asking" && { said: chip.innerText };
    }"""
    text: str = pages.page.wait_for(look, address, timeout_seconds=OPERATION_SECONDS)["said"]
    return text


@pytest.mark.thorough(False)
def test_a_verdict_is_never_greener_than_it_will_be(alice: MailPages, stack: DemoStack) -> None:
    alice.page.js(WATCH)
    alice.open_message(welcome_of(stack, alice.account))
    assert alice.page.js("() => window.shownStates") == ["checking", "verified"]
    assert "Not revoked" in open_why(alice)


@pytest.mark.thorough(False)
def test_a_revoked_senders_signature_is_not_verified(alice: MailPages, stack: DemoStack) -> None:
    letter = deliver(stack, alice.account, stack.people.revoked, "From before")
    alice.page.js(WATCH)
    alice.open_message(letter)
    assert alice.page.js("() => window.shownStates") == ["checking", "signed-unverified"]
    assert "was revoked" in alice.page.text(named("state"))
    assert "Revoked on" in open_why(alice)
    marks = "() => [...document.querySelectorAll('[data-test=path-node]')].map((node) => node.dataset.mark)"
    assert alice.page.js(marks) == ["good", "bad"]


def test_an_answer_is_not_asked_for_again(alice: MailPages, stack: DemoStack) -> None:
    alice.open_message(welcome_of(stack, alice.account))
    again = deliver(stack, alice.account, stack.accounts[1].identity, "Once more")
    alice.page.js(WATCH)
    alice.open_message(again)
    assert alice.page.js("() => window.shownStates.filter((state) => state === 'checking')") == []
    assert alice.state == "verified"


@pytest.mark.thorough(False)
def test_a_stranger_is_accepted_for_an_address_and_taken_back(alice: MailPages, stack: DemoStack) -> None:
    letter = deliver(stack, alice.account, stranger(), "A stranger")
    page = alice.page
    alice.open_message(letter)
    assert alice.state == "signed-unverified"
    open_why(alice)
    page.click(named("accept-exact"))
    page.wait_for_selector(named("accept-dialog"))
    assert page.value(named("accept-addresses")) == STRANGER
    # One click is not enough: the person must first confirm that the fingerprints were compared.
    page.press(ENTER)
    page.wait_for_text("Compare the fingerprint first", selector=named("accept-problem"))
    page.click(named("accept-compared"))
    page.fill(named("accept-addresses"), "somebody@else.test")
    page.click(named("accept-go"))
    page.wait_for_text("It was not accepted", selector=named("accept-problem"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("accept-addresses"), STRANGER)
    page.click(named("accept-go"))
    wait_for_state(alice, "verified")

    page.js("() => { location.hash = '#/settings/people'; }")
    decision = page.wait_for_text(STRANGER, selector=named("decision"), timeout_seconds=OPERATION_SECONDS)
    assert "Only this certificate" in decision
    page.click(named("decision-remove"))
    page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    alice.open_message(letter)
    assert alice.state == "signed-unverified"


def test_a_stranger_is_not_accepted_for_the_other_addresses_of_the_certificate(
    alice: MailPages, stack: DemoStack
) -> None:
    boss = "boss@example.test"
    further = [*(f"sam{number}@partner.test" for number in range(20)), boss]
    alice.open_message(deliver(stack, alice.account, stranger(*further), "A stranger"))
    open_why(alice)
    alice.page.click(named("accept-exact"))
    alice.page.wait_for_selector(named("accept-dialog"))
    assert alice.page.value(named("accept-addresses")) == STRANGER
    assert "sam1@partner.test" in alice.page.text(named("accept-dialog"))
    alice.page.press(ESCAPE)


def test_a_stranger_is_not_accepted_by_closing_the_dialog(alice: MailPages, stack: DemoStack) -> None:
    alice.open_message(deliver(stack, alice.account, stranger(), "A stranger"))
    open_why(alice)
    alice.page.click(named("accept-authority"))
    alice.page.wait_for_selector(named("accept-dialog"))
    assert alice.page.value(named("accept-addresses")) == ""
    alice.page.press(ESCAPE)
    alice.page.wait_for("() => document.querySelector('[data-test=\"accept-dialog\"]') === null")
    assert alice.state == "signed-unverified"


def test_a_missing_authority_is_looked_for_when_the_person_wants_it(
    alice: MailPages, stack: DemoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_public(monkeypatch, urlsplit(stack.list_url).netloc)
    at, path = datetime.now(UTC), "/department.cer"
    department = blocking.run(
        create_authority("Department", provider=PROVIDER, at=at, issuer=stack.people.authority, details=lists(stack))
    )
    issuer_url = stack.list_url.replace(LIST_PATH, path)
    pointers = Details(issuer_urls=(issuer_url,), crl_urls=(stack.list_url.replace(LIST_PATH, "/department.crl"),))
    erin = blocking.run(issue_identity(department, "erin@example.test", provider=PROVIDER, at=at, details=pointers))
    stack.published[path] = department.identity.certificate.der
    stack.published["/department.crl"] = build_list(department, [], provider=PROVIDER, at=at)
    letter = deliver(stack, alice.account, replace(erin, chain=()), "From the department")
    alice.open_message(letter)
    assert alice.state == "signed-unverified"
    open_why(alice)
    alice.page.click(named("look-for-issuer"))
    wait_for_state(alice, "verified")
    assert "Department" in open_why(alice)


def lists(stack: DemoStack) -> Details:
    return Details(crl_urls=(stack.list_url,))


def test_a_known_senders_new_certificate_is_shown_beside_the_old(alice: MailPages, stack: DemoStack) -> None:
    bob = stack.accounts[1]
    alice.open_message(welcome_of(stack, alice.account))
    wait_for_state(alice, "verified")
    authority, at = stack.people.authority, datetime.now(UTC)
    other = blocking.run(
        issue_identity(authority, bob.address, provider=PROVIDER, at=at, key=NewKey.P256, details=lists(stack))
    )
    letter = deliver(stack, alice.account, other, "My new key")
    alice.open_message(letter)
    shown = alice.page.wait_for_text("another certificate than before", selector=named("changed"))
    for fingerprint in (bob.identity.certificate.fingerprint, other.certificate.fingerprint):
        assert fingerprint[:4] in shown
    alice.page.click(named("remember-changed"))
    alice.page.wait_for_text("is remembered", selector=named("reading"))
    alice.open_message(welcome_of(stack, alice.account))
    alice.open_message(letter)
    assert not alice.page.js("""() => document.querySelector('[data-test="changed"]')""")


def test_each_recipient_says_how_it_stands_before_anything_is_sent(
    alice: MailPages, stack: DemoStack, tmp_path: Path
) -> None:
    bob = stack.accounts[1]
    alice.write(to=f"{bob.address},{EXPIRING},{REVOKED}", subject="Thursday", text="At one?")
    assert "from your mail service" in readiness(alice, bob.address)
    assert "expires on" in readiness(alice, EXPIRING)
    assert "Revoked" in readiness(alice, REVOKED)
    alice.page.wait_for_text(EXPIRING, selector=named("warning"))
    assert "revoked" in alice.page.wait_for_text(REVOKED, selector=named("obstacle"))
    chain = [bob.identity.certificate, *bob.identity.chain]
    (tmp_path / "bob.p7b").write_bytes(build_certificates_only(chain))
    alice.page.choose_files(f"{named('obstacle')} {named('remedy-choose-file')}", [tmp_path / "bob.p7b"])
    look = """(address) => document.querySelector(
      `[data-test="recipient"][data-address="${address}"]`).innerText.includes("For another address")"""
    alice.page.wait_for(look, REVOKED, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("send"))
    assert alice.page.value(named("compose-text")) == "At one?"


def test_the_certificate_behind_a_recipient_is_a_keystroke_away(alice: MailPages, stack: DemoStack) -> None:
    bob = stack.accounts[1]
    alice.write(to=bob.address, subject="Thursday", text="At one?")
    readiness(alice, bob.address)
    alice.page.js(f"() => document.querySelector('{named('recipient-details')}').focus()")
    alice.page.press(ENTER)
    alice.page.wait_for_text("Sealwax demonstration authority", selector=named("certificate-dialog"))
    assert alice.page.js("() => document.activeElement.dataset.test") == "dialog-close"
    alice.page.press(ENTER)
    back = "() => document.activeElement.dataset.test === 'recipient-details'"
    alice.page.wait_for(back)


def test_a_key_is_made_for_a_request_and_joined_with_its_certificate(
    browser: Browser, stack: DemoStack, tmp_path: Path
) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    page = pages.page
    pages.sign_in()
    page.click(f"{named('request')} > summary")
    page.js(IN_PAGE["aKeyIsMadeForARequestAndJoinedWithItsCertificate"])
    first, again = (f"{named('request')} {named('new-passphrase')} > {part} {named('passphrase')}" for part in FIELDS)
    for field, passphrase in ((first, "a new passphrase"), (again, "a slip of the pen")):
        page.click(field)
        page.type(passphrase)
    page.click(named("request-make"))
    page.wait_for_text("not the same", selector=named("request-form"))
    page.fill(again, "a new passphrase")
    page.click(named("request-make"))
    page.wait_for_text("has saved", selector=named("request-done"), timeout_seconds=OPERATION_SECONDS)
    saved = page.wait_for("() => window.saved.key && window.saved.request && window.saved")
    assert "ENCRYPTED PRIVATE KEY" in saved["key"]
    (tmp_path / "key.pem").write_text(saved["key"])
    issued = issue_for(saved["request"].encode(), at=datetime.now(UTC))
    (tmp_path / "mine.pem").write_text(certificate_pem(issued))
    page.choose_files(named("join-key"), [tmp_path / "key.pem"])
    page.choose_files(named("join-certificates"), [tmp_path / "mine.pem"])
    page.click(f"{named('join-form')} {named('passphrase')}")
    page.type("a new passphrase")
    page.click(named("join-go"))
    page.wait_for_text(pages.account.address, selector=named("identities"), timeout_seconds=OPERATION_SECONDS)
    pages.close()


def test_everything_about_trust_fits_a_narrow_phone(alice: MailPages, stack: DemoStack) -> None:
    page = alice.page
    page.set_viewport(320, 700)
    wide = []

    def look(view: str) -> None:
        if page.overflows_sideways():
            wide.append(view)

    alice.open_message(deliver(stack, alice.account, stranger(), "A stranger"))
    open_why(alice)
    look("why")
    page.click(named("show-certificate"))
    page.wait_for_selector(named("certificate-rows"), timeout_seconds=OPERATION_SECONDS)
    look("certificate")
    page.press(ESCAPE)
    page.click(named("accept-exact"))
    page.wait_for_selector(named("accept-dialog"))
    look("accepting")
    page.press(ESCAPE)
    alice.show_inbox()
    alice.write(to=f"{EXPIRING},{REVOKED}", subject="Thursday", text="At one?")
    readiness(alice, REVOKED)
    look("recipients")
    page.js("() => { location.hash = '#/settings/people'; }")
    page.wait_for_selector(named("operator"), timeout_seconds=OPERATION_SECONDS)
    look("people")
    assert wide == []
